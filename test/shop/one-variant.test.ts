import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getCart } from '#contracts/cart'
import { quoteCart, type Quote } from '#contracts/orders'
import { defineService, newId } from '#kernel'
import { open, type Product } from '../../services/orders/testing.ts'

/** A cart that has two lines of one variant, as another front may keep it: of ours each variant is one line. */
function twoLines() {
  const kept = { of: undefined as Product | undefined, quantities: [] as number[], cartId: newId() }
  let ask!: (quantities: number[]) => Promise<Quote>
  const content = (quantities: number[]) => ({
    currency: 'EUR',
    country: 'DE',
    lines: quantities.map(quantity => ({
      lineId: newId(),
      productId: kept.of!.listing.productId,
      variantId: kept.of!.variantId,
      quantity,
      priceMinor: 10_00,
    })),
    coupons: [],
    giftCards: [],
    shipping: [],
  })
  const service = defineService({
    name: 'cart',
    folder: import.meta.filename,
    asksLater: [quoteCart],
    start(host) {
      host.answer(getCart, async () => ({ cart: { ...content(kept.quantities), cartId: kept.cartId, version: 1 } }))
      ask = quantities => host.ask(quoteCart, { userId: null, cart: content(quantities) })
    },
  })
  return { service, kept, quote: (...quantities: number[]) => ask(quantities) }
}

test('two lines of one variant hold, sell and give back the pieces of both, and never more than there are', async t => {
  const { service, kept, quote } = twoLines()
  const it = await open(t, service)
  const box = await it.product({ stock: 5, variant: { maxPerOrder: 4 } })
  kept.of = box
  const troubles = async (...quantities: number[]) => (await quote(...quantities)).lines.map(({ trouble }) => trouble)
  assert.deepEqual(await troubles(2, 2), [null, null])
  assert.deepEqual(await troubles(2, 3), ['quantity_above_limit', 'quantity_above_limit'])

  const order = async (...quantities: number[]) => {
    Object.assign(kept, { quantities, cartId: newId() })
    const buyer = await it.buyer()
    return { buyer, ...(await buyer.order()) }
  }
  const first = await order(2, 2)
  assert.equal(first.status, 201, JSON.stringify(first.body))
  assert.deepEqual(await it.level(box), { onHand: 5, held: 4 })
  await it.isRight()
  const short = await order(1, 1)
  assert.deepEqual([short.status, short.body.code], [409, 'stock_short'])
  await first.buyer.post(`/api/orders/${first.body.id}/cancel`)
  assert.deepEqual(await it.level(box), { onHand: 5, held: 0 })

  const paid = await order(1, 3)
  await it.pay(paid.buyer, paid.body.id)
  assert.deepEqual(await it.level(box), { onHand: 1, held: 0 })
  await it.isRight()
  const back = await it.shop.post(`/api/orders/${paid.body.id}/cancel`, {})
  assert.equal(back.body.status, 'cancelled', JSON.stringify(back.body))
  await it.settle()
  assert.deepEqual(await it.level(box), { onHand: 5, held: 0 })
  await it.isRight()
})
