import Type, { type Static } from 'typebox'
import { Currency, Id, Minor, OwnPath, type Owner } from '#contracts/shared'
import { newId, Problem, signedIn, type Actor } from '#kernel'
import { isCurrency } from '#money/amount'
import { post } from '#money/ledger'
import { payableOf, type Payment, type Payments } from '#money/payments'
import type { BillingHost } from '../host.ts'
import { accounts, judge, lockDriver } from './accounts.ts'
import { giveBack } from './giving-back.ts'

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

/** Whose wallet it is, by who asks. */
export interface Filled {
  readonly path: '/wallet' | '/company/wallet'
  readonly whose: string
  readonly refuses: ('company_unknown' | 'company_manager_required')[]
  ownerOf(actor: Actor): Owner
}

/** Money into a wallet, and back to where it came from. */
export function fillingRoutes(host: BillingHost, payments: Payments<'billing'>, purse: Filled): void {
  const { db, http, now, settings } = host
  http.post(
    `${purse.path}/top-ups`,
    {
      config: { access: signedIn },
      schema: {
        summary: `Put money into the ${purse.whose}`,
        description: 'It is there once the payment has succeeded. What is owed is paid of it first.',
        honours: ['Idempotency-Key'],
        refuses: [
          ...purse.refuses,
          'currency_unknown',
          'payments_unavailable',
          'payment_refused',
          'payment_provider_unavailable',
          'payment_provider_unknown',
        ],
        body: Type.Object({
          amountMinor: Amount,
          currency: Currency,
          returnTo: Type.Optional(OwnPath),
        }),
        response: { 201: TopUpView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const payer = purse.ownerOf(actor)
      if (!isCurrency(body.currency))
        throw new Problem('unprocessable', 'currency_unknown', {
          errors: [{ pointer: '/currency', detail: 'is none' }],
        })
      const { id } = await db.once(request, async tx => {
        const wish = {
          purpose: 'top-up',
          reference: newId(),
          payer,
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
    `${purse.path}/top-ups/:id`,
    {
      config: { access: signedIn },
      schema: {
        summary: `How a payment into the ${purse.whose} stands`,
        refuses: [
          ...purse.refuses,
          'payment_unknown',
          'payment_refused',
          'payment_provider_unavailable',
          'payment_provider_unknown',
        ],
        params: Type.Object({ id: Id }),
        response: { 200: TopUpView },
      },
    },
    async ({ actor, params: { id } }) => {
      const owner = purse.ownerOf(actor)
      const found = await payments.find(id)
      if (!found || found.payer?.id !== owner.id || found.purpose !== 'top-up')
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
    `${purse.path}/refunds`,
    {
      config: { access: signedIn },
      schema: {
        summary: `Have money of the ${purse.whose} back`,
        description:
          'It goes where it came from, the latest payment first; what is kept for sessions that run stays, and ' +
          'so does what is less than the smallest coin (of KWD and other currencies of three decimals).',
        honours: ['Idempotency-Key'],
        refuses: [...purse.refuses, 'wallet_unknown', 'wallet_short', 'refund_exceeds_payment'],
        body: Type.Object({ amountMinor: Amount, currency: Currency }),
        response: { 202: WithdrawalView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const owner = purse.ownerOf(actor)
      const done = await db.once(request, async tx => {
        const id = newId()
        const { currency } = body
        const minor = payableOf({ minor: BigInt(body.amountMinor), currency })
        const known = await tx`
          select from ledger_accounts where kind = 'wallet' and owner_id = ${owner.id} and currency = ${currency}`
        if (known.length === 0) throw new Problem('not_found', 'wallet_unknown')
        if (minor === 0n) throw new Problem('conflict', 'refund_exceeds_payment')
        await lockDriver(tx, owner)
        const from = await accounts.wallet(tx, owner, currency)
        const to = await accounts.outside(tx, currency)
        const posted = await post(tx, { cause: id, kind: 'refund', at: now(), transfers: [{ from, to, minor }] })
        if (posted.outcome === 'short') throw new Problem('conflict', 'wallet_short')
        const { refunds, leftMinor } = await giveBack(tx, payments, { payerId: owner.id, currency, id, minor })
        if (leftMinor > 0n) throw new Problem('conflict', 'refund_exceeds_payment')
        await judge(tx, owner, settings, now())
        return { id, amountMinor: Number(minor), currency, refunds }
      })
      return reply.code(202).send(done)
    },
  )
}
