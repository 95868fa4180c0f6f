import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SwitchTurned } from '#contracts/admin'
import { GoodsHandedOver, OrderCompleted, PaymentSucceeded, StockChanged } from '#contracts/orders'
import { newId } from '#kernel'
import { cart } from '../../services/cart/service.ts'
import { address, open, type Product } from '../../services/orders/testing.ts'
import { until } from '../kernel/toys.ts'

type It = Awaited<ReturnType<typeof open>>

const licence = (it: It, more = {}) =>
  it.product({
    name: 'Load management, 1 year',
    kind: 'digital',
    stock: null,
    variant: { weightG: null, delivery: { kind: 'licence', documentId: null, maxDownloads: null }, ...more },
  })

const keysOf = (it: It, { variantId }: Product, keys: string[]) =>
  it.shop.post(`/api/orders/keys/${variantId}`, { keys })

suite('a licence key', () => {
  test('is given once under any concurrency, and who paid before there was one gets it when it comes', async t => {
    const it = await open(t, cart)
    const software = await licence(it)
    assert.equal((await keysOf(it, software, ['KEY-1', 'KEY-2', 'KEY-3'])).body.free, 3)
    assert.equal((await keysOf(it, software, ['KEY-3', 'KEY-4'])).body.code, 'keys_known')
    assert.equal((await it.vendor().get(`/api/orders/keys/${software.variantId}`)).body.code, 'variant_unknown')
    const placed = await Promise.all(Array.from({ length: 6 }, () => it.placed([[software, 1]])))
    for (const { buyer, order } of placed) {
      const { body } = await buyer.post(`/api/orders/${order.id}/payment`)
      it.standIn.state.act(body.providerId, 'approve')
    }
    await it.settle()
    const keysGiven = async () => {
      const answers = await Promise.all(placed.map(({ buyer, order }) => buyer.get(`/api/orders/${order.id}/goods`)))
      return answers.flatMap(({ body }) => body.items.flatMap(({ keys }: { keys: string[] }) => keys)) as string[]
    }
    assert.deepEqual((await keysGiven()).toSorted(), ['KEY-1', 'KEY-2', 'KEY-3'])
    await keysOf(it, software, ['KEY-4', 'KEY-5', 'KEY-6', 'KEY-7'])
    await it.settle()
    const given = await keysGiven()
    assert.deepEqual([given.length, new Set(given).size], [6, 6])
    assert.equal((await it.p.published(GoodsHandedOver)).length, 6)
    assert.equal((await it.p.published(OrderCompleted)).length, 6)
    const [{ buyer, order } = placed[0]!] = placed
    assert.equal(
      (await it.shop.get(`/api/orders/${order.id}/goods`)).body.code,
      'order_unknown',
      'keys are the buyer’s',
    )
    assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.status, 'completed')
    const stored = await it.p.db('orders')`select encode(sealed, 'escape') as text from licence_keys`
    assert.ok(!JSON.stringify(stored).includes('KEY-'), 'no key is readable where it is stored')
  })
})

test('where buying is switched off nobody orders, guests neither; carts stay, and what was ordered before is paid', async t => {
  const it = await open(t, cart)
  const box = await it.product({ stock: 5 })
  const before = await it.placed([[box, 1]])
  const buyer = await it.buyer([[box, 1]])
  const rules = { name: 'orders.checkout', isOn: true, shareBasisPoints: 10_000, only: [], never: [] }
  await it.p.publish(SwitchTurned, { ...rules, isOn: false, version: 2 })
  // Whoever is let through meanwhile has emptied their cart.
  const other = await it.product({ stock: 1_000 })
  await until(async () => (await (await it.buyer([[other, 1]])).order()).body.code === 'feature_off')
  assert.equal((await buyer.order()).body.code, 'feature_off')
  assert.equal((await buyer.get('/api/cart')).body.items.length, 1)
  assert.equal((await it.level(box)).held, 1, 'nothing is held for it')
  await it.pay(before.buyer, before.order.id)
  assert.equal((await before.buyer.get(`/api/orders/${before.order.id}`)).body.paymentStatus, 'paid')
  await it.p.publish(SwitchTurned, { ...rules, shareBasisPoints: 0, only: [buyer.userId], version: 3 })
  await until(async () => (await buyer.order()).status === 201)
  const unnamed = await it.buyer([[box, 1]])
  assert.equal((await unnamed.order()).body.code, 'feature_off', 'for whom it is not named')
  await it.isRight()
})

