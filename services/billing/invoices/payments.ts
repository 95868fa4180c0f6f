import Type, { type Static } from 'typebox'
import { Currency, Id, Line, Minor, type Owner } from '#contracts/shared'
import { newId, Problem, type Tx } from '#kernel'
import { findInvoice, recordPayment, type Invoice } from '#money/invoices'
import { accountsOf, post, type Transfer } from '#money/ledger'
import { managedBy, sellers } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { accounts, judge, lockDriver, payDebts } from '../wallets/accounts.ts'

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
export function invoicePaymentRoutes({ db, http, now, settings }: BillingHost): void {
  http.post(
    '/invoices/:id/payments',
    {
      config: { access: sellers },
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
        const invoice = await openInvoice(tx, params.id)
        const mayBook = actor.role === 'admin' || managedBy(actor).includes(invoice?.seller.id ?? '')
        if (!invoice || !mayBook) throw new Problem('not_found', 'invoice_unknown')
        const id = newId()
        const minor = BigInt(body.amountMinor)
        const left = invoice.grossMinor - invoice.paidMinor - invoice.creditedMinor
        if (minor > left || invoice.kind !== 'invoice') throw new Problem('conflict', 'payment_exceeds_invoice')
        await recordPayment(tx, { invoice: invoice.id, cause: id, minor, means: 'transfer', at })
        const payer = await payerOf(tx, invoice)
        await receive(tx, payer, {
          id,
          minor,
          currency: invoice.currency,
          at,
          about: { invoiceId: invoice.id, ...body },
        })
        await judge(tx, payer, BigInt(settings.BILLING_DEBT_ALLOWED_MINOR), at)
        return view(invoice, id, body.amountMinor, left - minor)
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

/** Two who are paid at once are looked at one after the other. */
async function openInvoice(tx: Tx, id: string): Promise<Invoice | undefined> {
  await tx`select from invoice_states where invoice_id = ${id} for update`
  return await findInvoice(tx, id)
}

async function payerOf(tx: Tx, { buyer }: Invoice): Promise<Owner> {
  const company = await tx`select from companies where organisation_id = ${buyer.id!}`
  return { kind: company.length > 0 ? 'organisation' : 'person', id: buyer.id! }
}

interface Received {
  readonly id: string
  readonly minor: bigint
  readonly currency: string
  readonly at: Date
  readonly about: object
}

/** What is owed by invoices first; the rest is theirs, and pays debts. */
async function receive(tx: Tx, payer: Owner, { id, minor, currency, at, about }: Received): Promise<void> {
  await lockDriver(tx, payer)
  const from = await accounts.outside(tx, currency)
  const receivable = (await accountsOf(tx, payer.id, 'receivable')).find(account => account.currency === currency)
  const owed = receivable && receivable.balanceMinor < 0n ? -receivable.balanceMinor : 0n
  const first = owed < minor ? owed : minor
  const transfers: Transfer[] = []
  if (first > 0n) transfers.push({ from, to: receivable!.id, minor: first })
  if (minor > first) transfers.push({ from, to: await accounts.wallet(tx, payer, currency), minor: minor - first })
  await post(tx, { cause: id, kind: 'invoice-payment', at, about, transfers })
  await payDebts(tx, payer, currency, { id, kind: 'invoice-payment', at })
}
