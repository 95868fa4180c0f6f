import Type, { type Static } from 'typebox'
import { TopUpFailed } from '#contracts/billing'
import { Currency, Id, Minor } from '#contracts/shared'
import { newId, Problem, signedIn, type Tx } from '#kernel'
import { isCurrency } from '#money/amount'
import { post } from '#money/ledger'
import { openPayments, type Payment, type PaymentChange, type Payments } from '#money/payments'
import type { BillingHost } from '../host.ts'
import { accounts, judge, lockDriver, payDebts } from './accounts.ts'
import { giveBack } from './giving-back.ts'
import { watchBalance } from './low.ts'

const Amount = { ...Minor, minimum: 1, maximum: 100_000_000 }

const TopUpView = Type.Object(
  {
    id: Id,
    state: Type.Enum(['asked', 'pending', 'failed', 'authorised', 'cancelled', 'succeeded'], { examples: ['pending'] }),
    amountMinor: Minor,
    currency: Currency,
    provider: Type.String({ examples: ['stripe'] }),
    providerId: Type.Union([Type.String(), Type.Null()], { description: 'Of the intent or order there' }),
    clientSecret: Type.Union([Type.String(), Type.Null()], { description: 'For the SDKs of Stripe' }),
    publicKey: Type.Union([Type.String(), Type.Null()]),
    page: Type.String({ description: 'Where a browser pays', examples: ['https://example.com/pay'] }),
  },
  { title: 'TopUp' },
)

const WithdrawalView = Type.Object(
  { id: Id, amountMinor: Minor, currency: Currency, refunds: Type.Integer({ examples: [1] }) },
  { title: 'Withdrawal' },
)

