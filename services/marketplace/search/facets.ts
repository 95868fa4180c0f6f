import Type, { type Static } from 'typebox'
import { ProductKind } from '#contracts/marketplace'
import { Id } from '#contracts/shared'
import { mostCounted, type Db } from '#kernel'
import { attributesOf, valueSlug, type Attribute, type Tree } from '../categories/tree.ts'
import { conditionsOf, type Narrowed, type Parameter } from './query.ts'
import { mostRanked } from './search.ts'
import { tsquery, type Meant } from './understand.ts'

const Count = Type.Integer({ minimum: 0, examples: [12] })
const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** By what a list can be narrowed down further, and to how many. */
export const Facets = Type.Object(
  {
    total: Count,
    exact: Type.Boolean({ description: `Whether all that fit were counted: no more than ${mostCounted} are` }),
    categories: Type.Array(Type.Object({ slug: Type.String(), name: Type.String(), count: Count }), { examples: [[]] }),
    vendors: Type.Array(Type.Object({ id: Id, count: Count }), { examples: [[]] }),
    kinds: Type.Array(Type.Object({ kind: ProductKind, count: Count }), { examples: [[]] }),
    tags: Type.Array(Type.Object({ tag: Type.String(), count: Count }), { examples: [[]] }),
    ratings: Type.Array(Type.Object({ rating: Type.Integer({ examples: [4] }), count: Count }), {
      description: 'So many stars at least',
      examples: [[]],
    }),
    price: nullable(
      Type.Object(
        { currency: Type.String({ examples: ['EUR'] }), min: Type.Integer(), max: Type.Integer() },
        { examples: [null] },
      ),
    ),
    attributes: Type.Array(
      Type.Object({
        key: Type.String(),
        name: Type.String(),
        unit: nullable(Type.String()),
        type: Type.Enum(['text', 'number', 'flag', 'choice']),
        values: Type.Array(Type.Object({ value: Type.String(), name: Type.String(), count: Count })),
        min: nullable(Type.Number()),
        max: nullable(Type.Number()),
      }),
      { examples: [[]] },
    ),
  },
  { title: 'Facets' },
)
export type Facets = Static<typeof Facets>

interface Counted {
  what: 'all' | 'mark' | 'figure' | 'price'
  mark: string | null
  count: number | null
  least: number | null
  most: number | null
}

/**
 * Counts what fits by its marks. Of a choice that is made the others are counted as if it were not: who looks at one
 * connector sees how many there are of another; so are stars. Bounded: of a search `mostRanked` are looked at, else `mostCounted`.
 */
export async function countFacets(
  db: Db,
  narrowed: Narrowed,
  meant: Meant | undefined,
  at: Date,
  tree: Tree,
): Promise<Facets> {
  const most = meant ? mostRanked : mostCounted
  const chosen = [...narrowed.choices.map(({ of }) => of), ...(narrowed.rating === undefined ? [] : ['r:'])]
  const [whole, ...others] = await Promise.all([
    countMarks(db, narrowed, meant, at, most),
    ...chosen.map(of => countMarks(db, narrowed, meant, at, most, of)),
  ])
  const total = whole!.find(({ what }) => what === 'all')!.count!
  const counts = new Map(whole!.flatMap(({ what, mark, count }) => (what === 'mark' ? [[mark!, count!] as const] : [])))
  for (const [index, of] of chosen.entries())
    for (const { what, mark, count } of others[index]!)
      if (what === 'mark' && mark!.startsWith(of)) counts.set(mark!, count!)
  return facetsOf(narrowed, tree, counts, whole!, { total: Math.min(total, most), exact: total <= most })
}

async function countMarks(
  db: Db,
  narrowed: Narrowed,
  meant: Meant | undefined,
  at: Date,
  most: number,
  without?: string,
): Promise<Counted[]> {
  const values: unknown[] = []
  const $: Parameter = value => `$${values.push(value)}`
  const words = meant && tsquery(meant, narrowed.language, $)
  const conditions = conditionsOf(narrowed, words, at, $, without)
  const only = without === undefined ? `not like 'p:%'` : `like ${$(`${without}%`)}`
  const more = (): string => `
    union all
    select 'figure', n.key, null, min(n.value), max(n.value) from f join figures n on n.product_id = f.id group by n.key
    union all
    select 'price', null, null, min(o.price_minor), max(o.price_minor) from f join offers o on o.product_id = f.id
      and o.currency = ${$(narrowed.currency)} and o.from_at <= ${$(at)}::timestamptz and ${$(at)}::timestamptz < o.until_at`
  const text = `
    with f as materialized (select p.id, p.facets from products p where ${conditions.join(' and ')} limit ${most + 1})
    select 'all' as what, null as mark, count(*)::int as count, null::float8 as least, null::float8 as most from f
    union all
    select 'mark', mark, count(*)::int, null, null from f, unnest(f.facets) as mark where mark ${only} group by mark
    ${without === undefined ? more() : ''}`
  return await db.unsafe<Counted[]>(text, values as never[], { prepare: false })
}

function facetsOf(
  { category, currency, language }: Narrowed,
  tree: Tree,
  counts: ReadonlyMap<string, number>,
  rows: readonly Counted[],
  { total, exact }: { total: number; exact: boolean },
): Facets {
  const of = (beginning: string) =>
    [...counts]
      .flatMap(([mark, count]) => (mark.startsWith(beginning) ? [{ value: mark.slice(beginning.length), count }] : []))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
  const below = [...tree.byId.values()].filter(({ parentId }) => parentId === (category?.id ?? null))
  const stars = of('r:')
  const price = rows.find(({ what }) => what === 'price')
  const figures = new Map(rows.flatMap(row => (row.what === 'figure' ? [[row.mark!, row] as const] : [])))
  return {
    total,
    exact,
    categories: below.flatMap(({ id, slug, names }) => {
      const count = counts.get(`c:${id}`)
      return count ? [{ slug, name: names[language], count }] : []
    }),
    vendors: of('v:')
      .slice(0, 20)
      .map(({ value, count }) => ({ id: value, count })),
    kinds: of('k:').map(({ value, count }) => ({ kind: value as Facets['kinds'][number]['kind'], count })),
    tags: of('t:')
      .slice(0, 20)
      .map(({ value, count }) => ({ tag: value, count })),
    ratings: [4, 3, 2, 1].flatMap(rating => {
      const count = stars.reduce((sum, one) => sum + (Number(one.value) >= rating ? one.count : 0), 0)
      return count ? [{ rating, count }] : []
    }),
    price: price && price.least !== null ? { currency, min: price.least, max: price.most! } : null,
    attributes: attributesOf(tree, category?.id ?? null)
      .filter(({ facet }) => facet)
      .flatMap(attribute => {
        const values = of(`a:${attribute.key}=`)
          .slice(0, 50)
          .map(one => ({ ...one, name: valueNamed(attribute, one.value) }))
        const figure = figures.get(attribute.key)
        if (values.length === 0 && !figure) return []
        const { key, names, type, unit = null } = attribute
        return [
          { key, name: names[language], unit, type, values, min: figure?.least ?? null, max: figure?.most ?? null },
        ]
      }),
  }
}

/** A value as people read it. */
const valueNamed = ({ choices }: Attribute, value: string): string =>
  choices?.find(choice => valueSlug(choice) === value) ?? value.replaceAll('-', ' ')
