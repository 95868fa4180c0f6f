import { randomInt } from 'node:crypto'
import { GuestOrdered, OrderCreated } from '#contracts/orders'
import type { CartContent } from '#contracts/shared'
import { newId, Problem, type Tx } from '#kernel'
import { checkTaxId, type TaxId } from '#money/tax'
import type { OrdersHost } from '../host.ts'
import {
  logged,
  insertOrder,
  type Address,
  type Line,
  type LogEntry,
  type Order,
  type Part,
  type Whole,
} from '../orders/store.ts'
import { orderFacts } from '../orders/view.ts'
import { inWords, type ReadFacts } from '../pricing/facts.ts'
import { placeIn, priceCart, type Buyer, type Priced, type PricedLine } from '../pricing/price.ts'
import { holdPieces, type Pieces } from '../stock/stock.ts'
import { useCards, useCoupons } from '../vouchers/store.ts'

export interface Wanted {
  readonly userId: string
  /** They have no account. */
  readonly guest?: boolean | undefined
  readonly cart: CartContent & { readonly cartId: string }
  readonly billing: Address
  readonly shipping: Address
  readonly locale: 'en' | 'de'
  /** What the buyer agreed to pay. */
  readonly totalMinor?: bigint | undefined
}

/** There is an order of that cart. */
export class OrderedBefore extends Error {
  override name = 'OrderedBefore'
}

/** How the log of an order begins. */
export const placedEntry = ({ createdAt, totalMinor }: Order): LogEntry => ({
  id: 0n,
  at: createdAt,
  kind: 'placed',
  about: { totalMinor: Number(totalMinor) },
})

/** Letters and digits that nobody takes for others. */
const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

/** Ten of 32 letters at random: as many orders as there will ever be say nothing of each other. */
export const newNumber = (): string =>
  Array.from({ length: 10 }, (_, at) => `${at === 5 ? '-' : ''}${letters[randomInt(letters.length)]}`).join('')

/** Who buys, as tax asks. Fails with `tax_id_invalid`. */
export const buyerOf = async (
  to: Pick<Address, 'country' | 'region'>,
  billing: Pick<Address, 'country' | 'taxId'>,
): Promise<Buyer> => {
  const taxId: TaxId | undefined = billing.taxId ? await checkTaxId(billing.taxId, billing.country) : undefined
  return { place: placeIn(to.country, to.region), taxId }
}

/** What it costs now, if all of it can be had. Fails with why not. */
export async function priceFor(host: OrdersHost, readFacts: ReadFacts, wanted: Wanted): Promise<Priced> {
  const { cart, userId, shipping, billing } = wanted
  const [facts, buyer] = await Promise.all([readFacts(cart, userId, host.now()), buyerOf(shipping, billing)])
  const priced = priceCart({ ...cart, country: shipping.country }, facts, buyer, host.now())
  refuseTrouble(priced, wanted.totalMinor)
  return priced
}

function refuseTrouble(priced: Priced, agreedMinor: bigint | undefined): void {
  const { lines, vendors, coupons, giftCards, totalMinor } = priced
  for (const trouble of ['product_not_for_sale', 'price_missing', 'quantity_above_limit', 'stock_short'] as const) {
    const troubled = lines.filter(line => line.trouble === trouble)
    if (troubled.length > 0)
      throw new Problem('conflict', trouble, { variantIds: troubled.map(({ variantId }) => variantId) })
  }
  const stranded = vendors.filter(({ unreachable }) => unreachable)
  if (stranded.length > 0)
    throw new Problem('conflict', 'shipping_unavailable', { vendorIds: stranded.map(({ vendorId }) => vendorId) })
  const voucher = [...coupons, ...giftCards].find(({ trouble }) => trouble !== null)?.trouble
  if (voucher) throw new Problem(voucher.endsWith('unknown') ? 'not_found' : 'conflict', voucher)
  if (agreedMinor !== undefined && agreedMinor !== totalMinor)
    throw new Problem('conflict', 'order_total_changed', { totalMinor: Number(totalMinor) })
  const changed = lines.filter(({ formerPriceMinor }) => formerPriceMinor !== null)
  if (agreedMinor === undefined && changed.length > 0)
    throw new Problem('conflict', 'price_changed', {
      totalMinor: Number(totalMinor),
      variantIds: changed.map(({ variantId }) => variantId),
    })
}

export const piecesOf = (
  lines: readonly Pick<Line, 'productId' | 'variantId' | 'quantity' | 'later' | 'counted'>[],
): Pieces[] =>
  lines
    .filter(({ counted }) => counted)
    .map(({ productId, variantId, quantity, later }) => ({ productId, variantId, quantity, later }))

/**
 * Writes the order with all that it takes for itself: uses of coupons, money of gift cards, and last the pieces, as whoever
 * wants the same waits for those. Fails with `OrderedBefore` where there is an order of that cart, with `stock_short`,
 * `coupon_used_up`, `gift_card_short` where somebody was quicker.
 */
