import { digitsOf, type Money } from '../amount.ts'
import { Refused } from './provider.ts'

/** Decimals that a provider counts the amounts of a currency in; of ours some are counted otherwise. */
export type Digits = (currency: string) => number

const none = ['BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF']
const three = ['BHD', 'JOD', 'KWD', 'OMR', 'TND']

const digitsBy =
  (without: readonly string[], withThree: readonly string[]): Digits =>
  currency =>
    without.includes(currency) ? 0 : withThree.includes(currency) ? 3 : 2

/** Of Stripe (docs.stripe.com/currencies): ISK and UGX have two, for old times' sake. */
export const digitsOfStripe = digitsBy([...none, 'MGA'], three)

/** Of Razorpay (razorpay.com/docs/payments/international-payments): as ISO 4217 has them. */
export const digitsOfRazorpay = digitsBy([...none, 'ISK', 'UGX'], [...three, 'IQD', 'LYD'])

function scaleOf(digits: Digits, currency: string): { times: bigint; per: bigint } {
  const more = digits(currency) - digitsOf(currency)
  return { times: 10n ** BigInt(Math.max(0, more)), per: 10n ** BigInt(Math.max(0, -more)) }
}

/** What amounts of a currency have to be a multiple of at a provider: of three decimals both take none but 0 as the last. */
const stepAt = (digits: Digits, currency: string): bigint => {
  const { times, per } = scaleOf(digits, currency)
  const least = digits(currency) === 3 ? 10n : 1n
  // As many of ours as make whole ones of theirs.
  return per * (least % times === 0n ? least / times : least)
}

/**
 * Of an amount as much as every provider can take: 1.230 KWD of 1.234. What is left over is less than the smallest coin
 * that there is of it.
 */
export function payableOf({ minor, currency }: Money): bigint {
  const steps = [digitsOfStripe, digitsOfRazorpay].map(digits => stepAt(digits, currency))
  // All are powers of ten.
  const step = steps.reduce((most, one) => (one > most ? one : most))
  return minor - (minor % step)
}

/** The least that every provider can take which is no less than an amount. */
export function payableFor({ minor, currency }: Money): bigint {
  const under = payableOf({ minor, currency })
  for (let more = minor; ; more++) if (under === minor || payableOf({ minor: more, currency }) > under) return more
}

/** Fails with `Refused` where the provider has no such amount. */
export function toProvider(digits: Digits, { minor, currency }: Money): number {
  const { times, per } = scaleOf(digits, currency)
  const amount = (minor * times) / per
  if (minor % stepAt(digits, currency) !== 0n)
    throw new Refused('amount_invalid', `${minor} minor units of ${currency} cannot be paid`)
  return Number(amount)
}

export function fromProvider(digits: Digits, amount: number, currency: string): bigint {
  const { times, per } = scaleOf(digits, currency)
  return (BigInt(amount) * per) / times
}
