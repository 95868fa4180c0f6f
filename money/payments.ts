import { join } from 'node:path'
import { defineModule, Problem, type Tx } from '#kernel'
import { openDesk, type Desk } from './payments/desk.ts'
import { openInbox } from './payments/inbox.ts'
import { addressesOf, paymentPages, type Dress } from './payments/pages.ts'
import {
  type AnyHost,
  paymentProblems,
  refundable,
  type OnChange,
  type Opened,
  type Payment,
  type PaymentChange,
  type PaymentState,
  type Refund,
  type Saved,
  type Wish,
} from './payments/payment.ts'
import { payableFor, payableOf } from './payments/minor-units.ts'
import { openPlayMoney, type PlayMoney } from './payments/play.ts'
import { openProviders, paymentSettings, paymentsGo, type PaymentSettings } from './payments/providers.ts'
import {
  abandon,
  findByReference,
  findPayment,
  insertPayment,
  insertRefund,
  lockPayment,
  refundsOf,
  takeHanging,
  wantCancel,
  wantCapture,
} from './payments/store.ts'

export type { Opened, Payment, PaymentChange, PaymentState, Refund, Saved, Wish }
export { payableFor, payableOf, paymentProblems, paymentsGo, paymentSettings }

/** The tables of payments, for `includes` of the service that takes them. */
export const payments = defineModule({ name: 'payments', folder: join(import.meta.dirname, 'payments') })

/** After which a payment that nobody has paid is cancelled. */
const abandonedAfterMs = 24 * 3_600_000

/** A payment that has not been opened by then is told to the provider all the same. */
const openedWithinMs = 30_000

/**
 * What a service has of its payments. What takes a transaction is written in it and asked of the provider soon after it
 * stands, by a job; so it may stand in a reaction beside what the service writes. What takes none asks at once, and must
 * stand outside of transactions.
 */
export interface Payments<Name extends string> {
  /**
   * Writes what is wanted. There is one payment for a `purpose` and `reference`, and asking again gives the same one;
   * fails with `payment_differs` where that is of another amount, and with `payments_unavailable` where nobody takes the
   * currency. Behind the commit comes `open`; where that never came to be, a job tells the provider all the same. With
   * `saved` the job does all of it, and `onChange` hears whether it was paid.
   */
  prepare(tx: Tx<Name>, wish: Wish): Promise<Payment>
  /**
   * Tells the provider, if it has not been told, and answers with what the client needs; the same each time. Fails with
   * `payment_refused` where the provider takes no such payment, and with `payment_provider_unavailable`.
   */
  open(id: string): Promise<Opened>
  /** Both, where the service has nothing to write beside it. */
  begin(wish: Wish): Promise<Opened>
  /**
   * Takes so much of what is authorised, or will be, once and for all; the rest goes back to the payer. Fails with
   * `payment_differs` after another amount, and with `payment_over` where it is cancelled or was captured as a whole.
   */
  capture(tx: Tx<Name>, id: string, amountMinor: bigint): Promise<void>
  /** Nobody shall pay it any more. Does nothing where it is cancelled; fails with `payment_over` where it is captured. */
  cancel(tx: Tx<Name>, id: string): Promise<void>
  /**
   * Gives back. One refund for each `reference`, and asking again gives the same one. Fails with `payment_unsettled` before
   * the capture, and with `refund_exceeds_payment` where more would go back than is there, refunds under way included.
   */
  refund(tx: Tx<Name>, id: string, refund: { reference: string; amountMinor: bigint }): Promise<Refund>
  /** Asks the provider how a payment stands, and does what follows, as when its webhook comes: for who waits for it. */
  check(id: string): Promise<Payment>
  /**
   * What a client came back with from the provider's own form or SDK: `razorpay_order_id`, `razorpay_payment_id` and
   * `razorpay_signature`, or a `payment_method` of Stripe to pay with. Fails with `payment_proof_invalid`. Browsers that
   * pay at `page` need none of it.
   */
  confirm(id: string, proof: Readonly<Record<string, string>>): Promise<Payment>
  /** Nobody else changes it until the transaction ends: for who changes what is their own beside it, and locks that later. */
  hold(tx: Tx<Name>, id: string): Promise<Payment>
  /** As it is written here. */
  find(id: string): Promise<Payment | undefined>
  findFor(purpose: string, reference: string): Promise<Payment | undefined>
  refundsOf(id: string): Promise<Refund[]>
  /** Asks about those that hang. The clock does it every five minutes. */
  sweep(): Promise<void>
}

/**
 * Payments of a service that includes the module, and has `paymentSettings` in its settings and `paymentProblems` in its
 * problems. Call it once, at the start. `onChange` hears of each change once, in the transaction that writes it; see
 * `PaymentChange`. Adds to the service's routes `POST /webhooks/:provider`, the pages at which browsers pay
 * (`/payments/:id/page`, `/payments/:id/return`), and for admins `GET /webhooks/dead` and its replay.
 *
 * Those pages look as `dress` says, or as pages of the platform do.
 *
 * In evaluation mode without a provider people pay with play money: `provider` is `play`, and all else is the same.
 */
