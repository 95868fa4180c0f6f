import { OrganisationDeleted, UserDeleted } from '#contracts/identity'
import {
  CategoryCreated,
  CategoryUpdated,
  ProductCreated,
  ProductDeleted,
  ProductUpdated,
  ReviewAdded,
  ReviewRemoved,
  type Listing,
} from '#contracts/marketplace'
import type { PaymentSucceeded, RefundFailed } from '#contracts/orders'
import { VendorUpdated } from '#contracts/vendors'
import type { EventData } from '#contracts/define'
import type { Tx } from '#kernel'
import type { VendorsHost } from '../host.ts'
import { told } from '../profiles/profile.ts'
import { lockProfile, writeProfile } from '../profiles/store.ts'

const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const

/** What the shop and orders tell of vendors: their products, what is thought of these, and what was sold. */
export function followTrade({ on }: VendorsHost): void {
  const known = about('product', 'know what vendors have in the shop')
  on(ProductCreated, known, (event, tx) => keepProduct(tx, event, false))
  on(ProductUpdated, known, (event, tx) => keepProduct(tx, event, false))
  on(ProductDeleted, known, (event, tx) => keepProduct(tx, event, true))
  for (const event of [CategoryCreated, CategoryUpdated])
    on(event, about('category', 'know which category lies in which'), async ({ categoryId, path, version }, tx) => {
      await tx`
        insert into categories (category_id, path, version) values (${categoryId}, ${path}::uuid[], ${version})
        on conflict (category_id) do update set path = excluded.path, version = excluded.version
        where categories.version < excluded.version`
    })
  const thought = about('review', 'know what is thought of what vendors sell')
  on(ReviewAdded, thought, (event, tx) => keepReview(tx, event, true))
  on(ReviewRemoved, thought, (event, tx) => keepReview(tx, event, false))
}

/** What was sold, as figures count it. */
export async function countSale(tx: Tx, { orderId, currency, items, parts, at }: EventData<typeof PaymentSucceeded>) {
  const lines = items.map(line => ({
    cause: line.lineId,
    vendor_id: line.vendorId,
    order_id: orderId,
    product_id: line.productId,
    currency,
    pieces: line.quantity,
    total_minor: line.totalMinor,
    commission_minor: line.commissionMinor,
    at,
  }))
  const shipping = parts.map(part => ({
    cause: part.partId,
    vendor_id: part.vendorId,
    order_id: orderId,
    product_id: null,
    currency,
    pieces: 0,
    total_minor: part.shippingMinor,
    commission_minor: 0,
    at,
  }))
  await keepMoves(tx, [...lines, ...shipping])
}

/** What went back, or did not after all, as figures count it. */
export const countRefund = (tx: Tx, event: EventData<typeof RefundFailed>, failed: boolean) =>
  keepMoves(tx, failed ? refundMoves(event, ' failed', 1) : refundMoves(event, '', -1))

const refundMoves = (
  { refundId, orderId, currency, parts, at }: EventData<typeof RefundFailed>,
  ending: string,
  sign: 1 | -1,
) =>
  parts.map(part => ({
    cause: `${refundId} ${part.partId}${ending}`,
    vendor_id: part.vendorId,
    order_id: orderId,
    product_id: null,
    currency,
    pieces: 0,
    total_minor: sign * part.amountMinor,
    commission_minor: sign * part.commissionMinor,
    at,
  }))

/**
 * Who leaves sells nothing any more; what they were paid for stays, and nothing that says who they were, but where their
 * money goes, until they have it.
 */
export function closeWhoLeaves({ on }: VendorsHost): void {
  const close = async (tx: Tx<'vendors'>, id: string): Promise<void> => {
    const there = await lockProfile(tx, id)
    if (!there || there.status === 'closed') return
    const none = { description: '', email: null, phone: null, website: null, avatarId: null }
    const next = {
      ...there,
      ...none,
      applicantId: null,
      evidence: [],
      status: 'closed' as const,
      version: there.version + 1,
    }
    await writeProfile(tx, next)
    await tx.publish(VendorUpdated, told(next))
  }
  on(UserDeleted, about('leaver', 'close the vendor that somebody was who leaves'), async ({ userId }, tx) => {
    await close(tx, userId)
    await tx`update vendors set applicant_id = null where applicant_id = ${userId}`
  })
  on(
    OrganisationDeleted,
    about('organisation-gone', 'close the vendor that an organisation was'),
    ({ organisationId }, tx) => close(tx, organisationId),
  )
}

const keepProduct = (tx: Tx, one: Listing, gone: boolean) => tx`
  insert into products (product_id, vendor_id, name, slug, thumbnail, for_sale, gone, category_id, version)
  values (${one.productId}, ${one.vendorId}, ${one.name}, ${one.slug}, ${one.thumbnail}, ${one.forSale}, ${gone},
    ${one.categoryId}, ${one.version})
  on conflict (product_id) do update set name = excluded.name, slug = excluded.slug, thumbnail = excluded.thumbnail,
    for_sale = excluded.for_sale, gone = excluded.gone, category_id = excluded.category_id, version = excluded.version
  where products.version < excluded.version`

const keepReview = (
  tx: Tx,
  one: { reviewId: string; vendorId: string; rating: number; version: number },
  shown: boolean,
) => tx`
  insert into reviews (review_id, vendor_id, rating, shown, version)
  values (${one.reviewId}, ${one.vendorId}, ${one.rating}, ${shown}, ${one.version})
  on conflict (review_id) do update set rating = excluded.rating, shown = excluded.shown, version = excluded.version
  where reviews.version < excluded.version`

const keepMoves = (tx: Tx, moves: readonly object[]) => tx`
  insert into moves (cause, vendor_id, order_id, product_id, currency, pieces, total_minor, commission_minor, at)
  select cause, vendor_id, order_id, product_id, currency, pieces, total_minor, commission_minor, at
  from json_populate_recordset(null::moves, ${tx.json(moves as never)})
  on conflict (cause) do nothing`
