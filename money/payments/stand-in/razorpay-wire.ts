import { createHmac, randomBytes } from 'node:crypto'
import { Denied, type Happening, type PlayIntent, type PlayRefund, type PlayState } from './state.ts'
import type { Asked, Told } from './stripe-wire.ts'

const isPaid = ({ state }: PlayIntent): boolean => state === 'captured'

const orderObject = (intent: PlayIntent) => ({
  id: intent.id,
  entity: 'order',
  amount: intent.amount,
  amount_paid: intent.captured,
  amount_due: intent.amount - intent.captured,
  currency: intent.currency,
  receipt: intent.receipt,
  status: isPaid(intent) ? 'paid' : intent.state === 'open' ? 'created' : 'attempted',
  // As the real one does where there are none.
  notes: Object.keys(intent.notes).length > 0 ? intent.notes : [],
  created_at: intent.createdAt,
})

const statusOf: Record<PlayIntent['state'], string> = {
  open: 'created',
  challenge: 'created',
  failed: 'failed',
  authorised: 'authorized',
  captured: 'captured',
  cancelled: 'failed',
}

function paymentObject(intent: PlayIntent) {
  const refunded = intent.refunds.reduce((sum, { amount, state }) => (state === 'failed' ? sum : sum + amount), 0)
  const isWhole = isPaid(intent) && refunded === intent.amount
  return {
    id: intent.chargeId,
    entity: 'payment',
    amount: intent.amount,
    currency: intent.currency,
    status: isWhole ? 'refunded' : statusOf[intent.state],
    order_id: intent.id,
    method: 'card',
    captured: isPaid(intent),
    amount_refunded: refunded,
    refund_status: refunded === 0 ? null : isWhole ? 'full' : 'partial',
    description: intent.description,
    error_code: intent.failure && 'BAD_REQUEST_ERROR',
    error_description: intent.failure,
    notes: [],
    created_at: intent.createdAt,
  }
}

const refundObject = (intent: PlayIntent, { id, amount, notes, receipt, state, createdAt }: PlayRefund) => ({
  id,
  entity: 'refund',
  amount,
  currency: intent.currency,
  payment_id: intent.chargeId,
  notes: Object.keys(notes).length > 0 ? notes : [],
  receipt,
  status: state === 'succeeded' ? 'processed' : state,
  speed_requested: 'normal',
  created_at: createdAt,
})

const listOf = (items: readonly object[]) => ({ entity: 'collection', count: items.length, items })

const missing = (path: string): Denied =>
  new Denied(404, 'BAD_REQUEST_ERROR', `The requested URL was not found: ${path}`)

/** Answers as the API of Razorpay does, as far as its package is used here. */
export function answerRazorpay(state: PlayState, { method, path, query, body }: Asked): unknown {
  const sent = body === '' ? {} : JSON.parse(body)
  const [, , what, id, verb] = path.split('/')
  if (what === 'orders' && !id && method === 'POST')
    return orderObject(
      state.create({
        wire: 'razorpay',
        amount: sent.amount,
        currency: sent.currency,
        capture: sent.payment?.capture === 'manual' ? 'manual' : 'automatic',
        description: sent.notes?.description ?? '',
        notes: sent.notes ?? {},
        receipt: sent.receipt ?? null,
      }),
    )
  if (what === 'orders' && !id)
    return listOf(
      state
        .all()
        .filter(({ wire, receipt }) => wire === 'razorpay' && receipt === query.get('receipt'))
        .map(orderObject),
    )
  if (what === 'orders' && verb === 'payments') {
    const intent = state.find(id!)
    return listOf(intent.state === 'open' || intent.state === 'cancelled' ? [] : [paymentObject(intent)])
  }
  if (what === 'orders' && method === 'PATCH') {
    const intent = state.find(id!)
    intent.notes = sent.notes
    return orderObject(intent)
  }
  if (what === 'orders') return orderObject(state.find(id!))
  if (what !== 'payments' || !id) throw missing(path)
  if (verb === 'capture') return paymentObject(state.capture(id, sent.amount))
  if (verb === 'refund') {
    const about = { amount: sent.amount, notes: sent.notes ?? {}, receipt: sent.receipt ?? null }
    const { intent, refund } = state.refund(id, about)
    return refundObject(intent, refund)
  }
  const intent = state.find(id)
  if (verb === 'refunds') return listOf(intent.refunds.map(refund => refundObject(intent, refund)).reverse())
  return paymentObject(intent)
}

/** A refusal as Razorpay words it. */
export const denialOfRazorpay = ({ code, message, status }: Denied) => ({
  error: {
    code: status >= 500 ? 'SERVER_ERROR' : 'BAD_REQUEST_ERROR',
    description: message,
    source: 'business',
    step: 'payment_initiation',
    reason: code === 'BAD_REQUEST_ERROR' ? 'input_validation_failed' : code,
  },
})

function contentsOf(intent: PlayIntent, happening: Happening): [type: string, payload: object][] {
  const payment = { payment: { entity: paymentObject(intent) } }
  switch (happening.kind) {
    case 'challenge':
    case 'cancelled':
      return []
    case 'failed':
      return [['payment.failed', payment]]
    case 'authorised':
      return [['payment.authorized', payment]]
    case 'captured':
      return [
        ['payment.captured', payment],
        ['order.paid', { ...payment, order: { entity: orderObject(intent) } }],
      ]
    case 'refund-created':
      return [['refund.created', { ...payment, refund: { entity: refundObject(intent, happening.refund) } }]]
    case 'refund-ended': {
      const { state } = happening.refund
      const type = state === 'failed' ? 'refund.failed' : 'refund.processed'
      return [[type, { ...payment, refund: { entity: refundObject(intent, happening.refund) } }]]
    }
    case 'disputed':
    case 'dispute-ended': {
      const { id, amount, state } = happening.dispute
      const type = `payment.dispute.${happening.kind === 'disputed' ? 'created' : state}`
      const entity = {
        id,
        entity: 'dispute',
        payment_id: intent.chargeId,
        amount,
        currency: intent.currency,
        status: state,
      }
      return [[type, { ...payment, dispute: { entity } }]]
    }
  }
}

/** What Razorpay tells of a happening, on behalf of an account. */
export const eventsOfRazorpay = (intent: PlayIntent, happening: Happening, at: Date, account: string): Told[] =>
  contentsOf(intent, happening).map(([type, payload]) => ({
    id: randomBytes(7).toString('hex'),
    type,
    body: JSON.stringify({
      entity: 'event',
      account_id: account,
      event: type,
      contains: Object.keys(payload),
      payload,
      created_at: Math.floor(at.getTime() / 1000),
    }),
  }))

/** The heads that prove an event, and tell one from the other. */
export const signatureOfRazorpay = ({ id, body }: Told, secret: string): Record<string, string> => ({
  'x-razorpay-event-id': id,
  'x-razorpay-signature': createHmac('sha256', secret).update(body).digest('hex'),
})

/** What checkout gives the browser to bring back. */
export const proofOfRazorpay = ({ id, chargeId }: PlayIntent, keySecret: string): Record<string, string> => ({
  razorpay_order_id: id,
  razorpay_payment_id: chargeId,
  razorpay_signature: createHmac('sha256', keySecret).update(`${id}|${chargeId}`).digest('hex'),
})
