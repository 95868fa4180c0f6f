import type { EventData } from '#contracts/define'
import type { Priority } from '#contracts/maintenance'
import {
  ChargerAlerted,
  ChargerChanged,
  ChargerConnected,
  ChargerDisconnected,
  ChargerRegistered,
  ChargerRemoved,
  ConnectorReported,
} from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import { StationCreated, StationDeleted, StationUpdated } from '#contracts/stations'
import { newId, type Delivered, type Tx } from '#kernel'
import type { MaintenanceHost } from '../host.ts'
import { lockChargers, noteCharger, noteConnection, noteStation } from '../places/places.ts'
import { followOwners } from '../tickets/store.ts'
import { closeIncident, takeSignals, tell } from './following.ts'
import { closed, type Incident, type Signal } from './incidents.ts'
import { findAway, listAway, listCalm, placeIncidents, writeIncidents } from './store.ts'

type MaintenanceTx = Tx<'maintenance'>

/** What chargers say of themselves, and where they stand. */
export function incidentReactions(host: MaintenanceHost): void {
  const { on, onMany, settings } = host
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning' }) as const

  onMany(ConnectorReported, about('faults', 'open incidents of faulted connectors'), (events, tx) =>
    takeSignals(host, tx, events.map(faultOf)),
  )
  onMany(ChargerAlerted, about('alerts', 'open incidents of what chargers notice'), (events, tx) =>
    takeSignals(
      host,
      tx,
      events.flatMap(event => alertOf(event, settings.MAINTENANCE_ALERT_SEVERITY)),
    ),
  )

  const charger =
    (removed: boolean) =>
    async (
      event: { chargerId: string; owner: Owner | null; status?: string; version: number; timestamp: string },
      tx: MaintenanceTx,
    ): Promise<void> => {
      const { chargerId: id, owner, status, version, timestamp: at } = event
      await lockChargers(tx, [id])
      await noteCharger(tx, { id, owner, accepted: !removed && status === 'accepted', removed, at, version })
      await tell(host, tx, [id])
      await followOwners(tx, [id])
    }
  on(ChargerRegistered, about('charger', 'know whose chargers are'), charger(false))
  on(ChargerChanged, about('charger', 'know whose chargers are'), charger(false))
  on(ChargerRemoved, about('charger', 'know which chargers are gone'), charger(true))

  const station = async (
    event: { stationId: string; chargerId: string | null; owner: Owner | null; version: number; timestamp: string },
    name: string | undefined,
    tx: MaintenanceTx,
  ): Promise<void> => {
    const { stationId: id, chargerId, owner, version, timestamp: at } = event
    const chargers = await noteStation(tx, { id, chargerId, owner, name, version, at })
    await lockChargers(tx, chargers)
    await placeIncidents(tx, chargers, id)
    await followOwners(tx, chargers, id)
  }
  on(StationCreated, about('station', 'know where chargers stand'), (event, tx) => station(event, event.name, tx))
  on(StationUpdated, about('station', 'know where chargers stand'), (event, tx) => station(event, event.name, tx))
  on(StationDeleted, about('station', 'know where chargers stood'), (event, tx) => station(event, undefined, tx))

  const connection = async (
    tx: MaintenanceTx,
    { chargerId, connectionId, at }: { chargerId: string; connectionId: string; at: string },
    isOver: boolean,
  ): Promise<void> => {
    await lockChargers(tx, [chargerId])
    const noted = await noteConnection(tx, chargerId, connectionId, isOver ? at : null)
    const away = noted.length > 0 && !isOver ? await findAway(tx, chargerId) : undefined
    if (away) await closeIncident(host, tx, closed(away, 'cleared', new Date(at)))
  }
  on(ChargerConnected, about('connected', 'close incidents of chargers that are back'), (event, tx) =>
    connection(tx, event, false),
  )
  on(ChargerDisconnected, about('disconnected', 'know which chargers are away'), (event, tx) =>
    connection(tx, event, true),
  )
}

/** What of the platform's safety somebody has to look after at the charger, by the names of OCPP. */
const dangers = new Set([
  'TamperDetectionActivated',
  'MemoryExhaustion',
  'InvalidFirmwareSignature',
  'InvalidFirmwareSigningCertificate',
  'AttemptedReplayAttacks',
])

/** A clock that is fast is not believed. */
const momentOf = ({ at, receivedAt }: { at: string; receivedAt: string }) => new Date(at < receivedAt ? at : receivedAt)

function faultOf(event: Delivered<typeof ConnectorReported>): Signal {
  const { chargerId, evse, connector, status, errorCode, info, receivedAt, eventId } = event
  return {
    chargerId,
    key: `fault ${evse}/${connector}`,
    source: 'fault',
    bad: status === 'faulted',
    heardAt: new Date(receivedAt),
    at: momentOf(event),
    eventId,
    evse,
    connector,
    code: errorCode,
    info,
    priority: evse === 0 ? 'critical' : 'high',
  }
}

/** Nothing of what is not severe enough; that it is over is always heard. */
export function alertOf(event: EventData<typeof ChargerAlerted> & { eventId: string }, least: number): Signal[] {
  const { chargerId, kind, type, component, variable, evse, connector, severity, cleared, receivedAt, eventId } = event
  if (kind === 'security' ? !dangers.has(type) : !cleared && (severity ?? 9) > least) return []
  return [
    {
      chargerId,
      key: `alert ${[type, component, variable].filter(Boolean).join(' ')} ${evse}/${connector}`.slice(0, 300),
      source: 'alert',
      bad: !cleared,
      heardAt: new Date(receivedAt),
      at: momentOf(event),
      eventId,
      evse,
      connector,
      code: (event.code ?? ([component, variable].filter(Boolean).join('.') || type)).slice(0, 100),
      info: event.info ?? event.value,
      priority: priorityOf(severity),
    },
  ]
}

/** By the severities of OCPP 2.x: 0 danger, 1 to 3 failures, 4 error; what has none is of safety. */
const priorityOf = (severity: number | null): Priority =>
  severity === null || severity <= 0 ? 'critical' : severity <= 3 ? 'high' : severity <= 5 ? 'normal' : 'low'

/** Closes what has been well for long enough, and opens incidents of chargers that are away for too long. */
export async function watchIncidents(host: MaintenanceHost): Promise<void> {
  const { db, now, settings } = host
  const at = now()
  await db.transaction(async tx => {
    for (const incident of await listCalm(tx, new Date(at.getTime() - settings.MAINTENANCE_CALM)))
      await closeIncident(host, tx, closed(incident, 'cleared', incident.clearedAt!))
  })
  await db.transaction(async tx => {
    const away = await listAway(tx, new Date(at.getTime() - settings.MAINTENANCE_OFFLINE))
    await writeIncidents(tx, away.map(awayOf))
    const ids = away.map(({ id }) => id)
    if (ids.length > 0) await tell(host, tx, ids)
  })
}

const awayOf = ({ id: chargerId, at }: { id: string; at: Date }): Incident => ({
  id: newId(),
  source: 'offline',
  chargerId,
  stationId: null,
  key: 'offline',
  evse: 0,
  connector: 0,
  owner: null,
  place: chargerId,
  code: null,
  info: null,
  priority: 'high',
  openedAt: at,
  clearedAt: null,
  relapses: 0,
  closedAt: null,
  end: null,
  told: false,
  version: 1,
})
