import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderDisputed,
  OrderRefunded,
  PartDelivered,
  PaymentFailed,
  PaymentSucceeded,
  RefundFailed,
} from '#contracts/orders'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'

/** Somebody orders: one order arrives, and one is cancelled. By hand: nobody may be there to sell anything. */
export async function purchasesHappen(p: Pick<TestPlatform, 'publish'>, userId: string): Promise<void> {
  const at = new Date().toISOString()
  for (const fate of ['completed', 'cancelled'] as const) {
    const [orderId, partId, vendorId, productId, variantId] = [newId(), newId(), newId(), newId(), newId()]
    const vendor = { kind: 'organisation' as const, id: vendorId }
    const about = (version: number) => ({ orderId, number: `K7M2Q-${fate.slice(0, 5)}`, userId, version, at })
    const amounts = { discountMinor: 0, taxMinor: 0, totalMinor: 500, commissionMinor: 0 }
    const line = { lineId: newId(), vendorId, productId, variantId, quantity: 1 }
    const order = {
      ...about(1),
      currency: 'EUR',
      subtotalMinor: 500,
      discountMinor: 0,
      shippingMinor: 0,
      taxMinor: 0,
      totalMinor: 500,
      giftCardMinor: 0,
      status: 'pending' as const,
      paymentStatus: 'pending' as const,
      country: 'DE',
      cartId: newId(),
      parts: [{ partId, vendorId, vendor, shippingMinor: 0, taxMinor: 0, totalMinor: 500, commissionMinor: 0 }],
      items: [
        {
          ...line,
          ...amounts,
          partId,
          productName: 'Type 2 cable',
          sku: 'T2',
          kind: 'physical' as const,
          priceMinor: 500,
          netMinor: 500,
          commissionBasisPoints: 0,
          passportId: null,
        },
      ],
    }
    await p.publish(OrderCreated, order)
    await p.publish(PaymentFailed, { ...about(2), paymentId: newId(), reason: 'Your card was declined.' })
    const paid = { status: 'processing' as const, paymentStatus: 'paid' as const }
    const means = { paymentMethod: 'play', paymentId: newId(), paymentIntent: null }
    await p.publish(PaymentSucceeded, { ...order, ...about(3), ...paid, ...means })
    if (fate === 'completed') {
      await p.publish(PartDelivered, { ...about(4), partId, vendorId, deliveredAt: at })
      for (const state of ['opened', 'won'] as const)
        await p.publish(OrderDisputed, { ...about(4), disputeId: 'dp_1', state, currency: 'EUR', amountMinor: 200 })
      await p.publish(OrderCompleted, { ...about(4), items: [line], completedAt: at })
      continue
    }
    await p.publish(OrderCancelled, { ...about(4), whole: true, reason: 'buyer', partIds: [partId], items: [line] })
    const refund = { refundId: newId(), currency: 'EUR', amountMinor: 500 }
    const parts = [{ partId, vendorId, amountMinor: 500, commissionMinor: 0 }]
    const items = [{ lineId: line.lineId, amountMinor: 500 }]
    await p.publish(OrderRefunded, { ...about(5), ...refund, whole: true, reason: 'buyer', parts, items })
    await p.publish(RefundFailed, { ...about(6), ...refund, parts })
  }
}