suite('coupons and gift cards', () => {
  test('of a coupon the last use is had by one of two at once, and given back by an order that nobody paid', async t => {
    const it = await open(t, cart)
    const box = await it.product({ price: 33_33 })
    const made = await it.shop.post('/api/orders/coupons', { code: 'spring-10', percent: '10', maxUses: 1 })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    assert.equal(
      (await it.shop.post('/api/orders/coupons', { code: 'SPRING 10', percent: '5' })).body.code,
      'coupon_taken',
    )
    const buyers = await Promise.all(Array.from({ length: 4 }, () => it.buyer([[box, 3]])))
    for (const buyer of buyers) {
      const { body } = await buyer.put('/api/cart', { coupons: ['Spring-10'] })
      assert.deepEqual([body.subtotal, body.discountMinor, body.total], [99_99, 10_00, 89_99])
    }
    const placed = await Promise.all(buyers.map(buyer => buyer.order()))
    assert.deepEqual(placed.map(({ status }) => status).toSorted(), [201, 409, 409, 409])
    assert.ok(placed.every(({ status, body }) => status === 201 || body.code === 'coupon_used_up'))
    const at = placed.findIndex(({ status }) => status === 201)
    await buyers[at]!.post(`/api/orders/${placed[at]!.body.id}/cancel`)
    const again = await buyers[(at + 1) % 4]!.order()
    assert.deepEqual([again.status, again.body.totalMinor], [201, 89_99])
    await it.isRight()
  })

  test('a gift card in two carts pays no more than is on it, and alone it pays the whole', async t => {
    const it = await open(t, cart)
    const box = await it.product({ price: 60_00 })
    const { body: card } = await it.admin.post('/api/orders/gift-cards', { currency: 'EUR', amountMinor: 100_00 })
    const buyers = await Promise.all([1, 2].map(() => it.buyer([[box, 1]])))
    for (const buyer of buyers) await buyer.put('/api/cart', { giftCards: [card.code.toLowerCase()] })
    const placed = await Promise.all(buyers.map(buyer => buyer.order()))
    const used = placed.map(({ status, body }) => (status === 201 ? body.giftCardMinor : body.code))
    assert.ok(used.includes(60_00) && (used.includes(40_00) || used.includes('gift_card_short')), JSON.stringify(used))
    const whole = placed.find(({ body }) => body.giftCardMinor === 60_00)!
    assert.deepEqual([whole.body.status, whole.body.paymentStatus, whole.body.dueMinor], ['processing', 'paid', 0])
    const [told] = await it.p.published(PaymentSucceeded)
    assert.deepEqual([told!.paymentMethod, told!.paymentId], ['gift-card', null])
    await it.admin.post(`/api/orders/${whole.body.id}/refund`, { reason: 'Broken' })
    await it.settle()
    const { body: cards } = await it.admin.get('/api/orders/gift-cards')
    const other = used.includes(40_00) ? 40_00 : 0
    assert.equal(cards.items[0].balanceMinor, 100_00 - other)
    await it.isRight()
  })
})

