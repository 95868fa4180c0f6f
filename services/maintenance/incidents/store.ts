import { stringify, type Db, type Tx } from '#kernel'
import { ownerColumn, placesOf } from '../places/places.ts'
import type { Heard, Incident, Signal } from './incidents.ts'

/** Texts of no type: the driver's JSON would be quoted once more. */
const recordset = (tx: Tx, rows: readonly unknown[]) => tx.typed(stringify(rows) as never, 705)

export const incidentColumns = (db: Db) => db`
  i.id, i.source, i.charger_id as "chargerId", i.station_id as "stationId", i.key, i.evse, i.connector,
  ${ownerColumn(db, 'i')} as owner, i.place, i.code, i.info, i.priority, i.opened_at as "openedAt",
  i.cleared_at as "clearedAt", i.relapses, i.closed_at as "closedAt", i.closed_end as end, i.told, i.version`

export async function findIncident(db: Db, id: string): Promise<Incident | undefined> {
  const [row] = await db<Incident[]>`select ${incidentColumns(db)} from incidents i where i.id = ${id}`
  return row
}

/** An incident that nobody else changes until the transaction ends. */
export async function lockIncident(tx: Tx, id: string): Promise<Incident | undefined> {
  const [row] = await tx<Incident[]>`select ${incidentColumns(tx)} from incidents i where i.id = ${id} for update`
  return row
}

const rowOf = (incident: Incident) => ({
  id: incident.id,
  source: incident.source,
  charger_id: incident.chargerId,
  station_id: incident.stationId,
  key: incident.key,
  evse: incident.evse,
  connector: incident.connector,
  owner_kind: incident.owner?.kind ?? null,
  owner_id: incident.owner?.id ?? null,
  place: incident.place,
  code: incident.code,
  info: incident.info,
  priority: incident.priority,
  opened_at: incident.openedAt,
  cleared_at: incident.clearedAt,
  relapses: incident.relapses,
  closed_at: incident.closedAt,
  closed_end: incident.end,
  told: incident.told,
  version: incident.version,
})

/** Incidents as they are now; where they stand and whose they are is written by `place` alone once they are there. */
export async function writeIncidents(tx: Tx, incidents: readonly Incident[]): Promise<void> {
  if (incidents.length === 0) return
  await tx`
    insert into incidents as i
    select * from json_populate_recordset(null::incidents, ${recordset(tx, incidents.map(rowOf))})
    on conflict (id) do update set code = excluded.code, info = excluded.info, priority = excluded.priority,
      cleared_at = excluded.cleared_at, relapses = excluded.relapses, closed_at = excluded.closed_at,
      closed_end = excluded.closed_end, version = excluded.version`
}

type Stored = Incident & { signalKey: string; heardAt: Date; eventId: string; bad: boolean; of: string }

/** What was heard last of these things, by charger and key; `for update` once the chargers are locked. */
export async function listHeard(tx: Tx, signals: readonly Signal[], toChange: boolean): Promise<Map<string, Heard>> {
  const rows = await tx<Stored[]>`
    select ${incidentColumns(tx)}, g.charger_id as of, g.key as "signalKey", g.heard_at as "heardAt",
      g.event_id as "eventId", g.bad
    from signals g join incidents i on i.id = g.incident_id
    where (g.charger_id, g.key) in (select * from unnest(${signals.map(({ chargerId }) => chargerId)}::text[],
      ${signals.map(({ key }) => key)}::text[]))
    ${toChange ? tx`for update of i` : tx``}`
  return new Map(
    rows.map(({ signalKey, heardAt, eventId, bad, of, ...incident }) => [
      `${of}\n${signalKey}`,
      { heardAt, eventId, bad, incident },
    ]),
  )
}

export async function writeHeard(tx: Tx, all: ReadonlyMap<string, Heard>): Promise<void> {
  const rows = [...all].map(([name, { heardAt, eventId, bad, incident }]) => {
    const [charger_id, key] = name.split('\n')
    return { charger_id, key, heard_at: heardAt, event_id: eventId, bad, incident_id: incident.id }
  })
  if (rows.length === 0) return
  await tx`
    insert into signals select * from json_populate_recordset(null::signals, ${recordset(tx, rows)})
    on conflict (charger_id, key) do update set heard_at = excluded.heard_at, event_id = excluded.event_id,
      bad = excluded.bad, incident_id = excluded.incident_id`
}

