import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { SessionCorrected, SessionEnded } from '#contracts/sessions'
import { boot16, boot2 } from '../ocpp/testing.ts'
import { charging16, charging2, minute, open } from './testing.ts'

/** A charger with a session that goes on, and a clock that can be moved. */
async function begun(t: TestContext) {
  let aheadMs = 0
  const now = () => new Date(Date.now() + aheadMs)
  const opened = await open(t, { now })
  const it = await opened.charger('CP-1')
  await it.call('BootNotification', boot16)
  const car = charging16(it, Date.now() - 60 * minute)
  const { transactionId } = await car.start(1000)
  await car.values(transactionId, 10, { value: '3000' })
  await opened.p.settle()
  const free = () =>
    it.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: car.at(30) })
  return {
    ...opened,
    it,
    car,
    transactionId,
    free,
    later: (minutes: number) => void (aheadMs += minutes * minute),
    /** Looks for sessions that nobody ends. */
    look: async () => {
      await opened.p.settle()
      return await opened.closeForgotten()
    },
  }
}

test('a session whose connector is free for minutes is closed, with the reason', async t => {
  const { p, free, look, later, only, car } = await begun(t)
  await free()
  assert.equal(await look(), 0, 'the charger may end it itself')
  later(6)
  assert.equal(await look(), 1)
  assert.equal(await look(), 0, 'once')
  const { status, energyWh, endedAt, stopReason, closedBy } = await only()
  assert.deepEqual(
    [status, energyWh, endedAt, stopReason, closedBy],
    ['ended', 2000, car.at(30), 'ConnectorAvailable', 'rule'],
  )
  assert.deepEqual(
    (await p.published(SessionEnded)).map(({ closedBy, energyWh }) => [closedBy, energyWh]),
    [['rule', 2000]],
  )
})

test('a connector that is called free during a session does not end it, where the charger speaks of it again', async t => {
  const { free, look, later, only, car, transactionId } = await begun(t)
  await free()
  await car.values(transactionId, 40, { value: '4000' })
  later(6)
  assert.equal(await look(), 0)
  assert.equal((await only()).status, 'active')
})

test('another session at the same connector closes the one before', async t => {
  const { list, look, later, car } = await begun(t)
  await car.start(9000, {}, 45)
  later(6)
  assert.equal(await look(), 1)
  assert.deepEqual(
    (await list()).map(({ status, endedAt, stopReason }) => [status, endedAt, stopReason]),
    [
      ['active', null, null],
      ['ended', car.at(45), 'AnotherSession'],
    ],
  )
})

test('a charger that is away for a day has no sessions that go on; one that is there has', async t => {
  const { it, look, later, only, car } = await begun(t)
  later(25 * 60)
  assert.equal(await look(), 0, 'it is connected, and charges')
  await it.close()
  assert.equal(await look(), 0)
  later(25 * 60)
  assert.equal(await look(), 1)
  const { endedAt, stopReason } = await only()
  assert.deepEqual([endedAt, stopReason], [car.at(10), 'ChargerSilent'])
})

test('a closed session goes on when its charger speaks of it again, ends by it, and each is told', async t => {
  const { p, free, look, later, only, car, transactionId } = await begun(t)
  await free()
  later(6)
  await look()
  await car.values(transactionId, 35, { value: '4500' })
  const again = await only()
  assert.deepEqual([again.status, again.energyWh, again.stopReason], ['active', 3500, null])
  await car.stop(transactionId, 5000, 40)
  const ended = await only()
  assert.deepEqual(
    [ended.status, ended.energyWh, ended.closedBy, ended.endedAt],
    ['ended', 4000, 'charger', car.at(40)],
  )
  assert.deepEqual(
    (await p.published(SessionCorrected)).map(({ endedAt, energyWh, former }) => [
      endedAt,
      energyWh,
      former.energyWh,
      former.endedAt,
    ]),
    [[null, 3500, 2000, car.at(30)]],
  )
  assert.deepEqual(
    (await p.published(SessionEnded)).map(({ energyWh, closedBy }) => [energyWh, closedBy]),
    [
      [2000, 'rule'],
      [4000, 'charger'],
    ],
  )
})

test('Ended before Started, and what comes late, correct what was told of the end', async t => {
  const { p, charger, only } = await open(t)
  const it = await charger('CP-2', 'ocpp2.0.1')
  await it.call('BootNotification', boot2)
  const car = charging2(it, Date.now() - 60 * minute)
  const value = (minutes: number, wh: number) => car.meter(minutes, { value: wh })
  await car.event('Ended', 5, 30, value(30, 9000))
  assert.deepEqual([(await only()).status, (await only()).energyWh], ['ended', 0])
  await car.event('Updated', 2, 10, value(10, 4000))
  await p.settle()
  await car.event('Started', 0, 0, value(0, 1000))
  const { status, energyWh, startedAt, endedAt } = await only()
  assert.deepEqual([status, energyWh, startedAt, endedAt], ['ended', 8000, car.at(0), car.at(30)])
  assert.deepEqual(
    (await p.published(SessionCorrected)).map(({ energyWh, former }) => [former.energyWh, energyWh]),
    [
      [0, 5000],
      [5000, 8000],
    ],
  )
})
