import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  BatterySold,
  OrderCancelled,
  OrderDisputed,
  OrderRefunded,
  PaymentFailed,
  PaymentSucceeded,
  RefundFailed,
  PartDelivered,
} from '#contracts/orders'
import { CommissionRuleChanged } from '#contracts/vendors'
import { newId } from '#kernel'
import { signatureOfStripe } from '../../money/payments/stand-in/stripe-wire.ts'
import { cart } from '../../services/cart/service.ts'
import { open, secret } from '../../services/orders/testing.ts'

suite('a payment of an order', () => {
  test('webhooks that are forged, stale or of another secret change nothing, and are not believed', async t => {
    const it = await open(t, cart)
    const { buyer, order } = await it.placed([[await it.product(), 1]])
    const { body } = await buyer.post(`/api/orders/${order.id}/payment`)
    const event = {
      id: 'evt_forged',
      type: 'payment_intent.succeeded',
      body: JSON.stringify({
        id: 'evt_forged',
        object: 'event',
        type: 'payment_intent.succeeded',
        livemode: false,
        data: {
          object: { id: body.providerId, object: 'payment_intent', status: 'succeeded', amount: 1, currency: 'eur' },
        },
      }),
    }
    const post = async (headers: Record<string, string>) =>
      it.p.http.inject({
        method: 'POST',
        url: '/api/orders/webhooks/stripe',
        headers: { 'content-type': 'application/json', ...headers },
        payload: event.body,
      })
    const old = new Date(Date.now() - 10 * 60_000)
    for (const headers of [
      {},
      { 'stripe-signature': 't=1,v1=00' },
      signatureOfStripe(event, 'whsec_of_somebody_else', new Date()),
      signatureOfStripe(event, secret, old),
    ])
      assert.equal((await post(headers as Record<string, string>)).json().code, 'webhook_unproven')
    // Signed it is believed that something happened; what happened the provider is asked itself.
    assert.equal((await post(signatureOfStripe(event, secret, new Date()))).statusCode < 300, true)
    await it.settle()
    assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'pending')
    assert.equal((await it.p.published(PaymentSucceeded)).length, 0)
  })

  test('of another amount or another currency than the order does not pay it', async t => {
    const it = await open(t, cart)
    for (const wrong of [{ amount: 1 }, { currency: 'JPY' }]) {
      const { buyer, order } = await it.placed([[await it.product(), 1]])
      const { body } = await buyer.post(`/api/orders/${order.id}/payment`)
      Object.assign(it.standIn.state.find(body.providerId), wrong)
      it.standIn.state.act(body.providerId, 'approve')
      await it.standIn.idle()
      assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'pending', JSON.stringify(wrong))
    }
  })

  test('that fails is told, may be tried again, and then succeeds', async t => {
    const it = await open(t, cart)
    const { buyer, order } = await it.placed([[await it.product(), 1]])
    const { body } = await buyer.post(`/api/orders/${order.id}/payment`)
    it.standIn.state.act(body.providerId, 'refuse')
    await it.settle()
    assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.paymentStatus, 'failed')
    assert.equal((await it.p.published(PaymentFailed)).length, 1)
    await it.pay(buyer, order.id)
    const { body: after } = await buyer.get(`/api/orders/${order.id}`)
    assert.deepEqual([after.status, after.paymentStatus], ['processing', 'paid'])
    await it.isRight()
  })

  test('cancelled and paid at once the order ends as one of both: paid and sold, or cancelled and given back', async t => {
    const it = await open(t, cart)
    for (let round = 0; round < 4; round++) {
      const box = await it.product({ stock: 1 })
      const { buyer, order } = await it.placed([[box, 1]])
      const { body } = await buyer.post(`/api/orders/${order.id}/payment`)
      const [cancelled] = await Promise.all([
        buyer.post(`/api/orders/${order.id}/cancel`),
        Promise.resolve().then(() => it.standIn.state.act(body.providerId, 'approve')),
      ])
      assert.ok(cancelled.status < 500, JSON.stringify(cancelled.body))
      await it.settle()
      const { body: after } = await buyer.get(`/api/orders/${order.id}`)
      const level = await it.level(box)
      if (after.status === 'cancelled' && after.paymentStatus !== 'refunded')
        assert.deepEqual(level, { onHand: 1, held: 0 })
      else if (after.status === 'processing') assert.deepEqual(level, { onHand: 0, held: 0 })
      else assert.deepEqual([after.paymentStatus, level.held], ['refunded', 0])
      await it.isRight()
    }
  })

  test('is disputed by a bank, and won or lost: vendors give it, and have it again', async t => {
    const it = await open(t, cart)
    const { buyer, order, payment } = await it.paid([[await it.product({ price: 50_00 }), 1]])
    it.standIn.state.dispute(payment.providerId, 50_00)
    await it.settle()
    it.standIn.state.endDispute(payment.providerId, 'won')
    await it.settle()
    const told = await it.p.published(OrderDisputed)
    assert.deepEqual(
      told.map(({ state, amountMinor }) => [state, amountMinor]),
      [
        ['opened', 50_00],
        ['won', 50_00],
      ],
    )
    const kinds = (await buyer.get(`/api/orders/${order.id}`)).body.log.map(({ kind }: { kind: string }) => kind)
    assert.ok(kinds.includes('dispute opened') && kinds.includes('dispute won'), kinds.join(', '))
    await it.isRight()
  })

  test('of a battery tells once whose its passport is now', async t => {
    const it = await open(t, cart)
    const passportId = newId()
    const battery = await it.product({
      name: 'Second-life pack',
      kind: 'battery',
      stock: 1,
      passportId,
      variant: { serial: 'BP-2024-011' },
    })
    const { buyer } = await it.paid([[battery, 1]])
    const [sold, ...more] = await it.p.published(BatterySold)
    assert.deepEqual(
      [sold!.passportId, sold!.serial, sold!.buyer.id, sold!.seller.id, more.length],
      [passportId, 'BP-2024-011', buyer.userId, it.shop.owner.id, 0],
    )
  })

  test('refunds that somebody made at the provider are booked, shared, and told', async t => {
    const it = await open(t, cart)
    const { buyer, order, payment } = await it.paid([[await it.product({ price: 10_00 }), 3]])
    it.standIn.state.refund(payment.providerId, { amount: 7_01, notes: {}, receipt: null })
    await it.settle()
    assert.equal((await buyer.get(`/api/orders/${order.id}`)).body.refundedMinor, 7_01)
    assert.equal((await it.p.published(OrderRefunded)).length, 1)
    await it.isRight()
  })
})

