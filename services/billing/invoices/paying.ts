import Type from 'typebox'
import { Currency, Id, Minor, OwnPath, type Owner } from '#contracts/shared'
import { Problem, signedIn, type Tx } from '#kernel'
import { findInvoice, type Invoice } from '#money/invoices'
import { payableFor, type Payment, type Payments } from '#money/payments'
import type { BillingHost } from '../host.ts'
import { judge, type Policy } from '../wallets/accounts.ts'
import { leftOf, openInvoice, payerOf, receive } from './payments.ts'
import { buyersFor } from './routes.ts'

const purpose = 'invoice'

const InvoiceCheckoutView = Type.Object(
  {
    id: Id,
    invoiceId: Id,
    state: Type.Enum(['asked', 'pending', 'failed', 'authorised', 'cancelled', 'succeeded'], { examples: ['pending'] }),
    amountMinor: {
      ...Minor,
      description: 'All that is left to pay, in coins that there are: what is more goes into the wallet',
    },
    currency: Currency,
    provider: Type.String({ examples: ['stripe'] }),
    providerId: Type.Union([Type.String(), Type.Null()], { description: 'Of the intent or order there' }),
    clientSecret: Type.Union([Type.String(), Type.Null()], { description: 'For the SDKs of Stripe' }),
    publicKey: Type.Union([Type.String(), Type.Null()]),
    page: Type.String({ description: 'Where a browser pays', examples: ['https://example.com/pay'] }),
  },
  { title: 'InvoiceCheckout' },
)

/** Who bought pays what is left of an invoice, by card or whatever the provider takes. */
export function invoicePayingRoutes({ db, http }: BillingHost, payments: Payments<'billing'>): void {
  http.post(
    '/invoices/:id/pay',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Pay what is left of an invoice',
        description:
          'For who bought, and who looks after the money of the company that did. Asked again, it is the same payment until ' +
          'that is over.',
        refuses: [
          'invoice_unknown',
          'invoice_settled',
          'payments_unavailable',
          'payment_refused',
          'payment_provider_unavailable',
          'payment_provider_unknown',
        ],
        params: Type.Object({ id: Id }),
        body: Type.Object({
          returnTo: Type.Optional(OwnPath),
        }),
        response: { 201: InvoiceCheckoutView },
      },
    },
    async ({ actor, params, body }, reply) => {
      const invoice = await findInvoice(db, params.id)
      if (!invoice || !buyersFor(actor).includes(invoice.buyer.id ?? ''))
        throw new Problem('not_found', 'invoice_unknown')
      const { currency } = invoice
      const left = leftOf(invoice)
      if (invoice.kind !== 'invoice' || left <= 0n) throw new Problem('conflict', 'invoice_settled')
      const minor = payableFor({ minor: left, currency })
      const payment = await db.transaction(async tx => {
        const payer = await payerOf(tx, invoice)
        return await payments.prepare(tx, {
          purpose,
          reference: await referenceOf(payments, invoice, minor),
          payer,
          money: { minor, currency },
          capture: 'automatic',
          description: invoice.number,
          returnTo: body.returnTo ?? '/',
        })
      })
      const { state, provider, providerId, clientSecret, publicKey, page } = await payments.open(payment.id)
      return reply.code(201).send({
        id: payment.id,
        invoiceId: invoice.id,
        state,
        amountMinor: Number(minor),
        currency,
        provider,
        providerId,
        clientSecret,
        publicKey,
        page,
      })
    },
  )
}

/** Two who pay the same at once have one payment; one that is over makes room for another. */
async function referenceOf(payments: Payments<'billing'>, { id }: Invoice, minor: bigint): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const reference = `${id} ${minor} ${attempt}`
    const { state } = (await payments.findFor(purpose, reference)) ?? {}
    if (state !== 'cancelled' && state !== 'succeeded') return reference
  }
}

/** Whether a payment was made for an invoice; what goes back of it later comes out of who paid. */
export const isForInvoice = (payment: Payment): boolean => payment.purpose === purpose

/** Money that came for an invoice is paid of it. */
export async function takeForInvoice(
  tx: Tx<'billing'>,
  { payment, amountMinor, at }: { readonly payment: Payment; readonly amountMinor: bigint; readonly at: Date },
  payer: Owner,
  policy: Policy,
): Promise<void> {
  const [invoiceId] = payment.reference.split(' ')
  const invoice = await openInvoice(tx, (await findInvoice(tx, invoiceId!))!)
  const about = { invoiceId, paymentId: payment.id }
  await receive(tx, invoice, { id: payment.id, minor: amountMinor, means: 'card', at, about })
  await judge(tx, payer, policy, at)
}
