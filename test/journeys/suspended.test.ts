import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shopOpens } from './shop.ts'

test('a vendor suspended with open orders: nothing more is sold, what was ordered is sent, paid for and given back', async t => {
  const shop = await shopOpens(t)
  const vera = await shop.vendor('Vera')
  const option = { name: 'Parcel', countries: ['DE'], currency: 'EUR', priceMinor: 0 }
  await vera.get(201, 'POST /api/orders/shipping-options', option)
  const box = await shop.product(vera, { name: 'Wallbox 11 kW', price: 49_900, stock: 5, weightG: 4_200 })
  const ada = await shop.person('Ada')
  const fill = async () => {
    await ada.get(201, 'POST /api/cart/items', { productId: box.id })
    await ada.get(200, 'PUT /api/cart', { country: 'DE' })
  }
  await fill()
  const sent = await shop.buy(ada)
  await fill()
  const givenBack = await shop.buy(ada)
  await fill()

  await shop.root.get(200, `POST /api/vendors/${vera.vendorId}/suspend`, { reason: 'Sells what was called back' })
  await shop.settle()
  assert.equal((await ada.ask(`GET /api/marketplace/products/${box.id}`)).status, 404)
  const refused = await ada.ask('POST /api/orders', { billingAddress: sent.billingAddress })
  assert.deepEqual([refused.status, refused.body.code], [409, 'product_not_for_sale'], 'what lay in a cart is not sold')

  const at = `/api/orders/${sent.id}`
  const parcel = await vera.get(201, `POST ${at}/shipments`, { carrier: 'DHL', tracking: '0034' })
  await ada.get(200, `POST ${at}/shipments/${parcel.id}/delivered`)
  await shop.settle()
  assert.equal((await ada.get(200, `GET ${at}`)).status, 'completed')
  await vera.get(200, `POST /api/orders/${givenBack.id}/refund`, { reason: 'It was called back' })
  await shop.settle()
  assert.equal((await ada.get(200, `GET /api/orders/${givenBack.id}`)).status, 'refunded')
  const [earned] = (await vera.get(200, 'GET /api/vendors/earnings')).items
  assert.equal(earned.pendingMinor + earned.availableMinor, 49_900, 'what was sold before is its own')

  await shop.root.get(200, `POST /api/vendors/${vera.vendorId}/reinstate`, {})
  await shop.settle()
  await ada.get(200, `GET /api/marketplace/products/${box.id}`)
  assert.equal((await shop.buy(ada)).paymentStatus, 'paid', 'the cart is as it was')
})
