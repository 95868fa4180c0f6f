import { ReviewAdded, ReviewRemoved } from '#contracts/marketplace'
import { BatterySold, OrderCompleted, StockChanged } from '#contracts/orders'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'
import { baseline, type Client } from './client.ts'

/** A seller, with how they sign in anew. */
export interface Seller extends Client {
  readonly id: string
}

/** A shop: products that are approved, sold out and bought, and a battery whose passport ends. Resolves with a product. */
export async function marketHappens(p: TestPlatform, root: Client, seller: Seller, buyers: readonly string[]) {
  const at = '/api/marketplace'
  const { slug, id: categoryId } = await root.get(201, `POST ${at}/categories`, {
    names: { en: 'Wallboxes', de: 'Wallboxen' },
    attributes: [{ key: 'power', names: { en: 'Power', de: 'Leistung' }, type: 'number', unit: 'kW', facet: true }],
  })
  await root.get(200, `PUT ${at}/categories/${categoryId}`, { position: 3 })
  const wallbox = { name: 'Wallbox', category: slug, price: 49_900, stock: 3, attributes: { power: 11 } }
  const product = await seller.get(201, `POST ${at}/products`, wallbox)
  const manual = await seller.get(201, `POST ${at}/products`, { name: 'Manual', kind: 'digital', price: 900 })
  for (const { id } of [product, manual]) await root.get(200, `POST ${at}/products/${id}/approve`)

  const { id: passportId } = await seller.get(201, 'POST /api/passports', { data: baseline('For sale') })
  await seller.get(200, `POST /api/passports/${passportId}/publish`)
  const battery = { name: 'Second life', kind: 'battery', passportId, price: 90_000, status: 'pending' }
  const listed = await seller.get(201, `POST ${at}/products`, battery)
  await root.get(200, `POST ${at}/products/${listed.id}/approve`)
  const [line, item] = [
    { orderId: newId(), lineId: newId() },
    { productId: listed.id, serial: 'For sale' },
  ]
  await p.publish(BatterySold, {
    ...line,
    ...item,
    passportId,
    seller: { kind: 'person', id: seller.id },
    buyer: { kind: 'person', id: buyers[0]! },
    at: '2027-02-18T08:00:00.000Z',
  })
  await seller.ask(`DELETE /api/passports/${passportId}`)

  const [{ id: variantId }] = product.variants
  for (const [version, available] of [2, 0, 1].entries())
    await p.publish(StockChanged, { variantId, productId: product.id, available, version: version + 1_001 })
  for (const rating of [4, 5]) {
    const review = { reviewId: newId(), productId: product.id, vendorId: seller.id, userId: buyers[0]!, rating }
    await p.publish(ReviewAdded, { ...review, version: 1 })
    if (rating === 4) await p.publish(ReviewRemoved, { ...review, version: 2 })
  }
  const completedAt = new Date('2027-02-18T08:00:00.000Z').toISOString()
  for (const userId of buyers) {
    const bought = { vendorId: seller.id, quantity: 1 }
    await p.publish(OrderCompleted, {
      number: 'K7M2Q-9XWTB',
      version: 1,
      orderId: newId(),
      userId,
      items: [
        { lineId: newId(), productId: product.id, variantId, ...bought },
        { lineId: newId(), productId: manual.id, variantId: manual.variants[0].id, ...bought },
      ],
      completedAt,
    })
  }
}

/** A product of somebody who leaves. */
export const offerOne = (seller: Client, name: string) =>
  seller.get(201, 'POST /api/marketplace/products', { name, price: 100, stock: 1 })