test('a refund that failed leaves each part where it was, and what is still to come comes', async t => {
  const it = await open(t, cart)
  const second = it.vendor()
  const { buyer, order } = await it.paid([
    [await it.product({ price: 50_00 }), 1],
    [await it.product({ price: 20_00, owner: second.owner }), 1],
  ])
  const at = `/api/orders/${order.id}`
  const [sent] = [await it.shop.post(`${at}/shipments`, {})]
  it.standIn.state.holdRefunds()
  for (const vendor of [it.shop, second])
    assert.equal((await vendor.post(`${at}/refund`, { reason: 'Called back' })).status, 200)
  await it.settle()
  const states = async () => {
    const { body } = await buyer.get(at)
    return [body.status, body.paymentStatus, ...body.parts.map(({ state }: { state: string }) => state)]
  }
  assert.deepEqual(await states(), ['refunded', 'refunded', 'refunded', 'refunded'])
  assert.equal((await second.post(`${at}/shipments`, {})).body.code, 'order_state')
  // One of them arrives while its money is on its way back.
  await buyer.post(`${at}/shipments/${sent!.body.id}/delivered`)
  it.standIn.state.endRefunds('failed')
  await it.settle()
  assert.deepEqual(await states(), ['processing', 'paid', 'delivered', 'processing'])
  assert.deepEqual(
    (await it.p.published(PartDelivered)).map(({ vendorId }) => vendorId),
    [it.shop.owner.id],
    'who sold it is told, and nobody whose part is still to come',
  )
  const other = await second.post(`${at}/shipments`, {})
  assert.equal(other.status, 201, JSON.stringify(other.body))
  await buyer.post(`${at}/shipments/${other.body.id}/delivered`)
  await it.settle()
  assert.deepEqual(await states(), ['completed', 'paid', 'delivered', 'delivered'])
  assert.equal((await it.p.published(PartDelivered)).length, 2)
  await it.isRight()
})