suite('what is bought', () => {
  test('a variant without stock is sold on where its vendor says so, and sent later', async t => {
    const it = await open(t, cart)
    const later = await it.product({ stock: 1, variant: { stockPolicy: 'backorder' } })
    const buyer = await it.buyer([[later, 3]])
    const { body } = await buyer.get('/api/cart')
    assert.deepEqual([body.items[0].trouble, body.items[0].later, body.items[0].available], [null, true, 1])
    assert.equal((await buyer.order()).status, 201)
    assert.deepEqual(await it.level(later), { onHand: 1, held: 3 })
    assert.equal((await it.p.published(StockChanged)).at(-1)!.available, -2)
  })

  test('products that are deleted, not for sale any more or unpriced cannot be ordered from carts they are in', async t => {
    const it = await open(t, cart)
    const [gone, hidden] = [await it.product(), await it.product()]
    const buyer = await it.buyer([
      [gone, 1],
      [hidden, 1],
    ])
    await it.change(gone, { version: 2, forSale: false }, true)
    await it.change(hidden, { version: 2, forSale: false })
    const { body } = await buyer.get('/api/cart')
    assert.deepEqual(
      body.items.map(({ trouble }: { trouble: string }) => trouble),
      ['product_not_for_sale', 'product_not_for_sale'],
    )
    const refused = await buyer.order()
    assert.deepEqual(
      [refused.status, refused.body.code, refused.body.variantIds.length],
      [409, 'product_not_for_sale', 2],
    )
  })

  test('negative, huge and fractional quantities are refused, and a cart of very many lines is told where it ends', async t => {
    const it = await open(t, cart)
    const box = await it.product({ stock: null })
    const buyer = await it.buyer()
    for (const quantity of [-1, 0, 1.5, 10_001, 1e21, '2'])
      assert.equal(
        (await buyer.post('/api/cart/items', { productId: box.listing.productId, quantity })).status,
        400,
        String(quantity),
      )
    const add = () => buyer.post('/api/cart/items', { productId: box.listing.productId, quantity: 6_000 })
    assert.equal((await add()).status, 201)
    assert.equal((await add()).body.code, 'quantity_above_limit')
    const variants = Array.from({ length: 100 }, () => ({ ...box.listing.variants[0]!, variantId: newId() }))
    for (const version of [2, 3]) {
      const many = {
        ...box.listing,
        productId: newId(),
        variants: variants.map(one => ({ ...one, variantId: newId() })),
      }
      await it.change({ ...box, listing: many }, { version })
      const answers = []
      for (const { variantId } of many.variants)
        answers.push(await buyer.post('/api/cart/items', { productId: many.productId, variantId }))
      const refused = answers.filter(({ status }) => status !== 201)
      assert.ok(
        version === 2
          ? refused.length === 0
          : refused.every(({ body }) => body.code === 'cart_full' && body.most === 150),
      )
      assert.equal(refused.length, version === 2 ? 0 : 51)
    }
    assert.equal((await buyer.order()).status, 201, 'and as full as it is it can be ordered')
  })

  test('one’s cart is one on two devices, and what a browser had joins it at the sign-in, once', async t => {
    const it = await open(t, cart)
    const [box, cable] = [await it.product(), await it.product()]
    const who = it.as()
    await Promise.all([1, 2, 3, 4].map(() => it.buyer([[box, 1]], who)))
    const looked = await it.p.http.inject({ url: '/api/cart' })
    assert.equal(looked.headers['set-cookie'], undefined, 'no cookie before anything is in it')
    const added = await it.p.http.inject({
      method: 'POST',
      url: '/api/cart/items',
      payload: { productId: cable.listing.productId, quantity: 2 },
    })
    const cookie = String(added.headers['set-cookie']).split(';')[0]!
    assert.match(String(added.headers['set-cookie']), /HttpOnly; SameSite=Lax/i)
    const anonymous = await it.p.http.inject({ url: '/api/cart', headers: { cookie } })
    assert.equal(anonymous.json().items[0].quantity, 2)
    const both = await Promise.all([1, 2].map(() => who.get('/api/cart', undefined, { cookie })))
    const { body } = await who.get('/api/cart')
    assert.ok(both.every(({ status }) => status === 200))
    assert.deepEqual(body.items.map(({ quantity }: { quantity: number }) => quantity).toSorted(), [2, 4])
    assert.equal((await it.p.http.inject({ url: '/api/cart', headers: { cookie } })).json().items.length, 0)
    const forged = await it.p.http.inject({
      method: 'DELETE',
      url: '/api/cart',
      headers: { cookie, origin: 'https://evil.example' },
    })
    assert.equal(forged.json().code, 'origin_not_allowed')
  })

  test('carts that nobody touched for seven days are gone', async t => {
    const it = await open(t, cart)
    const buyer = await it.buyer([[await it.product(), 1]])
    assert.ok(Date.parse((await buyer.get('/api/cart')).body.expiresAt) > Date.now() + 6.9 * 86_400_000)
    await it.periodically(/seven days/)
    assert.equal((await buyer.get('/api/cart')).body.items.length, 1)
    it.clock.at = new Date(Date.now() + 7 * 86_400_000 + 1_000)
    await it.periodically(/seven days/)
    it.clock.at = undefined
    assert.deepEqual((await buyer.get('/api/cart')).body.items, [])
  })

  test('an address that no schema foresaw is one, and what is no letter is refused', async t => {
    const it = await open(t, cart)
    const box = await it.product()
    const odd = { name: '李雷', email: 'li@example.com', address: '香港九龍\n彌敦道 1 號', country: 'HK' }
    const placed = await (await it.buyer([[box, 1]])).order({ billingAddress: odd })
    assert.deepEqual([placed.status, placed.body.billingAddress], [201, odd])
    for (const wrong of [
      { ...address, country: 'Germany' },
      { ...address, address: ' ' },
      { ...address, admin: true },
    ])
      assert.equal((await (await it.buyer([[box, 1]])).order({ billingAddress: wrong })).status, 400)
  })

  test('status, price and vendor of an order are nobody’s to send along', async t => {
    const it = await open(t, cart)
    const buyer = await it.buyer([[await it.product(), 1]])
    for (const more of [{ status: 'completed' }, { paymentStatus: 'paid' }, { items: [] }, { discountMinor: 5 }])
      assert.equal((await buyer.order(more)).status, 400, JSON.stringify(more))
    const { listing } = await it.product()
    const item = { productId: listing.productId, price: 1, vendorId: newId() }
    assert.equal((await buyer.post('/api/cart/items', item)).status, 400)
  })

  test('yen have no minor unit and dinars three, and shipping, tax and discounts add up in each', async t => {
    const it = await open(t, cart)
    await it.shop.put('/api/orders/seller', {
      name: 'Example Chargers GmbH',
      address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
      smallBusiness: false,
    })
    await it.shop.post('/api/orders/coupons', { code: 'THIRD', percent: '33.33' })
    for (const [currency, price] of [
      ['JPY', 1_001],
      ['KWD', 12_345],
      ['EUR', 9_99],
    ] as const) {
      await it.shop.post('/api/orders/shipping-options', {
        name: 'Parcel',
        countries: ['DE'],
        currency,
        priceMinor: 490,
        perKgMinor: 7,
      })
      const prices = [{ currency, priceMinor: price, sale: null }]
      const products = [
        await it.product({ variant: { prices } }),
        await it.product({ variant: { prices }, taxIncluded: false }),
      ]
      const buyer = await it.buyer(products.map(product => [product, 3] as const))
      await buyer.put('/api/cart', { country: 'DE', coupons: ['third'] })
      const shown = (await buyer.get('/api/cart')).body
      const { status, body } = await buyer.order()
      assert.equal(status, 201, JSON.stringify(body))
      assert.equal(body.totalMinor, shown.total, 'what was shown is what is asked')
      const sum = (of: (item: any) => number) => body.items.reduce((total: number, item: any) => total + of(item), 0)
      assert.equal(sum(item => item.totalMinor) + body.shippingMinor, body.totalMinor)
      assert.equal(
        sum(item => item.discountMinor),
        body.discountMinor,
      )
      assert.equal(
        sum(item => item.netMinor + item.taxMinor),
        sum(item => item.totalMinor),
      )
      assert.equal(body.shippingMinor, 490 + 7 * 26)
      await it.pay(buyer, body.id)
      const [part] = (await buyer.get(`/api/orders/${body.id}`)).body.parts
      const [invoice] = await it.p.db(
        'orders',
      )`select gross_minor::int as gross from invoices where id = ${part.invoiceId}`
      assert.equal(invoice!.gross, body.totalMinor, `${currency}: the invoice comes to the same`)
    }
    const stranded = await (
      await it.buyer([[await it.product(), 1]])
    ).order({ billingAddress: { ...address, country: 'FR' } })
    assert.equal(stranded.body.code, 'shipping_unavailable')
    await it.isRight()
  })
})
