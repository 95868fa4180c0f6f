import type { Stripe } from 'stripe'
import { Problem } from '#kernel'
import type { Money } from '../amount.ts'
import { digitsOfStripe, fromProvider, toProvider } from './minor-units.ts'
import {
  headerOf,
  Refused,
  Unclear,
  type Intent,
  type PaymentProvider,
  type ProviderEvent,
  type ProviderRefund,
  type ProviderView,
} from './provider.ts'

export interface StripeOptions {
  readonly name?: string
  readonly secretKey: string
  readonly publishableKey?: string
  /** More than one while a secret is rolled. */
  readonly webhookSecrets: readonly string[]
  /** Another address than Stripe's own, for tests and play money. */
  readonly apiUrl?: string
  readonly now: () => Date
}

/** Bytes of a signature that are older prove nothing (docs.stripe.com/webhooks, "Preventing replay attacks"). */
const toleranceSeconds = 300

const whole = { expand: ['latest_charge.refunds'] }

/** Payments by PaymentIntents of Stripe. The package is loaded with the first question. */
export function stripeProvider(options: StripeOptions): PaymentProvider {
  const { name = 'stripe', secretKey, publishableKey = null, webhookSecrets, now } = options
  let opening: Promise<Stripe> | undefined
  const open = () => (opening ??= openStripe(options))

  async function ask<T>(work: (stripe: Stripe) => Promise<T>): Promise<T> {
    const stripe = await open()
    try {
      return await work(stripe)
    } catch (error) {
      throw asOurs(name, error)
    }
  }

  return {
    name,
    publicKey: publishableKey,
    create: (intent, key, again) => ask(stripe => createIntent(stripe, intent, key, again)),
    async confirm(id, { payment_method: method, payment_intent: returned, return_url }, key) {
      if (returned !== undefined && returned !== id) throw new Problem('invalid', 'payment_proof_invalid')
      if (method)
        await ask(stripe =>
          stripe.paymentIntents.confirm(
            id,
            { payment_method: method, ...(return_url && { return_url }) },
            { idempotencyKey: key },
          ),
        )
      return await this.lookUp(id)
    },
    async charge(id, method, key) {
      await ask(stripe =>
        stripe.paymentIntents.confirm(id, { payment_method: method, off_session: true }, { idempotencyKey: key }),
      )
      return await this.lookUp(id)
    },
    capture: (id, money, key) =>
      ask(async stripe =>
        viewOf(
          await stripe.paymentIntents.capture(
            id,
            { amount_to_capture: toStripe(money), ...whole },
            { idempotencyKey: key },
          ),
        ),
      ),
    cancel: (id, key) =>
      ask(async stripe => viewOf(await stripe.paymentIntents.cancel(id, whole, { idempotencyKey: key }))),
    async refund(id, { mark, money }, key) {
      await ask(stripe =>
        stripe.refunds.create(
          { payment_intent: id, amount: toStripe(money), metadata: { refund: mark } },
          { idempotencyKey: key },
        ),
      )
      return await this.lookUp(id)
    },
    lookUp: id => ask(stripe => look(stripe, id)),
    async verify(body, headers) {
      const signature = headerOf(headers, 'stripe-signature') ?? ''
      const event = constructed(await open(), { secretKey, webhookSecrets, now }, body, signature)
      return event && eventOf(event)
    },
  }
}

async function createIntent(stripe: Stripe, intent: Intent, key: string, again: boolean) {
  const { mark, at, money, capture, description, keep } = intent
  const there = again ? await findMarked(stripe, mark, at) : undefined
  const known = idOf(there?.customer) ?? intent.customer
  const customer = known ?? (keep ? await createCustomer(stripe, mark, key) : null)
  const { id, client_secret: clientSecret } =
    there ??
    (await stripe.paymentIntents.create(
      {
        amount: toStripe(money),
        currency: money.currency.toLowerCase(),
        capture_method: capture,
        description,
        metadata: { payment: mark },
        automatic_payment_methods: { enabled: true },
        ...(customer !== null && { customer }),
        ...(keep && { setup_future_usage: 'off_session' as const }),
      },
      { idempotencyKey: key },
    ))
  return { id, clientSecret, customer }
}

/** Whose cards are kept; of them we tell Stripe nothing. */
const createCustomer = async (stripe: Stripe, mark: string, key: string): Promise<string> =>
  (await stripe.customers.create({ metadata: { payment: mark } }, { idempotencyKey: `${key}-customer` })).id

/** Lists are of what is there now; a search may be a minute behind. */
async function findMarked(stripe: Stripe, mark: string, at: Date): Promise<Stripe.PaymentIntent | undefined> {
  const all = stripe.paymentIntents.list({ limit: 100, created: { gte: secondsOf(at) - 60 } })
  for await (const intent of all) if (intent.metadata.payment === mark) return intent
  return undefined
}

/** With all its refunds: the charge has the latest ten. */
async function look(stripe: Stripe, id: string): Promise<ProviderView> {
  const intent = await stripe.paymentIntents.retrieve(id, whole)
  const { latest_charge: charge } = intent
  if (!charge || typeof charge === 'string' || !charge.refunds?.has_more) return viewOf(intent)
  const refunds = await stripe.refunds.list({ payment_intent: id, limit: 100 }).autoPagingToArray({ limit: 10_000 })
  return { ...viewOf(intent), refunds: refunds.map(refundOf) }
}

