import Type, { type Static } from 'typebox'
import { ProductKind, ProductStatus, StockPolicy } from '#contracts/marketplace'
import { Id, Instant, Owner } from '#contracts/shared'
import type { Language } from '#kernel'
import { wayTo, type Tree } from '../categories/tree.ts'
import { formats, pathOf, widths } from '../pictures/sizes.ts'
import { askedAt } from '../prices.ts'
import { Attributes } from './body.ts'
import { SafetyView } from './safety.ts'
import { canBeBought, piecesOf, wordsIn, type Product } from './product.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
const Amount = Type.Integer({ minimum: 0, examples: [49_900], description: 'In minor units' })
const Text = (example: string) => Type.String({ examples: [example] })
const Counted = Type.Integer({ minimum: 0, examples: [12] })
const Rating = Type.Number({ minimum: 0, maximum: 5, examples: [4.5], description: 'Of all reviews; 0 without any' })

/** What lists and details show of a product alike. */
const card = {
  id: Id,
  slug: Text('wallbox-11-kw'),
  vendorId: Id,
  name: Text('Wallbox 11 kW'),
  price: nullable({
    ...Amount,
    description: 'Of its cheapest variant now, in minor units; null where it is not sold in the currency',
  }),
  originalPrice: nullable({ ...Amount, description: 'Before a sale that is on' }),
  currency: Text('EUR'),
  category: nullable(Text('wallboxes')),
  tags: Type.Array(Type.String({ examples: ['Type 2'] })),
  thumbnail: nullable(Text('/shop/pictures/0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d/320.webp')),
  rating: Rating,
  reviewCount: Counted,
  downloadCount: Counted,
  isFeatured: Type.Boolean(),
  isPopular: Type.Boolean({ description: 'Whether many were sold' }),
  inStock: Type.Boolean({ description: 'Whether a piece can be bought now' }),
  kind: ProductKind,
  status: ProductStatus,
  createdAt: Instant,
  updatedAt: Instant,
}

/** A product in a list. */
export const ProductSummary = Type.Object(card, { title: 'ProductSummary' })
export type ProductSummary = Static<typeof ProductSummary>

const VariantView = Type.Object({
  id: Id,
  sku: Text('WB-11-T2'),
  options: Type.Array(Type.Object({ name: Text('Cable length'), value: Text('5 m') })),
  price: nullable(Amount),
  originalPrice: nullable(Amount),
  currency: Text('EUR'),
  stock: nullable({ ...Counted, description: 'Pieces that can be bought now; null where nobody counts' }),
  stockPolicy: StockPolicy,
  availableAt: nullable(Instant),
  maxPerOrder: nullable(Type.Integer({ examples: [10] })),
  weightG: nullable(Type.Integer({ examples: [4_200] })),
  serial: nullable(Text('BP-2024-011')),
})

const Image = Type.Object({
  id: Id,
  alt: Type.String(),
  state: Type.Enum(['waiting', 'ready', 'refused'], { examples: ['ready'] }),
  detail: nullable(Type.String({ description: 'Why it was refused' })),
  width: nullable(Type.Integer({ examples: [1_600] })),
  height: nullable(Type.Integer({ examples: [1_200] })),
  sources: Type.Array(Type.Object({ width: Type.Integer(), type: Type.String(), url: Type.String() }), {
    description: 'In several widths, as AVIF and as WebP',
    examples: [[]],
  }),
})

const Fact = nullable(Type.String())
const PassportView = Type.Object({
  id: Id,
  url: Text('/passports/0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'),
  identifier: Fact,
  model: Fact,
  category: Fact,
  chemistry: Fact,
  massKg: nullable(Type.Number()),
  manufacturedOn: Fact,
})

