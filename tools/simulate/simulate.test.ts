import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { TransactionReported } from '#contracts/ocpp'
import { open } from '../../services/ocpp/testing.ts'
import { arrivingCar, charge, powerOf } from '../../services/ocpp/simulator/car.ts'
import { simulate } from './simulate.ts'

test('a car takes less as it fills and while it is cold, and never more than it or the plug can', () => {
  const car = { ...arrivingCar(() => 0.5, 20), soc: 0.2, targetSoc: 1, temperature: 20 }
  const plug = { current: 'DC', maxPowerW: 150_000 } as const
  const full = powerOf(car, plug)
  assert.ok(full > 0 && full <= car.dcPowerW)
  assert.ok(powerOf({ ...car, temperature: -5 }, plug) < full / 2)
  assert.ok(powerOf({ ...car, soc: 0.9 }, plug) < full / 2)
  assert.equal(powerOf(car, { current: 'AC', maxPowerW: 3_700 }), 3_700)
  const before = car.soc
  const energyWh = charge(car, plug, 60)
  assert.ok(Math.abs((car.soc - before) * car.capacityWh - energyWh * 0.9) < 1e-6)
})

for (const chaos of [false, true])
  test(`simulated chargers of all versions find nothing that breaks the protocol, and what they charged is what was heard${chaos ? ', though connections break and messages come twice' : ''}`, async t => {
    const { p, url, card } = await open(t)
    await card('SIM-CARD-1')
    const ending = new AbortController()
    t.after(() => ending.abort())
    const { views, violations, done } = simulate({
      url,
      chargers: 6,
      versions: ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'],
      scenario: 'rush',
      speed: 6_000,
      cards: ['SIM-CARD-1'],
      chaos,
      seed: 7,
      signal: ending.signal,
    })
    while (views.reduce((sum, view) => sum + view.sessions, 0) < 12) await sleep(100)
    ending.abort()
    await done
    assert.deepEqual(
      violations.map(({ message }) => message),
      [],
    )
    const told = await p.published(TransactionReported)
    const ended = told.filter(({ phase }) => phase === 'ended')
    const sessions = views.reduce((sum, view) => sum + view.sessions, 0)
    // What a charger could not say any more as everything ended is still on its way.
    const unsaid = views.reduce((sum, view) => sum + view.unsaid, 0)
    assert.ok(
      ended.length <= sessions && ended.length >= sessions - unsaid,
      `${ended.length} of ${sessions}, ${unsaid} unsaid`,
    )
    assert.equal(new Set(ended.map(({ transactionId }) => transactionId)).size, ended.length, 'each ended once')
    const register = (transactionId: string, phase: string) =>
      told
        .filter(event => event.transactionId === transactionId && event.phase === phase)
        .flatMap(({ readings }) => readings)
        .findLast(({ measurand }) => measurand === 'Energy.Active.Import.Register')!.value
    const heard = ended.reduce(
      (sum, { transactionId }) => sum + register(transactionId, 'ended') - register(transactionId, 'begun'),
      0,
    )
    const charged = views.reduce((sum, view) => sum + view.energyWh, 0)
    if (unsaid === 0) assert.ok(Math.abs(heard - charged) <= sessions, `${heard} Wh of ${charged} Wh`)
  })