export async function place(
  tx: Tx<'orders'>,
  wanted: Wanted,
  priced: Priced,
  at: Date,
  holdMs: number,
): Promise<Whole> {
  const whole = wholeOf(wanted, priced, at, holdMs)
  const { order, lines } = whole
  const coupons = priced.coupons.flatMap(({ coupon, discountMinor }) => (coupon ? [{ coupon, discountMinor }] : []))
  const cards = priced.giftCards.flatMap(({ card, usedMinor }) => (card && usedMinor > 0n ? [{ card, usedMinor }] : []))
  await tx.publish(OrderCreated, orderFacts(whole, at))
  if (order.guest && order.billing.email)
    await tx.publish(GuestOrdered, {
      orderId: order.id,
      number: order.number,
      email: order.billing.email,
      locale: order.locale,
      currency: order.currency,
      totalMinor: Number(order.totalMinor),
      at: at.toISOString(),
    })
  const { kind, about } = placedEntry(order)
  const insert = async () => {
    if (!(await insertOrder(tx, whole, priced.addedTaxMinor))) throw new OrderedBefore()
  }
  const pieces = piecesOf(lines)
  // Without vouchers both go out together; where one fails, nothing of the other is left.
  if (coupons.length === 0 && cards.length === 0) await Promise.all([insert(), holdPieces(tx, pieces)])
  else {
    await insert()
    await useCoupons(tx, order, coupons)
    await useCards(tx, order.id, cards)
    await holdPieces(tx, pieces)
  }
  tx.withCommit(logged(tx, order.id, at, kind, about).execute())
  return whole
}

function wholeOf(
  { userId, guest = false, cart, billing, shipping, locale }: Wanted,
  priced: Priced,
  at: Date,
  holdMs: number,
): Whole {
  const orderId = newId()
  const ids = new Map(priced.vendors.map(({ vendorId }) => [vendorId, newId()]))
  const sum = (lines: readonly PricedLine[], of: (line: PricedLine) => bigint): bigint =>
    lines.reduce((total, line) => total + of(line), 0n)
  const parts = priced.vendors.map((vendor, position): Part => {
    const theirs = priced.lines.filter(({ offer }) => offer!.listing.vendorId === vendor.vendorId)
    return {
      id: ids.get(vendor.vendorId)!,
      orderId,
      position,
      vendorId: vendor.vendorId,
      ownerKind: vendor.kind,
      state: 'pending',
      shippingMinor: vendor.shippingMinor,
      shippingOption: vendor.way?.option.name ?? null,
      shippingTax: vendor.shippingMinor > 0n ? vendor.shippingTreatment : null,
      taxMinor: sum(theirs, line => line.taxMinor) + vendor.shippingTaxMinor,
      totalMinor: sum(theirs, line => line.totalMinor) + vendor.shippingMinor,
      commissionMinor: sum(theirs, line => line.commission.minor),
      refundedMinor: 0n,
      shippingRefundedMinor: 0n,
      invoiceId: null,
      deliveredAt: null,
      createdAt: at,
    }
  })
  const lines = priced.lines.map((line, position): Line => lineOf(line, orderId, ids, position))
  return {
    order: {
      id: orderId,
      number: newNumber(),
      userId,
      guest,
      cartId: cart.cartId,
      status: 'pending',
      paymentStatus: 'pending',
      paymentMethod: null,
      paymentId: null,
      paymentIntent: null,
      cancelling: null,
      currency: priced.currency,
      subtotalMinor: priced.subtotalMinor,
      discountMinor: priced.discountMinor,
      shippingMinor: priced.shippingMinor,
      taxMinor: priced.taxMinor,
      totalMinor: priced.totalMinor,
      giftMinor: priced.giftMinor,
      refundedMinor: 0n,
      disputedMinor: 0n,
      country: shipping.country,
      billing,
      shipping,
      locale,
      version: 1,
      createdAt: at,
      expiresAt: new Date(at.getTime() + holdMs),
      paidAt: null,
      endedAt: null,
    },
    parts,
    lines,
  }
}

function lineOf(line: PricedLine, orderId: string, parts: ReadonlyMap<string, string>, position: number): Line {
  const { listing, variant } = line.offer!
  return {
    id: newId(),
    orderId,
    partId: parts.get(listing.vendorId)!,
    position,
    productId: line.productId,
    variantId: line.variantId,
    vendorId: listing.vendorId,
    name: listing.name,
    slug: listing.slug,
    sku: variant.sku,
    options: inWords(variant.options),
    kind: listing.kind,
    thumbnail: listing.thumbnail,
    serial: variant.serial,
    passportId: listing.passportId,
    delivery: variant.delivery,
    quantity: line.quantity,
    counted: line.counted,
    later: line.later,
    priceMinor: line.priceMinor!,
    discountMinor: line.discountMinor,
    netMinor: line.netMinor,
    taxMinor: line.taxMinor,
    totalMinor: line.totalMinor,
    treatment: line.treatment,
    commissionBasisPoints: line.commission.basisPoints,
    commissionMinor: line.commission.minor,
    refundedMinor: 0n,
    sent: 0,
    handedOverAt: null,
  }
}
