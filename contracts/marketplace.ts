import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { Currency, Id, Instant, Line, Minor, Owner, Slug } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/**
 * The catalogue, and who knows what of it.
 *
 * A vendor is a person or an organisation: `owner`, and `vendorId` is its id. What a vendor says of a product is here:
 * names, prices, and how many pieces there are (`stock.set`). How many pieces are left is counted by orders alone, in
 * the transaction that holds, sells or returns them, and told by `stock.changed`; the catalogue shows that and decides
 * nothing by it.
 *
 * Whoever keeps products as rows of their own takes `product.created`, `product.updated` and `product.deleted`: each has
 * the whole product at its `version`, so the greatest version is right, in whatever order they come. `product.approved`
 * and `product.rejected` are told beside an update, for who tells people.
 */

/** Something that is sent, something that is downloaded or a licence, or one battery with its passport. */
export const ProductKind = Type.Enum(['physical', 'digital', 'battery'], { examples: ['physical'] })
export type ProductKind = Static<typeof ProductKind>

/** Only `active` is for sale; a vendor's product is `pending` until an admin approves it. */
export const ProductStatus = Type.Enum(['draft', 'pending', 'active', 'rejected'], { examples: ['active'] })
export type ProductStatus = Static<typeof ProductStatus>

/**
 * What happens where there is not enough: `deny` sells what is there, `backorder` sells on and sends later, `preorder`
 * sells before there is any, `unlimited` is not counted at all.
 */
export const StockPolicy = Type.Enum(['deny', 'backorder', 'preorder', 'unlimited'], { examples: ['deny'] })
export type StockPolicy = Static<typeof StockPolicy>

/** What a vendor calls a variant; once a vendor. */
export const Sku = Line(64, { examples: ['WB-11-T2'] })

/** A price in minor units; below it, from when until when, what is asked in a sale. */
export const Price = Type.Object({
  currency: Currency,
  priceMinor: { ...Minor, minimum: 0 },
  sale: nullable(
    Type.Object({
      priceMinor: { ...Minor, minimum: 0 },
      /** Null: already, or without an end. */
      from: nullable(Instant),
      until: nullable({ ...Instant, description: 'Not included' }),
    }),
  ),
})
export type Price = Static<typeof Price>

/** The code of a tax class; `standard` is taxed by the tables, whatever is sold. */
export const TaxClassCode = Type.String({
  minLength: 1,
  maxLength: 40,
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  examples: ['standard'],
})

/** Rates of a class that the tables do not know, by country (ISO 3166-1 alpha-2), in percent. */
export const TaxPercents = Type.Array(
  Type.Object({
    country: Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] }),
    percent: Type.String({ pattern: '^\\d{1,2}(\\.\\d{1,4})?$', maxLength: 7, examples: ['7'] }),
  }),
  { maxItems: 250 },
)

/** How something digital is handed over: a key of a pool, or the file of a document, so many times at the most. */
export const Delivery = Type.Object({
  kind: Type.Enum(['licence', 'download'], { examples: ['licence'] }),
  /** The document of a download. */
  documentId: nullable(Id),
  /** Null: as often as one likes. */
  maxDownloads: nullable(Type.Integer({ minimum: 1, maximum: 1_000, examples: [5] })),
})

/** What of a product is bought. */
export const Variant = Type.Object({
  variantId: Id,
  sku: Sku,
  /** What it differs in: `Cable length` `5 m`. */
  options: Type.Array(Type.Object({ name: Line(60, { examples: ['Cable length'] }), value: Line(120) }), {
    maxItems: 6,
  }),
  /** One a currency; a currency without a price is not for sale in it. */
  prices: Type.Array(Price, { maxItems: 40 }),
  /** Null where nothing is sent. */
  weightG: nullable(Type.Integer({ minimum: 0, maximum: 100_000_000, examples: [4_200] })),
  stockPolicy: StockPolicy,
  /** When pre-ordered pieces are expected. */
  availableAt: nullable(Instant),
  maxPerOrder: nullable(Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [10] })),
  /** Of one unit, as the passport of a battery has it: there is one piece of it. */
  serial: nullable(Line(128, { examples: ['BP-2024-011'] })),
  /** Of something digital. */
  delivery: nullable(Delivery),
})
export type Variant = Static<typeof Variant>

