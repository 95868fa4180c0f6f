import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  ChargerAlerted,
  ConnectorReported,
  FirmwareReported,
  OcppMessage,
  ReservationReported,
  type OcppVersion,
} from '#contracts/ocpp'
import { commands } from '../commands/actions.ts'
import { boot2, least, open } from '../testing.ts'
import { handlers } from './handlers.ts'
import { actionsOf, schemaOf } from './schemas.ts'

const versions: OcppVersion[] = ['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1']

for (const version of versions) {
  test(`every action of ${version} is a command or is taken from chargers, and only data is transferred both ways`, () => {
    const taken = [...Object.keys(handlers[version]), 'Heartbeat']
    assert.deepEqual([...new Set([...taken, ...commands[version]])].sort(), [...actionsOf(version)].sort())
    assert.deepEqual(
      taken.filter(action => commands[version].includes(action)),
      ['DataTransfer'],
    )
  })

  test(`everything that a charger of ${version} may send is answered as its schema has it`, async t => {
    const { p, charger } = await open(t)
    const it = await charger('CP-1', version)
    const all = Object.keys(handlers[version])
    for (const action of all) {
      const payload = least(schemaOf(version, action, 'request')) as object
      // It is never answered: the next answer shows that it was taken.
      if (action === 'NotifyPeriodicEventStream') it.socket.send(JSON.stringify([6, 'stream', action, payload]))
      else await it.call(action, payload)
    }
    await it.call('Heartbeat', {})
    const told = await p.published(OcppMessage)
    const received = told.filter(({ direction }) => direction === 'received')
    assert.deepEqual(
      received.map(({ action, outcome }) => [action, outcome]),
      all.map(action => [action, 'answered']),
    )
  })
}

suite('what a charger reports', () => {
  const at = '2026-11-28T10:00:00.000Z'
  const now = () => new Date('2026-11-28T10:00:05Z')

  test('of its connectors as events is what it would have told as status', async t => {
    const { p, charger } = await open(t, { now })
    const it = await charger('CP-1', 'ocpp2.1')
    const event = (eventId: number, component: object, variable: string, actualValue: string, more: object = {}) => ({
      eventId,
      timestamp: at,
      trigger: 'Delta',
      actualValue,
      component,
      variable: { name: variable },
      eventNotificationType: 'HardWiredNotification',
      ...more,
    })
    const connector = { name: 'Connector', evse: { id: 2, connectorId: 1 } }
    await it.call('NotifyEvent', {
      generatedAt: at,
      seqNo: 0,
      eventData: [
        event(1, connector, 'AvailabilityState', 'Occupied'),
        event(2, connector, 'AvailabilityState', 'Faulted', { techCode: 'E7' }),
        event(3, { name: 'ChargingStation' }, 'AvailabilityState', 'Unavailable'),
        event(4, connector, 'Problem', 'true', { trigger: 'Alerting', severity: 2, techInfo: 'hot' }),
        event(5, connector, 'Temperature', '48'),
      ],
    })
    assert.deepEqual(
      (await p.published(ConnectorReported)).map(({ evse, connector, status, errorCode }) => [
        evse,
        connector,
        status,
        errorCode,
      ]),
      [
        [2, 1, 'occupied', null],
        [2, 1, 'faulted', 'E7'],
        [0, 0, 'unavailable', null],
      ],
    )
    const [alert, ...more] = await p.published(ChargerAlerted)
    assert.deepEqual(more, [], 'values that only change are told to nobody')
    assert.deepEqual(
      [alert!.kind, alert!.component, alert!.variable, alert!.evse, alert!.severity, alert!.info, alert!.at],
      ['monitoring', 'Connector', 'Problem', 2, 2, 'hot', at],
    )
    const rows = await p.db('ocpp')`select variable, value from alerts order by variable`
    assert.deepEqual(
      rows.map(({ variable }) => variable),
      ['Problem', 'Temperature'],
    )
  })

  for (const version of versions)
    test(`of its safety is told, in ${version}`, async t => {
      const { p, charger } = await open(t, { now })
      const it = await charger('CP-1', version)
      const type = 'TamperDetectionActivated'
      await it.call('SecurityEventNotification', { type, timestamp: at, techInfo: 'lid' })
      const [alert] = await p.published(ChargerAlerted)
      assert.deepEqual([alert!.kind, alert!.type, alert!.info, alert!.at], ['security', type, 'lid', at])
    })

  test('of its firmware and of reservations is told', async t => {
    const { p, charger } = await open(t)
    const [old, it] = [await charger('CP-1'), await charger('CP-2', 'ocpp2.0.1')]
    await old.call('FirmwareStatusNotification', { status: 'Downloading' })
    await old.call('SignedFirmwareStatusNotification', { status: 'InvalidSignature', requestId: 7 })
    await it.call('FirmwareStatusNotification', { status: 'Installed', requestId: 8 })
    assert.deepEqual(
      (await p.published(FirmwareReported)).map(({ chargerId, status, requestId }) => [chargerId, status, requestId]),
      [
        ['CP-1', 'Downloading', null],
        ['CP-1', 'InvalidSignature', 7],
        ['CP-2', 'Installed', 8],
      ],
    )
    await it.call('ReservationStatusUpdate', { reservationId: 5, reservationUpdateStatus: 'Expired' })
    const [reservation] = await p.published(ReservationReported)
    assert.deepEqual([reservation!.reservationId, reservation!.status], [5, 'expired'])
  })

  test('of limits is there until they are taken back', async t => {
    const { charger, db } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1')
    const chargingLimit = { chargingLimitSource: 'EMS', isGridCritical: true }
    await it.call('NotifyChargingLimit', { evseId: 1, chargingLimit })
    const limits = () => db`select data from notices where topic = 'charging-limit'`
    assert.equal((await limits())[0]!.data.chargingLimit.isGridCritical, true)
    await it.call('ClearedChargingLimit', { evseId: 2, chargingLimitSource: 'EMS' })
    assert.equal((await limits()).length, 1)
    await it.call('ClearedChargingLimit', { evseId: 1, chargingLimitSource: 'EMS' })
    assert.equal((await limits()).length, 0)
  })

  test('in 2.1 is not known to one of 2.0.1', async t => {
    const { charger } = await open(t)
    const it = await charger('CP-1', 'ocpp2.0.1')
    await it.call('BootNotification', boot2)
    await assert.rejects(it.call('NotifyDERStartStop', { controlId: 'a', started: true, timestamp: at }), {
      code: 'NotImplemented',
    })
  })
})
