import { Problem } from '#kernel'
import { divided, exact, majorOf, rounded, toWhole } from '../amount.ts'
import { dayAt } from '../tax.ts'
import { decimalText, isDecimal, type Content } from './content.ts'
import type { Invoice, InvoiceLine, InvoiceTax } from './invoice.ts'

/** A part of an invoice that is taken back: of a line so many, or so much as its prices count (with or without tax). */
export interface CreditLine {
  readonly position: number
  readonly quantity?: string | undefined
  readonly amountMinor?: bigint | undefined
}

export interface CreditDraft {
  /** Id of why it is taken back: the same cause gives the same credit note. */
  readonly cause: string
  /** The invoice it takes from. */
  readonly invoice: string
  /** All that is left of it, or parts of lines. */
  readonly lines: 'all' | readonly CreditLine[]
  /** For who reads it. */
  readonly reason: string
  readonly at: Date
  readonly timeZone: string
  /** What numbers of credit notes begin with: `CN`. */
  readonly prefix?: string | undefined
}

/** What was credited of a line before. */
export interface Credited {
  readonly position: number
  readonly netMinor: bigint
  readonly taxMinor: bigint
}

const wrong = (detail: string): never => {
  throw new Problem('unprocessable', 'credit_invalid', { detail })
}

const above = (detail: string, position?: number): never => {
  throw new Problem('conflict', 'credit_above_invoice', { detail, position })
}

/**
 * What a credit note will say. Pure. Nothing is credited that the invoice did not ask for: fails with
 * `credit_above_invoice` beyond what is left, `credit_nothing_left` where that is nothing, `credit_line_unknown`,
 * `credit_invalid` for what is no part of a line.
 */
export function creditOf(invoice: Invoice, before: readonly Credited[], draft: CreditDraft, id: string): Content {
  if (invoice.kind !== 'invoice')
    throw new Problem('conflict', 'credit_of_credit', { detail: 'A credit note is not credited; bill it anew.' })
  const wanted =
    draft.lines === 'all'
      ? invoice.lines.map(({ position }): CreditLine => ({ position }))
      : [...draft.lines].sort((a, b) => a.position - b.position)
  if (new Set(wanted.map(({ position }) => position)).size < wanted.length)
    wrong('A credit note takes from a line once.')
  const lines = wanted
    .map(want => takenFrom(invoice, before, want))
    .filter(line => line !== undefined)
    .map((line, index) => ({ ...line, position: index + 1 }))
  const total = (of: 'netMinor' | 'taxMinor' | 'grossMinor'): bigint => lines.reduce((all, line) => all + line[of], 0n)
  const left = invoice.grossMinor - invoice.creditedMinor
  if (total('grossMinor') > left) above('More would be credited than is left of the invoice.')
  if (lines.length === 0 || total('grossMinor') <= 0n)
    throw new Problem('conflict', 'credit_nothing_left', { detail: 'There is nothing left to credit.' })
  return {
    id,
    cause: draft.cause,
    kind: 'credit-note',
    day: dayAt(draft.at, { country: invoice.seller.country, timeZone: draft.timeZone }),
    prefix: draft.prefix ?? 'CN',
    issuedAt: draft.at,
    seller: invoice.seller,
    buyer: invoice.buyer,
    currency: invoice.currency,
    language: invoice.language,
    prices: invoice.prices,
    suppliedFrom: invoice.suppliedFrom,
    suppliedTo: invoice.suppliedTo,
    netMinor: total('netMinor'),
    taxMinor: total('taxMinor'),
    grossMinor: total('grossMinor'),
    prepaidMinor: 0n,
    credits: { id: invoice.id, number: invoice.number, issuedOn: invoice.issuedOn },
    reason: draft.reason,
    buyerReference: invoice.buyerReference,
    orderReference: invoice.orderReference,
    lines,
    taxes: taxesOf(invoice, lines),
  }
}

function takenFrom(
  invoice: Invoice,
  before: readonly Credited[],
  { position, quantity, amountMinor }: CreditLine,
): InvoiceLine | undefined {
  const line = invoice.lines.find(line => line.position === position)
  if (!line) throw new Problem('unprocessable', 'credit_line_unknown', { detail: 'The invoice has no such line.' })
  if (quantity !== undefined && (!isDecimal(quantity) || quantity.startsWith('-')))
    wrong(`Of line ${position} a decimal quantity above zero is credited.`)
  if (amountMinor !== undefined && amountMinor < 0n !== line.grossMinor < 0n && amountMinor !== 0n)
    wrong(`Line ${position} is credited by an amount of its own sign.`)
  const gone = before.find(credited => credited.position === position)
  // A discount is taken back as what it is, below zero.
  const sign = line.grossMinor < 0n || line.netMinor < 0n ? -1n : 1n
  const net = (line.netMinor - (gone?.netMinor ?? 0n)) * sign
  const tax = (line.taxMinor - (gone?.taxMinor ?? 0n)) * sign
  const isGross = invoice.prices === 'gross'
  const most = isGross ? net + tax : net
  const asked =
    quantity === undefined
      ? (amountMinor ?? most * sign) * sign
      : rounded(exact(quantity).mul(exact(line.price)), invoice.currency) * sign
  if (asked > most) above(`Line ${position} has less left than that.`, position)
  if (asked === 0n && (gone || quantity !== undefined || amountMinor !== undefined)) return undefined
  const whole = (isGross ? line.grossMinor : line.netMinor) * sign
  const share = whole === 0n ? 0n : toWhole(exact(line.taxMinor * sign).mul(exact(asked, whole)))
  // What is left is taken back to the last unit, whatever rounding did on the way.
  const [least, highest] = isGross ? [asked > net ? asked - net : 0n, asked < tax ? asked : tax] : [0n, tax]
  const taxMinor = asked === most ? tax : share < least ? least : share > highest ? highest : share
  const netMinor = isGross ? asked - taxMinor : asked
  const isWhole = !gone && asked === most && quantity === undefined
  return {
    ...line,
    ...(isWhole
      ? {}
      : quantity === undefined
        ? {
            quantity: '1',
            unit: 'C62',
            price: decimalText(majorOf({ minor: asked * sign, currency: invoice.currency })),
          }
        : { quantity }),
    netMinor: netMinor * sign,
    taxMinor: taxMinor * sign,
    grossMinor: (netMinor + taxMinor) * sign,
    credits: position,
  }
}

const keyOf = ({
  category,
  percent,
  parts,
}: Pick<InvoiceTax, 'category' | 'percent'> & { parts: readonly { name: string }[] }) =>
  [category, percent, ...parts.map(part => part.name)].join('|')

/** Each rate's share, its tax in the parts that the invoice had. */
const taxesOf = (invoice: Invoice, lines: readonly InvoiceLine[]): InvoiceTax[] =>
  invoice.taxes.flatMap(tax => {
    const members = lines.filter(({ treatment }) => keyOf(treatment) === keyOf(tax))
    if (members.length === 0) return []
    const taxMinor = members.reduce((all, line) => all + line.taxMinor, 0n)
    const weights = tax.parts.map(({ taxMinor }) => (taxMinor < 0n ? -taxMinor : taxMinor))
    const shares = tax.parts.length > 0 ? divided(taxMinor, weights) : []
    return {
      ...tax,
      netMinor: members.reduce((all, line) => all + line.netMinor, 0n),
      taxMinor,
      parts: tax.parts.map((part, index) => ({ ...part, taxMinor: shares[index]! })),
    }
  })