/** Lets the incidents of chargers stand where their chargers do, by the name of that place, and those of people be whose the station is. */
export async function placeIncidents(tx: Tx, chargerIds: readonly string[], stationId?: string): Promise<void> {
  if (chargerIds.length > 0)
    await tx`
      update incidents i set station_id = p.station_id, owner_kind = p.owner_kind, owner_id = p.owner_id,
        place = p.place
      from (${placesOf(tx, chargerIds)}) p
      where i.charger_id = p.charger_id and i.source <> 'person'
        and (i.station_id, i.owner_id, i.place) is distinct from (p.station_id, p.owner_id, p.place)`
  if (stationId !== undefined)
    await tx`
      update incidents i set owner_kind = s.owner_kind, owner_id = s.owner_id from stations s
      where s.id = ${stationId} and i.station_id = s.id and i.source = 'person'
        and i.owner_id is distinct from s.owner_id`
}

/** Those that nobody has heard of, of chargers of which it is known by now whose they are: they are told now. */
export const takeUntold = (tx: Tx, chargerIds: readonly string[]) => tx<Incident[]>`
  update incidents i set told = true from chargers c
  where c.id = i.charger_id and c.told_at is not null and not i.told and i.charger_id = any(${chargerIds as string[]})
  returning ${incidentColumns(tx)}`

/** Open ones of chargers that are gone, with when they went. */
export const listOrphans = (tx: Tx, chargerIds: readonly string[]) => tx<(Incident & { removedAt: Date })[]>`
  select ${incidentColumns(tx)}, c.removed_at as "removedAt"
  from incidents i join chargers c on c.id = i.charger_id
  where i.charger_id = any(${chargerIds as string[]}) and i.closed_at is null and i.source <> 'person'
    and c.removed_at is not null
  for update of i`

/** Those that have been well since before then. */
export const listCalm = (tx: Tx, before: Date) => tx<Incident[]>`
  select ${incidentColumns(tx)} from incidents i where i.closed_at is null and i.cleared_at <= ${before}
  order by i.id limit 500 for update`

/** Accepted chargers without a connection since before then that have no incident of it. */
export const listAway = (tx: Tx, before: Date) => tx<{ id: string; at: Date }[]>`
  select c.id, c.disconnected_at as at from chargers c
  where c.disconnected_at <= ${before} and c.accepted and c.removed_at is null
    and not exists (select from incidents i where i.charger_id = c.id and i.key = 'offline' and i.source = 'offline'
      and (i.closed_at is null or i.opened_at = c.disconnected_at))
  order by c.id limit 500 for no key update`

/** The open incident that a charger is away. */
export async function findAway(tx: Tx, chargerId: string): Promise<Incident | undefined> {
  const [row] = await tx<Incident[]>`
    select ${incidentColumns(tx)} from incidents i
    where i.charger_id = ${chargerId} and i.key = 'offline' and i.source = 'offline' and i.closed_at is null for update`
  return row
}

/** What people said of a thing at a station that is still open. */
export async function findReported(tx: Tx, stationId: string, key: string): Promise<Incident | undefined> {
  const [row] = await tx<Incident[]>`
    select ${incidentColumns(tx)} from incidents i
    where i.station_id = ${stationId} and i.key = ${key} and i.source = 'person' and i.closed_at is null for update`
  return row
}

/** False where another was quicker with the same. */
export async function insertReported(tx: Tx, incident: Incident): Promise<boolean> {
  const added = await tx`
    insert into incidents ${tx(rowOf(incident) as never)}
    on conflict (station_id, key) where closed_at is null and source = 'person' do nothing returning id`
  return added.length > 0
}

export interface Said {
  readonly reporterId: string
  readonly text: string | null
  readonly photos: readonly string[]
  readonly reportedAt: Date
}

export const writeReport = (tx: Tx, incidentId: string, { reporterId, text, photos, reportedAt }: Said) => tx`
  insert into reports (incident_id, reporter_id, text, photos, reported_at)
  values (${incidentId}, ${reporterId}, ${text}, ${photos as string[]}, ${reportedAt})
  on conflict (incident_id, reporter_id) do update set text = excluded.text, photos = excluded.photos,
    reported_at = excluded.reported_at`

/** The newest hundred of an incident, or what one person said of it. */
export const listReports = (db: Db, incidentId: string, reporterId?: string) => db<Said[]>`
  select reporter_id as "reporterId", text, photos, reported_at as "reportedAt" from reports
  where incident_id = ${incidentId} ${reporterId === undefined ? db`` : db`and reporter_id = ${reporterId}`}
  order by reported_at desc, reporter_id limit 100`
