import type { Db, Tx } from '#kernel'
import type { Stretch, Turn } from './uptime.ts'

/** Since when a station has its charger, and what was first known of it; undefined where nothing is. */
export async function knownSince(db: Db, stationId: string): Promise<number | undefined> {
  const [row] = await db<{ since: Date | null }[]>`
    select greatest(s.charger_since, least(
      (select min(coalesce(connected_at, disconnected_at)) from connections where charger_id = s.charger_id),
      (select min(at) from reports where charger_id = s.charger_id))) as since
    from stations s where s.id = ${stationId} and s.charger_id is not null`
  return row?.since?.getTime()
}

/** When a charger was connected, up to `now`. */
export async function listOnline(db: Db, chargerId: string, now: Date): Promise<Stretch[]> {
  const rows = await db<{ from: Date | null; to: Date }[]>`
    select connected_at as from,
      coalesce(disconnected_at, lead(connected_at) over (order by connection_id), ${now}) as to
    from connections where charger_id = ${chargerId} order by connection_id`
  return rows.flatMap(({ from, to }): Stretch[] =>
    from ? [[from.getTime(), Math.max(from.getTime(), to.getTime())]] : [],
  )
}

/** When places of a charger began to work and ceased to, before `to`. */
export async function listTurns(db: Db, chargerId: string, to: Date): Promise<Turn[]> {
  const rows = await db<{ evse: number; connector: number; at: Date; works: boolean }[]>`
    select evse, connector, at, works from (
      select evse, connector, at, event_id, works,
        lag(works) over (partition by evse, connector order by at, event_id) as before
      from (select evse, connector, at, event_id, status not in ('unavailable', 'faulted') as works from reports
        where charger_id = ${chargerId} and at < ${to}) r) turns
    where before is distinct from works order by at, event_id`
  return rows.map(row => ({ ...row, at: row.at.getTime() }))
}

/** Time that does not count as outage. */
export interface Exclusion {
  readonly id: string
  readonly stationId: string
  readonly evse: number | null
  readonly from: Date
  readonly to: Date
  readonly reason: string
  readonly note: string | null
  /** Null where nobody noted who planned the work. */
  readonly createdBy: string | null
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  id, station_id as "stationId", evse, from_at as from, to_at as to, reason, note, created_by as "createdBy",
  created_at as "createdAt"`

/** The earliest first, that reach into a span; up to `limit`, after a place in the order. */
export async function listExclusions(
  db: Db,
  stationId: string,
  span: { from?: Date; to?: Date },
  limit: number,
  after?: readonly [at: string, id: string],
): Promise<Exclusion[]> {
  return await db<Exclusion[]>`
    select ${columns(db)} from exclusions where station_id = ${stationId}
      ${span.from ? db`and to_at > ${span.from}` : db``} ${span.to ? db`and from_at < ${span.to}` : db``}
      ${after ? db`and (from_at, id) > (${after[0]}, ${after[1]})` : db``}
    order by from_at, id limit ${limit}`
}

export const insertExclusion = (tx: Tx, one: Exclusion) => tx`
  insert into exclusions (id, station_id, evse, from_at, to_at, reason, note, created_by, created_at)
  values (${one.id}, ${one.stationId}, ${one.evse}, ${one.from}, ${one.to}, ${one.reason}, ${one.note},
    ${one.createdBy}, ${one.createdAt})`

/** Of planned work, as it was told last; what was taken back by hand stays so. */
export const followWork = (tx: Tx, one: Exclusion, version: number, isBegin: boolean) => tx`
  insert into exclusions as e (id, station_id, evse, from_at, to_at, reason, note, created_by, created_at, work_version)
  select ${one.id}::uuid, id, ${one.evse}::int, ${one.from}::timestamptz, ${one.to}::timestamptz, ${one.reason},
    ${one.note}, ${one.createdBy}::uuid, ${one.createdAt}::timestamptz, ${version}::int
  from stations where id = ${one.stationId} and (${isBegin} or exists (select from exclusions where id = ${one.id}))
  on conflict (id) do update set from_at = excluded.from_at, to_at = excluded.to_at,
    work_version = excluded.work_version
  where e.work_version < excluded.work_version`

/** False where there is none. */
export async function deleteExclusion(tx: Tx, stationId: string, id: string): Promise<boolean> {
  const gone = await tx`delete from exclusions where station_id = ${stationId} and id = ${id} returning id`
  return gone.length > 0
}
