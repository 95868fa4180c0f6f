import type { Owner } from '#contracts/shared'
import type { Host, Problems, Tx } from '#kernel'
import type { Money } from '../amount.ts'
import type { ProviderRefund, ProviderView } from './provider.ts'

/** `asked` until the provider knows of it; `failed` may still be paid by another try; `cancelled` and `succeeded` stay. */
// Needs and settings are of whichever service includes payments, and payments ask nothing by them.
export type AnyHost<Name extends string = string> = Host<Name, any, any>

export type PaymentState = 'asked' | 'pending' | 'failed' | 'authorised' | 'cancelled' | 'succeeded'

export interface Payment {
  readonly id: string
  readonly purpose: string
  readonly reference: string
  readonly payer: Owner | null
  readonly amountMinor: bigint
  readonly currency: string
  readonly capture: 'automatic' | 'manual'
  readonly description: string
  readonly returnTo: string
  /** `stripe`, `razorpay` or `play`. */
  readonly provider: string
  /** Of the intent or order at the provider. */
  readonly providerId: string | null
  readonly clientSecret: string | null
  readonly state: PaymentState
  readonly authorisedMinor: bigint
  readonly capturedMinor: bigint
  readonly refundedMinor: bigint
  readonly captureWantedMinor: bigint | null
  readonly cancelWanted: boolean
  /** The payer lets the card be kept. */
  readonly keeps: boolean
  /** The payer, as the provider knows them. */
  readonly customer: string | null
  /** With what it is paid without the payer. */
  readonly method: string | null
  /** With what it was paid, where that is kept. */
  readonly keptMethod: string | null
  readonly keyNumber: number
  /** Why it failed, for people. */
  readonly failure: string | null
  readonly createdAt: Date
  readonly checkedAt: Date
  readonly failedAt: Date | null
  readonly authorisedAt: Date | null
  readonly cancelledAt: Date | null
  readonly capturedAt: Date | null
}

export interface Refund {
  readonly id: string
  readonly paymentId: string
  /** Of the service; null where somebody made it at the provider. */
  readonly reference: string | null
  readonly told: boolean
  readonly amountMinor: bigint
  readonly state: 'asked' | 'pending' | 'succeeded' | 'failed'
  readonly keyNumber: number
  readonly providerId: string | null
  readonly failure: string | null
  readonly createdAt: Date
  readonly endedAt: Date | null
}

/** What a service asks for. There is one payment for each `purpose` and `reference`: asked again it is the same. */
export interface Wish {
  /** What it is for in one word, as `top-up`. */
  readonly purpose: string
  /** Of the thing it is for, as the id of a top-up. */
  readonly reference: string
  /** Null where nobody knows who pays, as at the pole. */
  readonly payer: Owner | null
  readonly money: Money
  /** `manual`: it is authorised first; `capture` then takes all of it or less, `cancel` nothing. */
  readonly capture: 'automatic' | 'manual'
  /** Payers read it on the payment page. */
  readonly description: string
  /** Path of ours where the browser goes afterwards, with `?payment=<id>` behind it. */
  readonly returnTo: string
  /** Where nothing is said, who fits the currency. */
  readonly provider?: string
  /** The payer agrees that the card is kept, as `saved` of later payments, where the provider can. */
  readonly keep?: boolean
  /** It is paid with this, without the payer; where that fails they may still pay at its page. */
  readonly saved?: Saved | undefined
}

/** What a provider keeps of a payer: `customer` and `keptMethod` of a payment of theirs that succeeded. */
export interface Saved {
  readonly customer: string
  readonly method: string
}

/** What a client needs to pay. */
export interface Opened {
  readonly paymentId: string
  readonly state: PaymentState
  readonly provider: string
  /** Of the PaymentIntent (Stripe) or the Order (Razorpay); null where the provider never heard of it. */
  readonly providerId: string | null
  /** For Stripe.js and the SDKs of Stripe. */
  readonly clientSecret: string | null
  /** Publishable key of Stripe, key id of Razorpay. */
  readonly publicKey: string | null
  /** Address of a page at which a browser pays. */
  readonly page: string
}

/**
 * What became of a payment. The service is told of each once, in the transaction that writes it, and may write in it what
 * follows. In order: a payment is `authorised` (manual capture alone) before it `succeeded`; it may have `failed` before
 * either; after `cancelled` nothing comes: money that is paid all the same goes back by itself. Each refund is told once
 * as `refunded` or `refund-failed`; where a bank sends the money back, the second comes behind the first. Of refunds that
 * somebody made at the provider, which have no `reference`, it never comes alone. Each dispute is told as `disputed`, when
 * the provider takes the money, and at its end as `dispute-won`, when it is ours again, or `dispute-lost`.
 */
