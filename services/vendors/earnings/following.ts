import type { EventData } from '#contracts/define'
import {
  OrderCompleted,
  OrderDisputed,
  OrderRefunded,
  PartDelivered,
  PaymentSucceeded,
  RefundFailed,
} from '#contracts/orders'
import { countRefund, countSale } from '../figures/following.ts'
import type { VendorsHost } from '../host.ts'
import { bookChange, bookSales, noteDelivered } from './booking.ts'

const about = (id: string, purpose: string) => ({ id, purpose, from: 'beginning', afterFailure: 'pass' }) as const

/**
 * Books and counts what is sold, what goes back of it, and what banks take back, in whatever order that is told. Ids are
 * not those under which it was counted alone: what was told by then is booked too, and counted once.
 */
export function followMoney({ on }: VendorsHost): void {
  on(PaymentSucceeded, about('earned', 'book what vendors earn and the platform keeps'), async (order, tx) => {
    await countSale(tx, order)
    await bookSales(tx, order.orderId, salesOf(order))
  })
  on(OrderRefunded, about('clawed-back', 'book what goes back of earnings'), async (event, tx) => {
    await countRefund(tx, event, false)
    await bookChange(tx, refundOf(event, 'refund', -1))
  })
  on(RefundFailed, about('clawed-back-failed', 'book what did not go back after all'), async (event, tx) => {
    await countRefund(tx, event, true)
    await bookChange(tx, refundOf(event, 'refund-failed', 1))
  })
  on(OrderDisputed, about('disputed', 'book what banks take back, and give back'), async (event, tx) => {
    const { orderId, disputeId, state, currency, amountMinor, at } = event
    // A dispute that is lost changes nothing: it was taken when it was opened.
    if (state === 'lost') return
    const of = state === 'opened' ? -amountMinor : amountMinor
    await bookChange(tx, { cause: orderId, kind: `dispute-${state} ${disputeId}`, orderId, currency, at, of })
  })
  on(PartDelivered, about('part-delivered', 'know from when what was sold counts as settled'), async (event, tx) => {
    await noteDelivered(tx, event.orderId, event.vendorId, event.deliveredAt)
  })
  // Of orders that were complete before parts were told of.
  on(OrderCompleted, about('completed', 'know from when what was sold counts as settled'), async (event, tx) => {
    for (const vendorId of new Set(event.items.map(item => item.vendorId)))
      await noteDelivered(tx, event.orderId, vendorId, event.completedAt)
  })
}

const salesOf = ({ orderId, number, currency, parts, items, at }: EventData<typeof PaymentSucceeded>) =>
  parts.map((part, position) => ({
    orderId,
    number,
    partId: part.partId,
    position,
    owner: part.vendor,
    currency,
    totalMinor: part.totalMinor,
    commissionMinor: part.commissionMinor,
    goods: items.some(({ partId, kind }) => partId === part.partId && kind !== 'digital'),
    at,
  }))

const refundOf = (
  { refundId, orderId, currency, parts, at }: EventData<typeof RefundFailed>,
  kind: string,
  sign: 1 | -1,
) => ({
  cause: refundId,
  kind,
  orderId,
  currency,
  at,
  of: parts.map(({ vendorId, amountMinor, commissionMinor }) => ({
    vendorId,
    amountMinor: sign * amountMinor,
    commissionMinor: sign * commissionMinor,
  })),
})
