import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionCorrected, SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { boot16, boot2 } from '../ocpp/testing.ts'
import { charging16, charging2, minute, open } from './testing.ts'

const hourAgo = (): number => Date.now() - 60 * minute

test('a car charges at a charger of 1.6, and its session is exact', async t => {
  const { p, charger, card, only } = await open(t)
  const driverId = await card('CARD-1')
  const it = await charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, hourAgo())
  const { transactionId } = await car.start(1000)
  await car.values(
    transactionId,
    10,
    { value: '3.5', unit: 'kWh' },
    { value: '11040', measurand: 'Power.Active.Import', unit: 'W' },
    { value: '64', measurand: 'SoC', unit: 'Percent' },
  )
  const going = await only()
  assert.deepEqual(
    [going.status, going.energyWh, going.powerW, going.socPercent, going.driverId, going.token.idToken, going.endedAt],
    ['active', 2500, 11040, 64, driverId, 'CARD-1', null],
  )
  await car.stop(transactionId, 6000, 20, { idTag: 'CARD-1', reason: 'EVDisconnected' })
  const ended = await only()
  assert.deepEqual(
    [ended.status, ended.energyWh, ended.startedAt, ended.endedAt, ended.stopReason, ended.closedBy, ended.evse],
    ['ended', 5000, car.at(0), car.at(20), 'EVDisconnected', 'charger', 1],
  )
  const register = ended.series.find((series: any) => series.measurand === 'Energy.Active.Import.Register')
  assert.deepEqual(
    register.points.map(({ value }: any) => value),
    [1000, 3500, 6000],
  )
  const [started] = await p.published(SessionStarted)
  assert.deepEqual([started!.sessionId, started!.chargerId, started!.driverId], [ended.id, 'CP-1', driverId])
  assert.deepEqual(
    (await p.published(SessionUpdated)).map(({ energyWh }) => energyWh),
    [2500],
  )
  assert.deepEqual(
    (await p.published(SessionEnded)).map(({ energyWh, closedBy, endedAt }) => [energyWh, closedBy, endedAt]),
    [[5000, 'charger', car.at(20)]],
  )
  assert.equal((await p.published(SessionCorrected)).length, 0)
})

for (const version of ['ocpp2.0.1', 'ocpp2.1'] as const)
  test(`a car charges at a charger of ${version}, in three phases and without a total`, async t => {
    const { charger, only } = await open(t)
    const it = await charger('CP-2', version)
    await it.call('BootNotification', boot2)
    const car = charging2(it, hourAgo())
    const phases = (minutes: number, context: string, ...values: number[]) =>
      car.meter(
        minutes,
        ...values.map((value, phase) => ({ value, context, phase: `L${phase + 1}`, unitOfMeasure: { unit: 'kWh' } })),
      )
    await car.event('Started', 0, 0, phases(0, 'Transaction.Begin', 1, 2, 3), { chargingState: 'EVConnected' })
    await car.event('Updated', 1, 10, phases(10, 'Sample.Periodic', 1.5, 2.25, 3.125), { chargingState: 'Charging' })
    assert.deepEqual([(await only()).energyWh, (await only()).chargingState], [875, 'Charging'])
    await car.event('Ended', 2, 20, phases(20, 'Transaction.End', 2, 3, 4), { stoppedReason: 'EVDisconnected' })
    const { energyWh, status, stopReason } = await only()
    assert.deepEqual([energyWh, status, stopReason], [3000, 'ended', 'EVDisconnected'])
  })
