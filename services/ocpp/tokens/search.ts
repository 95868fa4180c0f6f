import Type, { type Static } from 'typebox'
import { Id } from '#contracts/shared'
import {
  changedIn,
  changedQuery,
  createdIn,
  createdQuery,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  madeIn,
  mostCounted,
  page,
  type Actor,
  type Db,
} from '#kernel'
import { scopesFor } from '../access.ts'
import { together, tsquery, type Fragment } from '../search.ts'
import { tokenColumns, type KeptToken } from './store.ts'
import { TokenType, TokenView, view } from './view.ts'

const word = { minLength: 1, maxLength: 255, pattern: '^[^\\u0000]*$' }
export const tokenFilters = {
  status: Type.Optional(TokenView.properties.status),
  type: Type.Optional(TokenType),
  owner: Type.Optional(Id),
  user: Type.Optional({ ...Id, description: 'Only those of this person' }),
  group: Type.Optional(Type.String({ ...word, description: 'Only those of this group', examples: ['FLEET-7'] })),
  q: Type.Optional(
    Type.String({
      ...word,
      description: 'Words that all begin a word of its value, label or group',
      examples: ['04a2'],
    }),
  ),
  ...createdQuery,
  ...changedQuery,
}
export const tokenQuery = listQuery(tokenFilters)
type Query = Static<typeof tokenQuery>
type Filters = Omit<Query, 'limit' | 'after'>

/** A page of the tokens that the actor looks after, the latest first. */
export async function searchTokens(db: Db, actor: Actor, query: Query) {
  const { limit, after } = query
  const cursor = cursorOf(after, isInstant, isId)
  const beyond = cursor
    ? db`and (created_at, id) < (${String(cursor[0])}::text::timestamptz, ${String(cursor[1])}::text::uuid)`
    : db``
  const found = conditions(db, actor, query).map(
    where => db`(select ${tokenColumns(db)} from tokens where ${where} ${beyond}
      order by created_at desc, id desc limit ${limit + 1})`,
  )
  const rows =
    found.length === 0
      ? []
      : await db<KeptToken[]>`
          select * from (${together(db, found)}) t order by "createdAt" desc, id desc limit ${limit + 1}`
  return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
}

/** How many there are; no more than `mostCounted + 1` of each owner are looked at. */
export async function countTokens(db: Db, actor: Actor, query: Filters): Promise<number> {
  const found = conditions(db, actor, query).map(
    where => db`(select from tokens where ${where} limit ${mostCounted + 1})`,
  )
  if (found.length === 0) return 0
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${together(db, found)}) found`
  return row!.count
}

function conditions(db: Db, actor: Actor, query: Filters): Fragment[] {
  const { status, type, user, group, q } = query
  // Values of ours stand in the text: the planner has to see that an index over a part holds all that is wanted.
  const states = { accepted: db`and status = 'accepted'`, blocked: db`and status = 'blocked'` }
  const filters = db`
    ${status ? states[status] : db``} ${type ? db`and type = ${type}` : db``}
    ${user ? db`and user_id = ${user}` : db``} ${group ? db`and group_id = ${group}` : db``}
    ${q ? db`and words @@ ${tsquery(q)}::tsquery` : db``}
    ${madeIn(db, 'created_at', createdIn(query))} ${madeIn(db, 'updated_at', changedIn(query))}`
  const scopes = scopesFor(actor, query.owner)
  if (!scopes) return [db`true ${filters}`]
  // No token is nobody's.
  return scopes.filter(owner => owner !== null).map(owner => db`owner_id = ${owner} ${filters}`)
}