/** An event that Stripe signed with one of these secrets, lately; undefined of all others. */
export function constructed(
  { webhooks }: Stripe,
  { secretKey, webhookSecrets, now }: Pick<StripeOptions, 'secretKey' | 'webhookSecrets' | 'now'>,
  body: Buffer,
  signature: string,
): Stripe.Event | undefined {
  const event = firstThat(webhookSecrets, secret =>
    webhooks.constructEvent(body, signature, secret, toleranceSeconds, undefined, now().getTime()),
  )
  // Of the other mode: play money is not to be taken for real money.
  return event?.livemode === isLive(secretKey) ? event : undefined
}

export async function openStripe({
  secretKey,
  apiUrl,
}: {
  readonly secretKey: string
  readonly apiUrl?: string | undefined
}): Promise<Stripe> {
  const { Stripe } = await import('stripe')
  const { protocol, hostname, port } = new URL(apiUrl ?? 'https://api.stripe.com')
  return new Stripe(secretKey, {
    host: hostname,
    port: port || (protocol === 'https:' ? 443 : 80),
    protocol: protocol === 'https:' ? 'https' : 'http',
    maxNetworkRetries: 1,
    timeout: 20_000,
    telemetry: false,
  })
}

const isLive = (key: string): boolean => /^[rs]k_live_/.test(key)

const secondsOf = (at: Date): number => Math.floor(at.getTime() / 1000)

function firstThat<T>(secrets: readonly string[], work: (secret: string) => T): T | undefined {
  for (const secret of secrets)
    try {
      return work(secret)
    } catch {
      // Made with the next one, or by somebody else.
    }
  return undefined
}

const toStripe = (money: Money): number => toProvider(digitsOfStripe, money)

const fromStripe = (amount: number, currency: string): bigint =>
  fromProvider(digitsOfStripe, amount, currency.toUpperCase())

function stateOf({ status, last_payment_error }: Stripe.PaymentIntent): ProviderView['state'] {
  if (status === 'succeeded') return 'succeeded'
  if (status === 'requires_capture') return 'authorised'
  if (status === 'canceled') return 'cancelled'
  return status === 'requires_payment_method' && last_payment_error ? 'failed' : 'pending'
}

function viewOf(intent: Stripe.PaymentIntent): ProviderView {
  const { id, metadata, amount, amount_capturable, amount_received, latest_charge: charge, last_payment_error } = intent
  const currency = intent.currency.toUpperCase()
  const refunds = charge && typeof charge !== 'string' ? (charge.refunds?.data ?? []) : []
  return {
    id,
    mark: metadata.payment,
    state: stateOf(intent),
    money: { minor: fromStripe(amount, currency), currency },
    authorisedMinor: fromStripe(Math.max(amount_capturable, amount_received), currency),
    capturedMinor: fromStripe(amount_received, currency),
    refunds: refunds.map(refundOf),
    failure: last_payment_error?.message ?? undefined,
    method: intent.setup_future_usage && intent.status === 'succeeded' ? idOf(intent.payment_method) : undefined,
  }
}

const refundStates: Record<string, ProviderRefund['state']> = {
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
}

const refundOf = ({ id, metadata, amount, currency, status, failure_reason }: Stripe.Refund): ProviderRefund => ({
  id,
  mark: metadata?.refund,
  amountMinor: fromStripe(amount, currency),
  state: refundStates[status ?? ''] ?? 'pending',
  failure: failure_reason ?? undefined,
})

const idOf = (object: string | { id: string } | null | undefined): string | undefined =>
  typeof object === 'string' ? object : object?.id

function eventOf({ id, type, account, data }: Stripe.Event): ProviderEvent {
  const event = { id, type, account: account ?? null }
  // Of many shapes, and of versions that these types do not know.
  const object = data.object as any
  const currency: string | undefined = object.currency?.toUpperCase()
  switch (object.object) {
    case 'payment_intent': {
      const mark: string | undefined = object.metadata?.payment
      if (!mark) return event
      const amountMinor = Number(fromStripe(object.amount, object.currency))
      return { ...event, about: { id: object.id, mark, currency, amountMinor } }
    }
    case 'charge': {
      // Stripe copies what we marked the intent with; of other charges of the account nothing is ours.
      const mark: string | undefined = object.metadata?.payment
      return mark && object.payment_intent
        ? { ...event, about: { id: idOf(object.payment_intent), mark, currency } }
        : event
    }
    case 'refund':
      return object.payment_intent ? { ...event, about: { id: idOf(object.payment_intent), currency } } : event
    case 'dispute':
      return {
        ...event,
        about: { id: idOf(object.payment_intent), currency },
        dispute: {
          id: object.id,
          amountMinor: Number(fromStripe(object.amount, object.currency)),
          state: object.status === 'won' || object.status === 'lost' ? object.status : 'open',
        },
      }
    default:
      return event
  }
}

/** Of the package's errors by what they tell: whether something may have been done. */
export function asOurs(name: string, error: unknown): unknown {
  const { type, code, message, statusCode } = error as Stripe.errors.StripeError
  if (!type) return error
  if (statusCode === undefined || type === 'StripeConnectionError') return new Unclear(name, message, false)
  if (statusCode >= 500) return new Unclear(name, message, true)
  // Too many at once, or a key under way: as if it had not been asked. Without a right key nothing is known at all.
  if (statusCode === 429 || statusCode === 409 || statusCode === 401) return new Unclear(name, message, false)
  return new Refused(code ?? type, message)
}
