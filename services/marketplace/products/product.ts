import type { EventData } from '#contracts/define'
import type {
  Listing,
  Price,
  ProductKind,
  ProductStatus,
  ProductUpdated,
  StockPolicy,
  StockSet,
  Variant,
} from '#contracts/marketplace'
import type { PassportFacts } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import type { Language } from '#kernel'
import type { Safety } from './safety.ts'

/** A value of an attribute, as its definition has it. */
export type AttributeValue = string | number | boolean

/** Name and description in a language. */
export interface Words {
  readonly name: string
  readonly description: string
}

/** Pieces of a variant: what the vendor says, and what orders do (null until they say something). */
export interface Stock {
  readonly counted: number
  readonly countVersion: number
  readonly added: number
  readonly stockVersion: number
  readonly available: number | null
}

export interface ProductVariant extends Stock {
  readonly id: string
  readonly sku: string
  readonly options: Variant['options']
  readonly prices: readonly Price[]
  readonly weightG: number | null
  readonly stockPolicy: StockPolicy
  readonly availableAt: string | null
  readonly maxPerOrder: number | null
  readonly serial: string | null
  readonly delivery: Variant['delivery']
}

export interface Picture {
  readonly id: string
  readonly documentId: string
  readonly alt: string
  readonly state: 'waiting' | 'ready' | 'refused'
  readonly detail: string | null
  readonly width: number | null
  readonly height: number | null
}

/** A product as its vendor describes it, and what has become of it. */
export interface Product extends Words {
  readonly id: string
  readonly owner: Owner
  readonly reference: string | null
  readonly slug: string
  readonly kind: ProductKind
  readonly status: ProductStatus
  readonly reason: string | null
  readonly language: Language
  readonly translations: Partial<Record<Language, Words>>
  readonly categoryId: string | null
  readonly tags: readonly string[]
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly safety: Safety | null
  readonly taxClass: string
  readonly taxIncluded: boolean
  readonly featured: boolean
  readonly passportId: string | null
  readonly passport: PassportFacts | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly submittedAt: Date | null
  readonly deletedAt: Date | null
  readonly thumbnail: string | null
  readonly rating: number
  readonly reviewCount: number
  readonly sold: number
  readonly downloadCount: number
  /** Whether its vendor may not sell at present. */
  readonly suspended: boolean
  readonly variants: readonly ProductVariant[]
  readonly pictures: readonly Picture[]
}

export const isForSale = ({
  status,
  deletedAt,
  suspended,
}: Pick<Product, 'status' | 'deletedAt' | 'suspended'>): boolean => status === 'active' && !deletedAt && !suspended

/** How many pieces can be bought: as orders say, or as the vendor does until they say anything; null where nobody counts. */
export const piecesOf = ({ stockPolicy, available, counted, added }: ProductVariant): number | null =>
  stockPolicy === 'unlimited' ? null : Math.max(0, available ?? counted + added)

/** Whether a piece can be bought now, sent now or later. */
export const canBeBought = (variant: ProductVariant): boolean => {
  const pieces = piecesOf(variant)
  return pieces === null || pieces > 0 || variant.stockPolicy === 'backorder' || variant.stockPolicy === 'preorder'
}

/** Of what is deleted there is nothing, whatever orders still say of its pieces. */
export const isInStock = ({ deletedAt, variants }: Product): boolean => !deletedAt && variants.some(canBeBought)

/** Name and description in a language, or as they were written. */
export const wordsIn = ({ language, translations, name, description }: Product, wanted: Language): Words =>
  (wanted === language ? undefined : translations[wanted]) ?? { name, description }

const variantTold = ({ id, ...variant }: ProductVariant): Variant => {
  const { counted: _, countVersion: __, added: ___, stockVersion: ____, available: _____, prices, ...more } = variant
  return { variantId: id, ...more, prices: [...prices] }
}

/** A product as events and calls tell it. */
export const told = (product: Product): Listing =>
  ({
    productId: product.id,
    vendorId: product.owner.id,
    owner: product.owner,
    name: product.name,
    slug: product.slug,
    kind: product.kind,
    status: product.status,
    forSale: isForSale(product),
    categoryId: product.categoryId,
    taxClass: product.taxClass,
    taxIncluded: product.taxIncluded,
    thumbnail: product.thumbnail,
    passportId: product.passportId,
    variants: product.variants.map(variantTold),
    version: product.version,
  }) satisfies EventData<typeof ProductUpdated>

/** What a vendor says of the pieces of a variant, as events tell it. */
export const stockTold = (
  product: Pick<Product, 'id' | 'owner'>,
  variant: ProductVariant,
): EventData<typeof StockSet> => ({
  variantId: variant.id,
  productId: product.id,
  vendorId: product.owner.id,
  sku: variant.sku,
  counted: variant.counted,
  countVersion: variant.countVersion,
  added: variant.added,
  version: variant.stockVersion,
})
