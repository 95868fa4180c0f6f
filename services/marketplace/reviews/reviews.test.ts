import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserDeleted } from '#contracts/identity'
import { ReviewAdded, ReviewRemoved } from '#contracts/marketplace'
import { newId } from '#kernel'
import { onSale, open } from '../testing.ts'

test('who has received a product reviews it, once, and takes it back', async t => {
  const market = await open(t)
  const { p } = market
  const product = await onSale(market)
  const [buyer, stranger] = [market.as(), market.as()]
  const at = `/products/${product.id}/reviews`
  assert.equal((await market.visit(`/api/marketplace${at}`)).status, 200)
  assert.equal((await stranger.post(at, { rating: 1 })).body.code, 'review_not_received')
  await market.received(buyer.userId, product.id)
  const answers = await Promise.all([1, 2, 3].map(() => buyer.post(at, { rating: 4, title: 'Good', author: 'Ada' })))
  assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409, 409])
  const other = market.as()
  await market.received(other.userId, product.id)
  const second = await other.post(at, { rating: 5 })
  const shown = (await market.as().get(`/products/${product.id}`)).body
  assert.deepEqual([shown.rating, shown.reviewCount], [4.5, 2])
  assert.deepEqual((await market.as().get('/products?rating=4')).body.items.length, 1)
  assert.deepEqual((await market.as().get('/products?rating=5')).body.items, [])
  assert.partialDeepStrictEqual((await p.published(ReviewAdded))[0], {
    productId: product.id,
    rating: 4,
    userId: buyer.userId,
  })
  assert.equal((await buyer.delete(`/reviews/${second.body.id}`)).status, 404)
  assert.equal((await other.delete(`/reviews/${second.body.id}`)).status, 204)
  assert.equal((await p.published(ReviewRemoved)).length, 1)
  assert.equal((await market.as().get(`/products/${product.id}`)).body.rating, 4)
  for (const rating of [0, 6, 1.5, '5']) assert.equal((await buyer.post(at, { rating })).status, 400)
})

test('a review that leads somewhere, and very many at once, wait for a moderator', async t => {
  const market = await open(t)
  const product = await onSale(market)
  const admin = market.admin()
  const review = async (body: object) => {
    const buyer = market.as()
    await market.received(buyer.userId, product.id)
    return (await buyer.post(`/products/${product.id}/reviews`, body)).body
  }
  const spam = await review({ rating: 5, body: 'Cheaper at https://example.com' })
  const script = await review({ rating: 5, title: '<script>alert(1)</script>' })
  assert.deepEqual([spam.state, script.state], ['held', 'held'])
  for (let index = 0; index < 18; index++) assert.equal((await review({ rating: 5 })).state, 'visible')
  assert.equal((await review({ rating: 1 })).state, 'held', 'a review bomb')
  assert.equal((await market.as().get(`/products/${product.id}`)).body.reviewCount, 18)
  assert.deepEqual((await admin.get('/reviews')).body.items.length, 3)
  assert.equal((await market.as().get('/reviews')).status, 403)
  const shown = await admin.put(`/reviews/${spam.id}/state`, { state: 'visible' })
  assert.equal(shown.body.state, 'visible')
  assert.equal((await market.as().get(`/products/${product.id}`)).body.reviewCount, 19)
  await admin.put(`/reviews/${spam.id}/state`, { state: 'hidden', reason: 'Advertising' })
  assert.equal((await market.as().get(`/products/${product.id}/reviews?limit=100`)).body.items.length, 18)
})

test('of who leaves nothing is told beside a review any more, and what they sold is withdrawn', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const [product, own] = [await onSale(market), await onSale(market, {}, vendor)]
  await market.received(vendor.userId, product.id)
  await vendor.post(`/products/${product.id}/reviews`, { rating: 5, author: 'Ada' })
  await market.p.publish(UserDeleted, { userId: vendor.userId, email: 'ada@example.com', locale: 'en', version: 2 })
  await market.p.settle()
  const { items } = (await market.as().get(`/products/${product.id}/reviews`)).body
  assert.deepEqual([items[0].author, items[0].rating], [null, 5])
  assert.equal((await market.as().get(`/products/${own.id}`)).status, 404)
  assert.equal((await market.db`select from marketplace.purchases`).length, 0)
})

test('an order that is told twice counts once, and what many have bought is popular', async t => {
  const market = await open(t, { environment: { SHOP_POPULAR_FROM: '3' } })
  const product = await onSale(market, { kind: 'digital', stock: undefined })
  const orderId = newId()
  for (let index = 0; index < 2; index++) await market.received(newId(), product.id, { orderId })
  assert.equal((await market.as().get(`/products/${product.id}`)).body.downloadCount, 1)
  for (let index = 0; index < 2; index++) await market.received(newId(), product.id)
  const shown = (await market.as().get(`/products/${product.id}`)).body
  assert.deepEqual([shown.isPopular, shown.downloadCount], [true, 3])
  assert.equal((await market.as().get('/products?popular=true')).body.items.length, 1)
})
