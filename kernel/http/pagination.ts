import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import { Instant } from '../../contracts/shared.ts'
import type { AccessRule } from '../access/access.ts'
import type { Db } from '../database/database.ts'
import { Problem } from '../problem.ts'
import type { Http, Request } from './http.ts'
import { instantOf } from './validation.ts'

/** Query of every list: `limit` (1 to 100) and `after` (a `nextCursor`). Spread it beside the filters. */
export const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'How many at most' }),
  after: Type.Optional(Type.String({ maxLength: 1000, description: 'The `nextCursor` of the page before' })),
}

/** Answer of every list. */
export const Page = <T extends TSchema>(item: T) =>
  Type.Object(
    { items: Type.Array(item), nextCursor: Type.Union([Type.String(), Type.Null()]) },
    'title' in item ? { title: `${String(item.title)}Page` } : {},
  )

/** Query of a list and of its count: what they do not know is refused by name. */
export const listQuery = <F extends TProperties>(filters: F) =>
  Type.Object({ ...pageQuery, ...filters }, { additionalProperties: false })
export const countQuery = <F extends TProperties>(filters: F) => Type.Object(filters, { additionalProperties: false })

/** Filters by when a row was made; spread them beside the others, and read them by `createdIn`. */
export const createdQuery = {
  createdFrom: Type.Optional({ ...Instant, description: 'Only what was made then or later' }),
  createdTo: Type.Optional({ ...Instant, description: 'Only what was made before' }),
}

/** A span of time: from `from` on, until before `to`. */
export interface Span {
  from?: Date | undefined
  to?: Date | undefined
}

export const createdIn = (query: { createdFrom?: string; createdTo?: string }): Span => ({
  from: query.createdFrom === undefined ? undefined : timeOf(query.createdFrom),
  to: query.createdTo === undefined ? undefined : timeOf(query.createdTo),
})

/** Filter by when a row changed last, for lists whose rows say so; read by `changedIn`. */
export const changedQuery = {
  changedSince: Type.Optional({ ...Instant, description: 'Only what changed then or later' }),
}
export const changedIn = ({ changedSince }: { changedSince?: string }): Span => ({
  from: changedSince === undefined ? undefined : timeOf(changedSince),
})

/** The time of an `Instant` that was let in; there was nothing of ours before 1970. */
export const timeOf = (text: string): Date => new Date(Math.max(0, instantOf(text)!.getTime()))

/** The end of a condition in SQL: a column that says when, within a span. */
export const madeIn = (db: Db, column: string, { from, to }: Span) => db`
  ${from ? db`and ${db(column)} >= ${from}` : db``} ${to ? db`and ${db(column)} < ${to}` : db``}`

/** A count looks at one row more than this, so that it takes no longer where there are millions. */
export const mostCounted = 10_000

/** Answer of every count. */
export const Count = Type.Object(
  {
    count: Type.Integer({ minimum: 0, maximum: mostCounted, examples: [42] }),
    exact: Type.Boolean({ description: `Whether there are no more: what is above ${mostCounted} is not counted` }),
  },
  { title: 'Count' },
)

/** What is answered of so many rows, of which `mostCounted + 1` at most were looked at. */
export const counted = (rows: number) => ({ count: Math.min(rows, mostCounted), exact: rows <= mostCounted })

/** Sort keys of the last row of a page, opaque to clients. */
export type Cursor = readonly (string | number | null)[]

type Check = (key: unknown) => boolean

/** What sort keys may have to be; anybody can write a cursor. */
export const isId: Check = key => typeof key === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(key)
export const isInstant: Check = key =>
  typeof key === 'string' && /^(?!0000).{1,29}Z$/.test(key) && instantOf(key) !== undefined
export const isText: Check = key => typeof key === 'string' && key.isWellFormed() && !key.includes('\0')
export const isCount: Check = key => Number.isSafeInteger(key) && (key as number) >= 0

