import type { EventData } from '#contracts/define'
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderRefunded,
  PaymentFailed,
  PaymentSucceeded,
  RefundFailed,
} from '#contracts/orders'
import type { UsersHost } from '../host.ts'
import { putPurchase, putRefund, type Told } from './store.ts'

const about = {
  id: 'purchases',
  purpose: 'show buyers what they ordered, and what became of it',
  from: 'beginning',
} as const

const wholeOf = (order: EventData<typeof OrderCreated>): Told['whole'] => ({
  currency: order.currency,
  totalMinor: order.totalMinor,
  at: order.at,
  items: order.items.map(({ productId, variantId, vendorId, productName, quantity, totalMinor }) => ({
    productId,
    variantId,
    vendorId,
    productName,
    quantity,
    totalMinor,
  })),
})

/** The history of purchases follows from what orders tell. */
export function followOrders({ on }: UsersHost): void {
  on(OrderCreated, about, async (order, tx) => {
    await putPurchase(tx, { ...order, whole: wholeOf(order) })
  })
  // Its time is that of the payment.
  on(PaymentSucceeded, about, async ({ orderId, userId, number, version, status, paymentStatus }, tx) => {
    await putPurchase(tx, { orderId, userId, number, version, status, paymentStatus })
  })
  on(PaymentFailed, about, async (order, tx) => {
    await putPurchase(tx, { ...order, paymentStatus: 'failed' })
  })
  on(OrderCancelled, about, async (order, tx) => {
    await putPurchase(tx, { ...order, ...(order.whole && { status: 'cancelled' }), whole: undefined })
  })
  on(OrderCompleted, about, async ({ orderId, userId, number, version }, tx) => {
    await putPurchase(tx, { orderId, userId, number, version, status: 'completed' })
  })
  on(OrderRefunded, about, async (refund, tx) => {
    const { orderId, userId, number, version, whole } = refund
    const ended = whole ? { status: 'refunded', paymentStatus: 'refunded' } : {}
    await putPurchase(tx, { orderId, userId, number, version, ...ended })
    await putRefund(tx, { ...refund, failed: false })
  })
  on(RefundFailed, about, async (refund, tx) => {
    const { orderId, userId, number, version } = refund
    await putPurchase(tx, { orderId, userId, number, version, paymentStatus: 'paid' })
    await putRefund(tx, { ...refund, failed: true })
  })
}
