import type { Listing, Price } from '#contracts/marketplace'

/** Of a variant what it costs, and what happens where there is none of it. */
export interface Offered {
  readonly variantId: string
  readonly stockPolicy: string
  readonly prices: readonly Price[]
}

export const offeredOf = ({ variants }: Pick<Listing, 'variants'>): Offered[] =>
  variants.map(({ variantId, stockPolicy, prices }) => ({ variantId, stockPolicy, prices }))

/** What is asked at a moment: less in a sale. */
export function priceAt({ priceMinor, sale }: Price, at: Date): number {
  if (!sale) return priceMinor
  const isOn = (sale.from === null || new Date(sale.from) <= at) && (sale.until === null || at < new Date(sale.until))
  return isOn ? Math.min(priceMinor, sale.priceMinor) : priceMinor
}

/** The least one pays for any variant; undefined where none has a price in the currency. */
export function leastAt(variants: readonly Offered[], currency: string, at: Date): number | undefined {
  const prices = variants.flatMap(variant => variant.prices.filter(price => price.currency === currency))
  return prices.length === 0 ? undefined : Math.min(...prices.map(price => priceAt(price, at)))
}

/** When prices change by the clock next. */
export function turnsAfter(variants: readonly Offered[], at: Date): Date | null {
  const times = variants
    .flatMap(({ prices }) => prices.flatMap(({ sale }) => [sale?.from, sale?.until]))
    .flatMap(text => (text ? [Date.parse(text)] : []))
    .filter(time => time > at.getTime())
  return times.length === 0 ? null : new Date(Math.min(...times))
}

/** Whether any can be bought; undefined where nobody has said how many there are. */
export function isThere(variants: readonly Offered[], stocks: ReadonlyMap<string, number | null>): boolean | undefined {
  const there = variants.map(({ variantId, stockPolicy }) => {
    if (stockPolicy !== 'deny') return true
    const available = stocks.get(variantId)
    return available === undefined ? undefined : available === null || available > 0
  })
  return there.includes(true) ? true : there.includes(undefined) ? undefined : false
}

/** What a wish has to do with a product. */
export interface Watched {
  readonly priceMinor: bigint
  readonly alarmMinor: bigint | null
  readonly toldMinor: bigint | null
  readonly soldOut: boolean
  readonly gone: boolean
}

export interface Seen {
  readonly forSale: boolean
  readonly deleted: boolean
  readonly leastMinor: bigint | undefined
  readonly there: boolean | undefined
}

export type News = 'cheaper' | 'available' | 'gone'

/** Whether what a product costs is what one waits for: less than it was, or no more than one set. */
const isWaitedFor = ({ priceMinor, alarmMinor }: Watched, minor: bigint): boolean =>
  alarmMinor === null ? minor < priceMinor : minor <= alarmMinor

/** A wish after a look at its product, and what its owner has to hear. */
export function judge<W extends Watched>(wish: W, seen: Seen): { wish: W; news: News[] } {
  if (wish.gone) return { wish, news: [] }
  if (seen.deleted) return { wish: { ...wish, gone: true }, news: ['gone'] }
  if (!seen.forSale) return { wish, news: [] }
  const news: News[] = seen.there === true && wish.soldOut ? ['available'] : []
  const next = { ...wish, soldOut: seen.there === undefined ? wish.soldOut : !seen.there }
  const { leastMinor: minor } = seen
  if (minor === undefined) return { wish: next, news }
  if (!isWaitedFor(wish, minor)) return { wish: { ...next, toldMinor: null }, news }
  if (wish.toldMinor === null || minor < wish.toldMinor) {
    news.push('cheaper')
    return { wish: { ...next, toldMinor: minor }, news }
  }
  return { wish: next, news }
}
