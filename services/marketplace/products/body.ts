import Type, { type Static } from 'typebox'
import {
  Delivery,
  Price,
  ProductKind,
  ProductStatus,
  Sku,
  StockPolicy,
  TaxClassCode,
  Variant,
} from '#contracts/marketplace'
import { Currency, Id, Instant, Line, Minor, Slug } from '#contracts/shared'
import { newId, Problem } from '#kernel'
import { requirePrices } from '../prices.ts'
import {
  piecesOf,
  type AttributeValue,
  type Picture,
  type Product,
  type ProductVariant,
  type Stock,
} from './product.ts'
import { Safety } from './safety.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const Description = Type.String({
  maxLength: 20_000,
  examples: ['Charges with 11 kW.\n\n- Type 2 socket\n- MID meter'],
  description: 'Plain text: paragraphs, and lines that begin with `- ` as a list',
})
const Translation = Type.Object({ name: Line(200), description: Description })

export const Attributes = Type.Unsafe<Record<string, AttributeValue>>(
  Type.Object(
    {},
    {
      additionalProperties: Type.Union([Type.Boolean(), Type.Number(), Type.String({ maxLength: 200 })]),
      maxProperties: 100,
      examples: [{}],
      description: 'By their keys, as the category defines them',
    },
  ),
)

const Pieces = Type.Integer({ minimum: 0, maximum: 1_000_000_000, examples: [25] })
const amount = { ...Minor, minimum: 0, examples: [49_900] }

/** What is said of a variant, or of a product that has just one. */
const said = {
  weightG: Type.Optional(Variant.properties.weightG),
  stock: Type.Optional({
    ...Pieces,
    description: 'How many pieces there are, those that are held for orders included',
  }),
  stockPolicy: Type.Optional(StockPolicy),
  availableAt: Type.Optional(nullable(Instant)),
  maxPerOrder: Type.Optional(Variant.properties.maxPerOrder),
  delivery: Type.Optional(nullable(Delivery)),
}

export const VariantBody = Type.Object({
  sku: Sku,
  options: Type.Optional(Variant.properties.options),
  prices: Type.Array(Price, { maxItems: 40, examples: [[{ currency: 'EUR', priceMinor: 49_900, sale: null }]] }),
  ...said,
})
export type VariantBody = Static<typeof VariantBody>

const fields = {
  description: Type.Optional(Description),
  language: Type.Optional(Type.Enum(['en', 'de'], { examples: ['en'] })),
  translations: Type.Optional(
    Type.Object({ en: Type.Optional(Translation), de: Type.Optional(Translation) }, { examples: [{}] }),
  ),
  slug: Type.Optional(Slug),
  reference: Type.Optional(nullable(Line(100, { examples: ['WB-11'] }))),
  category: Type.Optional(nullable({ ...Slug, examples: ['wallboxes'], description: 'The slug of a category' })),
  tags: Type.Optional(Type.Array(Line(40, { examples: ['Type 2'] }), { maxItems: 20, uniqueItems: true })),
  attributes: Type.Optional(Attributes),
  price: Type.Optional({ ...amount, description: 'In minor units' }),
  originalPrice: Type.Optional(nullable({ ...amount, description: 'What was asked before: makes the price a sale' })),
  currency: Type.Optional(Currency),
  sku: Type.Optional(Sku),
  ...said,
  variants: Type.Optional(
    Type.Array(VariantBody, {
      minItems: 1,
      maxItems: 100,
      description: 'Instead of price, SKU, weight and stock of the product as a whole',
    }),
  ),
  images: Type.Optional(
    Type.Array(Type.Object({ documentId: Id, alt: Type.Optional(Line(200, { examples: ['Seen from the front'] })) }), {
      maxItems: 12,
      examples: [[]],
      description: 'Pictures that the vendor has uploaded as documents',
    }),
  ),
  safety: Type.Optional(nullable(Safety)),
  taxClass: Type.Optional(TaxClassCode),
  taxIncluded: Type.Optional(Type.Boolean()),
  status: Type.Optional(ProductStatus),
  isFeatured: Type.Optional(Type.Boolean({ description: 'Admins say so' })),
}

