import type { Owner } from '#contracts/shared'
import { mostCounted, partiesOf, type Actor, type Db, type Tx } from '#kernel'
import { nobody, ownerColumn } from '../places/places.ts'

/** What is planned at a station. */
export interface Work {
  readonly id: string
  readonly stationId: string
  readonly chargerId: string | null
  readonly evse: number | null
  readonly owner: Owner | null
  readonly place: string
  readonly title: string
  readonly fromAt: Date
  readonly toAt: Date
  readonly state: 'planned' | 'active' | 'done' | 'cancelled'
  readonly requestId: string | null
  readonly requestedAt: Date | null
  readonly answered: boolean
  readonly answer: string | null
  readonly version: number
  /** Null where nobody noted it. */
  readonly plannedBy: string | null
  readonly createdAt: Date
}

const columns = (db: Db) => db`
  w.id, w.station_id as "stationId", w.charger_id as "chargerId", w.evse, ${ownerColumn(db, 'w')} as owner, w.place,
  w.title, w.from_at as "fromAt", w.to_at as "toAt", w.state, w.request_id as "requestId",
  w.requested_at as "requestedAt", w.answered, w.answer, w.version, w.planned_by as "plannedBy", w.created_at as "createdAt"`

export async function findWork(db: Db, id: string): Promise<Work | undefined> {
  const [row] = await db<Work[]>`select ${columns(db)} from works w where w.id = ${id}`
  return row
}

/** One that nobody else changes until the transaction ends. */
export async function lockWork(tx: Tx, id: string): Promise<Work | undefined> {
  const [row] = await tx<Work[]>`select ${columns(tx)} from works w where w.id = ${id} for update`
  return row
}

export async function insertWork(tx: Tx, work: Work): Promise<void> {
  const { id, stationId, chargerId, evse, owner, place, title, fromAt, toAt, state, version, plannedBy, createdAt } =
    work
  await tx`
    insert into works (id, station_id, charger_id, evse, owner_kind, owner_id, place, title, from_at, to_at, state,
      version, planned_by, created_at)
    values (${id}, ${stationId}, ${chargerId}, ${evse}, ${owner?.kind ?? null}, ${owner?.id ?? null}, ${place},
      ${title}, ${fromAt}, ${toAt}, ${state}, ${version}, ${plannedBy}, ${createdAt})`
}

export const updateWork = (tx: Tx, { id, state, requestId, requestedAt, answered, answer, version }: Work) => tx`
  update works set state = ${state}, request_id = ${requestId}, requested_at = ${requestedAt}, answered = ${answered},
    answer = ${answer}, version = ${version}
  where id = ${id}`

/** Those that begin or end, and those whose charger has not answered since before then. */
export const listDue = (tx: Tx, at: Date, askedBefore: Date) => tx<Work[]>`
  select ${columns(tx)} from works w
  where (w.state = 'planned' and w.from_at <= ${at}) or (w.state = 'active' and w.to_at <= ${at})
    or (not w.answered and w.requested_at <= ${askedBefore})
  order by w.id limit 500 for update`

/** Whether other work keeps the same part of a charger out of service. */
export async function isKept(tx: Tx, { id, chargerId, evse }: Work, at: Date): Promise<boolean> {
  const rows = await tx`
    select from works where charger_id = ${chargerId} and id <> ${id} and state = 'active' and to_at > ${at}
      and (evse is null or ${evse}::int is null or evse = ${evse}) limit 1`
  return rows.length > 0
}

/** What a charger answered; another request may have followed since. */
export const noteAnswer = (tx: Tx, requestId: string, answer: string) => tx`
  update works set answered = true, answer = ${answer} where request_id = ${requestId} and not answered`

export interface WorkFilters {
  readonly state?: Work['state']
  readonly stationId?: string
}

const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

const scopesOf = (db: Db, actor: Actor): Fragment[] =>
  actor.role === 'admin'
    ? [db`true`]
    : [...partiesOf(actor), nobody].map(id => db`coalesce(w.owner_id, ${nobody}) = ${id}`)

const matching = (db: Db, { state, stationId }: WorkFilters): Fragment => db`
  ${state === undefined ? db`` : db`and w.state = ${state}`}
  ${stationId === undefined ? db`` : db`and w.station_id = ${stationId}`}`

const joined = (db: Db, branches: readonly Fragment[]): Fragment =>
  branches.reduce((all, one) => db`${all} union all ${one}`)

export async function listWorks(
  db: Db,
  actor: Actor,
  filters: WorkFilters,
  limit: number,
  before: readonly [string, string] | undefined,
): Promise<Work[]> {
  const position = before ? db`and (w.created_at, w.id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``
  const branches = scopesOf(db, actor).map(
    scope => db`(select w.* from works w where ${scope} ${matching(db, filters)} ${position}
      order by w.created_at desc, w.id desc limit ${limit})`,
  )
  return await db<Work[]>`
    select ${columns(db)} from (${joined(db, branches)}) w order by w.created_at desc, w.id desc limit ${limit}`
}

export async function countWorks(db: Db, actor: Actor, filters: WorkFilters): Promise<number> {
  const branches = scopesOf(db, actor).map(
    scope => db`(select from works w where ${scope} ${matching(db, filters)} limit ${mostCounted + 1})`,
  )
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${joined(db, branches)}) found`
  return row!.count
}
