import {
  ProductApproved,
  ProductCreated,
  ProductDeleted,
  ProductRejected,
  ProductUpdated,
  StockSet,
  type ProductStatus,
} from '#contracts/marketplace'
import type { PassportFacts } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { newId, ownerFor, Problem, type Actor, type Job, type Tx } from '#kernel'
import type { Catalogue } from '../categories/catalogue.ts'
import { attributesOf, requireAttributes, type Tree } from '../categories/tree.ts'
import type { MarketplaceHost } from '../host.ts'
import { thumbnailOf } from '../pictures/sizes.ts'
import { fileProduct } from '../search/filing.ts'
import { slugOf } from '../words.ts'
import { picturesOf, variantsOf, type NewProduct, type ProductChange } from './body.ts'
import { stockTold, told, type Product } from './product.ts'
import {
  claimSlug,
  dropVariants,
  insertProduct,
  takeSlug,
  updateProduct,
  writePictures,
  writeVariants,
} from './store.ts'

/** What every change of a product needs. */
export interface Workshop {
  readonly host: MarketplaceHost
  readonly catalogue: Catalogue
  /** Makes a picture of a document. */
  readonly copyPicture: Job<{ id: string }>
  readonly removePicture: Job<{ id: string }>
}

type MarketTx = Tx<'marketplace'>

/** The battery that is sold, as its passport says. */
export interface Battery {
  readonly passportId: string
  readonly facts: PassportFacts
}

/** Takes a new product in, of the organisation one acts for, else of oneself. */
export async function createProduct(
  workshop: Workshop,
  tx: MarketTx,
  actor: Actor,
  body: NewProduct,
  battery?: Battery,
): Promise<Product> {
  const { host, catalogue } = workshop
  const at = host.now()
  const tree = await catalogue.tree()
  const id = newId(at.getTime())
  const owner = ownerFor(actor)
  const kind = body.kind ?? (battery ? 'battery' : 'physical')
  if ((kind === 'battery') !== (battery !== undefined))
    throw new Problem('unprocessable', 'passport_unfit', {
      errors: [{ pointer: '/passportId', detail: battery ? 'is of batteries' : 'is required of a battery' }],
    })
  const blank = blankProduct(id, owner, kind, at)
  const suspended = await isSuspended(tx, owner)
  const passport = battery ? { passportId: battery.passportId, passport: battery.facts } : {}
  const described = describe({ ...blank, ...passport, suspended }, body, tree, host.settings.SHOP_CURRENCY)
  const product = await inState({ ...described, version: 1 }, blank, body, actor, host)
  const slugged = { ...product, slug: await slugFor(tx, product, body.slug, claimSlug) }
  await insertProduct(tx, slugged)
  await write(workshop, tx, slugged, blank, tree)
  await tx.publish(ProductCreated, told(slugged))
  return slugged
}

/** Changes what is said of a product that is locked; the same said again changes nothing. */
export async function changeProduct(
  workshop: Workshop,
  tx: MarketTx,
  actor: Actor,
  before: Product,
  body: ProductChange,
): Promise<Product> {
  const { host, catalogue } = workshop
  const at = host.now()
  const tree = await catalogue.tree()
  const described = describe(before, body, tree, host.settings.SHOP_CURRENCY)
  const judged = await inState(described, before, body, actor, host)
  if (JSON.stringify(judged) === JSON.stringify(before) && (body.slug ?? before.slug) === before.slug) return before
  const after = { ...judged, version: before.version + 1, updatedAt: at }
  const product = {
    ...after,
    slug: body.slug && body.slug !== before.slug ? await slugFor(tx, after, body.slug) : before.slug,
  }
  await updateProduct(tx, product)
  await write(workshop, tx, product, before, tree)
  await tx.publish(ProductUpdated, told(product))
  if (product.status !== before.status) await tellDecision(tx, product)
  return product
}