/** A product with all that carts and orders have to know of it. */
export const Listing = Type.Object({
  productId: Id,
  /** The id of `owner`. */
  vendorId: Id,
  owner: Owner,
  name: Line(200, { examples: ['Wallbox 11 kW'] }),
  slug: Slug,
  kind: ProductKind,
  status: ProductStatus,
  /** Whether it can be bought now: it is active, and its vendor may sell. */
  forSale: Type.Boolean(),
  categoryId: nullable(Id),
  taxClass: TaxClassCode,
  /** Whether prices are with tax. */
  taxIncluded: Type.Boolean(),
  /** The path of a picture on this platform. */
  thumbnail: nullable(Type.String({ maxLength: 500, examples: ['/shop/pictures/0198f6a2/320.webp'] })),
  /** Of a battery. */
  passportId: nullable(Id),
  variants: Type.Array(Variant, { minItems: 1, maxItems: 100 }),
  /** Counts every change. */
  version: Type.Integer({ minimum: 1, examples: [1] }),
})
export type Listing = Static<typeof Listing>

/** A vendor has written a product. */
export const ProductCreated = event('marketplace', 'product.created', 'productId', Listing)

/** Anything of a product changed: what is said of it, its prices, its status, whether it is for sale. */
export const ProductUpdated = event('marketplace', 'product.updated', 'productId', Listing)

/** A product is gone; who has bought it keeps it. It is as it was, but not for sale. */
export const ProductDeleted = event('marketplace', 'product.deleted', 'productId', Listing)

/** An admin lets a product be sold. */
export const ProductApproved = event('marketplace', 'product.approved', 'productId', Listing)

/** An admin does not let a product be sold, and says why. */
export const ProductRejected = event(
  'marketplace',
  'product.rejected',
  'productId',
  Type.Object({ ...Listing.properties, reason: nullable(Type.String({ maxLength: 2_000 })) }),
)

/**
 * A vendor says how many pieces of a variant there are: `counted` at the statement number `countVersion` (those that are
 * held for orders included, those that are sold left out), and `added` since then, less what was taken away. Orders keep
 * both: with a greater `countVersion` the pieces are `counted + added`; with the same one they change by the difference of
 * `added`; a `version` that is not greater than the one kept says nothing new.
 */
export const StockSet = event(
  'marketplace',
  'stock.set',
  'variantId',
  Type.Object({
    variantId: Id,
    productId: Id,
    vendorId: Id,
    sku: Sku,
    counted: Type.Integer({ minimum: 0, maximum: 1_000_000_000, examples: [25] }),
    countVersion: Type.Integer({ minimum: 1, examples: [1] }),
    added: Type.Integer({ minimum: -1_000_000_000, maximum: 1_000_000_000, examples: [0] }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
  }),
)

/** A node of the tree of categories. */
const Category = {
  categoryId: Id,
  parentId: nullable(Id),
  /** From the root to itself. */
  path: Type.Array(Id, { minItems: 1, maxItems: 8 }),
  slug: Slug,
  /** In English and German. */
  names: Type.Object({ en: Line(120, { examples: ['Wallboxes'] }), de: Line(120, { examples: ['Wallboxen'] }) }),
  version: Type.Integer({ minimum: 1, examples: [1] }),
}

/** A category exists. */
export const CategoryCreated = event('marketplace', 'category.created', 'categoryId', Type.Object(Category))

/** A category has another name, another place in the tree, or other attributes. */
export const CategoryUpdated = event('marketplace', 'category.updated', 'categoryId', Type.Object(Category))

/** A category is gone; no product was in it. */
export const CategoryDeleted = event('marketplace', 'category.deleted', 'categoryId', Type.Object(Category))

/** A tax class has these rates from now on; a country that is not named is taxed by the tables. */
export const TaxClassChanged = event(
  'marketplace',
  'tax-class.changed',
  'code',
  Type.Object({ code: TaxClassCode, percents: TaxPercents, version: Type.Integer({ minimum: 1, examples: [1] }) }),
)

const Review = {
  reviewId: Id,
  productId: Id,
  vendorId: Id,
  /** Null once they have left. */
  userId: nullable(Id),
  rating: Type.Integer({ minimum: 1, maximum: 5, examples: [5] }),
  version: Type.Integer({ minimum: 1, examples: [1] }),
}

/** Everybody sees a review now. */
export const ReviewAdded = event('marketplace', 'review.added', 'reviewId', Type.Object(Review))

/** Nobody sees a review any more: a moderator hid it, or its writer took it back. */
export const ReviewRemoved = event('marketplace', 'review.removed', 'reviewId', Type.Object(Review))

/**
 * Products as they are now, with the rates of their tax class; those that are not known, or gone, are left out. Whether
 * there is enough of them orders know.
 */
export const getProducts = call(
  'marketplace',
  'get_products',
  Type.Object({ productIds: Type.Array(Id, { maxItems: 500 }) }),
  Type.Object({
    products: Type.Array(Type.Object({ ...Listing.properties, taxPercents: TaxPercents })),
  }),
)