/** A product as its page shows it. */
export const ProductView = Type.Object(
  {
    ...card,
    owner: Owner,
    description: Type.String(),
    language: Type.Enum(['en', 'de'], { examples: ['en'], description: 'Of the words that the vendor wrote first' }),
    reference: nullable(Type.String()),
    reason: nullable(Type.String({ description: 'Why it was rejected' })),
    stock: nullable({ ...Counted, description: 'Of all variants; null where one is not counted' }),
    attributes: Attributes,
    images: Type.Array(Image),
    variants: Type.Array(VariantView),
    safety: nullable(SafetyView),
    taxClass: Text('standard'),
    taxIncluded: Type.Boolean(),
    passportId: nullable(Id),
    passport: nullable({ ...PassportView, description: 'What everybody may know of the battery' }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  },
  { title: 'Product' },
)
export type ProductView = Static<typeof ProductView>

/** For whom a product is shown: their language, and the currency they ask for. */
export interface Shown {
  readonly language: Language
  readonly currency: string
  readonly at: Date
  readonly tree: Tree
  readonly popularFrom: number
}

/** The currency of those a product is sold in: the one that is asked for, or its first. */
export const currencyOf = ({ variants }: Product, wanted: string): string => {
  const currencies = variants.flatMap(({ prices }) => prices.map(({ currency }) => currency))
  return currencies.includes(wanted) ? wanted : (currencies[0] ?? wanted)
}

export function view(product: Product, { language, currency: wanted, at, tree, popularFrom }: Shown): ProductView {
  const currency = currencyOf(product, wanted)
  const variants = product.variants.map(variant => {
    const price = variant.prices.find(one => one.currency === currency)
    const asked = price && askedAt(price, at)
    const { id, sku, options, stockPolicy, availableAt, maxPerOrder, weightG, serial } = variant
    const paid = { price: asked?.price ?? null, originalPrice: asked?.original ?? null, currency }
    return {
      id,
      sku,
      options,
      ...paid,
      stock: piecesOf(variant),
      stockPolicy,
      availableAt,
      maxPerOrder,
      weightG,
      serial,
    }
  })
  const cheapest = variants.filter(({ price }) => price !== null).sort((a, b) => a.price! - b.price!)[0]
  const pieces = product.variants.map(piecesOf)
  const { name, description } = wordsIn(product, language)
  const { id, slug, owner, tags, thumbnail, rating, reviewCount, downloadCount, kind, status, passport, passportId } =
    product
  return {
    id,
    slug,
    vendorId: owner.id,
    owner,
    name,
    description,
    language: product.language,
    reference: product.reference,
    reason: product.reason,
    price: cheapest?.price ?? null,
    originalPrice: cheapest?.originalPrice ?? null,
    currency,
    category: wayTo(tree, product.categoryId).at(-1)?.slug ?? null,
    tags: [...tags],
    images: product.pictures.map(({ documentId: _, ...picture }) => ({ ...picture, sources: sourcesOf(picture) })),
    thumbnail,
    rating,
    reviewCount,
    downloadCount,
    isFeatured: product.featured,
    isPopular: product.sold >= popularFrom,
    inStock: product.variants.some(canBeBought),
    stock: pieces.includes(null) ? null : pieces.reduce((sum: number, one) => sum + one!, 0),
    kind,
    status,
    attributes: product.attributes as ProductView['attributes'],
    variants,
    safety: product.safety,
    taxClass: product.taxClass,
    taxIncluded: product.taxIncluded,
    passportId,
    passport: passport && passportId ? { id: passportId, url: `/passports/${passportId}`, ...passport } : null,
    version: product.version,
    createdAt: product.createdAt.toISOString(),
    updatedAt: product.updatedAt.toISOString(),
  }
}

/** Where a picture is, no wider than it is itself, but in one width at least. */
export function sourcesOf({ id, state, width }: { id: string; state: string; width: number | null }) {
  if (state !== 'ready' || width === null) return []
  const fitting = widths.filter((one, index) => index === 0 || widths[index - 1]! < width)
  return formats.flatMap(format =>
    fitting.map(one => ({ width: Math.min(one, width), type: `image/${format}`, url: pathOf(id, one, format) })),
  )
}
