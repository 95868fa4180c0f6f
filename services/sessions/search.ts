import { partiesOf, type Actor, type Db, type Span } from '#kernel'
import type { Session } from './sessions.ts'
import { readSession, sessionColumns, type Stored } from './store.ts'

/** Which sessions a list has, beside that the actor may see them. */
export interface Wanted {
  readonly charger?: string | undefined
  readonly station?: string | undefined
  readonly driver?: string | undefined
  readonly token?: string | undefined
  readonly status?: 'active' | 'ended' | undefined
  readonly started: Span
}

/** A piece of a statement. */
const nothing = (db: Db) => db``
type Sql = ReturnType<typeof nothing>

/** Nobody, where whose a charger is stands to be compared. */
const nobody = '00000000-0000-0000-0000-000000000000'

/**
 * Conditions for each of which one index finds a page. Where something rare is asked for that is found by itself, what
 * the actor may see is told so that no index is tried for it.
 */
function scopesOf(db: Db, actor: Actor, { charger, station, driver, token }: Wanted): Sql[] {
  if (actor.role === 'admin') return [db`true`]
  const mine = db`s.driver_id = ${actor.userId}`
  if (actor.role !== 'operator') return [mine]
  const parties = partiesOf(actor)
  if (charger ?? station ?? driver ?? token)
    return [
      db`(coalesce(s.driver_id, ${nobody}) = ${actor.userId}
        or coalesce(s.owner_id, ${nobody}) = any(${[nobody, ...parties]}))`,
    ]
  const notMine = db`s.driver_id is distinct from ${actor.userId}`
  return [
    mine,
    db`s.owner_id is null and ${notMine}`,
    ...parties.map(party => db`s.owner_id = ${party} and ${notMine}`),
  ]
}

const matching = (db: Db, { charger, station, driver, token, status, started: { from, to } }: Wanted): Sql => db`
  ${charger === undefined ? db`` : db`and s.charger_id = ${charger}`}
  ${station === undefined ? db`` : db`and s.station_id = ${station}`}
  ${driver === undefined ? db`` : db`and s.driver_id = ${driver}`}
  ${token === undefined ? db`` : db`and upper(s.token) = ${token.toUpperCase()}`}
  ${status === undefined ? db`` : status === 'active' ? db`and s.ended_at is null` : db`and s.ended_at is not null`}
  ${from ? db`and s.started_at >= ${from}` : db``} ${to ? db`and s.started_at < ${to}` : db``}`

const joined = (db: Db, branches: readonly Sql[]): Sql =>
  branches.reduce((all, branch) => db`${all} union all ${branch}`)

/** The newest first. */
export async function searchSessions(
  db: Db,
  actor: Actor,
  wanted: Wanted,
  { limit, before }: { limit: number; before?: readonly [startedAt: string, id: string] | undefined },
): Promise<Session[]> {
  const position = before ? db`and (s.started_at, s.id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``
  const branches = scopesOf(db, actor, wanted).map(
    scope => db`(
      select s.* from sessions s where ${scope} ${matching(db, wanted)} ${position}
      order by s.started_at desc, s.id desc limit ${limit})`,
  )
  const rows = await db<Stored[]>`
    select ${sessionColumns(db)} from (${joined(db, branches)}) s
    order by s.started_at desc, s.id desc limit ${limit}`
  return rows.map(readSession)
}

/** How many there are; no more than `most` of each scope are looked at. */
export async function countSessions(db: Db, actor: Actor, wanted: Wanted, most: number): Promise<number> {
  const branches = scopesOf(db, actor, wanted).map(
    scope => db`(select from sessions s where ${scope} ${matching(db, wanted)} limit ${most})`,
  )
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${joined(db, branches)}) found`
  return row!.count
}
