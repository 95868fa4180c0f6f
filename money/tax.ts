import { fail, type Problems } from '#kernel'
import { digitsOf, exact, majorOf, toWhole, type Exact } from './amount.ts'
import { askVies, readTaxId, viesAddress, type Confirmation } from './tax/numbers.ts'
import {
  treat,
  type Category,
  type Reason,
  type Sale,
  type Sold,
  type TaxBuyer,
  type TaxId,
  type TaxSeller,
  type Treatment,
} from './tax/place.ts'
import { dayAt, rateAt, regimeOf, tables, type Place, type Regime } from './tax/rates.ts'
import { isTaxedByState, regionOf, regionsOf } from './tax/regions.ts'

/**
 * Taxes of the European Union, the United Kingdom, Switzerland, India and the United States: `treat` says by whose rules
 * a sale is taxed and at which rate, `taxed` makes amounts of prices. Both are pure. What the tables leave out stands
 * above each of them in `tax/`; who knows better gives a `percent` with the sale.
 */

export {
  askVies,
  dayAt,
  isTaxedByState,
  rateAt,
  regimeOf,
  regionOf,
  regionsOf,
  tables as taxTables,
  treat,
  viesAddress,
}
export type { Category, Confirmation, Place, Reason, Regime, Sale, Sold, TaxBuyer, TaxId, TaxSeller, Treatment }

/** What these functions refuse with, for a service to list among its own. */
export const taxProblems = {
  tax_unknown: ['unprocessable', 'There is no table of the taxes of that country for that day.'],
  tax_place_missing: ['unprocessable', 'Where it is sold is not known, so neither is the tax.'],
  tax_id_invalid: ['unprocessable', 'That is no tax number: its form or its check digit is wrong.'],
  tax_office_unavailable: ['unavailable', 'The tax offices do not answer for the number now.'],
} satisfies Problems

/**
 * A tax number by its form and check digits: VAT of the Union, the United Kingdom (`XI` too) and Switzerland, GSTIN. The
 * country is read from the number where it is not given. Fails with `tax_id_invalid`.
 */
export const checkTaxId = async (text: string, country?: string): Promise<TaxId> =>
  (await readTaxId(text, country)) ??
  fail('unprocessable', 'tax_id_invalid', {
    detail: 'That is no tax number: its form or its check digit is wrong.',
  })

/** Something sold: its price, in major units and exact, and how it is taxed. */
export interface Taxable {
  readonly amount: Exact
  readonly treatment: Treatment
}

export interface TaxRules {
  readonly currency: string
  /** Whether amounts are without tax or with it. */
  readonly prices: 'net' | 'gross'
  /** Whether tax is rounded for each line or once for all that have a rate, as the country and the seller want it. */
  readonly rounding: 'line' | 'document'
}

/** A line in minor units; net and tax are gross. */
export interface TaxedLine {
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly grossMinor: bigint
}

/** All lines of a category and a rate (BG-23 of EN 16931). */
export interface TaxGroup {
  readonly category: Category
  readonly percent: string
  readonly reasons: readonly Reason[]
  readonly netMinor: bigint
  readonly taxMinor: bigint
  /** What the tax is made of; adds up to it. */
  readonly parts: readonly { readonly name: string; readonly percent: string; readonly taxMinor: bigint }[]
}

/** Lines in their order; lines and groups both add up to the totals, whatever was rounded. */
export interface Taxed extends TaxedLine {
  readonly lines: readonly TaxedLine[]
  readonly groups: readonly TaxGroup[]
}

