import { ProductCreated, ProductDeleted, ProductUpdated, StockSet, TaxClassChanged } from '#contracts/marketplace'
import { OrderCreated } from '#contracts/orders'
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
    await p.publish(OrderCreated, {
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
    })
  }
  for (const version of [1, 2])
    await p.publish(TaxClassChanged, { code: 'reduced', percents: [{ country: 'DE', percent: '7' }], version })
}
