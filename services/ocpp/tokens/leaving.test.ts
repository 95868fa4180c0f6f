import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getPerson, UserDeleted } from '#contracts/identity'
import { newId } from '#kernel'
import { answering } from '../../../kernel/testing.ts'
import { connect, open } from '../testing.ts'

test('whoever deletes their account charges with nothing any more, and what a card was called is forgotten', async t => {
  const adaId = newId()
  const known = answering(getPerson, async ({ userId }) => ({
    userId,
    email: 'ada@example.com',
    name: 'Ada',
    firstName: 'Ada',
    locale: 'en' as const,
    disabled: false,
  }))
  const { p, as, url } = await open(t, { answers: [known] })
  const [ada, operator] = [as({ userId: adaId }), as()]
  const made = [
    await ada.post('/tokens', { idToken: 'OWN-1', label: 'Home of Ada' }),
    await operator.post('/tokens', { idToken: 'CARD-1', label: 'Ada', userId: adaId }),
    await operator.post('/tokens', { idToken: 'CARD-2', label: 'Grace' }),
  ]
  assert.deepEqual(
    made.map(({ status }) => status),
    [201, 201, 201],
    JSON.stringify(made.map(({ body }) => body)),
  )
  const charger = await connect(t, `${url.replace('http', 'ws')}/ocpp/CP-LEFT`, 'ocpp1.6')
  await p.publish(UserDeleted, { userId: adaId, email: 'ada@example.com', locale: 'en', version: 2 })
  await p.settle()
  const rows = await p.db('ocpp')`select id_token, user_id, label, status from tokens order by id_token`
  assert.deepEqual(
    [...rows],
    [
      { id_token: 'CARD-1', user_id: null, label: null, status: 'blocked' },
      { id_token: 'CARD-2', user_id: null, label: 'Grace', status: 'accepted' },
    ],
  )
  const say = async (idTag: string) => (await charger.call('Authorize', { idTag })).idTagInfo.status
  assert.deepEqual([await say('OWN-1'), await say('CARD-1'), await say('CARD-2')], ['Invalid', 'Blocked', 'Accepted'])
})
