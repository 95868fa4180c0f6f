import Type, { type Static } from 'typebox'
import { Currency, Id, Line, Minor, type Owner } from '#contracts/shared'
import { newId, Problem, type Tx } from '#kernel'
import { findInvoice, recordPayment, type Invoice } from '#money/invoices'
import { accountsOf, post, type Transfer } from '#money/ledger'
import { freshSellers, managedBy } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { accounts, judge, lockDriver } from '../wallets/accounts.ts'
import { noteSettled } from '../wallets/owed.ts'

const PaymentView = Type.Object(
  {
    id: Id,
    invoiceId: Id,
    amountMinor: Minor,
    currency: Currency,
    openMinor: { ...Minor, description: 'Left to pay' },
  },
  { title: 'InvoicePayment' },
)

/** Money that a seller has by transfer for what was invoiced. */
export function invoicePaymentRoutes({ acted, db, http, now, settings }: BillingHost): void {
  http.post(
    '/invoices/:id/payments',
    {
      config: { access: freshSellers },
      schema: {
        summary: 'Say that an invoice was paid, or a part of it',
        description: 'By transfer to who sells. What a company owes by invoices becomes less by it.',
        honours: ['Idempotency-Key'],
        refuses: ['invoice_unknown', 'payment_exceeds_invoice'],
        params: Type.Object({ id: Id }),
        body: Type.Object({
          amountMinor: { ...Minor, minimum: 1 },
          reference: Type.Optional({
            ...Line(140, { examples: ['2027-04-14 Voltaic'] }),
            description: 'As the bank has it',
          }),
        }),
        response: { 201: PaymentView },
      },
    },
    async (request, reply) => {
      const { actor, body, params } = request
      const at = now()
      const made = await db.once(request, async tx => {
        const found = await findInvoice(tx, params.id)
        const mayBook = actor.role === 'admin' || managedBy(actor).includes(found?.seller.id ?? '')
        if (!found || !mayBook) throw new Problem('not_found', 'invoice_unknown')
        const invoice = await openInvoice(tx, found)
        const id = newId()
        const minor = BigInt(body.amountMinor)
        if (minor > leftOf(invoice) || invoice.kind !== 'invoice')
          throw new Problem('conflict', 'payment_exceeds_invoice')
        await receive(tx, invoice, { id, minor, means: 'transfer', at, about: { invoiceId: invoice.id, ...body } })
        await judge(tx, await payerOf(tx, invoice), settings, at)
        const { currency } = invoice
        if (actor.role === 'admin')
          await acted(tx, actor, 'invoice.paid-by-hand', invoice.id, { currency, amountMinor: body.amountMinor })
        return view(invoice, id, body.amountMinor, leftOf(invoice) - minor)
      })
      return reply.code(201).send(made)
    },
  )
}

const view = (
  { id: invoiceId, currency }: Invoice,
  id: string,
  amountMinor: number,
  openMinor: bigint,
): Static<typeof PaymentView> => ({ id, invoiceId, amountMinor, currency, openMinor: Number(openMinor) })

/** What is left to pay of it. */
export const leftOf = ({ grossMinor, paidMinor, creditedMinor }: Invoice): bigint =>
  grossMinor - paidMinor - creditedMinor

/** The invoice as nobody else changes it: of two who pay at once the second sees what the first paid. */
export async function openInvoice(tx: Tx, { id, buyer }: Invoice): Promise<Invoice> {
  await lockDriver(tx, await payerOf(tx, { buyer }))
  await tx`select from charges where invoice_id = ${id} order by session_id for update`
  await tx`select from invoice_states where invoice_id = ${id} for update`
  return (await findInvoice(tx, id))!
}

/** Who bought, as money is kept for them. */
export async function payerOf(tx: Tx, { buyer }: Pick<Invoice, 'buyer'>): Promise<Owner> {
  const company = await tx`select from companies where organisation_id = ${buyer.id!}`
  return { kind: company.length > 0 ? 'organisation' : 'person', id: buyer.id! }
}

interface Received {
  readonly id: string
  readonly minor: bigint
  readonly means: 'transfer' | 'card'
  readonly at: Date
  readonly about: object
}

/** Money that came for an invoice: what is owed for it first; the rest is theirs, and pays debts. */
export async function receive(tx: Tx, invoice: Invoice, { id, minor, means, at, about }: Received): Promise<void> {
  const { currency } = invoice
  const payer = await payerOf(tx, invoice)
  await lockDriver(tx, payer)
  const from = await accounts.outside(tx, currency)
  const owned = await accountsOf(tx, payer.id)
  const owedIn = (kind: string): bigint => {
    const { balanceMinor } = owned.find(account => account.kind === kind && account.currency === currency) ?? {}
    return balanceMinor !== undefined && balanceMinor < 0n ? -balanceMinor : 0n
  }
  const most = (...all: bigint[]): bigint => all.reduce((a, b) => (a < b ? a : b))
  // What it says by name to be owed of a wallet, then what is paid by invoices, then whatever else is owed.
  const [named] = await tx<{ minor: bigint }[]>`
    select coalesce(sum(owed_minor), 0)::bigint as minor from charges where invoice_id = ${invoice.id} and not on_account`
  const first = most(named!.minor, owedIn('debt'), minor)
  const byInvoice = most(owedIn('receivable'), minor - first)
  const debt = first + most(owedIn('debt') - first, minor - first - byInvoice)
  const rest = minor - byInvoice - debt
  const transfers: Transfer[] = []
  if (byInvoice > 0n) transfers.push({ from, to: await accounts.receivable(tx, payer, currency), minor: byInvoice })
  if (debt > 0n) transfers.push({ from, to: await accounts.debt(tx, payer, currency), minor: debt })
  if (rest > 0n) transfers.push({ from, to: await accounts.wallet(tx, payer, currency), minor: rest })
  const posted = await post(tx, { cause: id, kind: 'invoice-payment', at, about, transfers })
  if (posted.outcome !== 'posted') return
  const settled = await noteSettled(tx, {
    driverId: payer.id,
    currency,
    minor: debt,
    cause: `invoice-payment ${id}`,
    at,
    first: invoice.id,
    means,
  })
  // What nothing was owed for by name is paid of the invoice all the same.
  const unnamed = most(leftOf(invoice), minor) - settled
  if (unnamed > 0n) await recordPayment(tx, { invoice: invoice.id, cause: id, minor: unnamed, means, at })
}
