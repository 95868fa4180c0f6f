import { ProductCreated, ProductDeleted, ProductUpdated, StockSet, TaxClassChanged } from '#contracts/marketplace'
import {
  GoodsHandedOver,
  GuestOrdered,
  OrderCancelled,
  OrderCreated,
  OrderDelivered,
  OrderInvoiced,
  OrderRefunded,
  OrderShipped,
  PaymentFailed,
  PaymentSucceeded,
  ReturnDecided,
  ReturnReceived,
  ReturnRequested,
  WithdrawalDeclared,
} from '#contracts/orders'
import type { EventData } from '#contracts/define'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'

/** Products are told of, change and go, and something of them is ordered. */
export async function orderingHappens(p: Pick<TestPlatform, 'publish'>, userId: string): Promise<void> {
  const owner = { kind: 'organisation' as const, id: newId() }
  const listing = (name: string, version: number): EventData<typeof ProductCreated> => ({
    productId: newId(),
    vendorId: owner.id,
    owner,
    name,
    slug: name.toLowerCase().replaceAll(' ', '-'),
    kind: 'physical',
    status: 'active',
    forSale: true,
    categoryId: null,
    taxClass: 'reduced',
    taxIncluded: true,
    thumbnail: null,
    passportId: null,
    variants: [
      {
        variantId: newId(),
        sku: name,
        options: [],
        prices: [{ currency: 'EUR', priceMinor: 500, sale: null }],
        weightG: 1_000,
        stockPolicy: 'deny',
        availableAt: null,
        maxPerOrder: null,
        serial: null,
        delivery: null,
      },
    ],
    version,
  })
  for (const [name, isGone] of [
    ['Type 2 cable', false],
    ['Old cable', true],
  ] as const) {
    const first = listing(name, 1)
    await p.publish(ProductCreated, first)
    await p.publish(ProductUpdated, { ...first, version: 2, name: `${name}, 5 m` })
    if (isGone) await p.publish(ProductDeleted, { ...first, version: 3, forSale: false })
    const [{ variantId, sku } = { variantId: newId(), sku: name }] = first.variants
    const about = { variantId, productId: first.productId, vendorId: owner.id, sku }
    await p.publish(StockSet, { ...about, counted: 10, countVersion: 1, added: 0, version: 1 })
    await p.publish(StockSet, { ...about, counted: 10, countVersion: 1, added: 5, version: 2 })
    await p.publish(StockSet, { ...about, counted: 4, countVersion: 3, added: 0, version: 3 })
    const amounts = { discountMinor: 0, netMinor: 500, taxMinor: 0, totalMinor: 500 }
    const [orderId, partId] = [newId(), newId()]
    const placed: EventData<typeof OrderCreated> = {
      orderId,
      number: 'K7M2Q-9XWTB',
      userId,
      version: 1,
      currency: 'EUR',
      subtotalMinor: 500,
      discountMinor: 0,
      shippingMinor: 0,
      taxMinor: 0,
      totalMinor: 500,
      giftCardMinor: 0,
      status: 'pending',
      paymentStatus: 'pending',
      country: 'DE',
      cartId: newId(),
      parts: [
        {
          partId,
          vendorId: owner.id,
          vendor: owner,
          shippingMinor: 0,
          taxMinor: 0,
          totalMinor: 500,
          commissionMinor: 0,
        },
      ],
      items: [
        {
          lineId: newId(),
          partId,
          vendorId: owner.id,
          productId: first.productId,
          variantId,
          productName: name,
          sku,
          kind: 'physical',
          quantity: 1,
          priceMinor: 500,
          ...amounts,
          commissionBasisPoints: 0,
          commissionMinor: 0,
          passportId: null,
        },
      ],
      at: new Date().toISOString(),
    }
    await p.publish(OrderCreated, placed)
    await happensTo(p, placed)
  }
  for (const version of [1, 2])
    await p.publish(TaxClassChanged, { code: 'reduced', percents: [{ country: 'DE', percent: '7' }], version })
}

/** It is paid at the second try, sent, given back and cancelled in part. */
async function happensTo(p: Pick<TestPlatform, 'publish'>, order: EventData<typeof OrderCreated>): Promise<void> {
  const { orderId, number, userId, currency, at, totalMinor, parts, items } = order
  const about = (version: number) => ({ orderId, number, userId, version })
  const [{ partId, vendorId } = { partId: newId(), vendorId: newId() }] = parts
  const [{ lineId, productId, variantId, productName } = items[0]!] = items
  await p.publish(PaymentFailed, { ...about(2), paymentId: newId(), reason: 'declined', at })
  const paid = { paymentMethod: 'stripe', paymentId: newId(), paymentIntent: 'pi_1' }
  await p.publish(PaymentSucceeded, { ...order, version: 3, status: 'processing', paymentStatus: 'paid', ...paid })
  const shipment = { shipmentId: newId(), partId, vendorId, carrier: 'DHL', tracking: '0034', trackingUrl: null }
  await p.publish(OrderShipped, { ...about(4), ...shipment, shippedAt: at })
  await p.publish(OrderDelivered, { ...about(5), ...shipment, deliveredAt: at })
  const given = { lineId, productId, productName, kind: 'licence' as const, quantity: 1 }
  await p.publish(GoodsHandedOver, { ...about(6), ...given, at })
  await p.publish(OrderRefunded, {
    ...about(7),
    refundId: newId(),
    currency,
    amountMinor: totalMinor,
    whole: true,
    reason: 'Broken',
    parts: [{ partId, vendorId, amountMinor: totalMinor, commissionMinor: 0 }],
    items: [{ lineId, amountMinor: totalMinor }],
    at,
  })
  const gone = [{ lineId, productId, variantId, vendorId, quantity: 1 }]
  await p.publish(OrderCancelled, { ...about(8), whole: true, reason: 'buyer', partIds: [partId], items: gone, at })
  const [vendor, one] = [parts[0]!.vendor, { returnId: newId(), partId, vendorId, items: gone, at }]
  await p.publish(ReturnRequested, { ...about(9), ...one, vendor, reason: 'broken' })
  await p.publish(WithdrawalDeclared, {
    ...about(9),
    returnId: one.returnId,
    partId,
    email: 'guest@example.com',
    locale: 'en',
    things: [{ name: 'Wallbox', quantity: 1 }],
    at,
  })
  for (const [version, decision] of [
    [10, 'approved'],
    [11, 'withdrawn'],
  ] as const)
    await p.publish(ReturnDecided, { ...about(version), ...one, vendor, decision, answer: null })
  const back = { restocked: true, currency, amountMinor: totalMinor, refundId: null }
  await p.publish(ReturnReceived, { ...about(12), ...one, vendor, ...back })
  const placed = { orderId, number, email: 'guest@example.com', locale: 'en' as const, currency, totalMinor, at }
  await p.publish(GuestOrdered, placed)
  await p.publish(OrderInvoiced, {
    orderId,
    orderNumber: number,
    userId,
    sellerId: vendorId,
    invoiceId: newId(),
    kind: 'invoice',
    number: 'INV-2027-000001',
    issuedOn: '2027-03-01',
    currency,
    totalMinor,
  })
}
