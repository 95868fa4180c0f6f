import Type, { type Static } from 'typebox'
import { ProductKind } from '#contracts/marketplace'
import { Id, Slug } from '#contracts/shared'
import { listQuery, Problem, type Language } from '#kernel'
import { attributesOf, type Category, type Tree } from '../categories/tree.ts'
import { shownQuery } from '../products/shown.ts'
import { folded } from '../words.ts'
import { marks, sizeOf } from './filing.ts'

const amount = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }

export const sorts = ['relevance', 'popular', 'newest', 'rating', 'price', '-price'] as const
export type Sort = (typeof sorts)[number]

export const searchFilters = {
  search: Type.Optional(
    Type.String({
      maxLength: 200,
      pattern: '^[^\\u0000]*$',
      examples: ['wallbox'],
      description: 'Words; one that nobody uses is taken as what it looks like',
    }),
  ),
  category: Type.Optional({ ...Slug, examples: ['wallboxes'], description: 'With those below it' }),
  vendor: Type.Optional(Id),
  kind: Type.Optional(ProductKind),
  minPrice: Type.Optional(Type.Integer({ ...amount, examples: [0], description: 'In minor units of the currency' })),
  maxPrice: Type.Optional(Type.Integer({ ...amount, examples: [100_000] })),
  rating: Type.Optional(Type.Number({ minimum: 0, maximum: 5, examples: [4], description: 'So many stars at least' })),
  tags: Type.Optional(
    Type.String({
      maxLength: 400,
      pattern: '^[^\\u0000]*$',
      examples: ['type 2'],
      description: 'Several with commas: all of them',
    }),
  ),
  featured: Type.Optional(Type.Boolean()),
  popular: Type.Optional(Type.Boolean()),
  inStock: Type.Optional(Type.Boolean()),
  attributes: Type.Optional(
    Type.String({
      maxLength: 600,
      pattern: '^[^\\u0000]*$',
      examples: ['power:7..22;connector:type-2|ccs'],
      description: 'Of the category, with semicolons: one of several values, or a range of numbers',
    }),
  ),
}

export const searchQuery = listQuery({
  ...searchFilters,
  ...shownQuery,
  sort: Type.Optional(
    Type.Enum([...sorts], { description: '`relevance` where words are searched for, else `popular`' }),
  ),
  facets: Type.Boolean({ default: false, description: 'Whether to count by what the list can be narrowed down' }),
})
export type SearchQuery = Static<typeof searchQuery>
type Filters = Omit<SearchQuery, 'limit' | 'after' | 'facets'>

/** A range of an attribute that is a number. */
export interface Range {
  readonly key: string
  readonly min: number
  readonly max: number
}

/** A filter by itself, so that others of its kind can be counted without it. */
export interface Choice {
  /** What is chosen of: `a:connector=`, `k:`, `v:`. */
  readonly of: string
  readonly anyOf: readonly string[]
}

/** What a list is narrowed down to. */
export interface Narrowed {
  readonly all: readonly string[]
  readonly choices: readonly Choice[]
  readonly ranges: readonly Range[]
  readonly price: { readonly min: number; readonly max: number } | undefined
  readonly rating: number | undefined
  readonly category: Category | undefined
  readonly currency: string
  readonly language: Language
}

/** Fails with `category_unknown`, `attribute_invalid`. */
export function narrow(query: Filters, tree: Tree, currency: string, language: Language): Narrowed {
  const category = query.category === undefined ? undefined : tree.bySlug.get(query.category)
  if (query.category !== undefined && !category)
    throw new Problem('unprocessable', 'category_unknown', {
      errors: [{ pointer: '/category', detail: 'is not known' }],
    })
  const { minPrice, maxPrice, rating, sort } = query
  const price =
    minPrice === undefined && maxPrice === undefined
      ? undefined
      : { min: minPrice ?? 0, max: maxPrice ?? Number.MAX_SAFE_INTEGER }
  const tags = (query.tags ?? '')
    .split(',')
    .map(tag => tag.trim())
    .filter(Boolean)
  const { choices, ranges } = chosen(query.attributes ?? '', tree, category)
  return {
    all: [
      ...(category ? [marks.category(category.id)] : []),
      ...tags.slice(0, 10).map(tag => marks.tag(tag)),
      ...(query.featured ? [marks.featured] : []),
      ...(query.popular ? [marks.popular] : []),
      ...(query.inStock ? [marks.inStock] : []),
      ...(price || sort?.endsWith('price') ? [marks.currency(currency)] : []),
    ],
    choices: [
      ...(query.vendor ? [{ of: 'v:', anyOf: [marks.vendor(query.vendor)] }] : []),
      ...(query.kind ? [{ of: 'k:', anyOf: [marks.kind(query.kind)] }] : []),
      ...choices,
    ],
    ranges,
    price,
    rating: rating || undefined,
    category,
    currency,
    language,
  }
}

