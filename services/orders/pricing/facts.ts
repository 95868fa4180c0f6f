import type { Static } from 'typebox'
import type { Quote } from '#contracts/orders'
import type { CartContent } from '#contracts/shared'
import type { Db } from '#kernel'
import { findOffers, percentsOf } from '../offers/offers.ts'
import { findSellers } from '../sellers/sellers.ts'
import { availableOf } from '../stock/stock.ts'
import { findCards, findCoupons } from '../vouchers/store.ts'
import { optionsOf } from '../sellers/shipping-store.ts'
import { commissionsFor } from './commission.ts'
import type { Facts, Priced } from './price.ts'

/** Reads all that the price of a cart depends on. */
export async function factsFor(db: Db, cart: CartContent, userId: string | null, at: Date): Promise<Facts> {
  const [offers, available, coupons, giftCards] = await Promise.all([
    findOffers(db, cart.lines),
    availableOf(
      db,
      cart.lines.map(({ variantId }) => variantId),
    ),
    findCoupons(db, cart.coupons, userId),
    findCards(db, cart.giftCards),
  ])
  const listings = [...offers.values()].map(({ listing }) => listing)
  const vendors = [...new Set(listings.map(({ vendorId }) => vendorId))]
  const [classes, sellers, options, commissions] = await Promise.all([
    percentsOf(db, [...new Set(listings.map(({ taxClass }) => taxClass))]),
    findSellers(db, vendors),
    optionsOf(db, vendors),
    commissionsFor(
      db,
      vendors,
      listings.flatMap(({ categoryId }) => categoryId ?? []),
      at,
    ),
  ])
  return { offers, available, coupons, giftCards, classes, sellers, options, commissions }
}

export const inWords = (options: readonly { name: string; value: string }[]): string =>
  options.map(({ name, value }) => `${name}: ${value}`).join(', ')

/** As it goes out. */
export const quoteOf = (priced: Priced): Static<typeof Quote> => ({
  currency: priced.currency,
  subtotalMinor: Number(priced.subtotalMinor),
  discountMinor: Number(priced.discountMinor),
  shippingMinor: Number(priced.shippingMinor),
  taxMinor: Number(priced.taxMinor),
  totalMinor: Number(priced.totalMinor),
  giftCardMinor: Number(priced.giftMinor),
  dueMinor: Number(priced.totalMinor - priced.giftMinor),
  lines: priced.lines.map(line => ({
    lineId: line.lineId,
    productId: line.productId,
    variantId: line.variantId,
    vendorId: line.offer?.listing.vendorId ?? null,
    productName: line.offer?.listing.name ?? null,
    slug: line.offer?.listing.slug ?? null,
    thumbnail: line.offer?.listing.thumbnail ?? null,
    options: inWords(line.offer?.variant.options ?? []),
    quantity: line.quantity,
    priceMinor: line.priceMinor === null ? null : Number(line.priceMinor),
    formerPriceMinor: line.formerPriceMinor === null ? null : Number(line.formerPriceMinor),
    discountMinor: Number(line.discountMinor),
    taxMinor: Number(line.taxMinor),
    totalMinor: Number(line.totalMinor),
    taxPercent: line.treatment.percent,
    taxIncluded: line.offer?.listing.taxIncluded ?? true,
    available: line.available,
    trouble: line.trouble,
    later: line.later,
  })),
  vendors: priced.vendors.map(({ vendorId, seller, shippingMinor, way, ways, unreachable }) => ({
    vendorId,
    name: seller?.name ?? null,
    shippingMinor: Number(shippingMinor),
    optionId: way?.option.id ?? null,
    options: ways.map(({ option, priceMinor }) => ({
      optionId: option.id,
      name: option.name,
      priceMinor: Number(priceMinor),
      minDays: option.minDays,
      maxDays: option.maxDays,
    })),
    unreachable,
  })),
  coupons: priced.coupons.map(({ code, discountMinor, trouble }) => ({
    code,
    discountMinor: Number(discountMinor),
    trouble,
  })),
  giftCards: priced.giftCards.map(({ code, card, usedMinor, trouble }) => ({
    code: card?.hint ?? code.slice(-4),
    usedMinor: Number(usedMinor),
    trouble,
  })),
})
