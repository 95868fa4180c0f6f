import Type, { type Static } from 'typebox'
import { IncidentSource, Priority } from '#contracts/maintenance'
import { ChargerId, Id } from '#contracts/shared'
import { countQuery, cursorOf, isId, isInstant, mostCounted, partiesOf, timeOf, type Actor, type Db } from '#kernel'
import { Instant } from '#contracts/shared'
import { nobody } from '../places/places.ts'
import type { Incident } from './incidents.ts'
import { incidentColumns } from './store.ts'

export const incidentFilters = {
  status: Type.Optional(Type.Enum(['open', 'closed'], { examples: ['open'] })),
  source: Type.Optional(IncidentSource),
  priority: Type.Optional(Priority),
  chargerId: Type.Optional(ChargerId),
  stationId: Type.Optional(Id),
  from: Type.Optional({ ...Instant, description: 'Only what began then or later' }),
  to: Type.Optional({ ...Instant, description: 'Only what began before' }),
}
type Filters = Static<ReturnType<typeof countQuery<typeof incidentFilters>>>

const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

/** Each is found by an index of its own: what one operates, and what one reported. */
function scopesOf(db: Db, actor: Actor): Fragment[] {
  if (actor.role === 'admin') return [db`true`]
  const reported = db`i.id = any(array(select incident_id from reports where reporter_id = ${actor.userId}))`
  if (actor.role !== 'operator') return [reported]
  const parties = [...partiesOf(actor), nobody]
  const owners = parties.map(id => db`coalesce(i.owner_id, ${nobody}) = ${id}`)
  return [...owners, db`${reported} and not coalesce(i.owner_id, ${nobody}) = any(${parties})`]
}

const matching = (db: Db, { status, source, priority, chargerId, stationId, from, to }: Filters): Fragment => db`
  ${status === undefined ? db`` : status === 'open' ? db`and i.closed_at is null` : db`and i.closed_at is not null`}
  ${source === undefined ? db`` : db`and i.source = ${source}`}
  ${priority === undefined ? db`` : db`and i.priority = ${priority}`}
  ${chargerId === undefined ? db`` : db`and i.charger_id = ${chargerId}`}
  ${stationId === undefined ? db`` : db`and i.station_id = ${stationId}`}
  ${from === undefined ? db`` : db`and i.opened_at >= ${timeOf(from)}`}
  ${to === undefined ? db`` : db`and i.opened_at < ${timeOf(to)}`}`

const joined = (db: Db, branches: readonly Fragment[]): Fragment =>
  branches.reduce((all, one) => db`${all} union all ${one}`)

/** Those that one may see, the newest first. */
export async function searchIncidents(
  db: Db,
  actor: Actor,
  { limit, after, ...filters }: Filters & { limit: number; after?: string | undefined },
): Promise<Incident[]> {
  const cursor = cursorOf(after, isInstant, isId) as readonly [string, string] | undefined
  const position = cursor ? db`and (i.opened_at, i.id) < (${cursor[0]}::timestamptz, ${cursor[1]}::uuid)` : db``
  const branches = scopesOf(db, actor).map(
    scope => db`(
      select i.* from incidents i where ${scope} ${matching(db, filters)} ${position}
      order by i.opened_at desc, i.id desc limit ${limit})`,
  )
  return await db<Incident[]>`
    select ${incidentColumns(db)} from (${joined(db, branches)}) i order by i.opened_at desc, i.id desc limit ${limit}`
}

/** How many a list finds; no more than `mostCounted + 1` of each scope are looked at. */
export async function countIncidents(db: Db, actor: Actor, filters: Filters): Promise<number> {
  const branches = scopesOf(db, actor).map(
    scope => db`(select from incidents i where ${scope} ${matching(db, filters)} limit ${mostCounted + 1})`,
  )
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${joined(db, branches)}) found`
  return row!.count
}
