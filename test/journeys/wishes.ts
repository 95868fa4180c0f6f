import { ProductCreated, ProductDeleted, ProductUpdated } from '#contracts/marketplace'
import { StockChanged } from '#contracts/orders'
import {
  SubscriptionCancelled,
  SubscriptionPaymentFailed,
  SubscriptionRenewalDue,
  WishAvailable,
  WishCheaper,
  WishGone,
} from '#contracts/users'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'

/**
 * Somebody wishes for products, of which one is cheaper, one is there again, and one is gone. By hand, also the wishes:
 * nobody may be there to know of products, and without them nobody can wish for any.
 */
export async function wishesHappen(p: Pick<TestPlatform, 'publish' | 'db'>, userId: string): Promise<void> {
  const owner = { kind: 'person' as const, id: userId }
  for (const fate of ['cheaper', 'available', 'gone'] as const) {
    const [productId, variantId] = [newId(), newId()]
    const listing = (version: number, priceMinor: number, forSale = true) => ({
      productId,
      vendorId: userId,
      owner,
      name: `Wallbox ${fate}`,
      slug: `wallbox-${fate}`,
      kind: 'physical' as const,
      status: 'active' as const,
      forSale,
      categoryId: null,
      taxClass: 'standard',
      taxIncluded: true,
      thumbnail: null,
      passportId: null,
      variants: [
        {
          variantId,
          sku: `WB-${fate}`,
          options: [],
          prices: [{ currency: 'EUR', priceMinor, sale: null }],
          weightG: 4_200,
          stockPolicy: 'deny' as const,
          availableAt: null,
          maxPerOrder: null,
          serial: null,
          delivery: null,
        },
      ],
      version,
    })
    await p.db('users')`
      insert into wishes (id, user_id, product_id, currency, price_minor, sold_out, created_at)
      values (${newId()}, ${userId}, ${productId}, 'EUR', 50000, ${fate === 'available'}, now())`
    await p.publish(ProductCreated, listing(1, 50_000))
    if (fate === 'cheaper') await p.publish(ProductUpdated, listing(2, 45_000))
    if (fate === 'gone') await p.publish(ProductDeleted, listing(2, 50_000, false))
    if (fate !== 'available') continue
    await p.publish(StockChanged, { variantId, productId, available: 0, version: 1 })
    await p.publish(StockChanged, { variantId, productId, available: 3, version: 2 })
  }
  // What follows from that too: nobody may be there to tell of it.
  const product = { productId: newId(), productName: 'Wallbox', slug: 'wallbox', at: new Date().toISOString() }
  const about = () => ({ ...product, wishId: newId(), userId })
  await p.publish(WishCheaper, { ...about(), currency: 'EUR', priceMinor: 45_000, formerMinor: 50_000 })
  await p.publish(WishAvailable, about())
  await p.publish(WishGone, about())
  const at = new Date().toISOString()
  const subscription = () => ({
    subscriptionId: newId(),
    userId,
    planId: newId(),
    planName: 'Charging Plus',
    seller: { kind: 'organisation' as const, id: newId() },
    currency: 'EUR',
    priceMinor: 1_190,
    interval: 'month' as const,
    version: 2,
    at,
  })
  await p.publish(SubscriptionRenewalDue, { ...subscription(), dueMinor: 1_190, renewsAt: at })
  await p.publish(SubscriptionPaymentFailed, { ...subscription(), dueMinor: 1_190, attempt: 1, nextTryAt: at })
  await p.publish(SubscriptionCancelled, { ...subscription(), reason: 'unpaid' })
}
