import { createHmac, randomBytes } from 'node:crypto'
import { Denied, type Happening, type PlayDispute, type PlayIntent, type PlayRefund, type PlayState } from './state.ts'

/** A request as both wires take it. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

/** An event as it goes out, once and again. */
export interface Told {
  readonly id: string
  readonly type: string
  readonly body: string
}

const statusOf = ({ state }: PlayIntent): string =>
  ({
    open: 'requires_payment_method',
    challenge: 'requires_action',
    failed: 'requires_payment_method',
    authorised: 'requires_capture',
    captured: 'succeeded',
    cancelled: 'canceled',
  })[state]

const currencyOf = ({ currency }: PlayIntent): string => currency.toLowerCase()

const refundObject = (intent: PlayIntent, { id, amount, notes, state, createdAt }: PlayRefund) => ({
  id,
  object: 'refund',
  amount,
  charge: intent.chargeId,
  created: createdAt,
  currency: currencyOf(intent),
  metadata: notes,
  payment_intent: intent.id,
  reason: null,
  status: state,
  ...(state === 'failed' && { failure_reason: 'lost_or_stolen_card' }),
})

const refundsOf = (intent: PlayIntent) => intent.refunds.map(refund => refundObject(intent, refund)).reverse()

const isTried = ({ state }: PlayIntent): boolean => state === 'authorised' || state === 'captured'

const chargeObject = (intent: PlayIntent) => ({
  id: intent.chargeId,
  object: 'charge',
  amount: intent.amount,
  amount_captured: intent.captured,
  amount_refunded: intent.refunds.reduce((sum, { amount, state }) => (state === 'failed' ? sum : sum + amount), 0),
  captured: intent.state === 'captured',
  currency: currencyOf(intent),
  disputed: intent.disputes.length > 0,
  metadata: intent.notes,
  payment_intent: intent.id,
  refunds: {
    object: 'list',
    data: refundsOf(intent).slice(0, 10),
    has_more: intent.refunds.length > 10,
    url: `/v1/charges/${intent.chargeId}/refunds`,
  },
  status: 'succeeded',
})

const intentObject = (intent: PlayIntent, whole: boolean) => ({
  id: intent.id,
  object: 'payment_intent',
  amount: intent.amount,
  amount_capturable: intent.state === 'authorised' ? intent.amount : 0,
  amount_received: intent.captured,
  capture_method: intent.capture,
  client_secret: intent.secret,
  customer: intent.customer,
  payment_method: intent.card?.id ?? null,
  setup_future_usage: intent.keeps ? 'off_session' : null,
  created: intent.createdAt,
  currency: currencyOf(intent),
  description: intent.description,
  last_payment_error: intent.failure && { type: 'card_error', code: 'card_declined', message: intent.failure },
  latest_charge: isTried(intent) ? (whole ? chargeObject(intent) : intent.chargeId) : null,
  livemode: false,
  metadata: intent.notes,
  status: statusOf(intent),
})

const disputeObject = (intent: PlayIntent, { id, amount, state }: PlayDispute) => ({
  id,
  object: 'dispute',
  amount,
  charge: intent.chargeId,
  currency: currencyOf(intent),
  payment_intent: intent.id,
  reason: 'fraudulent',
  status: state === 'open' ? 'needs_response' : state,
})

/** `metadata[payment]=…` under `metadata`. */
export function nested(form: URLSearchParams, name: string): Record<string, string> {
  const begin = `${name}[`
  return Object.fromEntries(
    [...form].flatMap(([key, value]) => (key.startsWith(begin) ? [[key.slice(begin.length, -1), value]] : [])),
  )
}

const gestures: Record<string, 'approve' | 'refuse' | 'challenge'> = {
  pm_card_visa: 'approve',
  pm_card_chargeDeclined: 'refuse',
  pm_card_threeDSecureRequired: 'challenge',
}

