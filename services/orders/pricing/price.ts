import type { Listing, Variant } from '#contracts/marketplace'
import type { CartContent } from '#contracts/shared'
import { Problem } from '#kernel'
import { divided, exact, majorOf, toWhole } from '#money/amount'
import { payableOf } from '#money/payments'
import { regimeOf, regionOf, taxed, treat, type Place, type TaxId, type Treatment } from '#money/tax'
import type { Offer, Percents } from '../offers/offers.ts'
import type { Seller } from '../sellers/sellers.ts'
import type { Coupon, GiftCard } from '../vouchers/store.ts'
import { commissionOn, noCommission, type Commission, type Commissions } from './commission.ts'
import { waysOf, type ShippingOption, type Way } from './shipping.ts'

/** All that a price depends on, read before it is worked out. */
export interface Facts {
  readonly offers: ReadonlyMap<string, Offer>
  readonly classes: ReadonlyMap<string, Percents>
  /** By the id of the vendor. */
  readonly sellers: ReadonlyMap<string, Seller | undefined>
  readonly available: ReadonlyMap<string, number>
  readonly options: ReadonlyMap<string, readonly ShippingOption[]>
  /** By their codes, with how often this buyer had them; those that are unknown are left out. */
  readonly coupons: ReadonlyMap<string, Coupon & { readonly usedByBuyer: number }>
  readonly giftCards: ReadonlyMap<string, GiftCard>
  /** In force now, and of categories the way to each from the root. */
  readonly commissions: Commissions
}

export interface Buyer {
  readonly place: Place | null
  readonly taxId?: TaxId | undefined
}

/** Where somebody wrote that it goes to, as tax knows the place. */
export const placeIn = (country: string, region: string | null | undefined): Place => ({
  country,
  region: regionOf(country, region),
})

export type Trouble = 'product_not_for_sale' | 'price_missing' | 'stock_short' | 'quantity_above_limit'

export interface PricedLine {
  readonly lineId: string
  readonly productId: string
  readonly variantId: string
  readonly quantity: number
  readonly offer: Offer | undefined
  readonly priceMinor: bigint | null
  readonly formerPriceMinor: bigint | null
  /** So many at that price, before anything is taken off or put on. */
  readonly listedMinor: bigint
  readonly discountMinor: bigint
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly totalMinor: bigint
  readonly treatment: Treatment
  /** What the platform keeps of it. */
  readonly commission: Commission
  readonly available: number | null
  readonly counted: boolean
  readonly later: boolean
  readonly trouble: Trouble | null
}

export interface PricedVendor {
  readonly vendorId: string
  readonly kind: 'person' | 'organisation'
  readonly seller: Seller | undefined
  readonly ways: readonly Way[]
  readonly way: Way | undefined
  /** It has things to send, and no way there. */
  readonly unreachable: boolean
  readonly shippingMinor: bigint
  readonly shippingTaxMinor: bigint
  readonly shippingTreatment: Treatment
}

export interface Priced {
  readonly currency: string
  readonly lines: readonly PricedLine[]
  readonly vendors: readonly PricedVendor[]
  readonly coupons: readonly {
    code: string
    coupon: Coupon | undefined
    discountMinor: bigint
    trouble: string | null
  }[]
  readonly giftCards: readonly { code: string; card: GiftCard | undefined; usedMinor: bigint; trouble: string | null }[]
  readonly subtotalMinor: bigint
  readonly discountMinor: bigint
  readonly shippingMinor: bigint
  readonly taxMinor: bigint
  /** What of the tax is put on prices that are without it. */
  readonly addedTaxMinor: bigint
  readonly totalMinor: bigint
  readonly giftMinor: bigint
}

/**
 * What is left to be paid by card. Of some currencies nobody can pay the last digit: it is taken off, so that a buyer never
 * pays more than things cost, and the platform bears it.
 */
export const dueOf = ({ totalMinor, giftMinor, currency }: Pick<Priced, 'totalMinor' | 'giftMinor' | 'currency'>) =>
  payableOf({ minor: totalMinor - giftMinor, currency })

/** Beyond it somebody made a mistake, and sums would no longer be exact on the wire. */
const mostMinor = 1_000_000_000_000_000n

/** What one costs now; undefined where it is not sold in that currency. */
export function priceOf({ prices }: Pick<Variant, 'prices'>, currency: string, at: Date): bigint | undefined {
  const price = prices.find(one => one.currency === currency)
  if (!price) return undefined
  const { sale } = price
  const runs =
    sale &&
    (sale.from === null || at.getTime() >= Date.parse(sale.from)) &&
    (sale.until === null || at.getTime() < Date.parse(sale.until))
  return BigInt(runs ? sale.priceMinor : price.priceMinor)
}

