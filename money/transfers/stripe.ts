import type { Stripe } from 'stripe'
import type { Owner } from '#contracts/shared'
import { digitsOfStripe, fromProvider, toProvider } from '../payments/minor-units.ts'
import { headerOf, type Headers } from '../payments/provider.ts'
import { asOurs, constructed, openStripe } from '../payments/stripe.ts'
import type { Reversal, Transfer } from './transfer.ts'

export interface ConnectOptions {
  readonly secretKey: string
  /** More than one while a secret is rolled. */
  readonly webhookSecrets: readonly string[]
  readonly apiUrl?: string | undefined
  readonly now: () => Date
}

/** How an account stands there. */
export interface AccountSeen {
  readonly ready: boolean
  readonly due: readonly string[]
  readonly disabled: string | null
}

/** How a transfer stands there. */
export interface TransferSeen {
  readonly id: string
  readonly mark: string | undefined
  readonly account: string | undefined
  readonly amountMinor: bigint
  readonly currency: string
  readonly reversedMinor: bigint
  readonly reversals: readonly {
    readonly id: string
    readonly mark: string | undefined
    readonly amountMinor: bigint
  }[]
}

/** What of an event is of interest: whose account it is about, or which transfer. */
export interface ConnectEvent {
  readonly account?: string | undefined
  readonly transfer?: string | undefined
}

/**
 * Connected accounts of Stripe and transfers to them (separate charges and transfers). Every verb may be repeated with its
 * key; of what cannot be told whether it was done it fails with `Unclear`, of what was not done with `Refused`.
 */
export function openConnect(options: ConnectOptions) {
  const { secretKey, webhookSecrets, now } = options
  let opening: Promise<Stripe> | undefined
  const open = () => (opening ??= openStripe(options))

  async function ask<T>(work: (stripe: Stripe) => Promise<T>): Promise<T> {
    const stripe = await open()
    try {
      return await work(stripe)
    } catch (error) {
      throw asOurs('stripe', error)
    }
  }

  return {
    createAccount: (owner: Owner, about: { country: string; email: string | null }) =>
      ask(async stripe => {
        const { country, email } = about
        // With a day between two tries there may be two; the first is empty, and never used.
        const { id } = await stripe.accounts.create(
          {
            type: 'express',
            country,
            ...(email !== null && { email }),
            capabilities: { transfers: { requested: true } },
            metadata: { owner: owner.id },
          },
          { idempotencyKey: `${owner.id}-account-${country}` },
        )
        return id
      }),
    /** An address at which its owner tells Stripe what it wants to know, once and for some minutes. */
    link: (account: string, { returnUrl, refreshUrl }: { returnUrl: string; refreshUrl: string }) =>
      ask(async stripe => {
        const { url, expires_at } = await stripe.accountLinks.create({
          account,
          type: 'account_onboarding',
          return_url: returnUrl,
          refresh_url: refreshUrl,
          collection_options: { fields: 'eventually_due' },
        })
        return { url, expiresAt: new Date(expires_at * 1000) }
      }),
    account: (id: string) => ask(async stripe => accountOf(await stripe.accounts.retrieve(id))),
    ...transfersBy(ask),
    /** Undefined where it was not made with our secret, over these bytes and lately. */
    async verify(body: Buffer, headers: Headers): Promise<ConnectEvent | undefined> {
      const signature = headerOf(headers, 'stripe-signature') ?? ''
      const event = constructed(await open(), { secretKey, webhookSecrets, now }, body, signature)
      if (!event) return undefined
      // Of many shapes.
      const object = event.data.object as any
      if (object.object === 'transfer') return { transfer: object.metadata?.transfer }
      return { account: event.account ?? (object.object === 'account' ? object.id : undefined) }
    },
  }
}

/** Asks Stripe, and says in our words what came of it. */
type Ask = <T>(work: (stripe: Stripe) => Promise<T>) => Promise<T>

const transfersBy = (ask: Ask) => ({
  /** `again`: an earlier try with another key may have done it, so it is looked for first. */
  transfer: ({ id, account, amountMinor, currency, description, keyNumber }: Transfer, again: boolean) =>
    ask(async stripe => {
      const [there] = again ? (await stripe.transfers.list({ transfer_group: id, limit: 1 })).data : []
      const made =
        there ??
        (await stripe.transfers.create(
          {
            amount: toProvider(digitsOfStripe, { minor: amountMinor, currency }),
            currency: currency.toLowerCase(),
            destination: account,
            description,
            transfer_group: id,
            metadata: { transfer: id },
          },
          { idempotencyKey: `${id}-${keyNumber}` },
        ))
      return made.id
    }),
  async reverse(transfer: string, { id, amountMinor, keyNumber }: Reversal, currency: string): Promise<void> {
    const amount = toProvider(digitsOfStripe, { minor: amountMinor, currency })
    await ask(stripe =>
      stripe.transfers.createReversal(
        transfer,
        { amount, metadata: { reversal: id } },
        { idempotencyKey: `${id}-${keyNumber}` },
      ),
    )
  },
  lookUp: (id: string) =>
    ask(async stripe => {
      const transfer = await stripe.transfers.retrieve(id)
      const reversals = await stripe.transfers.listReversals(id, { limit: 100 }).autoPagingToArray({ limit: 1_000 })
      return seen(transfer, reversals)
    }),
  /** All since then, as far as they are marked as ours. */
  since: (at: Date) =>
    ask(async stripe => {
      const created = { gte: Math.floor(at.getTime() / 1000) }
      const all = await stripe.transfers.list({ created, limit: 100 }).autoPagingToArray({ limit: 10_000 })
      return all.filter(({ metadata }) => metadata.transfer).map(one => seen(one, []))
    }),
})

export type Connect = ReturnType<typeof openConnect>

function accountOf({ payouts_enabled: paysOut, capabilities, requirements }: Stripe.Account): AccountSeen {
  const due = new Set([...(requirements?.currently_due ?? []), ...(requirements?.past_due ?? [])])
  return {
    ready: paysOut && capabilities?.transfers === 'active',
    due: [...due].sort(),
    disabled: requirements?.disabled_reason ?? null,
  }
}

function seen(transfer: Stripe.Transfer, reversals: readonly Stripe.TransferReversal[]): TransferSeen {
  const { id, metadata, amount, amount_reversed, destination } = transfer
  const currency = transfer.currency.toUpperCase()
  const ours = (minor: number) => fromProvider(digitsOfStripe, minor, currency)
  return {
    id,
    mark: metadata.transfer,
    account: typeof destination === 'string' ? destination : destination?.id,
    amountMinor: ours(amount),
    currency,
    reversedMinor: ours(amount_reversed),
    reversals: reversals.map(one => ({ id: one.id, mark: one.metadata?.reversal, amountMinor: ours(one.amount) })),
  }
}
