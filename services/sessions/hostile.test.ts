import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionCorrected, SessionEnded, SessionStarted } from '#contracts/sessions'
import { boot16, boot2 } from '../ocpp/testing.ts'
import { charging16, charging2, minute, open } from './testing.ts'

const day = 24 * 60

test('offline for a day, then 500 transactions in order with old times: each is a session, exact', async t => {
  const { p, charger, get, db } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - day * minute)
  let shown = 1_000_000
  for (let n = 0; n < 500; n++) {
    const { transactionId } = await car.start(shown, { idTag: `CARD-${n}` }, 2 * n)
    await car.values(transactionId, 2 * n + 1, { value: String(shown + 5) })
    shown += n
    await car.stop(transactionId, shown, 2 * n + 1.5)
    shown += 100
  }
  await p.settle()
  const rows = await db`
    select energy_wh::int as wh, offline, started_at, ended_at from sessions order by started_at`
  assert.deepEqual(
    rows.map(({ wh, offline, started_at, ended_at }) => [
      wh,
      offline,
      started_at.toISOString(),
      ended_at.toISOString(),
    ]),
    // Those that took less than the sample between them said: what was counted stays counted.
    Array.from({ length: 500 }, (_, n) => [Math.max(n, 5), true, car.at(2 * n), car.at(2 * n + 1.5)]),
  )
  assert.deepEqual((await get('/count?status=ended')).count, 500)
  assert.equal((await p.published(SessionEnded)).length, 500)
  assert.equal((await p.published(SessionCorrected)).length, 0)
})

test('the same said three times is one session, and one begin and end', async t => {
  const { p, charger, only } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - 60 * minute)
  const ids = new Set<number>()
  for (let times = 0; times < 3; times++) ids.add((await car.start(1000)).transactionId)
  assert.equal(ids.size, 1)
  const [transactionId] = ids
  for (let times = 0; times < 3; times++) await car.values(transactionId!, 10, { value: '2000' })
  for (let times = 0; times < 3; times++) await car.stop(transactionId!, 3000, 20)
  assert.equal((await only()).energyWh, 2000)
  assert.equal((await p.published(SessionStarted)).length, 1)
  assert.equal((await p.published(SessionEnded)).length, 1)
})

test('a register rolls over, another meter takes its place, values are missing: the energy is what was taken', async t => {
  const { charger, only } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - 60 * minute)
  const { transactionId } = await car.start(998_000)
  await car.values(transactionId, 5, { value: '' }, { value: 'NaN' }, { value: '999.5', unit: 'kWh' })
  await car.values(transactionId, 10, { value: '500' })
  assert.equal((await only()).energyWh, 2500)
  // Set back, or replaced.
  await car.values(transactionId, 15, { value: '3000' })
  await car.values(transactionId, 20, { value: '7', unit: 'Wh' })
  await car.stop(transactionId, 1007, 25)
  assert.equal((await only()).energyWh, 6000)
})

test('a clock that is hours ahead neither hides energy nor ends a session in the future', async t => {
  const { charger, only } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const ahead = charging16(it, Date.now() + 120 * minute)
  const { transactionId } = await ahead.start(1_000_000)
  await ahead.values(transactionId, 1, { value: '1001000' })
  // By Heartbeat it has learnt what time it is.
  const right = charging16(it, Date.now())
  await right.values(transactionId, 0, { value: '1002000' })
  await right.stop(transactionId, 1_004_000, 0)
  const { energyWh, startedAt, endedAt } = await only()
  assert.equal(energyWh, 4000)
  assert.ok(new Date(startedAt) <= new Date(endedAt))
  assert.ok(new Date(endedAt).getTime() <= Date.now() + minute)
})

test('values that are signed are kept as they were given, beside numbers or without', async t => {
  const { charger, only, get } = await open(t)
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - 60 * minute)
  const { transactionId } = await car.start(1000)
  const [begin, end] = ['OCMF|{"RD":[{"RV":1.0}]}|{"SD":"30"}', 'OCMF|{"RD":[{"RV":4.0}]}|{"SD":"31"}']
  const signed = (value: string, context: string) => ({ value, context, format: 'SignedData' })
  await car.stop(transactionId, 4000, 20, {
    transactionData: [
      { timestamp: car.at(0), sampledValue: [signed(begin, 'Transaction.Begin')] },
      {
        timestamp: car.at(20),
        sampledValue: [signed(end, 'Transaction.End'), { value: '4000', context: 'Transaction.End' }],
      },
    ],
  })
  const { id, energyWh } = await only()
  assert.equal(energyWh, 3000)
  const { items } = await get(`/${id}/signed-values`)
  assert.deepEqual(
    items.map(({ data, context }: any) => [data, context]),
    [
      [begin, 'Transaction.Begin'],
      [end, 'Transaction.End'],
    ],
  )
  const two = await charger('CP-2', 'ocpp2.0.1')
  await two.call('BootNotification', boot2)
  const other = charging2(two, Date.now() - 60 * minute)
  const proof = { signedMeterData: 'AAAA', signingMethod: 'ECDSA', encodingMethod: 'OCMF', publicKey: 'BBBB' }
  await other.event('Started', 0, 0, other.meter(0, { value: 100, signedMeterValue: proof }))
  const [session] = (await get('/active')).items
  const values = (await get(`/${session.id}/signed-values`)).items
  assert.deepEqual(
    values.map(({ data, encoding, publicKey }: any) => [data, encoding, publicKey]),
    [['AAAA', 'OCMF', 'BBBB']],
  )
  const page = await get(`/${session.id}/readings?limit=1`)
  assert.deepEqual([page.items[0].value, page.nextCursor], [100, null])
})
