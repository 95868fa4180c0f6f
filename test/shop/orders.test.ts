import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { CategoryCreated } from '#contracts/marketplace'
import {
  OrderCancelled,
  OrderCompleted,
  OrderCreated,
  OrderRefunded,
  PaymentSucceeded,
  StockChanged,
} from '#contracts/orders'
import { CommissionRuleChanged, type CommissionRule } from '#contracts/vendors'
import { newId } from '#kernel'
import { cart } from '../../services/cart/service.ts'
import { address, open } from '../../services/orders/testing.ts'

suite('an order', () => {
  test('is placed from the cart, paid once whoever tells of it first, sent, and complete when it arrived', async t => {
    const it = await open(t, cart)
    await it.shop.put('/api/orders/seller', {
      name: 'Example Chargers GmbH',
      address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
      smallBusiness: false,
    })
    const box = await it.product({ price: 119_00 })
    const { buyer, order } = await it.placed([[box, 2]])
    assert.match(order.orderId, /^[2-9A-Z]{5}-[2-9A-Z]{5}$/)
    assert.deepEqual(
      [order.status, order.paymentStatus, order.subtotalMinor, order.taxMinor, order.totalMinor],
      ['pending', 'pending', 238_00, 38_00, 238_00],
    )
    await it.settle()
    assert.deepEqual((await buyer.get('/api/cart')).body.items, [], 'what is ordered is in the cart no more')
    const [created] = await it.p.published(OrderCreated)
    assert.deepEqual(
      [created!.number, created!.items[0]!.priceMinor, created!.totalMinor],
      [order.orderId, 119_00, 238_00],
    )
    assert.deepEqual(await it.level(box), { onHand: 100, held: 2 })

    const { body } = await buyer.post(`/api/orders/${order.id}/payment`)
    it.standIn.state.act(body.providerId, 'approve')
    // The browser comes back while the webhook is on its way.
    const [confirmed] = await Promise.all([buyer.post(`/api/orders/${order.orderId}/payment/confirm`, {}), it.settle()])
    assert.deepEqual([confirmed.body.status, confirmed.body.paymentStatus], ['processing', 'paid'])
    await it.settle()
    assert.equal((await it.p.published(PaymentSucceeded)).length, 1)
    assert.deepEqual(await it.level(box), { onHand: 98, held: 0 })

    const sent = await it.shop.post(`/api/orders/${order.id}/shipments`, { carrier: 'DHL', tracking: '0034' })
    assert.equal(sent.status, 201, JSON.stringify(sent.body))
    assert.equal((await it.shop.post(`/api/orders/${order.id}/shipments`, {})).body.code, 'nothing_to_ship')
    const arrived = await buyer.post(`/api/orders/${order.id}/shipments/${sent.body.id}/delivered`)
    assert.ok(arrived.body.deliveredAt)
    assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.status, 'completed')
    assert.match((await buyer.get(`/orders/${order.id}`)).body, /href="\/shop\/p\/[^"/]+\/review"/)
    const [completed] = await it.p.published(OrderCompleted)
    assert.deepEqual(
      completed!.items.map(({ quantity }) => quantity),
      [2],
    )
    const [part] = (await buyer.get(`/api/orders/${order.id}`)).body.parts
    assert.ok(part.invoiceId, 'the seller has issued an invoice')
    await it.isRight()
  })

  test('takes the price the buyer was told, or says which changed', async t => {
    const it = await open(t, cart)
    const box = await it.product({ price: 10_00 })
    const buyer = await it.buyer([[box, 1]])
    const [variant] = box.listing.variants
    const prices = [{ currency: 'EUR', priceMinor: 12_00, sale: null }]
    await it.change(box, { version: 2, variants: [{ ...variant!, prices }] })
    const shown = (await buyer.get('/api/cart')).body
    assert.deepEqual([shown.items[0].price, shown.items[0].formerPriceMinor, shown.total], [12_00, 10_00, 12_00])
    const refused = await buyer.order()
    assert.deepEqual([refused.status, refused.body.code, refused.body.totalMinor], [409, 'price_changed', 12_00])
    assert.equal((await buyer.order({ totalMinor: 10_00 })).body.code, 'order_total_changed')
    assert.equal((await buyer.order({ totalMinor: 12_00 })).status, 201)
  })

  test('of one cart there is one, however many tabs place it and pay it', async t => {
    const it = await open(t, cart)
    const box = await it.product()
    const buyer = await it.buyer([[box, 1]])
    const placed = await Promise.all([1, 2, 3, 4].map(() => buyer.order()))
    assert.equal(new Set(placed.map(({ body }) => body.id)).size, 1, JSON.stringify(placed[0]!.body))
    const { id } = placed[0]!.body
    const paying = await Promise.all([1, 2, 3].map(() => buyer.post(`/api/orders/${id}/payment`)))
    assert.equal(new Set(paying.map(({ body }) => body.providerId)).size, 1)
    assert.equal(it.standIn.state.all().length, 1)
    await it.pay(buyer, id)
    assert.deepEqual(await it.level(box), { onHand: 99, held: 0 })
    await it.isRight()
  })

  test('costs what its vendor and the platform say at that moment, in each process, however often prices were read before', async t => {
    const it = await open(t, cart)
    const other = await it.another()
    const box = await it.product({ price: 10_00 })
    const ordered = async (door: Pick<typeof other.app, 'inject'>) => {
      const headers = it.p.signedIn({ userId: newId() })
      const post = async (url: string, payload: object) =>
        (await door.inject({ method: 'POST', url, headers, payload })).json()
      await post('/api/cart/items', { productId: box.listing.productId })
      return (await post('/api/orders', { billingAddress: address })).totalMinor as number
    }
    for (const door of [it.p.http, other.app]) assert.equal(await ordered(door), 10_00)
    const option = { name: 'Parcel', countries: [], currency: 'EUR', priceMinor: 4_90 }
    const { body } = await it.shop.post('/api/orders/shipping-options', option)
    for (const door of [other.app, it.p.http]) assert.equal(await ordered(door), 14_90)
    await it.shop.delete(`/api/orders/shipping-options/${body.id}`)
    for (const door of [it.p.http, other.app]) assert.equal(await ordered(door), 10_00)
  })

  test('twenty payers on five pieces always end in five sold, a hundred times, on one process and on two', async t => {
    const it = await open(t, cart)
    const other = await it.another()
    const doors = [it.p.http, other.app]
    for (let round = 0; round < 25; round++) {
      // Four products at once, of which each is wanted by twenty.
      const rare = await Promise.all([1, 2, 3, 4].map(() => it.product({ stock: 5 })))
      const placed = await Promise.all(
        rare.flatMap(({ listing: { productId } }) =>
          Array.from({ length: 20 }, async (_, index) => {
            const headers = it.p.signedIn({ userId: newId() })
            const post = async (url: string, payload: object) => {
              const door = doors[round % 2 && index % 2]!
              const answer = await door.inject({ method: 'POST', url, headers, payload })
              return { status: answer.statusCode, body: answer.json() }
            }
            assert.equal((await post('/api/cart/items', { productId })).status, 201)
            return await post('/api/orders', { billingAddress: address })
          }),
        ),
      )
      assert.equal(placed.filter(({ status }) => status === 201).length, 20)
      assert.ok(placed.every(({ status, body }) => status === 201 || body.code === 'stock_short'))
      for (const product of rare) assert.deepEqual(await it.level(product), { onHand: 5, held: 5 })
    }
    const told = await it.p.published(StockChanged)
    assert.ok(told.every(({ available }) => available! >= 0))
    await it.isRight()
  })

  test('that nobody pays ends by itself: its pieces can be bought again, and who pays too late has it back', async t => {
    const it = await open(t, cart)
    const box = await it.product({ stock: 1 })
    const { buyer, order } = await it.placed([[box, 1]])
    const { body: payment } = await buyer.post(`/api/orders/${order.id}/payment`)
    it.clock.at = new Date(Date.now() + 31 * 60_000)
    await it.periodically(/nobody paid in time/)
    assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.status, 'cancelled')
    const [cancelled] = await it.p.published(OrderCancelled)
    assert.deepEqual([cancelled!.reason, cancelled!.whole], ['expired', true])
    assert.deepEqual(await it.level(box), { onHand: 1, held: 0 })
    assert.throws(() => it.standIn.state.act(payment.providerId, 'approve'))
    assert.equal((await buyer.post(`/api/orders/${order.id}/payment`)).body.code, 'order_state')
    await it.isRight()
  })

  test('is given back in part, by vendor part and as a whole, and never more than was paid', async t => {
    const it = await open(t, cart)
    const other = it.vendor()
    const [box, cable] = [await it.product({ price: 30_00 }), await it.product({ price: 15_00, owner: other.owner })]
    const { buyer, order } = await it.paid([
      [box, 1],
      [cable, 2],
    ])
    assert.equal(order.parts.length, 2)
    const at = `/api/orders/${order.id}`
    const first = await it.shop.post(`${at}/refund`, { reason: 'Scratched', amountMinor: 10_00 })
    assert.deepEqual([first.status, first.body.refundedMinor], [200, 10_00])
    assert.equal(
      (await it.shop.post(`${at}/refund`, { reason: 'Again', amountMinor: 20_01 })).body.code,
      'refund_above_paid',
    )
    assert.equal((await it.as({ role: 'vendor' }).post(`${at}/refund`, { reason: 'Mine' })).body.code, 'order_unknown')
    assert.equal((await buyer.post(`${at}/refund`, { reason: 'Mine' })).status, 403)
    const both = await Promise.all([1, 2].map(() => other.post(`${at}/refund`, { reason: 'All', amountMinor: 30_00 })))
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409])
    await it.settle()
    await it.admin.post(`${at}/refund`, { reason: 'The rest' })
    await it.settle()
    const { body } = await buyer.get(at)
    assert.deepEqual([body.status, body.paymentStatus, body.refundedMinor], ['refunded', 'refunded', 60_00])
    const [intent] = it.standIn.state.all()
    assert.equal(
      intent!.refunds.reduce((sum, { amount }) => sum + amount, 0),
      60_00,
    )
    const told = await it.p.published(OrderRefunded)
    assert.equal(
      told.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      60_00,
    )
    await it.isRight()
  })

  test('is cancelled by its buyer before it is sent: pieces and money go back', async t => {
    const it = await open(t, cart)
    const box = await it.product({ stock: 3 })
    const { buyer, order } = await it.paid([[box, 2]])
    assert.deepEqual(await it.level(box), { onHand: 1, held: 0 })
    const done = await buyer.post(`/api/orders/${order.id}/cancel`, { reason: 'Changed my mind' })
    assert.deepEqual([done.status, done.body.status], [200, 'cancelled'], JSON.stringify(done.body))
    await buyer.post(`/api/orders/${order.id}/cancel`, { reason: 'Again' })
    await it.settle()
    assert.deepEqual(await it.level(box), { onHand: 3, held: 0 })
    const { body } = await buyer.get(`/api/orders/${order.id}`)
    assert.deepEqual([body.status, body.paymentStatus, body.refundedMinor], ['cancelled', 'refunded', 20_00])
    await it.isRight()
  })

  test('is read by its buyer, its vendors and admins, by id and by number, and by nobody else', async t => {
    const it = await open(t, cart)
    const { buyer, order, payment } = await it.paid([[await it.product(), 1]])
    for (const key of [order.id, order.orderId, order.orderId.toLowerCase()])
      assert.equal((await buyer.get(`/api/orders/${key}`)).body.id, order.id)
    for (const key of [order.id, order.orderId, payment.paymentId, payment.providerId.replaceAll('_', '-'), newId()]) {
      const { status, body } = await it.as().get(`/api/orders/${key.slice(0, 36)}`)
      assert.deepEqual([status, body.code], [404, 'order_unknown'])
    }
    const sold = (await it.shop.get(`/api/orders/${order.id}`)).body
    assert.deepEqual([sold.billingAddress.email, sold.paymentIntent, sold.items.length], [undefined, null, 1])
    assert.equal((await it.admin.get(`/api/orders/${order.id}`)).body.billingAddress.email, 'ada@example.com')
  })
})

