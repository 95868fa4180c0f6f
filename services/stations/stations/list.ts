import Type, { type Static } from 'typebox'
import { ChargerId, Id } from '#contracts/shared'
import {
  createdIn,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  mostCounted,
  page,
  partiesOf,
  madeIn,
  changedIn,
  createdQuery,
  changedQuery,
  type Actor,
  type Db,
} from '#kernel'
import { view, type WholeStation } from './stations.ts'
import { evsesColumn, nobody, stationColumns } from './store.ts'

const word = { minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$' }

export const stationFilters = {
  scope: Type.Optional(
    Type.Enum(['public', 'managed'], {
      description: 'What everybody sees, or what one operates; operators see by themselves what they operate',
    }),
  ),
  owner: Type.Optional(Id),
  siteId: Type.Optional(Id),
  chargerId: Type.Optional(ChargerId),
  public: Type.Optional(Type.Boolean()),
  online: Type.Optional(Type.Boolean()),
  country: Type.Optional(Type.String({ maxLength: 3, pattern: '^[A-Z]{3}$', examples: ['DEU'] })),
  city: Type.Optional(Type.String({ ...word, description: 'Whatever its case', examples: ['Berlin'] })),
  q: Type.Optional(Type.String({ ...word, description: 'Words of its name, address or ids', examples: ['market'] })),
  ...createdQuery,
  ...changedQuery,
}
export const stationQuery = listQuery(stationFilters)
type Query = Static<typeof stationQuery>
type Filters = Omit<Query, 'limit' | 'after'>

const nothing = (db: Db) => db``
type Fragment = ReturnType<typeof nothing>

/** Each is found by an index of its own; what one asks for oneself is many stations, so each branch is bounded. */
function scopesOf(db: Db, actor: Actor, { scope, owner }: Filters): Fragment[] {
  const operates = actor.role === 'operator' || actor.role === 'admin'
  const ownedBy = (id: string) => db`coalesce(s.owner_id, ${nobody}) = ${id}`
  if (scope === 'public' || (scope === undefined && !operates))
    return [owner ? db`s.public and ${ownedBy(owner)}` : db`s.public`]
  if (actor.role === 'admin') return [owner ? ownedBy(owner) : db`true`]
  const mine = [...partiesOf(actor), ...(operates ? [nobody] : [])]
  return mine.filter(id => owner === undefined || id === owner).map(ownedBy)
}

function filtersOf(db: Db, query: Filters): Fragment {
  const { from, to } = createdIn(query)
  const words = query.q?.match(/[\p{L}\p{N}]+/gu)
  const conditions = [
    query.siteId !== undefined && db`s.site_id = ${query.siteId}`,
    query.chargerId !== undefined && db`s.charger_id = ${query.chargerId}`,
    query.public !== undefined && (query.public ? db`s.public` : db`not s.public`),
    query.online !== undefined && db`s.online = ${query.online}`,
    query.country !== undefined && db`s.country = ${query.country}`,
    query.city !== undefined && db`lower(s.city) = lower(${query.city})`,
    words && db`s.words @@ to_tsquery('simple', ${words.map(word => `${word}:*`).join(' & ')})`,
    from && db`s.created_at >= ${from}`,
    to && db`s.created_at < ${to}`,
    query.changedSince !== undefined && db`true ${madeIn(db, 's.updated_at', changedIn(query))}`,
  ]
  return conditions.filter(condition => !!condition).reduce((all, one) => db`${all} and ${one}`, nothing(db))
}

/** A page of the stations that one may see, the newest first. */
export async function listStations(db: Db, actor: Actor, query: Query) {
  const { limit, after } = query
  const cursor = cursorOf(after, isInstant, isId)
  const position = cursor ? db`and (s.created_at, s.id) < (${String(cursor[0])}, ${String(cursor[1])})` : db``
  const branches = scopesOf(db, actor, query).map(
    scope => db`
      (select s.* from stations s where s.deleted_at is null and ${scope} ${filtersOf(db, query)} ${position}
        order by s.created_at desc, s.id desc limit ${limit + 1})`,
  )
  const rows = branches.length > 0 ? await select(db, branches, limit + 1) : []
  return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], view)
}

const together = (db: Db, branches: readonly Fragment[]): Fragment =>
  branches.reduce((all, branch) => db`${all} union all ${branch}`)

const select = (db: Db, branches: readonly Fragment[], limit: number) => db<WholeStation[]>`
  select ${stationColumns(db)}, ${evsesColumn(db)}
  from (${together(db, branches)}) s
  order by s.created_at desc, s.id desc limit ${limit}`

/** How many a list finds; no more than `mostCounted + 1` of each owner are looked at. */
export async function countStations(db: Db, actor: Actor, query: Filters): Promise<number> {
  const branches = scopesOf(db, actor, query).map(
    scope => db`
      (select from stations s where s.deleted_at is null and ${scope} ${filtersOf(db, query)}
        limit ${mostCounted + 1})`,
  )
  if (branches.length === 0) return 0
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (${together(db, branches)}) found`
  return row!.count
}

/** All that one operates, in the order they were made, some at a time. */
export async function* everyManaged(db: Db, actor: Actor): AsyncGenerator<WholeStation> {
  const scopes = scopesOf(db, actor, { scope: 'managed' })
  for (const scope of scopes) {
    let last: [Date, string] = [new Date(0), nobody]
    for (;;) {
      const rows: WholeStation[] = await db<WholeStation[]>`
        select ${stationColumns(db)}, ${evsesColumn(db)} from stations s
        where s.deleted_at is null and ${scope} and (s.created_at, s.id) > (${last[0]}, ${last[1]})
        order by s.created_at, s.id limit 200`
      yield* rows
      const end = rows.at(-1)
      if (!end || rows.length < 200) break
      last = [end.createdAt, end.id]
    }
  }
}
