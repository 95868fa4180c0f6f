import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CompanyCardChanged, DriverBlocked, DriverUnblocked } from '#contracts/billing'
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

test('a card that a company pays for is blocked with the company, not with who holds it, and for good once they left', async t => {
  const person = { email: 'ada@example.com', name: 'Ada', firstName: 'Ada', locale: 'en' as const, disabled: false }
  const answers = [answering(getPerson, async ({ userId }) => ({ userId, ...person }))]
  const { p, as, charger } = await open(t, { answers })
  const [holderId, companyId] = [newId(), newId()]
  const made = await as().post('/tokens', { idToken: 'FLEET', userId: holderId })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  await as().post('/tokens', { idToken: 'OWN', userId: holderId })
  const it = await charger('CP-1')
  const says = async (): Promise<string[]> => {
    await p.settle()
    const of = async (idTag: string) => (await it.call('Authorize', { idTag })).idTagInfo.status
    return [await of('FLEET'), await of('OWN')]
  }
  const card = { cardId: newId(), tokenId: made.body.id, companyId, companyName: 'Voltaic GmbH', holderId }
  const tell = (version: number, endedFor: 'left' | 'removed' | null) =>
    p.publish(CompanyCardChanged, { ...card, endedFor, version, at: '2027-03-01T10:00:00.000Z' })
  await p.publish(DriverBlocked, { driverId: holderId, reason: 'funds', at: '2027-03-01T10:00:00.000Z' })
  assert.deepEqual(await says(), ['Blocked', 'Blocked'])
  await tell(1, null)
  assert.deepEqual(await says(), ['Accepted', 'Blocked'], 'what the holder owes is theirs')
  const payer = { kind: 'organisation' as const, id: companyId }
  await p.publish(DriverBlocked, { driverId: companyId, payer, reason: 'funds', at: '2027-03-01T10:01:00.000Z' })
  await p.publish(DriverUnblocked, { driverId: holderId, at: '2027-03-01T10:01:00.000Z' })
  assert.deepEqual(await says(), ['Blocked', 'Accepted'])
  await p.publish(DriverUnblocked, { driverId: companyId, payer, at: '2027-03-01T10:02:00.000Z' })
  assert.deepEqual(await says(), ['Accepted', 'Accepted'])
  await tell(3, 'left')
  await tell(2, null)
  assert.deepEqual(await says(), ['Blocked', 'Accepted'], 'what is late is past')
  await tell(4, 'removed')
  assert.deepEqual(await says(), ['Accepted', 'Accepted'])
})