test('in dinars, of three decimals, an order is paid and given back to the fils', async t => {
  const it = await open(t, cart)
  await it.shop.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  const priced = (priceMinor: number) => ({ variant: { prices: [{ currency: 'KWD', priceMinor, sale: null }] } })
  const { buyer, order } = await it.paid([[await it.product(priced(12_340)), 3]])
  const at = `/api/orders/${order.id}`
  assert.deepEqual([order.currency, order.totalMinor, order.paymentStatus], ['KWD', 37_020, 'paid'])
  assert.equal(it.standIn.state.all()[0]!.amount, 37_020, 'Stripe counts fils too')
  const [line] = order.items
  assert.equal(line.netMinor + line.taxMinor, 37_020)
  const back = { reason: 'One was broken', lines: [{ lineId: line.lineId, quantity: 1 }] }
  assert.equal((await it.shop.post(`${at}/refund`, back)).body.refundedMinor, 12_340)
  await it.settle()
  assert.equal((await it.shop.post(`${at}/refund`, { reason: 'Called back' })).body.refundedMinor, 37_020)
  await it.settle()
  assert.deepEqual(
    it.standIn.state.all()[0]!.refunds.map(({ amount, state }) => [amount, state]),
    [
      [12_340, 'succeeded'],
      [24_680, 'succeeded'],
    ],
  )
  assert.equal((await buyer.get(at)).body.paymentStatus, 'refunded')
  await it.isRight()
})

for (const wire of ['stripe', 'razorpay'] as const)
  test(`of dinars no provider takes the last digit: it is rounded off in the cart, and tax and books stay exact (${wire})`, async t => {
    const it = await open(t, cart, { wire })
    await it.shop.put('/api/orders/seller', {
      name: 'Example GmbH',
      address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
      smallBusiness: false,
    })
    const product = await it.product({ variant: { prices: [{ currency: 'KWD', priceMinor: 12_347, sale: null }] } })
    const dueOf = ({ totalMinor, roundingMinor, dueMinor }: any) => [totalMinor, roundingMinor, dueMinor]
    const roundedOff = async () => {
      const [row] = await it.p.db('orders')`
        select coalesce(sum(balance_minor), 0)::int as minor from ledger_accounts where kind = 'rounding'`
      return row!.minor
    }
    const bought = async () => {
      const buyer = await it.buyer([[product, 1]])
      assert.deepEqual(dueOf((await buyer.get('/api/cart')).body), [12_347, 7, 12_340])
      const { body } = await buyer.order({ totalMinor: 12_347 })
      assert.deepEqual(dueOf(body), [12_347, 7, 12_340])
      await it.pay(buyer, body.id)
      const at = `/api/orders/${body.id}`
      const order = (await buyer.get(at)).body
      assert.deepEqual([order.paymentStatus, ...dueOf(order)], ['paid', 12_347, 7, 0])
      const back = async (amountMinor?: number) => {
        const answer = await it.shop.post(`${at}/refund`, { reason: 'Scratched', amountMinor })
        assert.equal(answer.status, 200, JSON.stringify(answer.body))
        await it.settle()
        return answer.body.refundedMinor
      }
      return { order, back, read: async () => (await buyer.get(at)).body }
    }
    const { order, back, read } = await bought()
    assert.equal(it.standIn.state.all()[0]!.amount, 12_340)
    const [invoice] = await it.p.db('orders')`
      select gross_minor::int as gross from invoices where id = ${order.parts[0].invoiceId}`
    assert.equal(invoice!.gross, 12_347)
    assert.equal(await roundedOff(), -7, 'the platform bears it')
    const [line] = order.items
    assert.equal(line.netMinor + line.taxMinor, 12_347)
    // However it is cut, in the end all that was paid has gone back, and never more by then than should have.
    assert.deepEqual([await back(5_004), await back(1), await back(7), await back()], [5_004, 5_005, 5_012, 12_347])
    assert.deepEqual(
      it.standIn.state.all()[0]!.refunds.map(({ amount }) => amount),
      [5_000, 10, 7_330],
    )
    assert.deepEqual([(await read()).paymentStatus, await roundedOff()], ['refunded', 0])

    const failing = await bought()
    it.standIn.state.holdRefunds()
    await failing.back(1_005)
    assert.equal(it.standIn.state.all().at(-1)!.refunds[0]!.amount, 1_000)
    it.standIn.state.endRefunds('failed')
    await it.settle()
    assert.equal((await failing.read()).refundedMinor, 0)
    assert.equal(await roundedOff(), -7)
    await it.isRight()
  })

