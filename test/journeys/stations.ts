import { boot16, boot2, connect } from '../../services/ocpp/testing.ts'
import type { Client } from './client.ts'

/** Chargers of each version connect, charge a car, fail, are looked after by `operator`, and leave. */
export async function stationsHappen(operator: Client, personId: string): Promise<void> {
  const ends: (() => void)[] = []
  const address = operator.address.replace(/^http/, 'ws')
  const charger = (id: string, version: 'ocpp1.6' | 'ocpp2.0.1', password?: string) =>
    connect({ after: end => void ends.push(end as () => void) }, `${address}/ocpp/${id}`, version, {
      ...(password && { password }),
    })
  try {
    const { passwordOnce } = await operator.get(201, 'POST /api/ocpp/chargers', { id: 'CP-A' })
    const old = await charger('CP-A', 'ocpp1.6', passwordOnce)
    await old.call('BootNotification', boot16)
    const say = (connectorId: number, status: string, errorCode = 'NoError') =>
      old.call('StatusNotification', { connectorId, status, errorCode })
    for (const connectorId of [0, 1, 2]) await say(connectorId, 'Available')
    const { id: stationId } = await operator.get(201, 'POST /api/stations', {
      name: 'Station road',
      chargerId: 'CP-A',
      public: true,
      coordinates: { latitude: 52.52, longitude: 13.405 },
      evses: [{ evse: 1, connectors: [{ connector: 1, standard: 'IEC_62196_T2', maxPowerW: 22_000 }] }],
    })
    await say(1, 'Preparing')
    const timestamp = (minutes: number) => new Date(Date.now() - (60 - minutes) * 60_000).toISOString()
    const { transactionId } = await old.call('StartTransaction', {
      connectorId: 1,
      idTag: 'CAFE01',
      meterStart: 1_000,
      timestamp: timestamp(0),
    })
    await say(1, 'Charging')
    const sampledValue = [{ value: '3.5', unit: 'kWh' }]
    await old.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: timestamp(10), sampledValue }],
    })
    await old.call('MeterValues', { connectorId: 2, meterValue: [{ timestamp: timestamp(11), sampledValue }] })
    await old.call('StopTransaction', { transactionId, idTag: 'CAFE01', meterStop: 6_000, timestamp: timestamp(20) })
    await say(1, 'Available')
    await say(2, 'Faulted', 'GroundFailure')
    await old.close()
    await (await charger('CP-A', 'ocpp1.6', passwordOnce)).call('BootNotification', boot16)

    const cable = { stationId, evse: 1, fault: 'cable' }
    const { id: incident } = await operator.get(201, 'POST /api/maintenance/incidents', cable)
    await operator.get(202, `POST /api/maintenance/incidents/${incident}/remedies`, { remedy: 'unlock' })
    const tickets = '/api/maintenance/tickets'
    const technician = { userId: personId, name: 'Grace', skills: ['locks'] }
    const { id: technicianId } = await operator.get(201, 'POST /api/maintenance/technicians', technician)
    const { id: ticket } = await operator.get(201, `POST ${tickets}`, { incidentId: incident, title: 'Cable' })
    await operator.get(200, `POST ${tickets}/${ticket}/assign`, { technicianId })

    // One that nobody made known, and that is forgotten in the end.
    const fresh = await charger('CP-B', 'ocpp2.0.1')
    await fresh.call('BootNotification', boot2)
    const place = { evseId: 1, connectorId: 1 }
    await fresh.call('SecurityEventNotification', { type: 'TamperDetectionActivated', timestamp: timestamp(29) })
    const { id: closing } = await operator.get(201, 'POST /api/stations', { name: 'Closing down' })
    await operator.get(204, `DELETE /api/stations/${closing}`)
    await fresh.call('StatusNotification', { timestamp: timestamp(30), connectorStatus: 'Available', ...place })
    for (const [seqNo, eventType] of ['Started', 'Updated', 'Ended'].entries())
      await fresh.call('TransactionEvent', {
        eventType,
        seqNo,
        timestamp: timestamp(31 + seqNo),
        triggerReason: 'Authorized',
        transactionInfo: { transactionId: 'T-1' },
        evse: { id: 1, connectorId: 1 },
        idToken: { idToken: 'CAFE01', type: 'ISO14443' },
        meterValue: [{ timestamp: timestamp(31 + seqNo), sampledValue: [{ value: 1_000 * seqNo }] }],
      })
    await operator.get(200, 'PUT /api/ocpp/chargers/CP-B', { name: 'At the station' })
    await operator.get(204, 'DELETE /api/ocpp/chargers/CP-B')
    await fresh.closed
  } finally {
    for (const end of ends) end()
  }
}