/** What all of a cart costs at a moment, line by line, to the minor unit. Pure. Fails with `order_too_large`. */
export function priceCart(cart: CartContent, facts: Facts, buyer: Buyer, at: Date): Priced {
  const { currency } = cart
  const wanted = new Map<string, number>()
  for (const { variantId, quantity } of cart.lines) wanted.set(variantId, (wanted.get(variantId) ?? 0) + quantity)
  const seen = cart.lines.map(line => look(line, wanted.get(line.variantId)!, currency, facts, at))
  const { coupons, discounts } = takeOff(cart.coupons, seen, facts, currency, at)
  const lines = withTax(seen, discounts, facts, buyer, currency, at)
  const vendors = [...Map.groupBy(lines.filter(bought), ({ offer }) => offer!.listing.vendorId)].map(
    ([vendorId, theirs]) => ship(vendorId, theirs, cart, facts, buyer),
  )
  const sum = <T>(all: readonly T[], of: (one: T) => bigint): bigint => all.reduce((total, one) => total + of(one), 0n)
  const subtotalMinor = sum(lines, line => line.listedMinor)
  const discountMinor = sum(lines, line => line.discountMinor)
  const shippingMinor = sum(vendors, vendor => vendor.shippingMinor)
  const totalMinor = sum(lines, line => line.totalMinor) + shippingMinor
  if (totalMinor > mostMinor) throw new Problem('unprocessable', 'order_too_large')
  const giftCards = payByCards(cart.giftCards, totalMinor, currency, facts, at)
  return {
    currency,
    lines,
    vendors,
    coupons,
    giftCards,
    subtotalMinor,
    discountMinor,
    shippingMinor,
    taxMinor: sum(lines, line => line.taxMinor) + sum(vendors, vendor => vendor.shippingTaxMinor),
    addedTaxMinor: totalMinor - shippingMinor - subtotalMinor + discountMinor,
    totalMinor,
    giftMinor: sum(giftCards, card => card.usedMinor),
  }
}

const bought = ({ offer, priceMinor }: PricedLine): boolean => offer !== undefined && priceMinor !== null

type Seen = Omit<PricedLine, 'discountMinor' | 'netMinor' | 'taxMinor' | 'totalMinor' | 'treatment' | 'commission'>

/** A line of a cart; `wanted` is how much all of its lines want of that variant. */
function look(line: CartContent['lines'][number], wanted: number, currency: string, facts: Facts, at: Date): Seen {
  const { lineId, productId, variantId, quantity } = line
  const offer = facts.offers.get(variantId)
  const isForSale = offer !== undefined && !offer.gone && offer.listing.forSale
  const price = isForSale ? priceOf(offer.variant, currency, at) : undefined
  const policy = offer?.variant.stockPolicy
  const counted = policy !== undefined && policy !== 'unlimited'
  const available = counted ? (facts.available.get(variantId) ?? 0) : null
  const isShort = available !== null && available < wanted
  const later = isShort && (policy === 'backorder' || policy === 'preorder')
  const most = offer?.variant.maxPerOrder ?? null
  const trouble: Trouble | null = !isForSale
    ? 'product_not_for_sale'
    : price === undefined
      ? 'price_missing'
      : most !== null && wanted > most
        ? 'quantity_above_limit'
        : isShort && !later
          ? 'stock_short'
          : null
  const priceMinor = price ?? null
  return {
    lineId,
    productId,
    variantId,
    quantity,
    offer,
    priceMinor,
    formerPriceMinor: priceMinor !== null && priceMinor !== BigInt(line.priceMinor) ? BigInt(line.priceMinor) : null,
    listedMinor: (priceMinor ?? 0n) * BigInt(quantity),
    available,
    counted,
    later,
    trouble,
  }
}

/** What coupons take off each line: each off what those before it left, shared as the lines cost. */
function takeOff(codes: readonly string[], lines: readonly Seen[], facts: Facts, currency: string, at: Date) {
  const discounts = lines.map(() => 0n)
  const left = (index: number): bigint => lines[index]!.listedMinor - discounts[index]!
  const coupons = codes.map(code => {
    const coupon = facts.coupons.get(code)
    const own = lines.flatMap(({ offer }, index) =>
      coupon && offer && (coupon.vendorId === null || coupon.vendorId === offer.listing.vendorId) ? [index] : [],
    )
    const base = own.reduce((sum, index) => sum + left(index), 0n)
    const trouble = coupon ? troubleOf(coupon, base, currency, at) : 'coupon_unknown'
    if (!coupon || trouble) return { code, coupon, discountMinor: 0n, trouble }
    const wanted =
      coupon.percent === null ? coupon.amountMinor! : toWhole(exact(base).mul(exact(coupon.percent)).div(100))
    const discountMinor = wanted < base ? wanted : base
    for (const [at, part] of divided(discountMinor, own.map(left)).entries()) discounts[own[at]!]! += part
    return { code, coupon, discountMinor, trouble }
  })
  return { coupons, discounts }
}

function troubleOf(
  coupon: Coupon & { usedByBuyer: number },
  baseMinor: bigint,
  currency: string,
  at: Date,
): string | null {
  const { active, startsAt, endsAt, maxUses, maxUsesEach, used, usedByBuyer, leastMinor } = coupon
  if (!active || (endsAt && at >= endsAt)) return 'coupon_ended'
  if (startsAt && at < startsAt) return 'coupon_not_yet'
  if ((maxUses !== null && used >= maxUses) || (maxUsesEach !== null && usedByBuyer >= maxUsesEach))
    return 'coupon_used_up'
  if (baseMinor <= 0n || (coupon.currency !== null && coupon.currency !== currency)) return 'coupon_not_for_this'
  return baseMinor < leastMinor ? 'coupon_below_least' : null
}