test('a gift card that leaves less than the smallest coin pays all of an order', async t => {
  const it = await open(t, cart)
  const product = await it.product({ variant: { prices: [{ currency: 'KWD', priceMinor: 12_347, sale: null }] } })
  const { code } = (await it.admin.post('/api/orders/gift-cards', { currency: 'KWD', amountMinor: 12_340 })).body
  const buyer = await it.buyer([[product, 1]])
  const shown = (await buyer.put('/api/cart', { giftCards: [code] })).body
  assert.deepEqual([shown.giftCardMinor, shown.roundingMinor, shown.dueMinor], [12_340, 7, 0])
  const { body } = await buyer.order()
  assert.deepEqual([body.paymentStatus, body.status], ['paid', 'processing'], JSON.stringify(body))
  await it.settle()
  assert.equal(
    (await it.shop.post(`/api/orders/${body.id}/refund`, { reason: 'Scratched' })).body.refundedMinor,
    12_347,
  )
  const [card] = await it.p.db('orders')`select balance_minor::int as minor from gift_cards`
  assert.equal(card!.minor, 12_340)
  await it.isRight()
})

test('part by part all of the tax and the commission of a line goes back, also where one of the refunds failed meanwhile', async t => {
  const it = await open(t, cart)
  await it.shop.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  await it.p.publish(CommissionRuleChanged, {
    ruleId: newId(),
    vendorId: null,
    categoryId: null,
    basisPoints: 1_500,
    fixed: null,
    from: '2020-01-01T00:00:00.000Z',
    until: null,
    version: 1,
  })
  await it.p.settle()
  // Of ten two are tax and one is commission: each by itself, a refund of one would give back nothing of them.
  const { order } = await it.paid([[await it.product({ price: 10 }), 1]])
  const at = `/api/orders/${order.id}`
  const [line] = (await it.shop.get(at)).body.items
  const back = async (amountMinor: number) => {
    const answer = await it.shop.post(`${at}/refund`, { reason: 'x', lines: [{ lineId: line.lineId, amountMinor }] })
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
  }
  const twice = { reason: 'x', lines: [1, 2].map(amountMinor => ({ lineId: line.lineId, amountMinor })) }
  assert.equal((await it.shop.post(`${at}/refund`, twice)).body.code, 'line_twice')
  for (let count = 0; count < 3; count++) await back(1)
  await it.settle()
  it.standIn.state.holdRefunds()
  await back(3)
  await it.settle()
  it.standIn.state.endRefunds('failed')
  await it.settle()
  for (let count = 0; count < 7; count++) await back(1)
  await it.settle()
  const kept = (await it.p.published(OrderRefunded)).flatMap(({ parts }) => parts.map(one => one.commissionMinor))
  const undone = (await it.p.published(RefundFailed)).flatMap(({ parts }) => parts.map(one => one.commissionMinor))
  const sum = (all: number[]) => all.reduce((total, one) => total + one, 0)
  assert.equal(undone.length, 1)
  assert.equal(sum(kept) - sum(undone), line.commissionMinor)
  assert.ok(line.commissionMinor > 0)
  const rows = await it.p.db('orders')`
    select kind, balance_minor::int as minor from ledger_accounts where kind in ('sales', 'tax') order by kind`
  assert.deepEqual(
    rows.map(({ kind, minor }) => [kind, minor]),
    [
      ['sales', 0],
      ['tax', 0],
    ],
  )
  await it.isRight()
})