/**
 * The sort keys behind `after`, each held to what it must be; undefined on the first page. Fails with `cursor_invalid`.
 */
export function cursorOf(after: string | undefined, ...are: Check[]): Cursor | undefined {
  if (after === undefined) return undefined
  try {
    const keys = JSON.parse(Buffer.from(after, 'base64url').toString())
    if (Array.isArray(keys) && keys.length === are.length && are.every((is, index) => is(keys[index]))) return keys
  } catch {}
  throw new Problem('invalid', 'cursor_invalid', {
    errors: [{ pointer: '/after', detail: 'takes the nextCursor of the page before, with the same filters and sort' }],
  })
}

/** A page out of `limit + 1` rows: the one too many only tells that there is more. */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keysOf: (last: Row) => Cursor,
  view: (row: Row) => Item,
) {
  const shown = rows.slice(0, limit)
  const more = rows.length > limit
  return {
    items: shown.map(view),
    nextCursor: more ? Buffer.from(JSON.stringify(keysOf(shown.at(-1)!))).toString('base64url') : null,
  }
}

/** A list of records: who may ask for it, by what, for what, and in which order it is. */
export interface Listing<F extends TProperties, P extends TSchema, W, Row, Item extends TSchema> {
  readonly config: { access: AccessRule }
  /** `of` is what it has, in the plural; `filters` stand beside `createdQuery`, which each list takes. */
  readonly schema: { readonly of: string; readonly filters: F; readonly item: Item } & {
    readonly [About in 'summary' | 'description']?: string
  } & { readonly params?: P; readonly refuses?: readonly string[] }
  /** What the rows have to be, of what is asked and who asks. */
  wanted(
    request: Request<{ summary: string; querystring: TObject<F & typeof createdQuery>; params: P }>,
  ): W | Promise<W>
  /** The statement, not yet on its way: a count puts one of its own around it. */
  rows(wanted: W, limit: number, after: Cursor | undefined): PromiseLike<readonly Row[]>
  readonly order: readonly Check[]
  keysOf(row: Row, wanted: W): Cursor
  view?(row: Row, wanted: W): Static<Item>
  /** In its place, where what is shown is looked up for all rows of a page together. */
  views?(rows: readonly Row[], wanted: W): Promise<Static<Item>[]>
}

/** A list that is filtered by when its rows were made, among other things, and `<path>/count`: how many it would give. */
export function listRoutes<F extends TProperties, W, Row, Item extends TSchema, P extends TSchema = TObject<{}>>(
  http: Http,
  db: Db,
  path: string,
  { config, schema, wanted, rows, order, keysOf, view, views }: Listing<F, P, W, Row, Item>,
): void {
  const { of, filters, item, summary = `List ${of}`, ...about } = schema
  const dated = { ...filters, ...createdQuery }
  const listed = { summary, ...about, querystring: listQuery(dated), response: { 200: Page(item) } }
  http.get(path, { config, schema: listed }, async request => {
    const { limit, after } = request.query as { limit: number; after?: string }
    const what = await wanted(request as never)
    const found = await rows(what, limit + 1, cursorOf(after, ...order))
    const shown = page(found, limit, last => keysOf(last, what), itself)
    return { ...shown, items: views ? await views(shown.items, what) : shown.items.map(row => view!(row, what)) }
  })

  const counting = { ...about, querystring: countQuery(dated), response: { 200: Count } }
  const inAll = { config, schema: { summary: `How many ${of} a list finds`, ...counting } }
  http.get(`${path === '/' ? '' : path}/count`, inAll, async request =>
    counted(await countRows(db, rows(await wanted(request as never), mostCounted + 1, undefined))),
  )
}
const itself = <T>(row: T): T => row

/** How many rows a statement has, which has to end at `mostCounted + 1`; of their columns none is made. */
export async function countRows(db: Db, rows: PromiseLike<unknown>): Promise<number> {
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from (${rows as never}) found`
  return row!.count
}