export type PaymentChange = { readonly payment: Payment; readonly at: Date } & (
  | { readonly kind: 'authorised' | 'succeeded'; readonly amountMinor: bigint }
  | { readonly kind: 'failed'; readonly failure: string }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'refunded' | 'refund-failed'; readonly refund: Refund }
  | {
      readonly kind: 'disputed' | 'dispute-won' | 'dispute-lost'
      readonly disputeId: string
      readonly amountMinor: bigint
    }
)

/** The service's part: writes what follows from a change, in the transaction of the payment's row. */
export type OnChange<Name extends string> = (tx: Tx<Name>, change: PaymentChange) => Promise<void>

/** Codes of problems of payments, for `problems` of the including service. */
export const paymentProblems = {
  payment_unknown: ['not_found', 'There is no such payment.'],
  payment_differs: ['conflict', 'There is a payment for the same thing with another amount.'],
  payment_refused: ['unprocessable', 'The payment provider does not take a payment like this.'],
  payment_unsettled: ['conflict', 'The payment has not been captured, so nothing of it can be given back.'],
  payment_over: ['conflict', 'The payment is over: it can be neither captured nor cancelled.'],
  refund_exceeds_payment: ['conflict', 'More would go back than was paid and has not gone back yet.'],
  payment_proof_invalid: ['invalid', 'What the browser came back with does not prove a payment.'],
  payments_unavailable: ['unavailable', 'No payment provider is set up for this currency.'],
  payment_provider_unavailable: ['unavailable', 'The payment provider does not answer. Try again.'],
  webhook_unproven: ['invalid', 'The signature of the webhook is not valid, or older than five minutes.'],
  payment_provider_unknown: ['not_found', 'There is no such payment provider here.'],
  payment_event_unknown: ['not_found', 'There is no such event of a payment provider.'],
} as const satisfies Problems

const ranks: Record<PaymentState, number> = {
  asked: 0,
  pending: 1,
  failed: 2,
  authorised: 3,
  cancelled: 4,
  succeeded: 5,
}

/** What a look at the provider changes of a payment: states go forwards alone, whatever the order one hears of them. */
export interface Progress {
  readonly state: PaymentState
  readonly authorisedMinor: bigint
  readonly capturedMinor: bigint
  readonly failure: string | null
  readonly changes: readonly ('authorised' | 'succeeded' | 'failed' | 'cancelled')[]
  /** It was paid after it had been cancelled: this much goes back. */
  readonly lateMinor: bigint
}

export function progressOf(payment: Payment, view: ProviderView): Progress {
  const { state, capture, authorisedMinor, capturedMinor, failure } = payment
  // What is captured by itself is as good as nothing until it is.
  const isBetween = capture === 'automatic' && view.state === 'authorised'
  const isForward = state !== 'cancelled' && !isBetween && ranks[view.state] > ranks[state]
  const next = isForward ? view.state : state
  const changes: Progress['changes'][number][] = []
  // Heard of both at once: a service that reckons with the first gets to know it.
  const skipped = capture === 'manual' && next === 'succeeded' && ranks[state] < ranks.authorised
  if (isForward && (next === 'authorised' || skipped)) changes.push('authorised')
  if (isForward && (next === 'failed' || next === 'cancelled' || next === 'succeeded')) changes.push(next)
  const isLate = state === 'cancelled' && view.capturedMinor > capturedMinor
  return {
    state: next,
    authorisedMinor: larger(authorisedMinor, view.authorisedMinor),
    // Once it is told it stays: what goes back later is a refund.
    capturedMinor: (isForward && next === 'succeeded') || isLate ? view.capturedMinor : capturedMinor,
    failure: view.failure ?? failure,
    changes,
    lateMinor: isLate ? view.capturedMinor - capturedMinor : 0n,
  }
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)

/** Why what the provider says cannot be of this payment; undefined where it is. */
export function mismatchOf(payment: Payment, view: Pick<ProviderView, 'id' | 'mark' | 'money'>): string | undefined {
  const { id, amountMinor, currency, providerId } = payment
  if (view.mark !== undefined && view.mark !== id) return `it is marked as ${view.mark}`
  if (providerId !== null && view.id !== providerId) return `it is ${view.id}, not ${providerId}`
  if (view.money.currency !== currency) return `the currency is ${view.money.currency}, not ${currency}`
  if (view.money.minor !== amountMinor) return `the amount is ${view.money.minor}, not ${amountMinor}`
  return undefined
}

/** What of the captured money is not on its way back. */
export const refundable = ({ capturedMinor }: Payment, refunds: readonly Refund[]): bigint =>
  refunds.reduce((left, { state, amountMinor }) => (state === 'failed' ? left : left - amountMinor), capturedMinor)

/** A refund of ours as the provider has it; one that ended stays so, but that it fails after all is heard. */
export function isNews(refund: Refund | undefined, { state }: ProviderRefund): boolean {
  if (!refund) return true
  return refund.state !== state && refund.state !== 'failed' && !(refund.state === 'succeeded' && state === 'pending')
}
