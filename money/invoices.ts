import { join } from 'node:path'
import { defineModule, fail, newId, type Db, type Problems, type Tx } from '#kernel'
import { contentOf } from './invoices/content.ts'
import { creditOf, type CreditDraft, type CreditLine } from './invoices/credit.ts'
import type {
  DraftLine,
  Invoice,
  InvoiceContent,
  InvoiceDraft,
  InvoiceKind,
  InvoiceLine,
  InvoiceState,
  InvoiceTax,
  Party,
  Payment,
  Terms,
} from './invoices/invoice.ts'
import {
  creditedOf,
  find,
  gaps,
  list,
  lockState,
  rowsOf,
  summaryOf,
  write,
  type InvoiceFilter,
  type InvoiceRow,
  type InvoiceSummary,
  type Issued,
} from './invoices/store.ts'
import { ublOf } from './invoices/ubl.ts'

/**
 * Invoices and credit notes, in the schema of whoever includes it. Numbers of a seller and a year have no gaps: the row
 * of the series stays locked until what it numbered is committed, so that whoever issues does it last in a transaction.
 * What was issued is never changed, which the database sees to; payments and due dates stand beside it.
 */
export const invoices = defineModule({ name: 'invoices', folder: join(import.meta.dirname, 'invoices') })

export type {
  CreditDraft,
  CreditLine,
  DraftLine,
  Invoice,
  InvoiceContent,
  InvoiceDraft,
  InvoiceFilter,
  InvoiceKind,
  InvoiceLine,
  InvoiceState,
  InvoiceSummary,
  InvoiceTax,
  Issued,
  Party,
  Payment,
  Terms,
}

/** What these functions refuse with, for a service to list among its own. */
export const invoiceProblems = {
  invoice_unknown: ['not_found', 'There is no such invoice, or it is not for who asks.'],
  invoice_invalid: ['unprocessable', 'No invoice can say that.'],
  invoice_mixed: [
    'unprocessable',
    'Taxes of two countries, or what is in and out of scope of tax, need an invoice each.',
  ],
  invoice_negative: ['unprocessable', 'An invoice asks for nothing below zero.'],
  invoice_cause_taken: ['conflict', 'Something else was billed or credited for this.'],
  invoice_prefix_taken: ['conflict', 'Invoices and credit notes of a seller begin with different letters.'],
  credit_above_invoice: ['conflict', 'More would be credited than is left of the invoice.'],
  credit_nothing_left: ['conflict', 'There is nothing left to credit.'],
  credit_line_unknown: ['unprocessable', 'The invoice has no such line.'],
  credit_invalid: ['unprocessable', 'That is no part of a line to take back.'],
  credit_of_credit: ['conflict', 'A credit note is not credited.'],
} satisfies Problems

/**
 * Issues an invoice; the same cause gives the one there is. Fails with `invoice_invalid`, `invoice_mixed`,
 * `invoice_negative`, `invoice_cause_taken`, `invoice_prefix_taken`.
 */
export const issue = async (tx: Tx, draft: InvoiceDraft): Promise<Issued> => (await issueMany(tx, [draft]))[0]!

/** As `issue`, many at once: a few hundred in a transaction are quickest. All or none. */
export const issueMany = (tx: Tx, drafts: readonly InvoiceDraft[]): Promise<Issued[]> =>
  drafts.length === 0
    ? Promise.resolve([])
    : write(
        tx,
        drafts.map(draft => contentOf(draft, newId())),
      )

/**
 * Takes back an invoice, or parts of its lines, by a credit note that cites it; the same cause gives the one there is.
 * Fails with `invoice_unknown`, `credit_above_invoice`, `credit_nothing_left`, `credit_line_unknown`, `credit_invalid`,
 * `credit_of_credit`, `invoice_prefix_taken`.
 */
export async function credit(tx: Tx, draft: CreditDraft): Promise<Issued> {
  if (!(await lockState(tx, draft.invoice))) unknown()
  const there = await find(tx, { cause: draft.cause })
  if (there?.kind === 'credit-note' && there.credits?.id === draft.invoice) {
    const { id, cause, kind, number, issuedOn, netMinor, taxMinor, grossMinor } = there
    return { id, cause, kind, number, issuedOn, netMinor, taxMinor, grossMinor, isNew: false }
  }
  const [invoice, before] = await Promise.all([find(tx, { id: draft.invoice }), creditedOf(tx, draft.invoice)])
  return (await write(tx, [creditOf(invoice!, before, draft, newId())]))[0]!
}

const unknown = (): never => fail('not_found', 'invoice_unknown', { detail: 'There is no such invoice.' })

export const findInvoice = (db: Db, id: string): Promise<Invoice | undefined> => find(db, { id })

export const findInvoiceFor = (db: Db, cause: string): Promise<Invoice | undefined> => find(db, { cause })

/** Newest first; ask for one more than a page shows, and continue after the last by its `issuedAt` and `id`. */
export const listInvoices = (db: Db, filter: InvoiceFilter): Promise<InvoiceSummary[]> => list(db, filter)

/** The same as a statement that is not yet on its way, and what a row of it says. */
export const invoiceRows = (db: Db, filter: InvoiceFilter) => rowsOf(db, filter)
export const summaryOfRow = (row: InvoiceRow): InvoiceSummary => summaryOf(row)

export interface PaymentOf {
  readonly invoice: string
  /** Id of the payment: counted once. */
  readonly cause: string
  /** Below zero for what was given back. */
  readonly minor: bigint
  readonly means: Payment['means']
  readonly at: Date
}

/** Notes that an invoice was paid, or a credit note paid out. False where that was noted before. */
export async function recordPayment(tx: Tx, { invoice, cause, minor, means, at }: PaymentOf): Promise<boolean> {
  if (!(await lockState(tx, invoice))) unknown()
  const rows = await tx`
    insert into invoice_payments (cause, invoice_id, minor, means, paid_at)
    values (${cause}, ${invoice}, ${minor}, ${means}, ${at}) on conflict do nothing returning cause`
  return rows.length > 0
}

/** Moves when it is due, by agreement with the buyer; what the invoice said stays as it is. */
export const postpone = async (tx: Tx, invoice: string, dueOn: string): Promise<void> => {
  await tx`update invoice_states set due_on = ${dueOn} where invoice_id = ${invoice}`
}

/** Numbers that were given and no invoice has. There are none; who asks is an auditor or a job that watches. */
export const gapsIn = async (db: Db) => [...(await gaps(db))]

/** UBL 2.1 as EN 16931 has it; the same bytes each time. */
export const asUbl = (invoice: InvoiceContent): string => ublOf(invoice)

/** A tagged PDF with the UBL attached; the same bytes each time, so that it need not be kept. */
export const asPdf = async (invoice: InvoiceContent): Promise<Buffer> => {
  const { pdfOf } = await import('./invoices/pdf.ts')
  return await pdfOf(invoice)
}
