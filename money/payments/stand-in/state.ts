import { randomBytes } from 'node:crypto'

/** A refund at the stand-in. */
export interface PlayRefund {
  readonly id: string
  readonly amount: number
  readonly notes: Record<string, string>
  readonly receipt: string | null
  readonly createdAt: number
  state: 'pending' | 'succeeded' | 'failed'
}

export interface PlayDispute {
  readonly id: string
  readonly amount: number
  state: 'open' | 'won' | 'lost'
}

/** An intent or order at the stand-in, with the one payment that counts. Amounts as the provider counts them. */
export interface PlayIntent {
  readonly id: string
  readonly wire: 'stripe' | 'razorpay'
  /** Of the charge or payment, once somebody tried. */
  readonly chargeId: string
  readonly secret: string
  readonly amount: number
  readonly currency: string
  readonly capture: 'automatic' | 'manual'
  readonly description: string
  readonly receipt: string | null
  readonly createdAt: number
  notes: Record<string, string>
  state: 'open' | 'challenge' | 'failed' | 'authorised' | 'captured' | 'cancelled'
  captured: number
  failure: string | null
  readonly customer: string | null
  /** What pays it is kept. */
  readonly keeps: boolean
  /** What it was paid with, and how often that is declined from now on. */
  card: { readonly id: string; declines: number } | null
  readonly refunds: PlayRefund[]
  readonly disputes: PlayDispute[]
}

/** What happens to an intent that its owner is told of. */
export type Happening =
  | { readonly kind: 'challenge' | 'failed' | 'authorised' | 'captured' | 'cancelled' }
  | { readonly kind: 'refund-created' | 'refund-ended'; readonly refund: PlayRefund }
  | { readonly kind: 'disputed' | 'dispute-ended'; readonly dispute: PlayDispute }

/** What a payer does on the payment page; `approve-once` pays with a card that is declined the next time. */
export type Gesture = 'approve' | 'refuse' | 'challenge' | 'approve-once'

/** A request the provider says no to. */
export class Denied extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

const idOf = (prefix: string): string => `${prefix}_${randomBytes(10).toString('hex')}`

const prefixes = {
  stripe: { intent: 'pi', charge: 'ch', refund: 're', dispute: 'dp' },
  razorpay: { intent: 'order', charge: 'pay', refund: 'rfnd', dispute: 'disp' },
} as const

/** What is asked of an intent. */
type Wanted = Pick<PlayIntent, 'wire' | 'amount' | 'currency' | 'capture' | 'description' | 'notes' | 'receipt'> &
  Partial<Pick<PlayIntent, 'customer' | 'keeps'>>

const unkept = { customer: null, keeps: false, card: null }

/** Intents and what may happen to them; `told` hears of each happening. */
export function openState(options: {
  intents: Map<string, PlayIntent>
  now: () => Date
  told: (intent: PlayIntent, happening: Happening) => void
}) {
  const { intents, told } = options
  const seconds = () => Math.floor(options.now().getTime() / 1000)

  function find(id: string): PlayIntent {
    const intent = intents.get(id) ?? [...intents.values()].find(({ chargeId }) => chargeId === id)
    if (!intent) throw new Denied(404, 'resource_missing', `No such object: '${id}'`)
    return intent
  }

  function become(intent: PlayIntent, state: PlayIntent['state'], failure: string | null = null): void {
    Object.assign(intent, { state, failure })
    if (state !== 'open') told(intent, { kind: state })
  }

  function pay(intent: PlayIntent, card: PlayIntent['card']): void {
    intent.card = card
    if (intent.wire === 'razorpay' || intent.capture === 'manual') become(intent, 'authorised')
    if (intent.capture === 'automatic') capture(intent.id, intent.amount)
  }

  function capture(id: string, amount: number): PlayIntent {
    const intent = find(id)
    if (intent.state === 'captured')
      throw new Denied(400, 'payment_intent_unexpected_state', 'This payment has already been captured')
    if (intent.state !== 'authorised' && intent.capture === 'manual')
      throw new Denied(400, 'payment_intent_unexpected_state', `A payment that is ${intent.state} cannot be captured`)
    if (amount > intent.amount) throw new Denied(400, 'amount_too_large', 'More than was authorised')
    if (intent.wire === 'razorpay' && amount !== intent.amount)
      throw new Denied(400, 'BAD_REQUEST_ERROR', 'Capture amount must be equal to the amount authorized')
    intent.captured = amount
    become(intent, 'captured')
    return intent
  }

  return {
    find,
    capture,
    all: () => [...intents.values()],
    create(about: Wanted) {
      if (!(Number.isSafeInteger(about.amount) && about.amount > 0))
        throw new Denied(400, 'parameter_invalid_integer', 'Amounts are whole numbers above zero')
      const id = idOf(prefixes[about.wire].intent)
      const chargeId = idOf(prefixes[about.wire].charge)
      const intent: PlayIntent = {
        ...unkept,
        ...about,
        id,
        chargeId,
        secret: `${id}_secret_${randomBytes(8).toString('hex')}`,
        createdAt: seconds(),
        state: 'open',
        captured: 0,
        failure: null,
        refunds: [],
        disputes: [],
      }
      intents.set(id, intent)
      return intent
    },
    /** What a payer does; `late` although it is cancelled. */
    act(id: string, gesture: Gesture, late = false): PlayIntent {
      const intent = find(id)
      const isOpen = intent.state === 'open' || intent.state === 'failed' || intent.state === 'challenge'
      if (!isOpen && !late) throw new Denied(400, 'payment_intent_unexpected_state', `It is ${intent.state}`)
      if (gesture === 'refuse') become(intent, 'failed', 'Your card was declined.')
      else if (gesture === 'challenge') become(intent, 'challenge')
      else pay(intent, { id: idOf('pm'), declines: gesture === 'approve-once' ? 1 : 0 })
      return intent
    },
    cancel(id: string): PlayIntent {
      const intent = find(id)
      if (intent.state === 'captured' || intent.state === 'cancelled')
        throw new Denied(
          400,
          'payment_intent_unexpected_state',
          `A payment that is ${intent.state} cannot be cancelled`,
        )
      become(intent, 'cancelled')
      return intent
    },
    ...keptCards({ find, become, pay, intents }),
    ...afterwards({ find, told, seconds, all: () => [...intents.values()] }),
  }
}

