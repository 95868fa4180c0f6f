import Fraction from 'fraction.js'
import table from './data/units.json' with { type: 'json' }

interface Unit {
  readonly code: string
  readonly quantity: string
  readonly factor: string
  readonly divisor?: string
  readonly offset?: string
}

const units = new Map<string, Unit>(
  table.units.flatMap(unit => [unit.code, ...unit.synonyms].map(name => [name, unit] as const)),
)

/** The unit by our code for it, however it is written (UCUM, QUDT, SAMM, UN/CEFACT); undefined for one unknown. */
export const unitOf = (name: string): string | undefined => units.get(name.trim())?.code

/** Whether a value in one of these units can be told in the other. */
export const areAlike = (one: string, other: string): boolean =>
  units.has(one) && units.get(one)!.quantity === units.get(other)?.quantity

/** A decimal number as people and JSON write it, all its digits kept: `0.0120`, `1e3`. */
export const isDecimal = (text: string): boolean => /^-?\d{1,60}(\.\d{1,60})?([eE][+-]?\d{1,2})?$/.test(text)

/** What a decimal text is worth, exactly. */
export function exactly(text: string): Fraction {
  const [digits, exponent = '0'] = text.toLowerCase().split('e') as [string, string?]
  return new Fraction(digits).mul(new Fraction(10).pow(Number(exponent))!)
}

/** As a decimal text, without zeros at its end; undefined for what never ends, as a third. */
export function decimalOf(value: Fraction): string | undefined {
  const { s, n, d } = value
  let [rest, scale] = [d, 0]
  // What ends in decimals has a divisor of twos and fives alone.
  let numerator = n
  while (rest % 10n === 0n) [rest, scale] = [rest / 10n, scale + 1]
  while (rest % 2n === 0n) [rest, numerator, scale] = [rest / 2n, numerator * 5n, scale + 1]
  while (rest % 5n === 0n) [rest, numerator, scale] = [rest / 5n, numerator * 2n, scale + 1]
  if (rest !== 1n) return undefined
  const digits = numerator.toString().padStart(scale + 1, '0')
  const [whole, part] = [digits.slice(0, digits.length - scale), digits.slice(digits.length - scale)]
  const trimmed = part.replace(/0+$/, '')
  return `${s < 0n ? '-' : ''}${whole}${trimmed && `.${trimmed}`}`
}

/**
 * A decimal text told in another unit of the same quantity, as it stands where the unit is the same. Undefined where the
 * units are of different quantities, or the result would have to be rounded.
 */
export function convert(value: string, from: string, to: string): string | undefined {
  const [source, target] = [units.get(from), units.get(to)]
  if (!source || !target || source.quantity !== target.quantity) return undefined
  if (source.code === target.code) return value
  const factor = ({ factor, divisor = '1' }: Unit): Fraction => new Fraction(factor).div(new Fraction(divisor))
  const base = exactly(value)
    .sub(new Fraction(source.offset ?? 0))
    .mul(factor(source))
  return decimalOf(base.div(factor(target)).add(new Fraction(target.offset ?? 0)))
}

export const isLess = (one: string, other: string): boolean => exactly(one).compare(exactly(other)) < 0
