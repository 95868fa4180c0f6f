import type { ConnectorStatus, Owner } from '#contracts/shared'
import { stringify, type Tx } from '#kernel'

/** Texts of no type: the driver's JSON would be quoted once more. */
const recordset = (tx: Tx, rows: readonly unknown[]) => tx.typed(stringify(rows) as never, 705)

/** What is told of these chargers is written by one transaction at a time, lest one does not see what another adds. */
export async function lockChargers(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const sorted = [...new Set(ids)].sort()
  await tx`insert into chargers (id) select unnest(${sorted}::text[]) on conflict do nothing`
  await tx`select from chargers where id = any(${sorted}::text[]) order by id for no key update`
  return sorted
}

/** What was told of a charger; `at` and `version` say whether it is the last that was. */
export interface Told {
  readonly id: string
  readonly owner: Owner | null
  readonly accepted: boolean
  readonly at: string
  readonly version: number
}

/** Whether this is the last that was said. */
export async function noteTold(tx: Tx, { id, owner, accepted, at, version }: Told): Promise<boolean> {
  const [told] = await tx<{ newer: boolean }[]>`
    update chargers c set accepted = c.accepted or ${accepted},
      owner_kind = case when t.newer then ${owner?.kind ?? null} else c.owner_kind end,
      owner_id = case when t.newer then ${owner?.id ?? null}::uuid else c.owner_id end,
      told_at = case when t.newer then ${at} else c.told_at end,
      told_version = case when t.newer then ${version} else c.told_version end
    from (select (${at}::timestamptz, ${version}::int) >
      (coalesce(told_at, '-infinity'), coalesce(told_version, 0)) as newer from chargers where id = ${id}) t
    where c.id = ${id}
    returning t.newer`
  return told?.newer ?? false
}

/** The station of a charger, no draft, that belongs to whom the charger did. */
export async function findLeftBehind(tx: Tx, chargerId: string, former: Owner | null): Promise<string | undefined> {
  const [row] = await tx<{ id: string }[]>`
    select id from stations
    where charger_id = ${chargerId} and not drafted and deleted_at is null
      and owner_id is not distinct from ${former?.id ?? null}::uuid`
  return row?.id
}

/** Chargers that were accepted and never had a station. */
export const listHomeless = (tx: Tx, ids: readonly string[]) => tx<
  { id: string; owner: Owner | null; version: number }[]
>`
  select c.id, c.told_version as version,
    case when c.owner_id is not null then json_build_object('kind', c.owner_kind, 'id', c.owner_id) end as owner
  from chargers c where c.id = any(${ids as string[]}) and c.accepted
    and not exists (select from stations s where s.charger_id = c.id)`

/** Drafts belong to whom their charger does; gives those that changed. */
export const followOwners = (tx: Tx, ids: readonly string[]) => tx<{ id: string }[]>`
  update stations s set owner_kind = c.owner_kind, owner_id = c.owner_id, version = c.told_version
  from chargers c where c.id = s.charger_id and c.id = any(${ids as string[]}) and s.drafted and s.deleted_at is null
    and s.version < c.told_version
  returning s.id`

export interface Booted {
  readonly id: string
  readonly vendor: string
  readonly model: string
  readonly serial_number: string | null
  readonly firmware: string | null
  readonly booted_at: string
}

/** The last that each said of itself. */
export const noteBooted = (tx: Tx, boots: readonly Booted[]) => tx`
  update chargers c set vendor = b.vendor, model = b.model, serial_number = b.serial_number, firmware = b.firmware,
    booted_at = b.booted_at
  from (select distinct on (id) * from json_populate_recordset(null::chargers, ${recordset(tx, boots)})
    order by id, booted_at desc) b
  where c.id = b.id and (c.booted_at is null or c.booted_at < b.booted_at)`

export interface Connected {
  readonly charger_id: string
  readonly connection_id: string
  readonly at: string
}

/** Notes when connections began or ended; gives those that say how their charger is now. */
export async function noteConnections(
  tx: Tx,
  told: readonly Connected[],
  online: boolean,
): Promise<{ id: string; connectionId: string; at: Date }[]> {
  const column = online ? tx`connected_at` : tx`disconnected_at`
  const rows = tx`
    json_to_recordset(${recordset(tx, told)}) as t (charger_id text, connection_id uuid, at timestamptz)`
  await tx`
    insert into connections (charger_id, connection_id, ${column})
    select distinct on (charger_id, connection_id) charger_id, connection_id, at from ${rows}
    on conflict (charger_id, connection_id) do update set ${column} = excluded.${column}`
  // Of one connection the end counts, whichever was told first.
  return await tx<{ id: string; connectionId: string; at: Date }[]>`
    update chargers c set connection_id = t.connection_id, online = ${online}, online_since = t.at
    from (select distinct on (charger_id) * from ${rows} order by charger_id, connection_id desc) t
    where c.id = t.charger_id and (c.connection_id is null or c.connection_id < t.connection_id
      or (c.connection_id = t.connection_id and c.online and not ${online}))
    returning c.id, c.connection_id as "connectionId", c.online_since as at`
}

export interface Report {
  readonly charger_id: string
  readonly evse: number
  readonly connector: number
  readonly status: ConnectorStatus
  readonly error_code: string | null
  readonly at: string
  readonly event_id: string
}