/** `power:7..22;connector:type-2|ccs`, read. */
function chosen(text: string, tree: Tree, category: Category | undefined): { choices: Choice[]; ranges: Range[] } {
  const refuse = (detail: string): never => {
    throw new Problem('unprocessable', 'attribute_invalid', { errors: [{ pointer: '/attributes', detail }] })
  }
  const parts = text.split(';').filter(Boolean)
  if (parts.length > 10) refuse('takes ten attributes at most')
  const defined = new Map(attributesOf(tree, category?.id ?? null).map(one => [one.key, one]))
  const choices: Choice[] = []
  const ranges: Range[] = []
  for (const part of parts) {
    const [key = '', value = ''] = part.split(/:(.*)/s)
    const attribute = defined.get(key) ?? refuse(`names ${key.slice(0, 40)}, which is no attribute of the category`)
    if (attribute.type === 'number') {
      const [, from = '', to = ''] =
        /^(-?\d{0,12}(?:\.\d{1,9})?)\.\.(-?\d{0,12}(?:\.\d{1,9})?)$/.exec(value) ??
        refuse(`takes a range of ${key}, like ${key}:7..22`)
      ranges.push({ key, min: from === '' ? -1e300 : Number(from), max: to === '' ? 1e300 : Number(to) })
    } else {
      const values = value.split('|').filter(Boolean).slice(0, 20)
      if (values.length === 0) refuse(`takes a value of ${key}`)
      choices.push({ of: `a:${key}=`, anyOf: values.map(one => marks.attribute(key, folded(one))) })
    }
  }
  return { choices, ranges }
}

/** Notes a value of a statement and gives its place: `$1`. */
export type Parameter = (value: unknown) => string

/** Marks of the prices a range can be of; with many of them any will do. */
const sizesIn = (currency: string, { min, max }: { min: number; max: number }): string[] => {
  const [least, most] = [sizeOf(min), sizeOf(max)]
  return least > most ? [] : Array.from({ length: most - least + 1 }, (_, at) => marks.price(currency, least + at))
}

/** Conditions on rows of `products p`; what one index answers stands first. */
export function conditionsOf(
  narrowed: Narrowed,
  words: string | undefined,
  at: Date,
  $: Parameter,
  without?: string,
): string[] {
  const { all, choices, ranges, price, rating, currency, language } = narrowed
  const anyOf = (some: readonly string[]) => `p.facets && ${$(some)}::text[]`
  return [
    'p.for_sale',
    ...(all.length > 0 ? [`p.facets @> ${$(all)}::text[]`] : []),
    ...choices.filter(({ of }) => of !== without).map(choice => anyOf(choice.anyOf)),
    ...(words ? [`p.words_${language} @@ (${words})`] : []),
    ...(rating === undefined || without === 'r:'
      ? []
      : [
          anyOf(Array.from({ length: 6 - Math.floor(rating) }, (_, n) => marks.stars(Math.floor(rating) + n))),
          `p.rating >= ${$(rating)}::float8`,
        ]),
    ...(price
      ? [
          anyOf(sizesIn(currency, price)),
          `exists (select from offers o where o.product_id = p.id and o.currency = ${$(currency)}
            and o.from_at <= ${$(at)}::timestamptz and ${$(at)}::timestamptz < o.until_at
            and o.price_minor between ${$(price.min)}::bigint and ${$(price.max)}::bigint)`,
        ]
      : []),
    ...ranges.map(
      ({ key, min, max }) =>
        `exists (select from figures n where n.product_id = p.id and n.key = ${$(key)}
          and n.value between ${$(min)}::float8 and ${$(max)}::float8)`,
    ),
  ]
}
