import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SessionCharged } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { SessionUpdated } from '#contracts/sessions'
import { newId } from '#kernel'
import { open, perKwh } from '../testing.ts'

const session = (more: object = {}) => ({ sessionId: newId(), driverId: newId(), energyWh: 10_000, ...more })

suite('whose a session is', () => {
  test('may be known after it was booked: who charged is asked for all of it, and never given what they did not pay', async t => {
    const { tariff, ended, corrected, wallet, as, isRight, fund } = await open(t)
    await tariff(perKwh('0.50'))
    const driverId = newId()
    const one = session({ driverId: null })
    await ended(one)
    await fund(driverId, 100n)
    await corrected({ ...one, driverId, energyWh: 4_000 }, 90)
    const { balanceMinor, owedMinor, blocked } = await wallet(driverId)
    assert.deepEqual([balanceMinor, owedMinor, blocked], [0, 100, true], '2.00 are due, 1.00 was there')
    const { body } = await as({ userId: driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.totalMinor, body.owedMinor, body.revision], [200, 100, 2])
    await isRight()
  })

  test('who sold is who had the charger when it began, also when it is handed to another before the end or a correction', async t => {
    const { p, tariff, started, ended, corrected, seller, isRight } = await open(t)
    await tariff(perKwh('0.50'))
    const owner: Owner = { kind: 'organisation', id: newId() }
    const one = session()
    await started(one)
    await ended({ ...one, about: { owner } })
    await corrected({ ...one, energyWh: 4_000, about: { owner } }, 90)
    assert.deepEqual(
      (await p.published(SessionCharged)).map(told => [told.seller, told.totalMinor]),
      [
        [seller, 500],
        [seller, 200],
      ],
    )
    await isRight()
  })

  test('is known when a card is shown to a charger that runs already, and then their quote and their hold count', async t => {
    const now = new Date('2027-03-01T09:59:00.000Z')
    const { p, tariff, operator, stationId, started, ended, about, as, fund, wallet } = await open(t, {
      now: () => now,
    })
    const { id } = await tariff(perKwh('0.30'))
    const one = session()
    await fund(one.driverId, 5_000n)
    const { body: quote } = await as({ userId: one.driverId }).post('/quote', { stationId, evse: 1, connector: 1 })
    await operator.put(`/tariffs/${id}`, { name: 'Dearer', terms: perKwh('0.90'), uses: [{}] })
    await started({ ...one, driverId: null })
    await p.publish(SessionUpdated, { ...about(one, 1), chargingState: 'Charging' })
    await p.settle()
    assert.equal((await wallet(one.driverId)).heldMinor, 1_200, '40 kWh by the quote')
    await ended(one)
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.totalMinor, body.quoteId], [300, quote.id])
  })
})

suite('a quote', () => {
  test('is for its plug alone', async t => {
    const now = new Date('2027-03-01T09:59:00.000Z')
    const { tariff, stationId, ended, as } = await open(t, { now: () => now })
    await tariff(perKwh('0.10'), [{ stationId, evse: 1, connector: 1 }])
    await tariff(perKwh('0.80'), [{ stationId, evse: 1, connector: 2 }])
    const one = session()
    const asked = await as({ userId: one.driverId }).post('/quote', { stationId, evse: 1, connector: 1 })
    assert.equal(asked.status, 201)
    await ended({ ...one, about: { connector: 2 } })
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.totalMinor, body.quoteId], [800, null])
  })

  test('binds who promised it, not who has the charger since', async t => {
    const now = new Date('2027-03-01T09:59:00.000Z')
    const { tariff, stationId, ended, as, known } = await open(t, { now: () => now })
    await tariff(perKwh('0.10'))
    const owner: Owner = { kind: 'organisation', id: newId() }
    const other = as({ role: 'operator', organisation: { id: owner.id, role: 'admin' } })
    await other.post('/tariffs', { name: 'Theirs', terms: perKwh('0.80'), uses: [{}] })
    const one = session()
    await as({ userId: one.driverId }).post('/quote', { stationId, evse: 1, connector: 1 })
    known.owner = owner
    await ended({ ...one, about: { owner } })
    const { body } = await as({ userId: one.driverId }).get(`/charges/${one.sessionId}`)
    assert.deepEqual([body.totalMinor, body.quoteId], [800, null])
  })

  test('leaves nothing behind of who is not signed in', async t => {
    const { p, tariff, stationId } = await open(t)
    await tariff(perKwh('0.30'))
    const payload = { stationId, evse: 1, connector: 1 }
    const asked = await p.http.inject({ method: 'POST', url: '/api/billing/quote', payload })
    assert.equal(asked.statusCode, 201)
    const [row] = await (p.db('billing') as any)`select count(*)::int as count from quotes`
    assert.equal(row.count, 0)
  })
})

test('what is kept for a session whose end is never told is there again after a month, for debts first', async t => {
  let now = new Date('2027-03-01T10:00:00.000Z')
  const { tariff, started, ended, fund, wallet, periodically, isRight } = await open(t, { now: () => now })
  await tariff(perKwh('0.50'))
  const driverId = newId()
  await fund(driverId, 2_000n)
  await started(session({ driverId }))
  await ended(session({ driverId }))
  const meanwhile = await wallet(driverId)
  assert.deepEqual([meanwhile.availableMinor, meanwhile.owedMinor, meanwhile.blocked], [0, 500, true])
  now = new Date('2027-04-02T10:00:00.000Z')
  for (let round = 0; round < 2; round++) await periodically(/never ended/)
  const after = await wallet(driverId)
  assert.deepEqual([after.balanceMinor, after.heldMinor, after.owedMinor, after.blocked], [1_500, 0, 0, false])
  await isRight()
})