const example = {
  name: 'Wallbox 11 kW',
  description: 'Charges with 11 kW.\n\n- Type 2 socket\n- MID meter',
  category: 'wallboxes',
  tags: ['Type 2'],
  price: 49_900,
  currency: 'EUR',
  sku: 'WB-11-T2',
  stock: 25,
  weightG: 4_200,
}

/** What a vendor says of a new product. */
export const NewProduct = Type.Object(
  {
    name: Line(200, { examples: ['Wallbox 11 kW'] }),
    kind: Type.Optional(ProductKind),
    passportId: Type.Optional({ ...Id, description: 'Of a battery, in which kind it is' }),
    ...fields,
  },
  { examples: [example] },
)
export type NewProduct = Static<typeof NewProduct>

/** What changes; all else stays. */
export const ProductChange = Type.Object(
  { name: Type.Optional(Line(200, { examples: ['Wallbox 11 kW'] })), ...fields },
  { examples: [example] },
)
export type ProductChange = Static<typeof ProductChange>

const single = [
  'price',
  'originalPrice',
  'currency',
  'sku',
  'weightG',
  'stock',
  'stockPolicy',
  'availableAt',
  'maxPerOrder',
  'delivery',
] as const

/** The variants after a change. Fails with `product_variants`, `price_invalid`, `delivery_invalid`, `battery_single`. */
export function variantsOf(
  before: Pick<Product, 'id' | 'kind' | 'variants'>,
  body: ProductChange,
  currency: string,
  identifier: string | null,
): ProductVariant[] {
  const { variants, kind } = before
  const given = single.filter(name => body[name] !== undefined)
  const refuse = (detail: string): never => {
    throw new Problem('unprocessable', 'product_variants', {
      errors: given.map(name => ({ pointer: `/${name}`, detail })),
    })
  }
  if (body.variants && given.length > 0) refuse('is said of each variant')
  if (!body.variants && variants.length > 1 && given.length > 0) refuse('is said of each of its variants')
  const bodies =
    body.variants ?? (given.length > 0 || variants.length === 0 ? [simply(before, body, currency)] : undefined)
  if (!bodies) return [...variants]
  const twice = bodies.findIndex(({ sku }, index) => bodies.findIndex(other => other.sku === sku) < index)
  if (twice >= 0)
    throw new Problem('conflict', 'sku_taken', {
      errors: [{ pointer: `/variants/${twice}/sku`, detail: 'is there twice' }],
    })
  if (kind === 'battery') return [battery(bodies, variants[0], identifier)]
  return bodies.map((one, index) => {
    const at = body.variants ? `/variants/${index}` : ''
    requirePrices(one.prices, body.variants ? `${at}/prices` : '/price')
    const former = variants.find(({ sku }) => sku === one.sku) ?? (body.variants ? undefined : variants[index])
    return variantOf(one, former, kind, at)
  })
}

/** What is said of a product that has one variant, as of that one. */
function simply(
  { id, variants: [former] }: Pick<Product, 'id' | 'variants'>,
  body: ProductChange,
  standard: string,
): VariantBody {
  const { price, originalPrice, sku, weightG, stock, stockPolicy, availableAt, maxPerOrder, delivery } = body
  const currency = body.currency ?? former?.prices[0]?.currency ?? standard
  const prices = former?.prices ?? []
  const there = prices.find(one => one.currency === currency)
  const says = price !== undefined || originalPrice !== undefined
  const was = there?.sale?.priceMinor ?? there?.priceMinor
  const now = price ?? was
  if (says && now === undefined)
    throw new Problem('unprocessable', 'price_invalid', {
      errors: [{ pointer: '/price', detail: 'is required beside originalPrice' }],
    })
  const sale = typeof originalPrice === 'number' ? { priceMinor: now!, from: null, until: null } : null
  const changed: Price = { currency, priceMinor: sale ? originalPrice! : now!, sale }
  const said = { weightG, stock, stockPolicy, availableAt, maxPerOrder, delivery }
  return {
    sku: sku ?? former?.sku ?? `P-${id.slice(-12).toUpperCase()}`,
    ...(former && { options: former.options }),
    prices: says ? [...prices.filter(one => one.currency !== currency), changed] : [...prices],
    ...(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Partial<VariantBody>),
  }
}