/** All that was said of places, and how each is by the last of it. */
export async function noteReports(tx: Tx, reports: readonly Report[]): Promise<void> {
  const rows = recordset(tx, reports)
  await tx`
    insert into reports (charger_id, evse, connector, at, event_id, status)
    select charger_id, evse, connector, at, event_id, status
    from json_populate_recordset(null::states, ${rows}) on conflict do nothing`
  await tx`
    insert into states as s
    select distinct on (charger_id, evse, connector) * from json_populate_recordset(null::states, ${rows})
    order by charger_id, evse, connector, at desc, event_id desc
    on conflict (charger_id, evse, connector) do update set status = excluded.status,
      error_code = excluded.error_code, at = excluded.at, event_id = excluded.event_id
    where (s.at, s.event_id) < (excluded.at, excluded.event_id)`
}

/** A connector of which something else, or the same anew, was said last. */
export interface Changed {
  readonly stationId: string
  readonly evse: number
  readonly connector: number
  readonly status: ConnectorStatus
  readonly formerStatus: ConnectorStatus | null
  readonly formerAt: Date | null
  readonly errorCode: string | null
  readonly at: Date
}

/** Lets the stations of these chargers show what is known of the chargers; gives the connectors of which something was said. */
export async function showChargers(tx: Tx, chargerIds: readonly string[]): Promise<Changed[]> {
  const ids = chargerIds as string[]
  const stationStates = tx`
    select s.id as station_id, t.evse, t.connector, t.status, t.error_code, t.at
    from stations s join states t on t.charger_id = s.charger_id
    where s.charger_id = any(${ids}) and s.deleted_at is null and t.evse > 0 and t.connector > 0`
  // A charger need not announce what it has: the first report does.
  await tx`insert into evses (station_id, evse) select distinct station_id, evse from (${stationStates}) t
    on conflict do nothing`
  await tx`insert into connectors (id, station_id, evse, connector)
    select gen_random_uuid(), station_id, evse, connector from (${stationStates}) t on conflict do nothing`
  const changed = await tx<Changed[]>`
    with told as (${stationStates}),
    before as (select c.station_id, c.evse, c.connector, c.status, c.status_at
      from connectors c join told using (station_id, evse, connector)),
    changed as (
      update connectors c set status = t.status, error_code = t.error_code, status_at = t.at from told t
      where c.station_id = t.station_id and c.evse = t.evse and c.connector = t.connector
        and (c.status, c.error_code, c.status_at) is distinct from (t.status, t.error_code, t.at)
      returning c.station_id, c.evse, c.connector, c.status, c.error_code, c.status_at
    )
    select station_id as "stationId", evse, connector, c.status, b.status as "formerStatus", b.status_at as "formerAt",
      c.error_code as "errorCode", c.status_at as at
    from changed c join before b using (station_id, evse, connector)`
  await tx`
    update stations s set online = c.online, online_since = c.online_since from chargers c
    where c.id = s.charger_id and c.id = any(${ids}) and s.deleted_at is null
      and (s.online, s.online_since) is distinct from (c.online, c.online_since)`
  const stations = await tx<{ id: string }[]>`
    select id from stations where charger_id = any(${ids}) and deleted_at is null`
  await showAvailable(
    tx,
    stations.map(({ id }) => id),
  )
  return changed
}

/** States in which one connector keeps its EVSE for itself. */
const taking = ['occupied', 'preparing', 'charging', 'suspended-ev', 'suspended-evse', 'finishing', 'reserved']
const broken = ['unavailable', 'faulted']

/** Works out again which connectors can be used now, and where somebody finds one. */
export async function showAvailable(tx: Tx, stationIds: readonly string[]): Promise<void> {
  const ids = stationIds as string[]
  await tx`
    update connectors c set available = f.free from (
      select c.station_id, c.evse, c.connector, coalesce(s.online and c.status = 'available', false)
        and not exists (select from connectors o
          where o.station_id = c.station_id and o.evse = c.evse and o.status = any(${taking}))
        and not exists (select from states t
          where t.charger_id = s.charger_id and t.status = any(${broken})
            and (t.evse = 0 or (t.evse = c.evse and t.connector = 0))) as free
      from stations s join connectors c on c.station_id = s.id where s.id = any(${ids}::uuid[])) f
    where c.station_id = f.station_id and c.evse = f.evse and c.connector = f.connector and c.available <> f.free`
  await tx`
    update spots p set available = f.free from (
      select p.station_id, p.kind, exists (select from connectors c
        where c.station_id = p.station_id and c.available and (p.standard is null or c.standard = p.standard)
          and coalesce(c.max_power_w, 0) >= p.least_power_w) as free
      from spots p where p.station_id = any(${ids}::uuid[])) f
    where p.station_id = f.station_id and p.kind = f.kind and p.available <> f.free`
}

/** History that is older than `before` goes; of the rest, what repeats what was said before it. */
export async function thinHistory(tx: Tx, before: Date, now: Date): Promise<void> {
  const week = new Date(now.getTime() - 7 * 86_400_000)
  await tx`
    with numbered as (
      select charger_id, evse, connector, at, event_id, status,
        lag(status) over w as former, lead(at) over w as next
      from reports window w as (partition by charger_id, evse, connector order by at, event_id))
    delete from reports r using numbered n
    where (r.charger_id, r.evse, r.connector, r.at, r.event_id) =
        (n.charger_id, n.evse, n.connector, n.at, n.event_id)
      and (n.next < ${before} or (n.former = n.status and n.at between ${week} and ${now}))`
  await tx`delete from connections where disconnected_at < ${before}`
}