/** Amounts below zero (discounts, corrections) are taxed alike. */
export function taxed(sold: readonly Taxable[], rules: TaxRules): Taxed {
  const lines: TaxedLine[] = Array.from({ length: sold.length })
  const numbered = sold.map((line, index) => ({ ...line, index }))
  const groups = [...Map.groupBy(numbered, ({ treatment }) => groupOf(treatment)).values()].map(members => {
    const { category, percent, parts } = members[0]!.treatment
    const amounts = members.map(({ amount }) => inMinor(amount, rules.currency))
    const result = (rules.rounding === 'line' ? byLine : byDocument)(amounts, percent, parts, rules.prices)
    for (const [at, { index }] of members.entries()) lines[index] = result.lines[at]!
    return {
      category,
      percent,
      reasons: [...new Set(members.flatMap(({ treatment }) => treatment.reason ?? []))],
      netMinor: sum(result.lines.map(line => line.netMinor)),
      taxMinor: sum(result.parts),
      parts: parts.map((part, at) => ({ ...part, taxMinor: result.parts[at]! })),
    }
  })
  const netMinor = sum(groups.map(group => group.netMinor))
  const taxMinor = sum(groups.map(group => group.taxMinor))
  return { lines, groups, netMinor, taxMinor, grossMinor: netMinor + taxMinor }
}

/** What is told apart in a tax breakdown. */
const groupOf = ({ category, percent, parts }: Treatment): string =>
  [category, percent, ...parts.map(part => `${part.name} ${part.percent}`)].join('|')

interface Split {
  lines: TaxedLine[]
  /** Tax of each part. */
  parts: bigint[]
}

type Parts = Treatment['parts']

/** Tax of a whole amount, for each part: on top of what is net, within what is gross. */
function taxOf(minor: bigint, percent: string, parts: Parts, prices: TaxRules['prices']): bigint[] {
  const base = prices === 'net' ? exact(100) : exact(100).add(exact(percent))
  return parts.map(part => toWhole(exact(minor).mul(exact(part.percent)).div(base)))
}

function byLine(amounts: readonly Exact[], percent: string, parts: Parts, prices: TaxRules['prices']): Split {
  const taxes = amounts.map(amount => taxOf(toWhole(amount), percent, parts, prices))
  return {
    lines: amounts.map((amount, at) => lineOf(toWhole(amount), sum(taxes[at]!), prices)),
    parts: parts.map((_, part) => sum(taxes.map(tax => tax[part]!))),
  }
}

/** Tax is rounded once; lines share it as nearly as whole units allow. */
function byDocument(amounts: readonly Exact[], percent: string, parts: Parts, prices: TaxRules['prices']): Split {
  const whole = amounts.map(toWhole)
  const tax = taxOf(sum(whole), percent, parts, prices)
  const base = prices === 'net' ? exact(100) : exact(100).add(exact(percent))
  const shares = apportioned(
    sum(tax),
    whole.map(minor => exact(minor).mul(exact(percent)).div(base)),
  )
  return { lines: whole.map((minor, at) => lineOf(minor, shares[at]!, prices)), parts: tax }
}

const lineOf = (minor: bigint, taxMinor: bigint, prices: TaxRules['prices']): TaxedLine =>
  prices === 'net'
    ? { netMinor: minor, taxMinor, grossMinor: minor + taxMinor }
    : { netMinor: minor - taxMinor, taxMinor, grossMinor: minor }

/** Whole numbers near these that add up to a total: what rounding left over goes to those it moved furthest. */
function apportioned(total: bigint, shares: readonly Exact[]): bigint[] {
  const whole = shares.map(toWhole)
  const left = total - sum(whole)
  if (left === 0n) return whole
  const step = left > 0n ? 1n : -1n
  const order = shares
    .map((share, index) => ({ index, moved: share.sub(exact(whole[index]!)).mul(step) }))
    .toSorted((a, b) => b.moved.compare(a.moved) || a.index - b.index)
  for (let at = 0n; at < left * step; at++) whole[order[Number(at % BigInt(order.length))]!.index]! += step
  return whole
}

const inMinor = (major: Exact, currency: string): Exact => major.mul(10n ** BigInt(digitsOf(currency)))

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, amount) => all + amount, 0n)

/** What one of `quantity` costs without tax, exactly: price lists and invoices show it with as many digits as they like. */
export const netUnitPrice = (line: TaxedLine, quantity: Exact, currency: string): Exact =>
  majorOf({ minor: line.netMinor, currency }).div(quantity)
