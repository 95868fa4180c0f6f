import {
  ChargerBooted,
  ChargerChanged,
  ChargerConnected,
  ChargerDisconnected,
  ChargerRegistered,
  ChargerRemoved,
  ConnectorReported,
} from '#contracts/ocpp'
import type { Owner } from '#contracts/shared'
import {
  StationConnected,
  StationCreated,
  StationDisconnected,
  StationStatusChanged,
  StationUpdated,
} from '#contracts/stations'
import { newId, type Tx } from '#kernel'
import type { StationsHost } from '../host.ts'
import { placeFrom } from '../place.ts'
import { described, told, type Station } from '../stations/stations.ts'
import { findByCharger, findStation, insertStation, moveStation } from '../stations/store.ts'
import {
  findLeftBehind,
  followOwners,
  listHomeless,
  lockChargers,
  noteBooted,
  noteConnections,
  noteReports,
  noteTold,
  showChargers,
  thinHistory,
  type Changed,
  type Connected,
  type Report,
} from './store.ts'

type StationsTx = Tx<'stations'>

/** What a charger's facts are to its station, whatever order they come in. */
export function reactions(host: StationsHost): void {
  const { db, now, on, onMany, every, settings } = host
  const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning' }) as const

  const heard = (accepts: boolean) => (event: SaidOfCharger, tx: StationsTx) => hear(tx, event, accepts, now())
  on(ChargerRegistered, about('register', 'give an accepted charger a station'), heard(true))
  on(ChargerChanged, about('change', 'give an accepted charger a station, and drafts to whom it belongs'), heard(true))
  on(ChargerRemoved, about('remove', 'note whose a removed charger was'), heard(false))

  onMany(ChargerBooted, about('boot', 'note what chargers are'), async (events, tx) => {
    await lockChargers(
      tx,
      events.map(({ chargerId }) => chargerId),
    )
    await noteBooted(
      tx,
      events.map(({ chargerId: id, vendor, model, serialNumber: serial_number, firmware, at: booted_at }) => ({
        id,
        vendor,
        model,
        serial_number,
        firmware,
        booted_at,
      })),
    )
  })

  const connection =
    (online: boolean) =>
    async (
      events: readonly { chargerId: string; connectionId: string; at: string }[],
      tx: StationsTx,
    ): Promise<void> => {
      const rows = events.map(({ chargerId, connectionId, at }): Connected => ({
        charger_id: chargerId,
        connection_id: connectionId,
        at,
      }))
      const ids = await lockChargers(
        tx,
        rows.map(row => row.charger_id),
      )
      const changed = await noteConnections(tx, rows, online)
      await publishChanges(tx, await showChargers(tx, ids))
      for (const { id, connectionId, at } of changed) {
        const station = await findByCharger(tx, id)
        const contract = online ? StationConnected : StationDisconnected
        if (station) await tx.publish(contract, { ...told(station), connectionId, at: at.toISOString() })
      }
    }
  onMany(ChargerConnected, about('connect', 'show that chargers are connected'), connection(true))
  onMany(ChargerDisconnected, about('disconnect', 'show that chargers are not connected'), connection(false))

  onMany(ConnectorReported, about('report', 'show how connectors are'), async (events, tx) => {
    const ids = await lockChargers(
      tx,
      events.map(({ chargerId }) => chargerId),
    )
    const reports = events.map(
      ({ chargerId, evse, connector, status, errorCode, at, receivedAt, eventId }): Report => ({
        charger_id: chargerId,
        evse,
        connector,
        status,
        error_code: errorCode,
        // A clock that is fast for a while would else outdo all that is said once it is right.
        at: at < receivedAt ? at : receivedAt,
        event_id: eventId,
      }),
    )
    await noteReports(tx, reports)
    await publishChanges(tx, await showChargers(tx, ids), reports)
  })

  every('1 day', 'thin the history of stations', () =>
    db.transaction(tx => thinHistory(tx, new Date(now().getTime() - settings.STATIONS_HISTORY), now())),
  )
}

interface SaidOfCharger {
  readonly chargerId: string
  readonly owner: Owner | null
  readonly formerOwner?: Owner | null
  readonly status?: string
  readonly version: number
  readonly timestamp: string
}

async function hear(tx: StationsTx, event: SaidOfCharger, accepts: boolean, now: Date): Promise<void> {
  const { chargerId: id, owner, formerOwner, status, version, timestamp: at } = event
  await lockChargers(tx, [id])
  const isLast = await noteTold(tx, { id, owner, accepted: accepts && status === 'accepted', at, version })
  if (isLast && owner && formerOwner !== undefined) await bring(tx, id, formerOwner, owner, now)
  await house(tx, [id], now)
}

/** The station of a charger goes where that goes. */
async function bring(tx: StationsTx, chargerId: string, former: Owner | null, owner: Owner, at: Date) {
  const id = await findLeftBehind(tx, chargerId, former)
  if (!id) return
  await moveStation(tx, id, owner, at)
  const station = (await findStation(tx, id))!
  await tx.publish(StationUpdated, described(station))
}

/** Gives accepted chargers that have no station one, as a draft, and drafts to whom their charger belongs. */
async function house(tx: StationsTx, chargerIds: readonly string[], at: Date): Promise<void> {
  for (const { id: chargerId, owner, version } of await listHomeless(tx, chargerIds)) {
    const station: Station = {
      ...placeFrom({ name: chargerId }),
      id: newId(at.getTime()),
      reference: null,
      chargerId,
      siteId: null,
      owner,
      public: false,
      drafted: true,
      online: false,
      onlineSince: null,
      version,
      createdAt: at,
      updatedAt: at,
      deletedAt: null,
    }
    await insertStation(tx, station, null)
    await tx.publish(StationCreated, described({ ...station, evses: [] }))
  }
  for (const { id } of await followOwners(tx, chargerIds)) {
    const station = (await findStation(tx, id))!
    await tx.publish(StationUpdated, described(station))
  }
  await publishChanges(tx, await showChargers(tx, chargerIds))
}

/** Tells of connectors that are otherwise than before, step by step where several were reported at once. */
export async function publishChanges(
  tx: StationsTx,
  changes: readonly Changed[],
  reports: readonly Report[] = [],
): Promise<void> {
  const stations = new Map<string, Station>()
  for (const change of changes) {
    const { stationId, evse, connector } = change
    const station = stations.get(stationId) ?? (await findStation(tx, stationId))!
    stations.set(stationId, station)
    const said = reports.filter(
      one => one.charger_id === station.chargerId && one.evse === evse && one.connector === connector,
    )
    for (const step of stepsOf(change, said))
      await tx.publish(StationStatusChanged, { ...told(station), evse, connector, ...step })
  }
}

/** From how a connector was to how it is, by way of what was said in between. */
function stepsOf({ status, errorCode, at, formerStatus, formerAt }: Changed, reports: readonly Report[]) {
  const last = { status, errorCode, at: at.toISOString() }
  const between = reports
    .filter(one => (formerAt === null || new Date(one.at) > formerAt) && new Date(one.at) < at)
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.event_id < b.event_id ? -1 : 1))
    .map(one => ({ status: one.status, errorCode: one.error_code, at: new Date(one.at).toISOString() }))
  let former = formerStatus
  return [...between, last].flatMap(step => {
    if (step.status === former) return []
    const changed = { ...step, formerStatus: former }
    former = step.status
    return [changed]
  })
}