/** Money into wallets, by whoever takes payments here, and back to where it came from. */
export function topUps(
  host: BillingHost,
  others: (tx: Tx<'billing'>, change: PaymentChange) => Promise<void>,
): Payments<'billing'> {
  const { db, http, now, settings } = host
  const payments = openPayments<'billing'>(host, { onChange: (tx, change) => follow(tx, change) })
  const allowed = BigInt(settings.BILLING_DEBT_ALLOWED_MINOR)

  /** What drivers have follows what becomes of their payments. */
  async function follow(tx: Tx<'billing'>, change: PaymentChange): Promise<void> {
    const { payment, at } = change
    if (payment.purpose !== 'top-up' || !payment.payer) return await others(tx, change)
    const driverId = payment.payer.id
    const { currency } = payment
    if (change.kind === 'failed')
      await tx.publish(TopUpFailed, {
        paymentId: payment.id,
        driverId,
        currency,
        amountMinor: Number(payment.amountMinor),
        at: at.toISOString(),
      })
    const moved = movedBy(change)
    if (!moved) return
    await lockDriver(tx, driverId)
    const wallet = await accounts.wallet(tx, driverId, currency)
    const outside = await accounts.outside(tx, currency)
    const debt = await accounts.debt(tx, driverId, currency)
    const { cause, kind, minor } = moved
    const transfers =
      minor > 0n
        ? [{ from: outside, to: wallet, minor }]
        : [{ from: wallet, to: outside, minor: -minor, otherwise: debt }]
    await post(tx, { cause, kind, at, about: { paymentId: payment.id }, transfers })
    if (minor > 0n) await payDebts(tx, driverId, currency, { id: cause, kind, at })
    await judge(tx, driverId, allowed, at)
    await watchBalance(tx, { driverId, currency, fell: minor < 0n, at }, settings.BILLING_LOW_BALANCE_MINOR)
  }

  http.post(
    '/wallet/top-ups',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Put money into the own wallet',
        description: 'It is there once the payment has succeeded. What is owed is paid of it first.',
        honours: ['Idempotency-Key'],
        refuses: [
          'currency_unknown',
          'payments_unavailable',
          'payment_refused',
          'payment_provider_unavailable',
          'payment_provider_unknown',
        ],
        body: Type.Object({
          amountMinor: Amount,
          currency: Currency,
          returnTo: Type.Optional(
            Type.String({
              pattern: '^/([\\x21-\\x2e\\x30-\\x5b\\x5d-\\x7e][\\x21-\\x5b\\x5d-\\x7e]*)?$',
              maxLength: 500,
              description: 'Path of ours where the browser goes afterwards',
              examples: ['/'],
            }),
          ),
        }),
        response: { 201: TopUpView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      if (!isCurrency(body.currency))
        throw new Problem('unprocessable', 'currency_unknown', {
          errors: [{ pointer: '/currency', detail: 'is none' }],
        })
      const { id } = await db.once(request, async tx => {
        const wish = {
          purpose: 'top-up',
          reference: newId(),
          payer: { kind: 'person', id: actor.userId },
          money: { minor: BigInt(body.amountMinor), currency: body.currency },
          capture: 'automatic',
          description: 'Wallet',
          returnTo: body.returnTo ?? '/',
        } as const
        return { id: (await payments.prepare(tx, wish)).id }
      })
      return reply.code(201).send(await view((await payments.find(id))!))
    },
  )

  http.get(
    '/wallet/top-ups/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How a payment into the own wallet stands',
        refuses: ['payment_unknown', 'payment_refused', 'payment_provider_unavailable', 'payment_provider_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: TopUpView },
      },
    },
    async ({ actor, params: { id } }) => {
      const found = await payments.find(id)
      if (!found || found.payer?.id !== actor.userId || found.purpose !== 'top-up')
        throw new Problem('not_found', 'payment_unknown')
      const isOver = found.state === 'succeeded' || found.state === 'cancelled'
      return await view(isOver || found.providerId === null ? found : await payments.check(id))
    },
  )

  async function view({ id, amountMinor, currency, state }: Payment): Promise<Static<typeof TopUpView>> {
    const opened = await payments.open(id)
    const { provider, providerId, clientSecret, publicKey, page } = opened
    const shown = state === 'asked' ? opened.state : state
    return {
      id,
      state: shown,
      amountMinor: Number(amountMinor),
      currency,
      provider,
      providerId,
      clientSecret,
      publicKey,
      page,
    }
  }

  http.post(
    '/wallet/refunds',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Have money of the own wallet back',
        description: 'It goes where it came from, the latest payment first; what is kept for sessions that run stays.',
        honours: ['Idempotency-Key'],
        refuses: ['wallet_unknown', 'wallet_short', 'refund_exceeds_payment'],
        body: Type.Object({ amountMinor: Amount, currency: Currency }),
        response: { 202: WithdrawalView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const done = await db.once(request, async tx => {
        const id = newId()
        const minor = BigInt(body.amountMinor)
        const { currency } = body
        const known = await tx`
          select from ledger_accounts where kind = 'wallet' and owner_id = ${actor.userId} and currency = ${currency}`
        if (known.length === 0) throw new Problem('not_found', 'wallet_unknown')
        await lockDriver(tx, actor.userId)
        const from = await accounts.wallet(tx, actor.userId, currency)
        const to = await accounts.outside(tx, currency)
        const posted = await post(tx, { cause: id, kind: 'refund', at: now(), transfers: [{ from, to, minor }] })
        if (posted.outcome === 'short') throw new Problem('conflict', 'wallet_short')
        const { refunds, leftMinor } = await giveBack(tx, payments, { payerId: actor.userId, currency, id, minor })
        if (leftMinor > 0n) throw new Problem('conflict', 'refund_exceeds_payment')
        return { id, amountMinor: body.amountMinor, currency, refunds }
      })
      return reply.code(202).send(done)
    },
  )

  return payments
}

/** What a change moves into a wallet, or out of it below zero. What went back because the driver asked left it then. */
function movedBy(change: PaymentChange): { cause: string; kind: string; minor: bigint } | undefined {
  const { payment } = change
  switch (change.kind) {
    case 'succeeded':
      return { cause: payment.id, kind: 'top-up', minor: change.amountMinor }
    case 'refunded':
      return change.refund.reference === null
        ? { cause: change.refund.id, kind: 'refund', minor: -change.refund.amountMinor }
        : undefined
    case 'refund-failed':
      // Of one that was made at the provider this comes behind its `refunded`, which took the money out.
      return { cause: change.refund.id, kind: 'refund-failed', minor: change.refund.amountMinor }
    case 'disputed':
      return { cause: payment.id, kind: `dispute ${change.disputeId}`, minor: -change.amountMinor }
    case 'dispute-won':
      return { cause: payment.id, kind: `dispute-won ${change.disputeId}`, minor: change.amountMinor }
    default:
      return undefined
  }
}