/** Answers as the API of Stripe does, as far as its package is used here. */
export function answerStripe(state: PlayState, { method, path, query, body }: Asked): unknown {
  const form = new URLSearchParams(body)
  const isWhole = [...form, ...query].some(([key, value]) => key.startsWith('expand') && value.includes('refunds'))
  const show = (intent: PlayIntent) => intentObject(intent, isWhole)
  const [, , what, id, verb] = path.split('/')
  const number = (name: string) => (form.has(name) ? Number(form.get(name)) : undefined)

  if (what === 'refunds' && method === 'GET') {
    const data = refundsOf(state.find(query.get('payment_intent') ?? ''))
    return { object: 'list', data, has_more: false, url: path }
  }
  if (what === 'refunds') {
    const { intent, refund } = state.refund(form.get('payment_intent') ?? '', {
      amount: number('amount'),
      notes: nested(form, 'metadata'),
      receipt: null,
    })
    return refundObject(intent, refund)
  }
  if (what === 'customers' && method === 'POST')
    return { id: `cus_${randomBytes(10).toString('hex')}`, object: 'customer', metadata: nested(form, 'metadata') }
  if (what !== 'payment_intents') throw new Denied(404, 'resource_missing', `Unrecognized request URL ${path}`)
  if (!id)
    return method === 'GET'
      ? { object: 'list', data: state.all().filter(isOfStripe).reverse().map(show), has_more: false, url: path }
      : show(
          state.create({
            wire: 'stripe',
            amount: number('amount') ?? NaN,
            currency: (form.get('currency') ?? '').toUpperCase(),
            capture: form.get('capture_method') === 'manual' ? 'manual' : 'automatic',
            description: form.get('description') ?? '',
            notes: nested(form, 'metadata'),
            receipt: null,
            customer: form.get('customer'),
            keeps: form.get('setup_future_usage') === 'off_session',
          }),
        )
  if (method === 'GET') return show(state.find(id))
  if (verb === 'capture') return show(state.capture(id, number('amount_to_capture') ?? state.find(id).amount))
  if (verb === 'cancel') return show(state.cancel(id))
  if (verb === 'confirm' && form.get('off_session') === 'true')
    return show(state.charge(id, form.get('payment_method') ?? ''))
  if (verb === 'confirm') return show(state.act(id, gestures[form.get('payment_method') ?? ''] ?? 'approve'))
  throw new Denied(404, 'resource_missing', `Unrecognized request URL ${path}`)
}

const isOfStripe = ({ wire }: PlayIntent): boolean => wire === 'stripe'

/** A refusal as Stripe words it. */
export const denialOfStripe = ({ code, message, status }: Denied) => ({
  error: { type: status >= 500 ? 'api_error' : status === 402 ? 'card_error' : 'invalid_request_error', code, message },
})

function objectsOf(intent: PlayIntent, happening: Happening): [type: string, object: object][] {
  const whole = intentObject(intent, false)
  switch (happening.kind) {
    case 'challenge':
      return [['payment_intent.requires_action', whole]]
    case 'failed':
      return [['payment_intent.payment_failed', whole]]
    case 'authorised':
      return [['payment_intent.amount_capturable_updated', whole]]
    case 'captured':
      return [['payment_intent.succeeded', whole]]
    case 'cancelled':
      return [['payment_intent.canceled', whole]]
    case 'refund-created':
      return [['refund.created', refundObject(intent, happening.refund)]]
    case 'refund-ended':
      return [
        [
          `refund.${happening.refund.state === 'failed' ? 'failed' : 'updated'}`,
          refundObject(intent, happening.refund),
        ],
        ['charge.refunded', chargeObject(intent)],
      ]
    case 'disputed':
      return [['charge.dispute.created', disputeObject(intent, happening.dispute)]]
    case 'dispute-ended':
      return [['charge.dispute.closed', disputeObject(intent, happening.dispute)]]
  }
}

/** What Stripe tells of a happening. */
export const eventsOfStripe = (intent: PlayIntent, happening: Happening, at: Date): Told[] =>
  objectsOf(intent, happening).map(([type, object]) => {
    const id = `evt_${randomBytes(12).toString('hex')}`
    const created = Math.floor(at.getTime() / 1000)
    return {
      id,
      type,
      body: JSON.stringify({ id, object: 'event', created, livemode: false, type, data: { object } }, null, 2),
    }
  })

/** The head that proves an event (docs.stripe.com/webhooks, "Verify manually"). */
export function signatureOfStripe({ body }: Told, secret: string, at: Date): Record<string, string> {
  const time = Math.floor(at.getTime() / 1000)
  const signature = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex')
  return { 'stripe-signature': `t=${time},v1=${signature}` }
}
