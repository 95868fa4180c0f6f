import { cursorOf, isCount, isId, isInstant, page, type Cursor, type Db, type Language } from '#kernel'
import { wayTo, type Tree } from '../categories/tree.ts'
import type { ProductSummary } from '../products/view.ts'
import { conditionsOf, type Narrowed, type Parameter, type SearchQuery, type Sort } from './query.ts'
import { tsquery, type Meant } from './understand.ts'

/** So many matches are put in order by looking at each of them; of more than that those come first that come first anyway. */
export const mostRanked = 2_000

interface Row {
  id: string
  slug: string
  vendorId: string
  name: string
  categoryId: string | null
  tags: string[]
  thumbnail: string | null
  rating: number
  reviewCount: number
  downloadCount: number
  isFeatured: boolean
  sold: number
  inStock: boolean
  kind: ProductSummary['kind']
  status: ProductSummary['status']
  createdAt: Date
  updatedAt: Date
  priceMinor: bigint | null
  originalMinor: bigint | null
  key: string | number | Date | bigint
}

/** By what a list is put in order: an index has it, unless it is how well words fit. */
interface Order {
  readonly sql: string
  readonly type: string
  readonly descending: boolean
  isKey(key: unknown): boolean
}

const isNumber = (key: unknown): boolean => typeof key === 'number' && Number.isFinite(key)
const orders: Record<Sort, Order> = {
  relevance: { sql: '', type: 'integer', descending: true, isKey: isCount },
  popular: { sql: 'p.sold', type: 'integer', descending: true, isKey: isCount },
  newest: { sql: 'p.created_at', type: 'timestamptz', descending: true, isKey: isInstant },
  rating: { sql: 'p.rating', type: 'float8', descending: true, isKey: isNumber },
  price: { sql: 'o.price_minor', type: 'bigint', descending: false, isKey: isCount },
  '-price': { sql: 'o.price_minor', type: 'bigint', descending: true, isKey: isCount },
}

const nameIn = (language: Language): string =>
  `case when p.language = '${language}' then p.name else coalesce(p.translations->'${language}'->>'name', p.name) end`

const fieldsOf = (language: Language): string => `
  p.id, p.slug, p.owner_id as "vendorId", ${nameIn(language)} as name, p.category_id as "categoryId", p.tags, p.thumbnail,
  p.rating::float8 as rating, p.review_count as "reviewCount", p.download_count as "downloadCount",
  p.featured as "isFeatured", p.sold, p.in_stock as "inStock", p.kind, p.status, p.created_at as "createdAt",
  p.updated_at as "updatedAt", o.price_minor as "priceMinor", o.original_minor as "originalMinor"`

export interface Searching {
  readonly narrowed: Narrowed
  readonly meant: Meant | undefined
  readonly at: Date
  /** Whether more fit than `mostRanked`, where that is known. */
  readonly many: boolean | undefined
  readonly tree: Tree
  readonly popularFrom: number
}

/** A page of what is for sale. */
export async function searchProducts(
  db: Db,
  query: Pick<SearchQuery, 'limit' | 'after' | 'sort'>,
  searching: Searching,
) {
  const { narrowed, meant, many, tree, popularFrom } = searching
  const wanted = query.sort ?? (meant ? 'relevance' : 'popular')
  const asked = wanted === 'relevance' && !meant ? 'popular' : wanted
  // Who goes on in a list of many goes on as it began.
  const isBegun = (of: unknown): boolean => of === asked || (asked === 'relevance' && of === 'popular')
  const cursor = cursorOf(query.after, isBegun, orders[asked].isKey, isId)
  const size = query.limit <= 20 ? 21 : 101
  const few =
    many || isPlain(searching) || (cursor && cursor[0] !== asked)
      ? undefined
      : await fewOf(db, searching, asked, size, cursor)
  // A search for what half of the shop is called tells nothing about relevance.
  const sort = few ? asked : asked === 'relevance' ? 'popular' : asked
  const rows =
    few ??
    (await manyOf(
      db,
      searching,
      sort,
      size,
      cursorOf(query.after, of => of === sort, orders[sort].isKey, isId),
    ))
  return page(
    rows,
    query.limit,
    ({ key, id }) => [sort, key instanceof Date ? key.toISOString() : Number(key), id],
    ({ categoryId, sold, priceMinor, originalMinor, key: _, createdAt, updatedAt, ...row }): ProductSummary => ({
      ...row,
      price: priceMinor === null ? null : Number(priceMinor),
      originalPrice: originalMinor === null ? null : Number(originalMinor),
      currency: narrowed.currency,
      category: wayTo(tree, categoryId).at(-1)?.slug ?? null,
      isPopular: sold >= popularFrom,
      createdAt: createdAt.toISOString(),
      updatedAt: updatedAt.toISOString(),
    }),
  )
}

