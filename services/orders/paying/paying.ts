import { OrderDisputed, PaymentFailed } from '#contracts/orders'
import { Problem, type Tx } from '#kernel'
import { post } from '#money/ledger'
import { openPayments, type Opened, type PaymentChange, type Payments } from '#money/payments'
import { divided } from '#money/amount'
import { framesOf, nameOf } from '#shop/frame'
import type { OrdersHost } from '../host.ts'
import { lockOrder, logged, noteOrder, overdue, type Order, type Part, type Whole } from '../orders/store.ts'
import { aboutOrder } from '../orders/view.ts'
import { dueOf } from '../pricing/price.ts'
import { accounts, becomeCancelled, becomePaid, type Reason } from './ending.ts'
import { endRefund, noteForeignRefund } from './refunds.ts'

export interface Paying {
  readonly payments: Payments<'orders'>
  /** Money of an order has gone back: what follows from that is done soon after the transaction. */
  readonly refunded: Follow
  /** What a browser needs to pay an order; the same for each tab. Fails with `order_state`. */
  begin(orderId: string, provider: string | undefined): Promise<Opened>
  /** An order that nobody has paid shall be over; while a provider knows of it, only once that has agreed. */
  cancel(tx: Tx<'orders'>, whole: Whole, reason: Reason): Promise<void>
  /** Cancels what nobody has paid in time. */
  expire(): Promise<void>
}

/** What is to be done soon after the transaction. */
type Follow = (tx: Tx<'orders'>, orderId: string) => Promise<void>

/** Payments of orders, and what follows from what becomes of them. */
export function openPaying(
  host: OrdersHost,
  next: Record<'paid' | 'refunded', Follow>,
  pageOf: (order: Order) => string,
): Paying {
  const { db, now, log } = host
  const frameOf = framesOf(host)
  const payments = openPayments<'orders'>(host, {
    onChange: (tx, change) => follow(tx, change),
    dress(language) {
      const frame = frameOf(language)
      return { look: frame.look, top: nameOf(frame) }
    },
  })

  async function follow(tx: Tx<'orders'>, change: PaymentChange): Promise<void> {
    const { payment, at } = change
    if (payment.purpose !== 'order') return
    const whole = await lockOrder(tx, payment.reference)
    if (!whole) return
    const { order } = whole
    switch (change.kind) {
      case 'succeeded':
        if (order.status === 'pending') await becomePaid(tx, whole, payment, at, next.paid)
        return
      case 'failed':
        if (order.status !== 'pending') return
        await tx.publish(PaymentFailed, {
          ...aboutOrder(await noteOrder(tx, order, { paymentStatus: 'failed' })),
          paymentId: payment.id,
          reason: change.failure.slice(0, 500),
          at: at.toISOString(),
        })
        await logged(tx, order.id, at, 'payment failed', { reason: change.failure })
        return
      case 'cancelled':
        return await becomeCancelled(tx, whole, (order.cancelling as Reason | null) ?? 'payment', at)
      case 'refunded':
        if (change.refund.reference === null) await noteForeignRefund(tx, whole, change.refund, at)
        else await endRefund(tx, whole, change.refund.reference, 'succeeded', at)
        return await next.refunded(tx, order.id)
      case 'refund-failed':
        await endRefund(tx, whole, change.refund.reference ?? `provider ${change.refund.id}`, 'failed', at)
        // What is digital was not handed over while its money was on its way back.
        return await next.paid(tx, order.id)
      case 'disputed':
      case 'dispute-won':
      case 'dispute-lost':
        return await dispute(tx, whole, change, at)
      default:
    }
  }

  return {
    payments,
    refunded: next.refunded,
    async begin(orderId, provider) {
      const id = await db.transaction(tx => prepare(tx, payments, orderId, provider, pageOf, now()))
      const opened = await payments.open(id)
      if (opened.providerId !== null)
        await db.transaction(async tx => {
          await tx`
            update orders set payment_intent = ${opened.providerId}, payment_method = ${opened.provider}
            where id = ${orderId} and payment_intent is null`
        })
      return opened
    },
    async cancel(tx, whole, reason) {
      const { order } = whole
      if (order.paymentId === null) return await becomeCancelled(tx, whole, reason, now())
      await noteOrder(tx, order, { cancelling: reason })
      // The money may be on its way: its pieces stay held until the provider says that it is not.
      await payments.cancel(tx, order.paymentId)
    },
    async expire() {
      for (const { id } of await overdue(db, now()))
        await db
          .transaction(async tx => {
            const whole = await lockOrder(tx, id)
            if (whole?.order.status === 'pending' && whole.order.cancelling === null)
              await this.cancel(tx, whole, 'expired')
          })
          .catch(error => {
            if (!(error instanceof Problem)) throw error
            log.warn({ order: id, problem: error.code }, 'an order that nobody paid could not be cancelled yet')
          })
    },
  }
}