suite('what the platform keeps', () => {
  test('is frozen on each line when an order is placed, by the nearest rule, and never more than the line is worth', async t => {
    const it = await open(t, cart)
    const { p, shop } = it
    const days = (count: number) => new Date(Date.now() + count * 86_400_000).toISOString()
    const said = await shop.put('/api/orders/seller', {
      name: 'Example Chargers GmbH',
      address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
      smallBusiness: false,
    })
    assert.equal(said.status, 200, JSON.stringify(said.body))
    const [root, leaf] = [newId(), newId()]
    const names = { en: 'x', de: 'x' }
    const category = { parentId: root, path: [root, leaf], slug: 'b', names, version: 1 }
    await p.publish(CategoryCreated, { ...category, categoryId: leaf })
    const rule = (basisPoints: number, more: Partial<CommissionRule> = {}) => {
      const every = { ruleId: newId(), vendorId: null, categoryId: null, fixed: null, until: null, version: 1 }
      return p.publish(CommissionRuleChanged, { ...every, basisPoints, from: days(-60), ...more })
    }
    await rule(1_000)
    await rule(500, { categoryId: root, fixed: { currency: 'EUR', amountMinor: 30 } })
    await rule(9_000, { vendorId: newId() })
    await rule(8_000, { from: days(30) })
    await rule(7_000, { until: days(-30) })
    await p.settle()
    const box = await it.product({ price: 119_00 })
    const plug = await it.product({ price: 23_80, categoryId: leaf })
    const screw = await it.product({ price: 12, categoryId: leaf })
    await p.settle()
    const { order } = await it.placed([
      [box, 2],
      [plug, 3],
      [screw, 1],
    ])
    const [created] = await p.published(OrderCreated)
    const kept = created!.items.map(line => [line.netMinor, line.commissionBasisPoints, line.commissionMinor])
    assert.deepEqual(kept, [
      [200_00, 1_000, 20_00],
      [60_00, 500, 3_90],
      [10, 500, 10],
    ])
    assert.equal(created!.parts[0]!.commissionMinor, 24_00)

    // What holds later is for what is placed later.
    await rule(2_000, { vendorId: shop.owner.id, from: days(0) })
    await p.settle()
    const after = await it.placed([[box, 1]])
    const [, second] = await p.published(OrderCreated)
    assert.equal(second!.items[0]!.commissionMinor, 20_00)
    const parts = async (id: string) => (await it.admin.get(`/api/orders/${id}`)).body.parts[0].commissionMinor
    assert.deepEqual([await parts(order.id), await parts(after.order.id)], [24_00, 20_00])
  })
})