/** Of net prices first what is paid, then of all what of that is tax: invoices come to the same. */
function withTax(
  seen: readonly Seen[],
  discounts: readonly bigint[],
  facts: Facts,
  buyer: Buyer,
  currency: string,
  at: Date,
): PricedLine[] {
  const treatments = seen.map(({ offer }) => treatmentOf(offer?.listing, facts, buyer, at))
  const amounts = seen.map(({ listedMinor, offer }, index) => {
    const minor = listedMinor - discounts[index]!
    if (!offer || offer.listing.taxIncluded) return minor
    const one = { amount: majorOf({ minor, currency }), treatment: treatments[index]! }
    return taxed([one], { currency, prices: 'net', rounding: 'line' }).grossMinor
  })
  return seen.map((line, index) => {
    const split = splitOf(amounts[index]!, treatments[index]!, currency)
    const { offer, quantity } = line
    const sold = { netMinor: split.netMinor, quantity, currency }
    return {
      ...line,
      discountMinor: discounts[index]!,
      treatment: treatments[index]!,
      commission: offer ? commissionOn(sold, offer.listing, facts.commissions) : noCommission,
      ...split,
    }
  })
}

function splitOf(minor: bigint, treatment: Treatment, currency: string) {
  const one = { amount: majorOf({ minor, currency }), treatment }
  const { netMinor, taxMinor } = taxed([one], { currency, prices: 'gross', rounding: 'line' })
  return { netMinor, taxMinor, totalMinor: minor }
}

const untaxed = (place: Place): Treatment => ({
  category: 'O',
  place,
  percent: '0',
  parts: [],
  reason: 'out-of-scope',
})

/** Without tax where nobody said who sells, and where no table knows the country. */
function treatmentOf(listing: Listing | undefined, facts: Facts, buyer: Buyer, at: Date): Treatment {
  const seller = listing && facts.sellers.get(listing.vendorId)
  const { country = 'ZZ', region } = seller?.address ?? {}
  const established: Place = { country, region }
  const place = buyer.place ?? established
  if (!listing || !seller || !regimeOf(established)) return untaxed(place)
  const percents = facts.classes.get(listing.taxClass) ?? []
  const percent = percents.find(one => one.country === place.country)?.percent
  try {
    return treat({
      sold: listing.kind === 'digital' ? 'digital' : 'goods',
      seller: { established, smallBusiness: seller.smallBusiness },
      buyer: { kind: buyer.taxId ? 'business' : 'consumer', place, taxId: buyer.taxId },
      at,
      place,
      percent,
    })
  } catch (error) {
    if (error instanceof Problem && error.code.startsWith('tax_')) return untaxed(place)
    throw error
  }
}

/** How a vendor's things get there; what that costs is taxed as the dearest of them. */
function ship(vendorId: string, lines: readonly PricedLine[], cart: CartContent, facts: Facts, buyer: Buyer) {
  const { currency } = cart
  const sent = lines.filter(({ offer }) => offer!.listing.kind !== 'digital')
  const grams = sent.reduce((sum, { offer, quantity }) => sum + (offer!.variant.weightG ?? 0) * quantity, 0)
  const worth = lines.reduce((sum, { listedMinor, discountMinor }) => sum + listedMinor - discountMinor, 0n)
  const options = facts.options.get(vendorId) ?? []
  const to = buyer.place?.country ?? cart.country
  const ways = sent.length === 0 ? [] : waysOf(options, { currency, country: to, grams, worth })
  const chosen = cart.shipping.find(one => one.vendorId === vendorId)?.optionId
  const way = ways.find(({ option }) => option.id === chosen) ?? ways[0]
  const shippingMinor = way?.priceMinor ?? 0n
  const dearest = lines.reduce((most, line) => (line.totalMinor > most.totalMinor ? line : most))
  return {
    vendorId,
    kind: lines[0]!.offer!.listing.owner.kind,
    seller: facts.sellers.get(vendorId),
    ways,
    way,
    unreachable: sent.length > 0 && options.length > 0 && !way,
    shippingMinor,
    shippingTaxMinor: splitOf(shippingMinor, dearest.treatment, currency).taxMinor,
    shippingTreatment: dearest.treatment,
  }
}

function payByCards(codes: readonly string[], totalMinor: bigint, currency: string, facts: Facts, at: Date) {
  let left = totalMinor
  return codes.map(code => {
    const card = facts.giftCards.get(code)
    const counts = card && card.currency === currency && (!card.expiresAt || at < card.expiresAt)
    const usedMinor = !counts ? 0n : card.balanceMinor < left ? card.balanceMinor : left
    left -= usedMinor
    const trouble = !counts || card.balanceMinor === 0n ? 'gift_card_unknown' : null
    return { code, card, usedMinor, trouble }
  })
}
