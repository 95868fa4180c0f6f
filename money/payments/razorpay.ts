import { createHmac, timingSafeEqual } from 'node:crypto'
import { Problem } from '#kernel'
import type { Money } from '../amount.ts'
import { digitsOfRazorpay, fromProvider, toProvider } from './minor-units.ts'
import {
  headerOf,
  Refused,
  Unclear,
  type PaymentProvider,
  type ProviderEvent,
  type ProviderRefund,
  type ProviderView,
} from './provider.ts'

export interface RazorpayOptions {
  readonly keyId: string
  readonly keySecret: string
  /** More than one while a secret is rolled. */
  readonly webhookSecrets: readonly string[]
  /** Another address than Razorpay's own, for tests. */
  readonly apiUrl?: string
}

/** Of its API, as far as it is used here (razorpay.com/docs/api). */
interface Order {
  readonly id: string
  readonly amount: number
  readonly currency: string
  readonly receipt: string | null
  readonly notes: Record<string, string> | readonly never[]
}

interface Payment {
  readonly id: string
  readonly order_id: string
  readonly amount: number
  readonly currency: string
  readonly status: 'created' | 'authorized' | 'captured' | 'refunded' | 'failed'
  readonly captured: boolean
  readonly error_description: string | null
}

interface Refund {
  readonly id: string
  readonly amount: number
  readonly status: 'pending' | 'processed' | 'failed'
  readonly notes: Record<string, string> | readonly never[]
}

interface List<T> {
  readonly items: readonly T[]
}

/** The HTTP client of the package, below its functions: they take neither an idempotency key nor another address. */
interface Client {
  readonly defaults: { baseURL?: string; timeout?: number }
  request<T>(about: {
    method: string
    url: string
    data?: object
    params?: object
    headers?: object
  }): Promise<{ data: T }>
}

/** Longer than any payer takes; what is not captured by then goes back by itself. */
const minutesUntilReturned = 7_200

const notesOf = (notes: Order['notes']): Record<string, string> =>
  Array.isArray(notes) ? {} : (notes as Record<string, string>)

/** Part of a refund's notes: it is what a smaller capture left over, as Razorpay captures all or nothing. */
const leftOver = 'left over'

