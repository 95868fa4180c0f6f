import type { Language, Tx } from '#kernel'
import { attributesOf, valueSlug, wayTo, type Attribute, type Tree } from '../categories/tree.ts'
import { offersOf, type Offer } from '../prices.ts'
import { isForSale, isInStock, wordsIn, type Product } from '../products/product.ts'
import { folded, wordsOf } from '../words.ts'

/**
 * Marks by which lists are narrowed down, as one index holds them: `c:` a category or one above it, `v:` the vendor, `k:`
 * the kind, `t:` a tag, `a:<key>=` an attribute, `r:` whole stars, `p:<currency>:` the size of a price, and more.
 */
export const marks = {
  category: (id: string) => `c:${id}`,
  vendor: (id: string) => `v:${id}`,
  kind: (kind: string) => `k:${kind}`,
  tag: (tag: string) => `t:${folded(tag)}`,
  stars: (rating: number) => `r:${Math.floor(rating)}`,
  attribute: (key: string, value: string) => `a:${key}=${value}`,
  currency: (currency: string) => `m:${currency}`,
  price: (currency: string, size: number) => `p:${currency}:${size}`,
  featured: 'featured',
  popular: 'popular',
  inStock: 'stock',
} as const

/** Of so many minor units: doubled with each step, so that a range of prices is a few of them. */
export const sizeOf = (minor: number): number => Math.floor(Math.log2(minor + 1))

export interface Filing {
  readonly tree: Tree
  readonly popularFrom: number
}

/** Marks of a product. */
export function marksOf(product: Product, offers: readonly Offer[], { tree, popularFrom }: Filing): string[] {
  const { categoryId, owner, kind, tags, attributes, rating, reviewCount, featured, sold } = product
  const facets = new Map(attributesOf(tree, categoryId).map(one => [one.key, one]))
  const all = [
    ...wayTo(tree, categoryId).map(({ id }) => marks.category(id)),
    marks.vendor(owner.id),
    marks.kind(kind),
    ...tags.map(marks.tag),
    ...Object.entries(attributes).flatMap(([key, value]) =>
      facets.get(key)?.facet && typeof value !== 'number' ? marks.attribute(key, valueSlug(value)) : [],
    ),
    ...offers.flatMap(({ currency, price }) => [marks.currency(currency), marks.price(currency, sizeOf(price))]),
    ...(reviewCount > 0 ? [marks.stars(rating)] : []),
    ...(featured ? [marks.featured] : []),
    ...(sold >= popularFrom ? [marks.popular] : []),
    ...(isInStock(product) ? [marks.inStock] : []),
  ]
  return [...new Set(all)]
}

/** What a product is found by in a language, the most telling first. */
export function textsOf(product: Product, language: Language, tree: Tree): [string, string, string, string] {
  const { name, description } = wordsIn(product, language)
  const { categoryId, tags, attributes, variants } = product
  const defined = new Map(attributesOf(tree, categoryId).map(one => [one.key, one]))
  return [
    folded([name, product.name].join(' ')),
    folded(
      [...wayTo(tree, categoryId).map(({ names }) => names[language]), ...tags, ...variants.map(({ sku }) => sku)].join(
        ' ',
      ),
    ),
    folded(
      [
        ...Object.entries(attributes).map(([key, value]) => saying(defined.get(key), value, language)),
        ...variants.flatMap(({ options }) => options.map(option => option.value)),
      ].join(' '),
    ),
    folded(description.slice(0, 20_000)),
  ]
}

const saying = (attribute: Attribute | undefined, value: string | number | boolean, language: Language): string =>
  value === true ? (attribute?.names[language] ?? '') : value === false ? '' : `${value} ${attribute?.unit ?? ''}`

/** Writes what a product is found by; nothing of it is there unless it is for sale. */
export async function fileProduct(tx: Tx, product: Product, filing: Filing): Promise<void> {
  const { id, variants } = product
  const offers = offersOf(variants)
  const forSale = isForSale(product)
  const [en, de] = [textsOf(product, 'en', filing.tree), textsOf(product, 'de', filing.tree)]
  await tx`
    update products set in_stock = ${isInStock(product)}, facets = ${marksOf(product, offers, filing)},
      words_en = ${weighed(tx, 'english', en)}, words_de = ${weighed(tx, 'german', de)}
    where id = ${id}`
  // A new one has none.
  if (product.version > 1)
    await tx`
      with before as (delete from offers where product_id = ${id}), more as (delete from figures where product_id = ${id})
      delete from starts where product_id = ${id}`
  if (!forSale) return
  await tx`
    insert into offers (product_id, currency, from_at, until_at, price_minor, original_minor)
    select ${id}, currency, "from", until, price, original from json_to_recordset(${tx.json(offers as never)}) as o
      (currency text, "from" timestamptz, until timestamptz, price bigint, original bigint)`
  const numbers = Object.entries(product.attributes).filter(([, value]) => typeof value === 'number')
  await tx`
    insert into figures (product_id, key, value)
    select ${id}, key, value::float8 from json_each_text(${tx.json(Object.fromEntries(numbers))}) as n (key, value)`
  const names = new Set([...wordsOf(wordsIn(product, 'en').name, 20), ...wordsOf(wordsIn(product, 'de').name, 20)])
  await tx`insert into starts (product_id, word) select ${id}, unnest(${[...names]}::text[])`
  const spoken = [...new Set([...en, ...de].flatMap(text => wordsOf(text, 100)))].filter(word =>
    /^\p{L}{3,}/u.test(word),
  )
  // In one order, so that two who add the same words wait for each other on none.
  await tx`
    insert into vocabulary (word) select unnest(${spoken.sort()}::text[]) on conflict do nothing`
}

const weighed = (tx: Tx, configuration: 'english' | 'german', [name, about, said, text]: readonly string[]) => tx`
  setweight(to_tsvector(${configuration}::regconfig, ${name!}), 'A')
    || setweight(to_tsvector(${configuration}::regconfig, ${about!}), 'B')
    || setweight(to_tsvector(${configuration}::regconfig, ${said!}), 'C')
    || to_tsvector(${configuration}::regconfig, ${text!})`
