import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IncidentClosed, IncidentOpened } from '#contracts/maintenance'
import {
  ChargerAlerted,
  ChargerConnected,
  ChargerDisconnected,
  ChargerRemoved,
  ConnectorReported,
} from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import { newId } from '#kernel'
import { minute, open } from '../testing.ts'

const mine = (): Owner => ({ kind: 'person', id: newId() })

test('a faulted connector opens an incident once, and it closes when the connector has been well for a while', async t => {
  const { p, charger, says, operator, pass, periodically } = await open(t)
  const owner = mine()
  await charger('CP-1', owner)
  await says('CP-1', 'available')
  for (let time = 0; time < 3; time++) await says('CP-1', 'faulted')
  const me = operator({ userId: owner.id })
  const [incident, ...more] = await me.list('/incidents?status=open')
  assert.equal(more.length, 0)
  assert.deepEqual(
    [incident.source, incident.code, incident.evse, incident.priority, incident.owner],
    ['fault', 'GroundFailure', 1, 'high', owner],
  )
  await says('CP-1', 'available')
  await periodically(/by the clock/)
  assert.equal((await me.list('/incidents?status=open')).length, 1, 'it may come back')
  pass(11 * minute)
  await periodically(/by the clock/)
  const [closed] = await me.list('/incidents?status=closed')
  assert.deepEqual([closed.id, closed.end, closed.closedAt], [incident.id, 'cleared', closed.clearedAt])
  await says('CP-1', 'faulted')
  assert.equal((await me.list('/incidents?status=open')).length, 1, 'what comes later is another')
  assert.equal((await p.published(IncidentOpened)).length, 2)
  assert.equal((await p.published(IncidentClosed)).length, 1)
})

test('a connector that comes and goes a hundred times a minute is one incident and few rows', async t => {
  const { p, db, charger, says, operator } = await open(t)
  const owner = mine()
  await charger('CP-1', owner)
  for (let change = 0; change < 50; change++) {
    await says('CP-1', 'faulted')
    await says('CP-1', 'available')
  }
  await p.settle()
  const [incident, ...more] = await operator({ userId: owner.id }).list('/incidents')
  assert.deepEqual([more.length, incident.relapses, incident.status], [0, 49, 'open'])
  assert.ok(incident.clearedAt)
  const [rows] = await db`
    select (select count(*) from incidents)::int as incidents, (select count(*) from signals)::int as signals`
  assert.deepEqual({ ...rows }, { incidents: 1, signals: 1 })
  assert.equal((await p.published(IncidentOpened)).length, 1)
})

test('what is delivered late or again changes nothing', async t => {
  const { p, charger, says, operator } = await open(t)
  await charger('CP-1', mine())
  const said = [await says('CP-1', 'faulted'), await says('CP-1', 'available'), await says('CP-1', 'faulted')]
  const admin = operator({ role: 'admin' })
  const before = await admin.list('/incidents')
  for (const { event, eventId } of [...said, said[1]!]) await p.publish(ConnectorReported, event, undefined, eventId)
  assert.deepEqual(await admin.list('/incidents'), before)
})

test('an incident is told of once it is known whose the charger is, and stands where the charger does', async t => {
  const { p, charger, station, says, operator } = await open(t)
  const owner = mine()
  await says('CP-1', 'faulted')
  await p.settle()
  assert.deepEqual(await p.published(IncidentOpened), [])
  await charger('CP-1', owner)
  assert.deepEqual(
    (await p.published(IncidentOpened)).map(event => event.owner),
    [owner],
  )
  const stationId = await station({ stationId: newId(), owner, chargerId: 'CP-1' })
  const [incident] = await operator({ userId: owner.id }).list(`/incidents?stationId=${stationId}`)
  assert.equal(incident.chargerId, 'CP-1')
  await p.publish(ChargerRemoved, { chargerId: 'CP-1', owner, version: 2 })
  assert.deepEqual(
    (await operator({ userId: owner.id }).list('/incidents')).map(({ end }) => end),
    ['removed'],
  )
})

test('a charger that is away for too long is an incident until it is back', async t => {
  const { p, charger, operator, pass, now, periodically } = await open(t)
  const owner = mine()
  await charger('CP-1', owner)
  const me = operator({ userId: owner.id })
  const connection = { chargerId: 'CP-1', connectionId: newId(), at: now().toISOString() }
  await p.publish(ChargerDisconnected, { ...connection, reason: 'closed' })
  // Told late: it was over before.
  await p.publish(ChargerConnected, { ...connection, ocppVersion: 'ocpp1.6' })
  pass(10 * minute)
  await periodically(/by the clock/)
  assert.deepEqual(await me.list('/incidents'), [])
  pass(10 * minute)
  for (let time = 0; time < 2; time++) await periodically(/by the clock/)
  const [incident, ...more] = await me.list('/incidents?source=offline&status=open')
  assert.deepEqual([more.length, incident.openedAt], [0, connection.at])
  const back = { chargerId: 'CP-1', connectionId: newId(), at: now().toISOString() }
  await p.publish(ChargerConnected, { ...back, ocppVersion: 'ocpp1.6' })
  const [closed] = await me.list('/incidents')
  assert.deepEqual([closed.end, closed.closedAt], ['cleared', back.at])
})

test('what a charger notices is an incident where it is severe enough or of its safety', async t => {
  const { p, charger, operator, now } = await open(t)
  await charger('CP-1')
  const alert = (type: string, more: object = {}) =>
    p.publish(ChargerAlerted, {
      alertId: newId(),
      chargerId: 'CP-1',
      kind: 'monitoring',
      type,
      component: 'Connector',
      variable: 'Temperature',
      evse: 1,
      connector: 1,
      value: '91',
      severity: 2,
      cleared: false,
      code: null,
      info: null,
      at: now().toISOString(),
      receivedAt: now().toISOString(),
      ...more,
    })
  const none = { component: null, variable: null, value: null, severity: null, evse: 0, connector: 0 }
  await alert('Alerting')
  await alert('Alerting', { severity: 8, variable: 'Humidity' })
  await alert('TamperDetectionActivated', { kind: 'security', ...none })
  await alert('FirmwareUpdated', { kind: 'security', ...none })
  const all = await operator({ role: 'admin' }).list('/incidents?source=alert')
  assert.deepEqual(all.map(({ code, priority }) => `${code} ${priority}`).sort(), [
    'Connector.Temperature high',
    'TamperDetectionActivated critical',
  ])
})

test('an incident is called by the place where its charger stands', async t => {
  const { charger, station, says, operator } = await open(t)
  const owner = { kind: 'person' as const, id: newId() }
  const me = operator({ userId: owner.id })
  await charger('CP-1', owner)
  const about = { stationId: newId(), owner, chargerId: 'CP-1' }
  await station({ ...about, name: 'Market square' })
  await says('CP-1', 'faulted')
  assert.deepEqual(
    (await me.list('/incidents')).map(({ place }) => place),
    ['Market square'],
  )
})
