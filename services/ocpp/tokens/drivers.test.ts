import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DriverBlocked, DriverUnblocked } from '#contracts/billing'
import { getPerson } from '#contracts/identity'
import { newId } from '#kernel'
import { answering } from '../../../kernel/testing.ts'
import { open } from '../testing.ts'

test('a driver who owes too much charges with no card, one made since included, until they have paid', async t => {
  const answers = [
    answering(getPerson, async ({ userId }) => ({
      userId,
      email: 'ada@example.com',
      name: 'Ada',
      firstName: 'Ada',
      locale: 'en' as const,
      disabled: false,
    })),
  ]
  const { p, as, charger } = await open(t, { answers })
  const operator = as()
  const driverId = newId()
  const card = async (idToken: string) => {
    const { status, body } = await operator.post('/tokens', { idToken, userId: driverId })
    assert.equal(status, 201, JSON.stringify(body))
  }
  const it = await charger('CP-1')
  const says = async (idTag: string): Promise<string> => (await it.call('Authorize', { idTag })).idTagInfo.status
  await card('FIRST')
  assert.equal(await says('FIRST'), 'Accepted')
  await p.publish(DriverBlocked, { driverId, reason: 'funds', at: '2027-03-01T10:00:00.000Z' })
  await p.settle()
  await card('SECOND')
  assert.deepEqual([await says('FIRST'), await says('SECOND')], ['Blocked', 'Blocked'])
  await p.publish(DriverUnblocked, { driverId, at: '2027-03-01T09:00:00.000Z' })
  await p.settle()
  assert.equal(await says('FIRST'), 'Blocked', 'what is late is past')
  await p.publish(DriverUnblocked, { driverId, at: '2027-03-01T11:00:00.000Z' })
  await p.settle()
  await card('THIRD')
  assert.deepEqual(
    [await says('FIRST'), await says('SECOND'), await says('THIRD')],
    ['Accepted', 'Accepted', 'Accepted'],
  )
})
