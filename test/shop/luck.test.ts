import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { test } from 'node:test'
import { OrderCancelled, OrderCreated, OrderRefunded, PaymentSucceeded } from '#contracts/orders'
import { newId } from '#kernel'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'

test('ended between any two steps of placing, paying and refunding, and run again, it ends the same', async t => {
  const kill = new AsyncLocalStorage<{ left: number; done: boolean }>()
  const it = await open(t, cart, {
    step() {
      const running = kill.getStore()
      if (!running || running.done || --running.left > 0) return
      running.done = true
      throw new Error('killed')
    },
  })
  const box = await it.product({ price: 10_00, stock: 1_000 })
  let ends = 0
  let orders = 0
  /** Does something that ends at a step, and once more as who got no answer does. True where the step came. */
  const twice = async <T>(at: number, work: () => Promise<T>): Promise<[T, boolean]> => {
    const running = { left: at, done: false }
    const first = await kill.run(running, work)
    if (!running.done) return [first, false]
    ends++
    return [await work(), true]
  }
  for (const what of ['placing', 'paying', 'refunding', 'cancelling'] as const)
    for (let at = 1, came = true; came && at < 40; at++) {
      came = false
      const of = (step: typeof what): number => (step === what ? at : Infinity)
      const buyer = await it.buyer([[box, 2]])
      const [key, other] = [{ 'idempotency-key': newId() }, { 'idempotency-key': newId() }]
      const [placed, a] = await twice(of('placing'), () => buyer.order({}, key))
      const where = `${what}, step ${at}`
      assert.ok(placed.status === 201 || placed.status === 200, `${where}: ${JSON.stringify(placed.body)}`)
      orders++
      const path = `/api/orders/${placed.body.id}`
      const [opened, b] = await twice(of('paying'), () => buyer.post(`${path}/payment`))
      assert.equal(opened.status, 200, `${where}: ${JSON.stringify(opened.body)}`)
      it.standIn.manner.drop = true
      it.standIn.state.act(opened.body.providerId, 'approve')
      it.standIn.manner.drop = false
      const [paid, c] = await twice(what === 'paying' ? at : Infinity, () => buyer.post(`${path}/payment/confirm`, {}))
      assert.equal(paid.body.paymentStatus, 'paid', `${where}: ${JSON.stringify(paid.body)}`)
      const [back, d] = await twice(of('refunding'), () =>
        it.shop.post(`${path}/refund`, { reason: 'Scratch', amountMinor: 3_33 }, key),
      )
      assert.equal(back.body.refundedMinor, 3_33, `${where}: ${JSON.stringify(back.body)}`)
      const [gone, e] = await twice(of('cancelling'), () => it.shop.post(`${path}/cancel`, {}, other))
      assert.equal(gone.body.status, 'cancelled', `${where}: ${JSON.stringify(gone.body)}`)
      came = a || b || c || d || e
    }
  await it.settle()
  for (const { refunds } of it.standIn.state.all())
    assert.equal(
      refunds.reduce((sum, { amount }) => sum + amount, 0),
      20_00,
    )
  assert.deepEqual(await it.level(box), { onHand: 1_000, held: 0 })
  t.diagnostic(`ended ${ends} times, ${orders} orders`)
  assert.ok(ends > 20)
  for (const [event, count] of [
    [OrderCreated, orders],
    [PaymentSucceeded, orders],
    [OrderCancelled, orders],
    [OrderRefunded, 2 * orders],
  ] as const)
    assert.equal((await it.p.published(event)).length, count, event.topic)
  assert.equal(it.standIn.state.all().length, orders, 'one payment an order')
  await it.isRight()
})

test('a webhook that comes before it is known here what was opened at the provider pays the order all the same', async t => {
  const it = await open(t, cart)
  const box = await it.product({ stock: 5 })
  const { buyer, order } = await it.placed([[box, 1]])
  it.standIn.next(/POST \/v1\/payment_intents/, 'is cut off')
  const first = await buyer.post(`/api/orders/${order.id}/payment`)
  assert.ok(first.status === 200 || first.body.code === 'payment_provider_unavailable', JSON.stringify(first.body))
  const [intent] = it.standIn.state.all()
  it.standIn.state.act(intent!.id, 'approve')
  await it.standIn.idle()
  const again = await buyer.post(`/api/orders/${order.id}/payment`)
  assert.ok(again.status === 200 || again.body.code === 'order_state', JSON.stringify(again.body))
  await it.settle()
  const confirmed = await buyer.post(`/api/orders/${order.id}/payment/confirm`, {})
  assert.equal(confirmed.body.paymentStatus, 'paid', JSON.stringify(confirmed.body))
  assert.equal(it.standIn.state.all().length, 1)
  await it.settle()
  assert.equal((await it.p.published(PaymentSucceeded)).length, 1)
  assert.deepEqual(await it.level(box), { onHand: 4, held: 0 })
  await it.isRight()
})

test('an order is nobody else’s by its id, its number, its payment, its invoice or its shipment', async t => {
  const it = await open(t, cart)
  await it.shop.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  const { buyer, order, payment } = await it.paid([[await it.product(), 1]])
  const { body: parcel } = await it.shop.post(`/api/orders/${order.id}/shipments`, {})
  const [{ invoiceId }] = (await buyer.get(`/api/orders/${order.id}`)).body.parts
  assert.ok(invoiceId)
  const [stranger, vendor] = [it.as(), it.vendor()]
  for (const who of [stranger, vendor]) {
    for (const name of [order.id, order.orderId, order.orderId.toLowerCase(), payment.paymentId, payment.providerId])
      for (const at of ['', '/shipments', '/goods', '/returns']) {
        const answer = await who.get(`/api/orders/${encodeURIComponent(name)}${at}`)
        assert.ok([400, 404].includes(answer.status), `${name}${at}: ${answer.status}`)
        assert.ok(!JSON.stringify(answer.body).includes('Lovelace'))
      }
    for (const path of ['payment', 'payment/confirm', 'cancel', `shipments/${parcel.id}/delivered`])
      assert.equal((await who.post(`/api/orders/${order.id}/${path}`, {})).body.code, 'order_unknown', path)
    for (const kind of ['pdf', 'ubl'])
      assert.equal((await who.get(`/api/orders/invoices/${invoiceId}/${kind}`)).body.code, 'invoice_unknown')
    for (const query of ['', `?number=${order.orderId}`])
      assert.deepEqual((await who.get(`/api/orders${query}`)).body.items, [])
  }
  const byNumber = (number: string) => buyer.get(`/api/orders?number=${number}`)
  for (const number of [order.orderId, order.orderId.toLowerCase()])
    assert.deepEqual(
      (await byNumber(number)).body.items.map(({ id }: any) => id),
      [order.id],
      'but its buyer’s',
    )
  assert.deepEqual((await byNumber('AAAAA-AAAAA')).body.items, [])
  assert.equal((await buyer.get(`/api/orders/${payment.paymentId}`)).status, 404, 'a payment is no order')
  const own = { billingAddress: { name: 'x', email: 'x@example.com', address: 'x', country: 'DE' } }
  assert.notEqual((await stranger.post('/api/orders', { ...own, cartId: newId() })).status, 201)
})