/** What a bank takes back the vendors give, as much as each had of the order. */
async function dispute(
  tx: Tx<'orders'>,
  { order, parts }: Whole,
  change: Extract<PaymentChange, { disputeId: string }>,
  at: Date,
): Promise<void> {
  const { disputeId, amountMinor, kind } = change
  const state = kind === 'disputed' ? 'opened' : kind === 'dispute-won' ? 'won' : 'lost'
  await tx`
    insert into order_disputes (order_id, dispute_id, state, amount_minor, at)
    values (${order.id}, ${disputeId}, ${state}, ${amountMinor}, ${at})
    on conflict (order_id, dispute_id) do update set state = excluded.state, at = excluded.at`
  const disputedMinor = order.disputedMinor + (state === 'opened' ? amountMinor : state === 'won' ? -amountMinor : 0n)
  const noted = await noteOrder(tx, order, { disputedMinor: disputedMinor < 0n ? 0n : disputedMinor })
  if (state !== 'lost') await bookDispute(tx, order, parts, disputeId, amountMinor, state, at)
  await logged(tx, order.id, at, `dispute ${state}`, { disputeId, amountMinor: Number(amountMinor) })
  await tx.publish(OrderDisputed, {
    ...aboutOrder(noted),
    disputeId,
    state,
    currency: order.currency,
    amountMinor: Number(amountMinor),
    at: at.toISOString(),
  })
}

async function bookDispute(
  tx: Tx<'orders'>,
  { id, currency }: Order,
  parts: readonly Part[],
  disputeId: string,
  amountMinor: bigint,
  state: 'opened' | 'won',
  at: Date,
): Promise<void> {
  const outside = await accounts.outside(tx, currency)
  const shares = divided(
    amountMinor,
    parts.map(({ totalMinor }) => totalMinor),
  )
  const transfers = []
  for (const [index, part] of parts.entries()) {
    const sales = await accounts.sales(tx, part, currency)
    const minor = shares[index]!
    if (minor > 0n)
      transfers.push(state === 'opened' ? { from: sales, to: outside, minor } : { from: outside, to: sales, minor })
  }
  await post(tx, { cause: id, kind: `dispute-${state} ${disputeId}`, at, transfers })
}

/** The one payment of an order, written now where there is none. */
async function prepare(
  tx: Tx<'orders'>,
  payments: Payments<'orders'>,
  orderId: string,
  provider: string | undefined,
  pageOf: (order: Order) => string,
  at: Date,
): Promise<string> {
  const whole = await lockOrder(tx, orderId)
  if (!whole) throw new Problem('not_found', 'order_unknown')
  const { order } = whole
  if (order.paymentId !== null && order.status !== 'cancelled') return order.paymentId
  if (order.status !== 'pending' || order.cancelling !== null || at >= order.expiresAt)
    throw new Problem('conflict', 'order_state', { detail: 'It was paid or cancelled, or waited too long.' })
  const payment = await payments.prepare(tx, {
    purpose: 'order',
    reference: order.id,
    payer: { kind: 'person', id: order.userId },
    money: { minor: dueOf(order), currency: order.currency },
    capture: 'automatic',
    description: order.number,
    returnTo: pageOf(order),
    ...(provider !== undefined && { provider }),
  })
  await noteOrder(tx, order, { paymentId: payment.id })
  await logged(tx, order.id, at, 'payment begun', { provider: payment.provider })
  return payment.id
}