/** A variant as it is said to be; what is left out stays as it was. */
function variantOf(
  said: VariantBody,
  former: ProductVariant | undefined,
  kind: Product['kind'],
  at: string,
): ProductVariant {
  const isDigital = kind === 'digital'
  const delivery = said.delivery === undefined ? (former?.delivery ?? (isDigital ? licence : null)) : said.delivery
  const isWrong = isDigital ? !delivery || (delivery.kind === 'download' && !delivery.documentId) : delivery !== null
  if (isWrong)
    throw new Problem('unprocessable', 'delivery_invalid', {
      errors: [
        {
          pointer: `${at}/delivery`,
          detail: isDigital ? 'needs a licence or the document of a download' : 'is of digital products',
        },
      ],
    })
  return {
    id: former?.id ?? newId(),
    sku: said.sku,
    options: said.options ?? former?.options ?? [],
    prices: said.prices,
    weightG: isDigital ? null : said.weightG === undefined ? (former?.weightG ?? null) : said.weightG,
    stockPolicy: said.stockPolicy ?? former?.stockPolicy ?? (isDigital ? 'unlimited' : 'deny'),
    availableAt: said.availableAt === undefined ? (former?.availableAt ?? null) : said.availableAt,
    maxPerOrder: said.maxPerOrder === undefined ? (former?.maxPerOrder ?? null) : said.maxPerOrder,
    serial: null,
    delivery,
    ...stockAfter(former, said.stock),
  }
}

const licence = { kind: 'licence' as const, documentId: null, maxDownloads: null }
const noStock: Stock = { counted: 0, countVersion: 0, added: 0, stockVersion: 0, available: null }

/** Who sends back what they have read states nothing: others may have bought some of it since. */
function stockAfter(former: ProductVariant | undefined, stock: number | undefined): Stock {
  const { counted, countVersion, added, stockVersion, available } = former ?? noStock
  if (stock === undefined || (former && countVersion > 0 && stock === piecesOf(former)))
    return { counted, countVersion, added, stockVersion, available }
  return { counted: stock, countVersion: countVersion + 1, added: 0, stockVersion: stockVersion + 1, available }
}

/** One piece, for good. */
function battery(
  bodies: readonly VariantBody[],
  former: ProductVariant | undefined,
  identifier: string | null,
): ProductVariant {
  const [body, ...more] = bodies
  const { stock = 1, stockPolicy = 'deny', maxPerOrder = 1, delivery = null } = body!
  if (more.length > 0 || stock > 1 || stockPolicy !== 'deny' || maxPerOrder !== 1 || delivery)
    throw new Problem('unprocessable', 'battery_single')
  requirePrices(body!.prices, '/price')
  const { counted, countVersion, added, stockVersion, available } = former ?? {
    ...noStock,
    counted: 1,
    countVersion: 1,
    stockVersion: 1,
  }
  return {
    id: former?.id ?? newId(),
    sku: body!.sku,
    options: body!.options ?? [],
    prices: body!.prices,
    weightG: body!.weightG ?? former?.weightG ?? null,
    stockPolicy,
    availableAt: null,
    maxPerOrder: 1,
    serial: former?.serial ?? identifier?.slice(0, 128) ?? null,
    delivery: null,
    counted,
    countVersion,
    added,
    stockVersion,
    available,
  }
}

/** Pictures after a change: a document that is there already keeps its picture. */
export const picturesOf = (before: readonly Picture[], images: ProductChange['images']): Picture[] =>
  images === undefined
    ? [...before]
    : images.map(({ documentId, alt = '' }) => {
        const former = before.find(picture => picture.documentId === documentId)
        if (former) return { ...former, alt }
        const fresh = { state: 'waiting' as const, detail: null, width: null, height: null }
        return { id: newId(), documentId, alt, ...fresh }
      })