/** Asks for all there is. */
const isPlain = (searching: Searching): boolean =>
  conditionsOf(searching.narrowed, searching.meant && '-', searching.at, () => '').length === 1

/** What a statement is made of. */
function partsOf({ narrowed, meant, at }: Searching, sort: Sort, size: number, cursor: Cursor | undefined) {
  const { type, descending } = orders[sort]
  const values: unknown[] = []
  const $: Parameter = value => `$${values.push(value)}`
  const words = meant && tsquery(meant, narrowed.language, $)
  const conditions = conditionsOf(narrowed, words, at, $)
  const key =
    sort === 'relevance'
      ? `(1000000 * ts_rank(p.words_${narrowed.language}, ${words}) * (1 + ln(1 + p.sold) / 10))::integer`
      : orders[sort].sql
  const byPrice = key.startsWith('o.')
  const id = byPrice ? 'o.product_id' : 'p.id'
  const offer = `o.currency = ${$(narrowed.currency)} and o.from_at <= ${$(at)}::timestamptz and ${$(at)}::timestamptz < o.until_at`
  const direction = descending ? 'desc' : 'asc'
  return {
    values,
    conditions,
    beyond: cursor
      ? [`(${key}, ${id}) ${descending ? '<' : '>'} (${$(String(cursor[1]))}::text::${type}, ${$(cursor[2])}::uuid)`]
      : [],
    joined: `${byPrice ? '' : 'left '}join offers o on o.product_id = p.id and ${offer}`,
    order: `order by ${key} ${direction}, ${id} ${direction} limit ${size}`,
    again: `order by r.key ${direction}, r.id ${direction}`,
    fields: `${fieldsOf(narrowed.language)}, ${key} as key`,
  }
}

/** Found by what fits, each of it looked at; undefined where more than `mostRanked` do. */
async function fewOf(db: Db, searching: Searching, sort: Sort, size: number, cursor: Cursor | undefined) {
  const { values, conditions, beyond, joined, order, again, fields } = partsOf(searching, sort, size, cursor)
  const text = `
    with f as materialized (select p.id from products p where ${conditions.join(' and ')} limit ${mostRanked + 1})
    select n.total, r.* from (select count(*)::integer as total from f) n left join lateral (
      select ${fields} from f join products p on p.id = f.id ${joined}
      where ${[`n.total <= ${mostRanked}`, ...beyond].join(' and ')} ${order}) r on true
    ${again}`
  // What is rare is found another way than what is common.
  const rows = await db.unsafe<(Row & { total: number })[]>(text, values as never[], { prepare: false })
  if (rows[0]!.total > mostRanked) return undefined
  return rows.filter(({ id }) => id !== null).map(({ total: _, ...row }): Row => row)
}

/** Found in the order in which an index has them. */
async function manyOf(
  db: Db,
  searching: Searching,
  sort: Sort,
  size: number,
  cursor: Cursor | undefined,
): Promise<Row[]> {
  const { values, conditions, beyond, joined, order, fields } = partsOf(searching, sort, size, cursor)
  const text = `select ${fields} from products p ${joined} where ${[...conditions, ...beyond].join(' and ')} ${order}`
  // Only what asks for nothing is planned once.
  return await db.unsafe<Row[]>(text, values as never[], { prepare: isPlain(searching) })
}