/** What is paid with a card that was kept. */
function keptCards(about: {
  find: (id: string) => PlayIntent
  become: (intent: PlayIntent, state: PlayIntent['state'], failure?: string | null) => void
  pay: (intent: PlayIntent, card: PlayIntent['card']) => void
  intents: Map<string, PlayIntent>
}) {
  const { find, become, pay, intents } = about
  return {
    /** With a card that somebody paid with before, who is not there. */
    charge(id: string, cardId: string): PlayIntent {
      const intent = find(id)
      const from = [...intents.values()].find(({ card, keeps }) => keeps && card?.id === cardId)
      if (!from?.card || from.customer !== intent.customer)
        throw new Denied(404, 'resource_missing', `No such payment method: '${cardId}'`)
      if (intent.state !== 'open' && intent.state !== 'failed')
        throw new Denied(400, 'payment_intent_unexpected_state', `It is ${intent.state}`)
      if (from.card.declines > 0) {
        from.card.declines--
        become(intent, 'failed', 'Your card was declined.')
        throw new Denied(402, 'card_declined', 'Your card was declined.')
      }
      pay(intent, from.card)
      return intent
    },
  }
}

/** What happens to an intent once it is captured. */
function afterwards(about: {
  find: (id: string) => PlayIntent
  told: (intent: PlayIntent, happening: Happening) => void
  seconds: () => number
  all: () => PlayIntent[]
}) {
  const { find, told, seconds, all } = about
  /** How refunds end that are made from now on. */
  let refundsEnd: 'at once' | 'later' = 'at once'

  function endRefund(intent: PlayIntent, refund: PlayRefund, state: 'succeeded' | 'failed'): void {
    if (refund.state !== 'pending') return
    refund.state = state
    told(intent, { kind: 'refund-ended', refund })
  }

  return {
    refund(id: string, wish: RefundWish) {
      const intent = find(id)
      if (intent.state !== 'captured') throw new Denied(400, 'charge_not_captured', 'There is nothing to give back')
      const given = intent.refunds.reduce((sum, { amount, state }) => (state === 'failed' ? sum : sum + amount), 0)
      const amount = wish.amount ?? intent.captured - given
      if (!(amount > 0) || given + amount > intent.captured)
        throw new Denied(400, 'charge_already_refunded', 'More than was captured and has not gone back yet')
      const refund: PlayRefund = {
        ...wish,
        amount,
        id: idOf(prefixes[intent.wire].refund),
        createdAt: seconds(),
        state: 'pending',
      }
      intent.refunds.push(refund)
      told(intent, { kind: 'refund-created', refund })
      if (refundsEnd === 'at once') endRefund(intent, refund, 'succeeded')
      return { intent, refund }
    },
    /** Refunds made from now on wait until `endRefunds`. */
    holdRefunds: () => void (refundsEnd = 'later'),
    endRefunds(state: 'succeeded' | 'failed'): void {
      refundsEnd = 'at once'
      for (const intent of all()) for (const refund of intent.refunds) endRefund(intent, refund, state)
    },
    dispute(id: string, amount: number): PlayDispute {
      const intent = find(id)
      const dispute: PlayDispute = { id: idOf(prefixes[intent.wire].dispute), amount, state: 'open' }
      intent.disputes.push(dispute)
      told(intent, { kind: 'disputed', dispute })
      return dispute
    },
    endDispute(id: string, state: 'won' | 'lost'): void {
      const intent = find(id)
      for (const dispute of intent.disputes.filter(({ state }) => state === 'open')) {
        dispute.state = state
        told(intent, { kind: 'dispute-ended', dispute })
      }
    },
  }
}

interface RefundWish {
  readonly amount: number | undefined
  readonly notes: Record<string, string>
  readonly receipt: string | null
}

export type PlayState = ReturnType<typeof openState>
