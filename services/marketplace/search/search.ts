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
  relevance: { sql: 'f.fit', type: 'integer', descending: true, isKey: isCount },
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
  /** Whether more fit than `mostRanked`. */
  readonly many: boolean
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
  // A search for what half of the shop is called tells nothing about relevance.
  const sort = wanted === 'relevance' && (many || !meant) ? 'popular' : wanted
  const cursor = cursorOf(query.after, of => of === sort, orders[sort].isKey, isId)
  const rows = await rowsOf(db, searching, sort, query.limit <= 20 ? 21 : 101, cursor)
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

async function rowsOf(
  db: Db,
  searching: Searching,
  sort: Sort,
  size: number,
  cursor: Cursor | undefined,
): Promise<Row[]> {
  const { narrowed, meant, at, many } = searching
  const { sql, type, descending } = orders[sort]
  const values: unknown[] = []
  const $: Parameter = value => `$${values.push(value)}`
  const words = meant && tsquery(meant, narrowed.language, $)
  const conditions = conditionsOf(narrowed, words, at, $)
  const byPrice = sql.startsWith('o.')
  const id = byPrice ? 'o.product_id' : 'p.id'
  const offer = `o.currency = ${$(narrowed.currency)} and o.from_at <= ${$(at)}::timestamptz and ${$(at)}::timestamptz < o.until_at`
  const beyond = cursor
    ? [`(${sql}, ${id}) ${descending ? '<' : '>'} (${$(String(cursor[1]))}::text::${type}, ${$(cursor[2])}::uuid)`]
    : []
  const isPlain = conditions.length === 1
  const joined = `${byPrice ? '' : 'left '}join offers o on o.product_id = p.id and ${offer}`
  const order = `order by ${sql} ${descending ? 'desc' : 'asc'}, ${id} ${descending ? 'desc' : 'asc'} limit ${size}`
  const fields = `${fieldsOf(narrowed.language)}, ${sql} as key`
  const text =
    many || isPlain
      ? `select ${fields} from products p ${joined} where ${[...conditions, ...beyond].join(' and ')} ${order}`
      : `with f as materialized (
          select p.id${words ? `, (1000000 * ts_rank(p.words_${narrowed.language}, ${words}) * (1 + ln(1 + p.sold) / 10))::integer as fit` : ''}
          from products p where ${conditions.join(' and ')} limit ${mostRanked})
        select ${fields} from f join products p on p.id = f.id ${joined} ${beyond.length > 0 ? `where ${beyond.join('')}` : ''} ${order}`
  // What is rare is found another way than what is common: only what asks for nothing is planned once.
  return await db.unsafe<Row[]>(text, values as never[], { prepare: isPlain })
}
