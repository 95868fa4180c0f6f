import Fraction from 'fraction.js'

/** Money as it is booked: whole minor units of a currency (ISO 4217), never a float. */
export interface Money {
  readonly minor: bigint
  readonly currency: string
}

/** A number without rounding: prices, rates, energy, and what comes of multiplying them. */
export type Exact = Fraction

/** Of a decimal text (`0.49`), a whole number or a quotient of two. */
export const exact = (value: string | number | bigint, per: number | bigint = 1): Exact =>
  new Fraction(value).div(new Fraction(per))

const known = new Set(Intl.supportedValuesOf('currency'))

export const isCurrency = (code: string): boolean => known.has(code)

/**
 * As ISO 4217 lists them; all others have two. What Intl says is how amounts are shown in everyday
 * life, HUF without its fillér, and changes with the engine: amounts that are stored must not.
 */
const digits = new Map<string, number>([
  ...'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'.split(' ').map(code => [code, 0] as const),
  ...'BHD IQD JOD KWD LYD OMR TND'.split(' ').map(code => [code, 3] as const),
])

/** How many decimals a currency has: 2 of EUR, 0 of JPY, 3 of KWD. Fails with a RangeError where there is no such currency. */
export function digitsOf(currency: string): number {
  if (!isCurrency(currency)) throw new RangeError(`${currency} is no currency`)
  return digits.get(currency) ?? 2
}

/** To the nearest whole, halves away from zero, as merchants round. */
export function toWhole(value: Exact): bigint {
  const { s, n, d } = value.mul(2)
  return s * ((n + d) / (2n * d))
}

/** An exact amount in major units, rounded to what can be paid. */
export const rounded = (major: Exact, currency: string): bigint => toWhole(major.mul(10n ** BigInt(digitsOf(currency))))

/** In major units, exactly. */
export const majorOf = ({ minor, currency }: Money): Exact =>
  new Fraction(minor).div(new Fraction(10n ** BigInt(digitsOf(currency))))

/** As decimal text with the digits of its currency, for machines: `12.34`. */
export function decimalOf({ minor, currency }: Money): string {
  const places = digitsOf(currency)
  const text = String(minor < 0n ? -minor : minor).padStart(places + 1, '0')
  const whole = text.slice(0, text.length - places)
  return `${minor < 0n ? '-' : ''}${whole}${places > 0 ? `.${text.slice(-places)}` : ''}`
}

/** By language and currency: to make one takes longer than all that it is used for. */
const formats = new Map<string, Intl.NumberFormat>()

/** For people, in their language, with the digits of its currency: `€12.34`, `12,34 €`. */
export function shown(money: Money, locale: string): string {
  const { currency } = money
  const name = `${locale} ${currency}`
  let format = formats.get(name)
  if (!format) {
    const [minimumFractionDigits, maximumFractionDigits] = [digitsOf(currency), digitsOf(currency)]
    const style = { style: 'currency', currency, minimumFractionDigits, maximumFractionDigits } as const
    format = new Intl.NumberFormat(locale, style)
    if (formats.size < 1_000) formats.set(name, format)
  }
  return format.format(decimalOf(money) as Intl.StringNumericLiteral)
}

/**
 * Divides a total by weights so that the parts add up to it: each gets its share rounded down, and what is left goes one
 * by one to the largest remainders, the earlier first. Without any weight the first gets all.
 */
export function divided(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.length === 0) throw new RangeError('there is nobody to divide among')
  if (weights.some(weight => weight < 0n)) throw new RangeError('a weight is below zero')
  const sum = weights.reduce((all, weight) => all + weight, 0n)
  if (sum === 0n) return weights.map((_, index) => (index === 0 ? total : 0n))
  const sign = total < 0n ? -1n : 1n
  const size = total * sign
  const parts = weights.map(weight => (size * weight) / sum)
  const remainders = weights.map((weight, index) => ({ index, rest: (size * weight) % sum }))
  let left = size - parts.reduce((all, part) => all + part, 0n)
  for (const { index } of remainders.toSorted((a, b) =>
    a.rest === b.rest ? a.index - b.index : a.rest > b.rest ? -1 : 1,
  )) {
    if (left === 0n) break
    parts[index]! += 1n
    left -= 1n
  }
  return parts.map(part => part * sign)
}