/** Payments by Orders of Razorpay. The package is loaded with the first question. */
export function razorpayProvider(options: RazorpayOptions): PaymentProvider {
  const name = 'razorpay'
  const { keyId, keySecret, webhookSecrets } = options
  let opening: Promise<Client> | undefined
  const open = () => (opening ??= openClient(options))

  async function ask<T>(method: string, url: string, data?: object, key?: string): Promise<T> {
    const client = await open()
    try {
      const about = method === 'get' ? { params: data } : { data }
      const headers = key ? { 'X-Refund-Idempotency': key } : {}
      return (await client.request<T>({ method, url: `/v1${url}`, ...about, headers })).data
    } catch (error) {
      throw asOurs(name, error)
    }
  }

  const { paymentOf, refundsOf, lookUp } = looking(ask)

  return {
    name,
    publicKey: keyId,
    async create({ mark, money, capture, description }, key, again) {
      const there = again ? (await ask<List<Order>>('get', '/orders', { receipt: mark })).items[0] : undefined
      const order =
        there ??
        (await ask<Order>(
          'post',
          '/orders',
          {
            amount: toRazorpay(money),
            currency: money.currency,
            receipt: mark,
            notes: { payment: mark, description: description.slice(0, 250) },
            payment: {
              capture: capture === 'automatic' ? 'automatic' : 'manual',
              capture_options: {
                ...(capture === 'automatic' && { automatic_expiry_period: minutesUntilReturned }),
                manual_expiry_period: minutesUntilReturned,
                refund_speed: 'normal',
              },
            },
          },
          key,
        ))
      return { id: order.id, clientSecret: null }
    },
    async charge() {
      throw new Refused('unsupported', 'Razorpay keeps no card for us.')
    },
    async confirm(id, { razorpay_order_id: order, razorpay_payment_id: payment, razorpay_signature: signature }) {
      const isProven = order === id && payment && signature && isSigned(`${order}|${payment}`, signature, keySecret)
      if (!isProven) throw new Problem('invalid', 'payment_proof_invalid')
      return await lookUp(id)
    },
    async capture(id, money, key) {
      const payment = await paymentOf(id)
      if (!payment) throw new Refused('payment_missing', 'there is nothing to capture')
      if (!payment.captured)
        await ask('post', `/payments/${payment.id}/capture`, { amount: payment.amount, currency: money.currency })
      const rest = payment.amount - toRazorpay(money)
      const returned = payment.captured && (await refundsOf(payment)).some(isLeftOver)
      if (rest > 0 && !returned)
        await ask('post', `/payments/${payment.id}/refund`, leftOverOf(rest), `${key}-rest`).catch(error => {
          // For want of money on the account, say: it is captured already, so it has to go back some day.
          throw error instanceof Refused ? new Unclear(name, error.message, true) : error
        })
      return await lookUp(id)
    },
    async cancel(id) {
      // Orders stay open, so that it is written to the order; what is authorised goes back by itself.
      const { notes } = await ask<Order>('get', `/orders/${id}`)
      await ask('patch', `/orders/${id}`, { notes: { ...notesOf(notes), cancelled: 'yes' } })
      return await lookUp(id)
    },
    async refund(id, { mark, money }, key) {
      const payment = await paymentOf(id)
      if (!payment?.captured) throw new Refused('payment_missing', 'there is nothing to refund')
      await ask('post', `/payments/${payment.id}/refund`, refundFor(mark, money), key)
      return await lookUp(id)
    },
    lookUp,
    async verify(body, headers) {
      const signature = headerOf(headers, 'x-razorpay-signature') ?? ''
      const id = headerOf(headers, 'x-razorpay-event-id')
      if (!id || !webhookSecrets.some(secret => isSigned(body, signature, secret))) return undefined
      return eventOf(id, JSON.parse(body.toString()))
    },
  }
}

type Ask = <T>(method: string, url: string, data?: object, key?: string) => Promise<T>

function looking(ask: Ask) {
  /** The payment of an order that counts: what is captured before what is authorised, before what may become something. */
  async function paymentOf(orderId: string): Promise<Payment | undefined> {
    const { items } = await ask<List<Payment>>('get', `/orders/${orderId}/payments`)
    const rank = (payment: Payment) =>
      payment.captured ? 3 : ({ authorized: 2, created: 1 }[payment.status as string] ?? 0)
    return items.toSorted((a, b) => rank(b) - rank(a))[0]
  }

  const refundsOf = async (payment: Payment): Promise<readonly Refund[]> =>
    (await ask<List<Refund>>('get', `/payments/${payment.id}/refunds`, { count: 100 })).items

  async function lookUp(id: string): Promise<ProviderView> {
    const [order, payment] = await Promise.all([ask<Order>('get', `/orders/${id}`), paymentOf(id)])
    return viewOf(order, payment, payment?.captured ? await refundsOf(payment) : [])
  }

  return { paymentOf, refundsOf, lookUp }
}

async function openClient({ keyId, keySecret, apiUrl }: RazorpayOptions): Promise<Client> {
  const { default: Razorpay } = await import('razorpay')
  const { api } = new Razorpay({ key_id: keyId, key_secret: keySecret })
  const { rq } = api as unknown as { rq: Client }
  rq.defaults.timeout = 20_000
  if (apiUrl) rq.defaults.baseURL = apiUrl
  return rq
}

const toRazorpay = (money: Money): number => toProvider(digitsOfRazorpay, money)

const fromRazorpay = (amount: number, currency: string): bigint => fromProvider(digitsOfRazorpay, amount, currency)

