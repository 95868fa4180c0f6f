import type { Price } from '#contracts/marketplace'
import { isCurrency } from '#money/amount'
import { Problem } from '#kernel'

/** What is asked at a time; `original` is what was asked before a sale. */
export interface Asked {
  readonly price: number
  readonly original: number | null
}

export function askedAt({ priceMinor, sale }: Price, at: Date): Asked {
  const isOn =
    sale && (sale.from === null || new Date(sale.from) <= at) && (sale.until === null || at < new Date(sale.until))
  return isOn ? { price: sale.priceMinor, original: priceMinor } : { price: priceMinor, original: null }
}

/** From when until when a product costs so much at the least in a currency. */
export interface Offer extends Asked {
  readonly currency: string
  /** As PostgreSQL reads it. */
  readonly from: string
  readonly until: string
}

/** What a product costs over time: its cheapest variant, between any two times at which a sale begins or ends. */
export function offersOf(variants: readonly { readonly prices: readonly Price[] }[]): Offer[] {
  const prices = Map.groupBy(
    variants.flatMap(variant => variant.prices),
    ({ currency }) => currency,
  )
  return [...prices].flatMap(([currency, all]) => {
    const changes = all.flatMap(({ sale }) => [sale?.from, sale?.until]).filter(at => typeof at === 'string')
    const times = [...new Set(changes.map(at => new Date(at).getTime()))].sort((a, b) => a - b)
    const ends = [...times, Infinity]
    return ends.map((until, index): Offer => {
      const from = index === 0 ? -Infinity : ends[index - 1]!
      // Any time within: nothing changes there.
      const within = new Date(Number.isFinite(from) ? from : Number.isFinite(until) ? until - 1 : 0)
      const asked = all.map(price => askedAt(price, within)).sort((a, b) => a.price - b.price)[0]!
      return { currency, from: stamp(from), until: stamp(until), ...asked }
    })
  })
}

const stamp = (at: number): string =>
  at === -Infinity ? '-infinity' : at === Infinity ? 'infinity' : new Date(at).toISOString()

/** Fails with `price_invalid`: no such currency, one twice, a sale that is none or ends before it begins. */
export function requirePrices(prices: readonly Price[], pointer: string): void {
  const seen = new Set<string>()
  for (const [index, { currency, priceMinor, sale }] of prices.entries()) {
    const refuse = (field: string, detail: string) => {
      throw new Problem('unprocessable', 'price_invalid', {
        errors: [{ pointer: `${pointer}/${index}/${field}`, detail }],
      })
    }
    if (!isCurrency(currency)) refuse('currency', 'is no currency')
    if (seen.has(currency)) refuse('currency', 'has a price already')
    seen.add(currency)
    if (sale && sale.priceMinor >= priceMinor) refuse('sale/priceMinor', 'must be less than the price without the sale')
    if (sale?.from && sale.until && new Date(sale.until) <= new Date(sale.from))
      refuse('sale/until', 'must be after its beginning')
  }
}
