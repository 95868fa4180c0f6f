import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkChanged } from '#contracts/maintenance'
import { ChargerConnected, ChargerDisconnected, ChargerRegistered, ConnectorReported } from '#contracts/ocpp'
import { newId } from '#kernel'
import { open } from '../testing.ts'
import { closedWithin, outagesOf, uptimeOf } from './uptime.ts'

const hour = 3_600_000
const whole = [0, 100 * hour] as const
const turn = (evse: number, connector: number, at: number, works: boolean) => ({
  evse,
  connector,
  at: at * hour,
  works,
})

test('an EVSE is out while its charger is not connected, the charger or it fails, or all its connectors do', () => {
  const online = [
    [0, 50 * hour],
    [60 * hour, 100 * hour],
  ] as const
  const turns = [
    turn(1, 1, 0, true),
    turn(1, 2, 0, true),
    turn(1, 1, 10, false),
    turn(1, 2, 20, false),
    turn(1, 1, 25, true),
    turn(0, 0, 70, false),
    turn(0, 0, 72, true),
    turn(2, 1, 80, false),
  ]
  const inHours = (evse: number) => outagesOf({ online, turns }, evse, whole).map(([a, b]) => [a / hour, b / hour])
  assert.deepEqual(inHours(1), [
    [20, 25],
    [50, 60],
    [70, 72],
  ])
  assert.deepEqual(inHours(2), [
    [50, 60],
    [70, 72],
    [80, 100],
  ])
})

test('one connection that follows another at once is no outage', () => {
  const online = [
    [0, 10 * hour],
    [10 * hour, 100 * hour],
  ] as const
  assert.deepEqual(outagesOf({ online, turns: [] }, 1, whole), [])
})

test('excluded time counts as up by the one rule and as out by the other', () => {
  const outages = [[0, 10 * hour]] as const
  const figures = uptimeOf(whole, outages, [
    [5 * hour, 20 * hour],
    [8 * hour, 9 * hour],
  ])
  assert.deepEqual(figures, { totalMinutes: 6_000, outageMinutes: 600, excludedMinutes: 300, nevi: 95, afir: 90 })
})

test('a station is closed by its own clock, over midnight and the change to summer time, with exceptions', () => {
  const at = (text: string) => Date.parse(text)
  const times = {
    twentyFourSeven: false,
    // From Saturday evening into Sunday.
    regular: [{ weekday: 6, from: '22:00', to: '06:00' }],
    alsoOpen: [{ from: '2027-03-28T10:00:00Z', to: '2027-03-28T11:00:00Z' }],
    closed: [{ from: '2027-03-27T21:30:00Z', to: '2027-03-27T22:00:00Z' }],
  }
  const closed = closedWithin(times, 'Europe/Berlin', [at('2027-03-27T20:00:00Z'), at('2027-03-28T12:00:00Z')])
  assert.deepEqual(
    closed.map(([from, to]) => [new Date(from).toISOString().slice(8, 16), new Date(to).toISOString().slice(8, 16)]),
    [
      ['27T20:00', '27T21:00'],
      ['27T21:30', '27T22:00'],
      // 06:00 is an hour earlier in UTC than the day before.
      ['28T04:00', '28T10:00'],
      ['28T11:00', '28T12:00'],
    ],
  )
  assert.deepEqual(closedWithin(null, 'UTC', [0, hour]), [])
})

test('uptime follows from what the charger said, in whatever order that was told, less what is excluded', async t => {
  const start = Date.parse('2027-02-01T00:00:00.000Z')
  const at = (hours: number) => new Date(start + hours * hour).toISOString()
  const { p, operator, as } = await open(t, { now: () => new Date(start + 100 * hour) })
  const chargerId = 'CP-1'
  const [first, second] = [newId(start), newId(start + 40 * hour)]
  const report = (hours: number, status: 'available' | 'faulted' | 'charging') =>
    p.publish(ConnectorReported, {
      chargerId,
      evse: 1,
      connector: 1,
      status,
      errorCode: null,
      info: null,
      at: at(hours),
      receivedAt: at(hours),
    })
  await p.publish(ChargerDisconnected, { chargerId, connectionId: first, at: at(30), reason: 'closed' })
  await report(60, 'faulted')
  await p.publish(ChargerConnected, { chargerId, connectionId: second, ocppVersion: 'ocpp1.6', at: at(40) })
  await report(70, 'charging')
  await p.publish(ChargerRegistered, { chargerId, owner: null, status: 'accepted', version: 1 })
  await report(0, 'available')
  await p.publish(ChargerConnected, { chargerId, connectionId: first, ocppVersion: 'ocpp1.6', at: at(0) })
  await p.settle()

  const mine = operator()
  const [station] = (await mine.get('')).body.items
  assert.equal(station.online, true)
  assert.equal(station.evses[0].connectors[0].status, 'charging')
  const uptime = async () => (await mine.get(`/${station.id}/uptime?from=${at(0)}&to=${at(100)}`)).body
  const { evses, ...mean } = await uptime()
  assert.deepEqual([mean.nevi, mean.afir], [80, 80])
  assert.equal(evses[0].outageMinutes, 1_200)

  const excluded = await mine.post(`/${station.id}/exclusions`, { from: at(62), to: at(90), reason: 'vandalism' })
  assert.equal(excluded.status, 201, excluded.text)
  const less = await uptime()
  assert.deepEqual([less.nevi, less.afir], [88, 80])
  assert.equal((await mine.get(`/${station.id}/exclusions`)).body.items.length, 1)
  assert.equal((await mine.delete(`/${station.id}/exclusions/${excluded.body.id}`)).status, 204)
  assert.equal((await mine.delete(`/${station.id}/exclusions/${excluded.body.id}`)).body.code, 'exclusion_unknown')

  // Planned work is noted by itself, as far as it went on, and not again what was taken back by hand.
  const work = { workId: newId(), stationId: station.id, evse: 1, title: 'New cables', plannedBy: newId() }
  const told = async (state: 'active' | 'done' | 'cancelled', to: number, version: number) => {
    await p.publish(WorkChanged, { ...work, state, from: at(60), to: at(to), version })
    await p.settle()
  }
  await told('cancelled', 61, 1)
  assert.equal((await uptime()).nevi, 80, 'it never began')
  await told('active', 68, 2)
  assert.equal((await uptime()).nevi, 88)
  await told('cancelled', 65, 3)
  await told('active', 68, 2)
  const planned = await uptime()
  assert.deepEqual([planned.nevi, planned.afir], [85, 80])
  const [noted] = (await mine.get(`/${station.id}/exclusions`)).body.items
  assert.deepEqual([noted.reason, noted.note, noted.createdBy], ['scheduled-maintenance', 'New cables', work.plannedBy])
  assert.equal((await mine.delete(`/${station.id}/exclusions/${noted.id}`)).status, 204)
  await told('done', 68, 4)
  assert.equal((await uptime()).nevi, 80)
  await told('active', 60, 5)
  assert.equal((await mine.get(`/${station.id}/exclusions`)).body.items.length, 0)
  assert.equal((await mine.get(`/${station.id}/uptime?from=${at(9)}&to=${at(1)}`)).status, 400)
  assert.equal((await as().get(`/${station.id}/uptime`)).status, 403)
})
