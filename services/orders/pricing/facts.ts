import type { Static } from 'typebox'
import { quoteCart, type Quote } from '#contracts/orders'
import type { CartContent } from '#contracts/shared'
import type { Db } from '#kernel'
import { lookAtOffers, percentsOf, type Percents } from '../offers/offers.ts'
import { findSellers, type Seller } from '../sellers/sellers.ts'
import { findCards, findCoupons } from '../vouchers/store.ts'
import { optionsOf } from '../sellers/shipping-store.ts'
import { everybody, findRules, findWays, inForce, type Rule } from './commission.ts'
import type { OrdersHost } from '../host.ts'
import { dueOf, placeIn, priceCart, type Facts, type Priced } from './price.ts'
import type { ShippingOption } from './shipping.ts'

/** What seldom changes, as far as somebody asked for it, at a version of it. */
const nothingKept = (version: bigint) => ({
  version,
  classes: new Map<string, Percents>(),
  sellers: new Map<string, Seller | undefined>(),
  options: new Map<string, readonly ShippingOption[]>(),
  rules: new Map<string, readonly Rule[]>(),
  ways: new Map<string, readonly string[]>(),
})

/** So many vendors are remembered, before it begins anew. */
const mostKept = 5_000

export type ReadFacts = (cart: CartContent, userId: string | null, at: Date) => Promise<Facts>

/**
 * Reads all that the price of a cart depends on. Products and stock each time; of sellers, taxes, shipping and commission
 * only what was not read since any of them changed. What was read is at least as new as the version it is kept under.
 */
export function openFacts(db: Db): ReadFacts {
  let kept = nothingKept(0n)

  return async (cart, userId, at) => {
    const [{ offers, available, version }, coupons, giftCards] = await Promise.all([
      lookAtOffers(db, cart.lines),
      findCoupons(db, cart.coupons, userId),
      findCards(db, cart.giftCards),
    ])
    if (kept.version !== version || kept.sellers.size > mostKept) kept = nothingKept(version)
    const { classes, sellers, options, rules, ways } = kept
    const listings = [...offers.values()].map(({ listing }) => listing)
    const vendors = [...new Set(listings.map(({ vendorId }) => vendorId))]
    const categories = listings.flatMap(({ categoryId }) => categoryId ?? [])
    await Promise.all([
      missing(
        classes,
        listings.map(({ taxClass }) => taxClass),
        codes => percentsOf(db, codes),
        [],
      ),
      missing(sellers, vendors, ids => findSellers(db, ids), undefined),
      missing(options, vendors, ids => optionsOf(db, ids), []),
      missing(rules, [...vendors, everybody], whose => findRules(db, whose), []),
      missing(ways, categories, ids => findWays(db, ids), []),
    ])
    const commissions = { rules: inForce(rules, vendors, at), ways }
    return { offers, available, coupons, giftCards, classes, sellers, options, commissions }
  }
}

/** Reads what is not there yet; of what there is nothing of, that is kept. */
async function missing<T>(
  there: Map<string, T>,
  wanted: readonly string[],
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>,
  nothing: T,
): Promise<void> {
  const keys = [...new Set(wanted)].filter(key => !there.has(key))
  if (keys.length === 0) return
  const found = await read(keys)
  for (const key of keys) there.set(key, found.get(key) ?? nothing)
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
  roundingMinor: Number(priced.totalMinor - priced.giftMinor - dueOf(priced)),
  dueMinor: Number(dueOf(priced)),
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

/** What a cart would cost, for who asks. */
export function answerQuotes({ answer, now }: OrdersHost, readFacts: ReadFacts): void {
  answer(quoteCart, async ({ userId, cart }) => {
    const buyer = { place: cart.country === null ? null : placeIn(cart.country, cart.region) }
    return quoteOf(priceCart(cart, await readFacts(cart, userId, now()), buyer, now()))
  })
}