test('a split order with a partial refund: each vendor sends, cancels and gives back their own part', async t => {
  const it = await open(t, cart)
  const [second, third] = [it.vendor(), it.vendor()]
  for (const vendor of [it.shop, second, third])
    await vendor.put('/api/orders/seller', {
      name: 'Example GmbH',
      address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
      smallBusiness: false,
    })
  await second.post('/api/orders/shipping-options', {
    name: 'Parcel',
    countries: [],
    currency: 'EUR',
    priceMinor: 4_90,
  })
  const box = await it.product({ price: 499_00 })
  const cable = await it.product({ price: 89_99, owner: second.owner })
  const holder = await it.product({ price: 15_00, owner: third.owner, stock: 4 })
  const { buyer, order } = await it.paid([
    [box, 1],
    [cable, 2],
    [holder, 2],
  ])
  assert.equal(order.totalMinor, 499_00 + 2 * 89_99 + 4_90 + 30_00)
  const at = `/api/orders/${order.id}`
  for (const vendor of [it.shop, second, third]) {
    const { body } = await vendor.get(at)
    assert.deepEqual([body.parts.length, body.items.length], [1, 1], 'a vendor sees what is theirs')
  }
  // One is sold out after all, one is sent in two parcels, and one cable is broken.
  const cancelled = await third.post(`${at}/cancel`, { reason: 'Broke in the store' })
  assert.equal(cancelled.status, 200, JSON.stringify(cancelled.body))
  const [line] = (await second.get(at)).body.items
  for (let parcel = 0; parcel < 2; parcel++) {
    const { status, body } = await second.post(`${at}/shipments`, { lines: [{ lineId: line.lineId, quantity: 1 }] })
    assert.equal(status, 201, JSON.stringify(body))
    await buyer.post(`${at}/shipments/${body.id}/delivered`)
  }
  const [whole] = [await it.shop.post(`${at}/shipments`, {})]
  const refund = await second.post(`${at}/refund`, {
    reason: 'One was broken',
    lines: [{ lineId: line.lineId, quantity: 1 }],
  })
  assert.deepEqual([refund.status, refund.body.refundedMinor], [200, 89_99], JSON.stringify(refund.body))
  await buyer.post(`${at}/shipments/${whole!.body.id}/delivered`)
  await it.settle()
  const { body } = await buyer.get(at)
  assert.deepEqual(
    [body.status, body.refundedMinor, body.parts.map(({ state }: { state: string }) => state)],
    ['completed', 30_00 + 89_99, ['delivered', 'delivered', 'cancelled']],
  )
  assert.deepEqual(await it.level(holder), { onHand: 4, held: 0 })
  assert.deepEqual(
    (await it.p.published(OrderCancelled)).map(({ whole, items }) => [whole, items.length]),
    [[false, 1]],
  )
  const [intent] = it.standIn.state.all()
  assert.equal(
    intent!.refunds.reduce((sum, { amount }) => sum + amount, 0),
    30_00 + 89_99,
  )
  const papers = await it.p.db(
    'orders',
  )`select kind, gross_minor::int as gross from invoices order by kind, gross_minor`
  assert.deepEqual(
    papers.map(({ kind, gross }) => `${kind} ${gross}`),
    ['credit-note 3000', 'credit-note 8999', 'invoice 3000', 'invoice 18488', 'invoice 49900'],
  )
  const { body: pdf, headers } = await buyer.get(`/api/orders/invoices/${body.parts[0].invoiceId}/pdf`)
  assert.ok(String(headers['content-type']).includes('pdf') && String(pdf).startsWith('%PDF'))
  assert.equal((await it.as().get(`/api/orders/invoices/${body.parts[0].invoiceId}/pdf`)).body.code, 'invoice_unknown')
  await it.isRight()
})