function isSigned(content: string | Buffer, signature: string, secret: string): boolean {
  const expected = createHmac('sha256', secret).update(content).digest()
  const given = Buffer.from(signature, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

const refundFor = (mark: string, money: Money) => ({
  amount: toRazorpay(money),
  speed: 'normal',
  receipt: mark,
  notes: { refund: mark },
})

const leftOverOf = (rest: number) => ({ amount: rest, speed: 'normal', notes: { why: leftOver } })

const isLeftOver = ({ notes, status }: Refund): boolean => notesOf(notes).why === leftOver && status !== 'failed'

function viewOf(order: Order, payment: Payment | undefined, all: readonly Refund[]): ProviderView {
  const { id, amount, currency, receipt, notes } = order
  const ours = (amount: number) => fromRazorpay(amount, currency)
  const isPaid = payment?.captured ?? false
  const leftOvers = all.filter(isLeftOver).reduce((sum, refund) => sum + refund.amount, 0)
  const refunds = all.filter(refund => notesOf(refund.notes).why !== leftOver)
  const authorised = isPaid || payment?.status === 'authorized' ? payment!.amount : 0
  return {
    id,
    mark: receipt ?? undefined,
    state: isPaid ? 'succeeded' : notesOf(notes).cancelled ? 'cancelled' : stateOf(payment),
    money: { minor: ours(amount), currency },
    authorisedMinor: ours(authorised),
    capturedMinor: isPaid ? ours(payment!.amount - leftOvers) : 0n,
    refunds: refunds.map(refund => refundOf(refund, ours(refund.amount))),
    failure: payment?.error_description ?? undefined,
  }
}

const stateOf = (payment: Payment | undefined): ProviderView['state'] =>
  payment?.status === 'authorized' ? 'authorised' : payment?.status === 'failed' ? 'failed' : 'pending'

const refundOf = ({ id, notes, status }: Refund, amountMinor: bigint): ProviderRefund => ({
  id,
  mark: notesOf(notes).refund,
  amountMinor,
  state: status === 'processed' ? 'succeeded' : status,
  failure: undefined,
})

/** A body of a webhook, as far as it is used (razorpay.com/docs/webhooks/payloads). */
interface Told {
  readonly event: string
  readonly account_id?: string
  readonly payload?: {
    readonly order?: { entity: Order }
    readonly payment?: { entity: Payment }
    readonly refund?: { entity: Refund & { payment_id: string } }
    readonly dispute?: { entity: { id: string; amount: number; status: string } }
  }
}

function eventOf(id: string, { event: type, account_id: account, payload = {} }: Told): ProviderEvent {
  const event = { id, type, account: account ?? null }
  const [order, payment, dispute] = [payload.order?.entity, payload.payment?.entity, payload.dispute?.entity]
  const orderId = order?.id ?? payment?.order_id
  if (!orderId) return event
  return {
    ...event,
    about: {
      id: orderId,
      mark: order?.receipt ?? undefined,
      currency: (order ?? payment)!.currency,
      amountMinor: Number(fromRazorpay((order ?? payment)!.amount, (order ?? payment)!.currency)),
    },
    ...(dispute && {
      dispute: {
        id: dispute.id,
        amountMinor: Number(fromRazorpay(dispute.amount, payment!.currency)),
        state: dispute.status === 'won' || dispute.status === 'lost' ? dispute.status : 'open',
      },
    }),
  }
}

/** Of the client's errors by what they tell: whether something may have been done. */
function asOurs(name: string, error: unknown): unknown {
  const { isAxiosError, message, response } = error as {
    isAxiosError?: boolean
    message: string
    response?: { status: number; data?: { error?: { code?: string; reason?: string; description?: string } } }
  }
  if (!isAxiosError) return error
  if (!response) return new Unclear(name, message, false)
  const { status, data } = response
  const { code, reason, description = message } = data?.error ?? {}
  if (status >= 500) return new Unclear(name, description, true)
  // Without a right key nothing is known at all, and too many at once is as if it had not been asked.
  if (status === 429 || status === 409 || status === 401) return new Unclear(name, description, false)
  return new Refused(reason && reason !== 'NA' ? reason : (code ?? String(status)), description)
}
