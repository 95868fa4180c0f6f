import type { TariffTerms } from '#contracts/billing'
import type { Db } from '#kernel'
import { decimalOf, exact } from '#money/amount'
import { payableOf } from '#money/payments'
import type { Charge } from '../charges/store.ts'
import type { Payer } from '../companies/payer.ts'
import { taxOf } from '../sellers/sellers.ts'
import { priceOf, type Moment, type Price } from '#money/tariff-price'

type Sold = Pick<Charge, 'seller' | 'place' | 'endedAt'> & { readonly payer: Payer | undefined }
type Tax = Awaited<ReturnType<typeof taxOf>>

/**
 * A price and its tax, which together are no more than so much, whatever the terms say. What is bounded is paid by card, so
 * it is of coins that there are.
 */
export async function priceWithin(
  db: Db,
  sold: Sold,
  terms: TariffTerms,
  course: readonly Moment[],
  mostMinor: bigint | undefined,
): Promise<{ price: Price; tax: Tax }> {
  const at = async (bounded: TariffTerms) => {
    const price = priceOf(bounded, course, sold.place!.timeZone)
    return { price, tax: await taxOf(db, sold, { terms, price, payer: sold.payer }) }
  }
  let priced = await at(terms)
  const { currency } = terms
  const total = ({ tax: { netMinor, taxMinor } }: typeof priced): bigint => netMinor + taxMinor
  if (mostMinor === undefined) return priced
  const fits = (minor: bigint): boolean => minor <= mostMinor && minor === payableOf({ minor, currency })
  if (fits(total(priced))) return priced
  const wanted = total(priced) < mostMinor ? total(priced) : mostMinor
  let bound = (payableOf({ minor: wanted, currency }) * priced.price.totalMinor) / total(priced)
  do {
    const most = decimalOf({ minor: bound, currency })
    const least = terms.minPrice !== undefined && exact(terms.minPrice).compare(exact(most)) > 0 ? most : terms.minPrice
    priced = await at({ ...terms, maxPrice: most, ...(least !== undefined && { minPrice: least }) })
    // What tax is rounded up to may be a cent more.
    bound -= 1n
  } while (!fits(total(priced)) && bound >= 0n)
  return priced
}

/** With tax, as who pays by card is asked for it. */
export async function costOf(
  db: Db,
  sold: Omit<Sold, 'payer' | 'endedAt'>,
  terms: TariffTerms,
  course: readonly Moment[],
): Promise<bigint> {
  const endedAt = new Date(course.at(-1)!.at)
  const { tax } = await priceWithin(db, { ...sold, payer: undefined, endedAt }, terms, course, undefined)
  return tax.netMinor + tax.taxMinor
}