/** Lets a product be sold, or not. Fails with `product_state`, `product_incomplete`. */
export async function decide(
  workshop: Workshop,
  tx: MarketTx,
  before: Product,
  status: 'active' | 'rejected',
  reason: string | null,
): Promise<Product> {
  const { host, catalogue } = workshop
  if (before.status === status || before.status === 'draft')
    throw new Problem('conflict', 'product_state', { status: before.status })
  if (status === 'active') requireComplete(before)
  const product = { ...before, status, reason, version: before.version + 1, updatedAt: host.now() }
  await updateProduct(tx, product)
  await fileProduct(tx, product, { tree: await catalogue.tree(), popularFrom: host.settings.SHOP_POPULAR_FROM })
  await tx.publish(ProductUpdated, told(product))
  await tellDecision(tx, product)
  return product
}

async function tellDecision(tx: MarketTx, product: Product): Promise<void> {
  if (product.status === 'active') await tx.publish(ProductApproved, told(product))
  if (product.status === 'rejected') await tx.publish(ProductRejected, { ...told(product), reason: product.reason })
}

/** Takes a product away; its SKUs, its reference and its battery may be listed again. */
export async function deleteProduct(workshop: Workshop, tx: MarketTx, before: Product): Promise<void> {
  const { host, catalogue } = workshop
  const at = host.now()
  const gone = { ...before, version: before.version + 1, updatedAt: at, deletedAt: at }
  await updateProduct(tx, gone)
  await fileProduct(tx, gone, { tree: await catalogue.tree(), popularFrom: host.settings.SHOP_POPULAR_FROM })
  await writePictures(tx, { ...gone, pictures: [] })
  for (const { id } of before.pictures) await tx.enqueue(workshop.removePicture, { id })
  await dropVariants(tx, gone.id, at)
  await tx.publish(ProductDeleted, told(gone))
}

const isSuspended = async (tx: Tx, owner: Owner): Promise<boolean> =>
  (await tx`select from suspended_vendors where vendor_id = ${owner.id}`).length > 0

const blankProduct = (id: string, owner: Owner, kind: Product['kind'], at: Date): Product => ({
  id,
  owner,
  kind,
  reference: null,
  slug: '',
  status: 'draft',
  reason: null,
  language: 'en',
  name: '',
  description: '',
  translations: {},
  categoryId: null,
  tags: [],
  attributes: {},
  safety: null,
  taxClass: 'standard',
  taxIncluded: true,
  featured: false,
  passportId: null,
  passport: null,
  version: 1,
  createdAt: at,
  updatedAt: at,
  submittedAt: null,
  deletedAt: null,
  thumbnail: null,
  rating: 0,
  reviewCount: 0,
  sold: 0,
  downloadCount: 0,
  suspended: false,
  variants: [],
  pictures: [],
})

/** What a body says, on top of what was there. Fails as its parts do. */
function describe(before: Product, body: ProductChange, tree: Tree, currency: string): Product {
  const category = body.category === undefined || body.category === null ? undefined : tree.bySlug.get(body.category)
  if (body.category && !category)
    throw new Problem('unprocessable', 'category_unknown', {
      errors: [{ pointer: '/category', detail: 'is not known' }],
    })
  const categoryId = body.category === undefined ? before.categoryId : (category?.id ?? null)
  const attributes = body.attributes ?? before.attributes
  if (body.attributes || body.category !== undefined) requireAttributes(attributesOf(tree, categoryId), attributes)
  const pictures = picturesOf(before.pictures, body.images)
  return {
    ...before,
    name: body.name ?? before.name,
    description: body.description ?? before.description,
    language: body.language ?? before.language,
    translations: body.translations ?? before.translations,
    reference: body.reference === undefined ? before.reference : body.reference,
    categoryId,
    tags: body.tags ?? before.tags,
    attributes,
    safety: body.safety === undefined ? before.safety : body.safety,
    taxClass: body.taxClass ?? before.taxClass,
    taxIncluded: body.taxIncluded ?? before.taxIncluded,
    featured: body.isFeatured ?? before.featured,
    variants: variantsOf(before, body, currency, before.passport?.identifier ?? null),
    pictures,
    thumbnail: thumbnailOf(pictures),
  }
}

