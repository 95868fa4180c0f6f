import { Problem } from '#kernel'
import { decimalOf, exact, isCurrency, type Exact } from '../amount.ts'
import { dayAt, regimeOf, taxed } from '../tax.ts'
import type { DraftLine, InvoiceContent, InvoiceDraft, InvoiceLine } from './invoice.ts'

/** What an invoice will say, but for its number and its day. */
export type Content = Omit<InvoiceContent, 'number' | 'issuedOn' | 'dueOn'> & {
  /** The day at the seller's; none earlier than the last of the series is given. */
  readonly day: string
  readonly dueInDays?: number | undefined
  readonly prefix: string
}

const invalid = (code: string, pointer: string, detail: string): never => {
  throw new Problem('unprocessable', code, { detail: 'That cannot be billed.', errors: [{ pointer, detail }] })
}

const mostMinor = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * Pure. Fails with `invoice_invalid` for what no invoice can say, `invoice_mixed` for lines that cannot stand on one
 * (tax of two countries, or beside what is out of scope), `invoice_negative` for one below zero.
 */
export function contentOf(draft: InvoiceDraft, id: string): Content {
  check(draft)
  const { currency, prices, rounding } = draft
  const result = taxed(
    draft.lines.map(({ quantity, price, treatment }) => ({ amount: exact(quantity).mul(exact(price)), treatment })),
    { currency, prices, rounding },
  )
  if (result.grossMinor < 0n || result.netMinor < 0n)
    throw new Problem('unprocessable', 'invoice_negative', {
      detail: `An invoice asks for nothing below zero, and this one would ask for ${decimalOf({ minor: result.grossMinor, currency })}.`,
    })
  // As far as numbers of JSON reach.
  if (
    result.lines.some(({ grossMinor }) => grossMinor > mostMinor || -grossMinor > mostMinor) ||
    result.grossMinor > mostMinor
  )
    invalid('invoice_invalid', '/lines', 'ask for less than 2^53 in minor units')
  const prepaidMinor = draft.prepaidMinor ?? 0n
  if (prepaidMinor < 0n || prepaidMinor > result.grossMinor)
    invalid('invoice_invalid', '/prepaidMinor', 'is between zero and what the invoice asks for')
  return {
    id,
    cause: draft.cause,
    kind: 'invoice',
    day: dayAt(draft.at, { country: draft.seller.country, timeZone: draft.timeZone }),
    dueInDays: draft.dueInDays,
    prefix: draft.prefix ?? 'INV',
    issuedAt: draft.at,
    seller: draft.seller,
    buyer: draft.buyer,
    currency,
    language: draft.language,
    prices,
    suppliedFrom: draft.suppliedFrom,
    suppliedTo: draft.suppliedTo,
    netMinor: result.netMinor,
    taxMinor: result.taxMinor,
    grossMinor: result.grossMinor,
    prepaidMinor,
    payment: draft.payment,
    buyerReference: draft.buyerReference,
    orderReference: draft.orderReference,
    note: draft.note,
    lines: draft.lines.map((line, index) => lineOf(line, index + 1, result.lines[index]!)),
    taxes: result.groups,
  }
}

const lineOf = (
  line: DraftLine,
  position: number,
  amounts: Pick<InvoiceLine, 'netMinor' | 'taxMinor' | 'grossMinor'>,
): InvoiceLine => ({ ...line, ...amounts, position })

const isDay = (text: string): boolean => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
export const isDecimal = (text: string): boolean => /^-?\d{1,15}(\.\d{1,12})?$/.test(text)

function check(draft: InvoiceDraft): void {
  const { lines, currency, cause } = draft
  const fault = (pointer: string, detail: string): never => invalid('invoice_invalid', pointer, detail)
  if (cause.length === 0 || cause.length > 200) fault('/cause', 'has one to 200 characters')
  if (!isCurrency(currency)) fault('/currency', 'is a currency of ISO 4217')
  if (!/^[A-Z0-9][A-Z0-9/-]{0,19}$/.test(draft.prefix ?? 'INV')) fault('/prefix', 'has up to 20 of A-Z, 0-9, / and -')
  if (!isDay(draft.suppliedFrom) || !isDay(draft.suppliedTo) || draft.suppliedTo < draft.suppliedFrom)
    fault('/suppliedTo', 'is a day, not before suppliedFrom')
  for (const party of ['seller', 'buyer'] as const)
    if (!/^[A-Z]{2}$/.test(draft[party].country)) fault(`/${party}/country`, 'is a country of ISO 3166-1, two letters')
  for (const [index, { quantity, price, name, unit }] of lines.entries()) {
    if (!/^[A-Z0-9]{2,3}$/.test(unit)) fault(`/lines/${index}/unit`, 'is a code of UN/ECE Recommendation 20')
    if (!isDecimal(quantity) || !isDecimal(price)) fault(`/lines/${index}`, 'has decimals as quantity and price')
    if (name.trim() === '') fault(`/lines/${index}/name`, 'is not blank')
  }
  if (lines.length === 0 || lines.length > 30_000) fault('/lines', 'are one to 30,000')
  const taxing = new Set(
    lines.filter(line => line.treatment.category === 'S').map(line => line.treatment.place.country),
  )
  const outside = lines.filter(line => line.treatment.category === 'O').length
  // EN 16931, BR-O-11 to BR-O-14; the tax of each country is declared there, under a number of its own.
  if (taxing.size > 1 || (outside > 0 && outside < lines.length))
    invalid('invoice_mixed', '/lines', 'are of one country, and none beside what is out of scope of tax')
  const owed = lines.find(line => line.treatment.category === 'AE' || line.treatment.category === 'K')
  if (owed && (!draft.buyer.taxId || !draft.seller.taxId))
    fault('/buyer/taxId', 'is needed, and that of the seller, where the buyer owes the tax')
}

export type Scheme = 'VAT' | 'GST' | 'SALES'

/** Whose kind of tax an invoice has, told by its seller. */
export function schemeOf({ seller }: Pick<InvoiceContent, 'seller'>): Scheme {
  const regime = regimeOf({ country: seller.country })
  return regime === 'in' ? 'GST' : regime === 'us' ? 'SALES' : 'VAT'
}

/**
 * Whether EN 16931 is met, which knows no seller without a number where tax is in question (BR-S-02 and its likes); the
 * law does, on small sums.
 */
export const isOfNorm = ({ seller, taxes }: Pick<InvoiceContent, 'seller' | 'taxes'>): boolean =>
  schemeOf({ seller }) === 'VAT' &&
  (seller.taxId !== undefined || seller.taxNumber !== undefined || taxes.every(({ category }) => category === 'O'))

/** Decimal text of a quantity or price with as few digits as say it, twelve at most. */
export function decimalText(value: Exact): string {
  const text = value.round(12).toString(12)
  const cut = text.includes('.') ? text.replace(/\(.*$/, '').replace(/0+$/, '').replace(/\.$/, '') : text
  return cut === '-0' ? '0' : cut
}
