import Type, { type Static } from 'typebox'
import { ChargerStatus } from '#contracts/ocpp'
import { Id } from '#contracts/shared'
import {
  changedIn,
  changedQuery,
  createdIn,
  createdQuery,
  cursorOf,
  isInstant,
  isText,
  listQuery,
  madeIn,
  mostCounted,
  page,
  type Actor,
  type Db,
} from '#kernel'
import { scopesFor } from '../access.ts'
import { together, tsquery, type Fragment } from '../search.ts'
import { chargerColumns } from './store.ts'
import { view, type ChargerAsIs } from './view.ts'

export const chargerFilters = {
  status: Type.Optional(ChargerStatus),
  connected: Type.Optional(Type.Boolean()),
  owner: Type.Optional(Id),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      pattern: '^[^\\u0000]*$',
      description: 'Words that all begin a word of its identity, name, vendor, model or serial number',
      examples: ['cp'],
    }),
  ),
  ...createdQuery,
  ...changedQuery,
}
export const chargerQuery = listQuery(chargerFilters)
type Query = Static<typeof chargerQuery>
type Filters = Omit<Query, 'limit' | 'after'>

/** Beside its own columns what it said of its connectors and transactions. */
const columns = (db: Db) => db`
  ${chargerColumns(db)}, coalesce((
    select json_agg(k) from (
      select evse, connector, status, error_code as "errorCode", info, at from connectors
      where charger_id = c.id order by evse, connector limit 100) k), '[]') as connectors,
  coalesce((
    select json_agg(t) from (
      select id as "transactionId", reference, evse, connector, token, begun_at as "begunAt" from transactions
      where charger_id = c.id and ended_at is null and received_at >= c.created_at order by id limit 100) t), '[]') as open`

export async function viewCharger(db: Db, id: string): Promise<ChargerAsIs | undefined> {
  const [row] = await db<ChargerAsIs[]>`select ${columns(db)} from chargers c where c.id = ${id}`
  return row
}

/** A page of the chargers that the actor looks after, the latest first. */
export async function searchChargers(db: Db, actor: Actor, query: Query) {
  const { limit, after } = query
  const cursor = cursorOf(after, isInstant, isText)
  const beyond = cursor
    ? db`and (created_at, id) < (${String(cursor[0])}::text::timestamptz, ${String(cursor[1])})`
    : db``
  const ids = conditions(db, actor, query).map(
    where => db`(select id, created_at from chargers where ${where} ${beyond}
      order by created_at desc, id desc limit ${limit + 1})`,
  )
  if (ids.length === 0) return page([], limit, () => [], view)
  const rows = await db<ChargerAsIs[]>`
    select ${columns(db)} from (
      select id from (${together(db, ids)}) found order by created_at desc, id desc limit ${limit + 1}) f
    join chargers c using (id) order by c.created_at desc, c.id desc`
  return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
}

/** How many there are; no more than `mostCounted + 1` of each owner are looked at. */
export async function countChargers(db: Db, actor: Actor, query: Filters): Promise<number> {
  const found = conditions(db, actor, query).map(
    where => db`(select from chargers where ${where} limit ${mostCounted + 1})`,
  )
  if (found.length === 0) return 0
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${together(db, found)}) found`
  return row!.count
}

/** For each owner that counts: an index finds a page for each. */
function conditions(db: Db, actor: Actor, query: Filters): Fragment[] {
  const { status, connected, q } = query
  // Values of ours stand in the text: the planner has to see that an index over a part holds all that is wanted.
  const states = {
    accepted: db`and status = 'accepted'`,
    pending: db`and status = 'pending'`,
    rejected: db`and status = 'rejected'`,
  }
  const filters = db`
    ${status ? states[status] : db``}
    ${connected === undefined ? db`` : connected ? db`and connection_id is not null` : db`and connection_id is null`}
    ${q ? db`and words @@ ${tsquery(q)}::tsquery` : db``}
    ${madeIn(db, 'created_at', createdIn(query))} ${madeIn(db, 'updated_at', changedIn(query))}`
  const scopes = scopesFor(actor, query.owner)
  if (!scopes) return [db`true ${filters}`]
  return scopes.map(owner => (owner ? db`owner_id = ${owner} ${filters}` : db`owner_id is null ${filters}`))
}