export function openPayments<Name extends string>(
  host: AnyHost<Name>,
  { onChange, dress }: { onChange: OnChange<Name>; dress?: Dress },
): Payments<Name> {
  const { db, now, platform } = host
  const play: PlayMoney | undefined =
    platform.mode === 'evaluation'
      ? openPlayMoney(host, (body, headers) => inbox.receive('play', body, headers))
      : undefined
  const providers = openProviders(host.settings as PaymentSettings, now, play && (() => play.provider))
  const desk = openDesk(host, { providers, onChange })
  const inbox = openInbox(host, { providers, desk, onChange })
  const address = addressesOf(host)
  paymentPages({ host: host as AnyHost, desk, providers, play, dress })

  const opened: Payments<Name> = {
    async prepare(tx, wish) {
      const { money, provider = providers.fit(money.currency).name } = wish
      if (money.minor <= 0n || !/^\/(?!\/)/.test(wish.returnTo))
        throw new RangeError('a payment is above zero, and returns to a path of ours')
      const payment = await insertPayment(tx, wish, provider, now())
      if (payment.amountMinor !== money.minor || payment.currency !== money.currency)
        throw new Problem('conflict', 'payment_differs')
      // Behind `open`, which is on its way: orders at Razorpay have no idempotency key.
      const due = wish.saved ? undefined : new Date(Date.now() + openedWithinMs)
      if (payment.providerId === null) await desk.soon(tx, payment.id, due)
      return payment
    },
    async open(id) {
      const there = await findPayment(db, id)
      if (!there) throw new Problem('not_found', 'payment_unknown')
      const payment = there.providerId === null ? await desk.pursue(id) : there
      const { state, provider, providerId, clientSecret, failure } = payment
      if (providerId === null && state === 'failed')
        throw new Problem('unprocessable', 'payment_refused', failure === null ? {} : { detail: failure })
      const { publicKey } = providers.named(provider)
      return { paymentId: id, state, provider, providerId, clientSecret, publicKey, page: address.page(id) }
    },
    async begin(wish) {
      const { id } = await db.transaction(tx => opened.prepare(tx, wish))
      return await opened.open(id)
    },
    ...wishes(desk, now),
    check: desk.pursue,
    hold: locked,
    async confirm(id, proof) {
      const payment = await findPayment(db, id)
      if (!payment) throw new Problem('not_found', 'payment_unknown')
      return await desk.confirm(payment, proof)
    },
    find: id => findPayment(db, id),
    findFor: (purpose, reference) => findByReference(db, purpose, reference),
    refundsOf: async id => await refundsOf(db, id),
    async sweep() {
      const at = now()
      await db.transaction(async tx => {
        await abandon(tx, new Date(at.getTime() - abandonedAfterMs))
        for (const id of await takeHanging(tx, at, 200)) await desk.soon(tx, id)
      })
      await inbox.sweep()
    },
  }
  host.every('5 minutes', 'ask payment providers about payments that hang', opened.sweep)
  return opened
}

const isOver = ({ state }: Payment): boolean => state === 'cancelled' || state === 'succeeded'

/** What is wanted of a payment that is there. */
const wishes = (desk: Desk, now: () => Date): Pick<Payments<string>, 'capture' | 'cancel' | 'refund'> => ({
  async capture(tx, id, amountMinor) {
    const payment = await locked(tx, id)
    if (amountMinor <= 0n || amountMinor > payment.amountMinor)
      throw new RangeError('what is captured is above zero, and no more than was authorised')
    if (payment.captureWantedMinor === amountMinor) return
    if (payment.captureWantedMinor !== null) throw new Problem('conflict', 'payment_differs')
    if (payment.capture !== 'manual' || payment.cancelWanted || isOver(payment)) throw over(payment)
    await wantCapture(tx, id, amountMinor)
    await desk.soon(tx, id)
  },
  async cancel(tx, id) {
    const payment = await locked(tx, id)
    if (payment.state === 'cancelled' || payment.cancelWanted) return
    if (payment.state === 'succeeded' || payment.captureWantedMinor !== null) throw over(payment)
    await wantCancel(tx, id)
    await desk.soon(tx, id)
  },
  async refund(tx, id, { reference, amountMinor }) {
    const payment = await locked(tx, id)
    const refunds = await refundsOf(tx, id)
    const there = refunds.find(refund => refund.reference === reference)
    if (there && there.amountMinor !== amountMinor) throw new Problem('conflict', 'payment_differs')
    if (there) return there
    if (amountMinor <= 0n) throw new RangeError('what goes back is above zero')
    if (payment.state !== 'succeeded') throw new Problem('conflict', 'payment_unsettled')
    if (amountMinor > refundable(payment, refunds)) throw new Problem('conflict', 'refund_exceeds_payment')
    const wanted = { paymentId: id, reference, told: true, amountMinor, state: 'asked' } as const
    const refund = await insertRefund(tx, wanted, now())
    await desk.soon(tx, id)
    return refund
  },
})

async function locked(tx: Tx, id: string): Promise<Payment> {
  const payment = await lockPayment(tx, id)
  if (!payment) throw new Problem('not_found', 'payment_unknown')
  return payment
}

const over = ({ state }: Payment) => new Problem('conflict', 'payment_over', { detail: `The payment is ${state}.` })