/**
 * In the state that is wanted, by who may want it. A vendor offers a product or takes it back; an admin decides. Fails with
 * `approval_required`, `product_incomplete`.
 */
async function inState(
  described: Product,
  before: Product,
  body: ProductChange,
  actor: Actor,
  { settings, now }: MarketplaceHost,
): Promise<Product> {
  const isAdmin = actor.role === 'admin'
  if (!isAdmin && body.isFeatured !== undefined && body.isFeatured !== before.featured) refuseVendor('/isFeatured')
  const isNew = before.name === ''
  const wanted = body.status ?? (isNew ? 'pending' : before.status)
  if (!isAdmin && wanted !== before.status && (wanted === 'active' || wanted === 'rejected')) refuseVendor('/status')
  const status = isAdmin ? wanted : judged(wanted, described, before, settings.SHOP_APPROVAL)
  if (status === 'pending' || status === 'active') requireComplete(described)
  const submittedAt = status === 'pending' && before.status !== 'pending' ? now() : before.submittedAt
  return { ...described, status, submittedAt, reason: status === before.status ? before.reason : null }
}

function judged(wanted: ProductStatus, described: Product, before: Product, approval: string): ProductStatus {
  if (wanted === 'pending') return approval === 'none' ? 'active' : 'pending'
  if (wanted === 'active' && approval === 'changes' && shownOf(described) !== shownOf(before)) return 'pending'
  return wanted
}

/** What was looked at when a product was approved. */
const shownOf = ({
  name,
  description,
  translations,
  categoryId,
  tags,
  attributes,
  safety,
  pictures,
}: Product): string =>
  JSON.stringify([
    name,
    description,
    translations,
    categoryId,
    tags,
    attributes,
    safety,
    pictures.map(({ documentId }) => documentId),
  ])

function refuseVendor(pointer: string): never {
  throw new Problem('forbidden', 'approval_required', { errors: [{ pointer, detail: 'is for an admin to say' }] })
}

/** Fails with `product_incomplete`. */
function requireComplete({ variants }: Product): void {
  const missing = variants.findIndex(({ prices }) => prices.length === 0)
  if (missing >= 0)
    throw new Problem('unprocessable', 'product_incomplete', {
      errors: [
        { pointer: variants.length > 1 ? `/variants/${missing}/prices` : '/price', detail: 'is required to sell it' },
      ],
    })
}

/** A name for its address: the one that is wanted, or one made of its name. Fails with `slug_taken`. */
async function slugFor(tx: Tx, { id, name }: Product, wanted: string | undefined, take = takeSlug): Promise<string> {
  if (wanted !== undefined) {
    if (await take(tx, id, wanted)) return wanted
    throw new Problem('conflict', 'slug_taken', { errors: [{ pointer: '/slug', detail: 'is taken' }] })
  }
  const made = slugOf(name)
  if (made && (await take(tx, id, made))) return made
  const other = [made, id.slice(-12)].filter(Boolean).join('-')
  await take(tx, id, other)
  return other
}

/** All that stands beside the row of a product. */
async function write(
  { host, copyPicture, removePicture }: Workshop,
  tx: MarketTx,
  product: Product,
  before: Product,
  tree: Tree,
): Promise<void> {
  await writeVariants(tx, product)
  await writePictures(tx, product)
  await fileProduct(tx, product, { tree, popularFrom: host.settings.SHOP_POPULAR_FROM })
  const [were, are] = [before.pictures, product.pictures].map(all => new Set(all.map(({ id }) => id))) as [
    Set<string>,
    Set<string>,
  ]
  for (const id of are.difference(were)) await tx.enqueue(copyPicture, { id })
  for (const id of were.difference(are)) await tx.enqueue(removePicture, { id })
  for (const variant of product.variants) {
    const former = before.variants.find(({ id }) => id === variant.id)
    if (variant.stockVersion > (former?.stockVersion ?? 0)) await tx.publish(StockSet, stockTold(product, variant))
  }
}
