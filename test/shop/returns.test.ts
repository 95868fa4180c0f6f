import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OrderRefunded, ReturnDecided, ReturnReceived, ReturnRequested, StockChanged } from '#contracts/orders'
import { newId } from '#kernel'
import { cart } from '../../services/cart/service.ts'
import { open, type Product } from '../../services/orders/testing.ts'

type It = Awaited<ReturnType<typeof open>>
const day = 86_400_000

/** An order of these that has arrived. */
async function arrived(it: It, wanted: readonly (readonly [Product, number])[], vendors = [it.shop]) {
  const { buyer, order } = await it.paid(wanted)
  const at = `/api/orders/${order.id}`
  for (const vendor of vendors) {
    const { status, body } = await vendor.post(`${at}/shipments`, {})
    assert.equal(status, 201, JSON.stringify(body))
    await buyer.post(`${at}/shipments/${body.id}/delivered`)
  }
  const lineOf = ({ variantId }: Product): string =>
    order.items.find((item: { variantId: string }) => item.variantId === variantId).lineId
  return { buyer, at, lineOf, id: order.id as string }
}

const seller = (it: It, vendor = it.shop) =>
  vendor.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })

const papers = async (it: It) => {
  const rows = await it.p.db('orders')`select kind, gross_minor::int as gross from invoices order by kind, gross_minor`
  return rows.map(({ kind, gross }) => `${kind} ${gross}`)
}

suite('a return', () => {
  test('goes from the wish to the money: approved, received, refunded with a credit note, and in stock again', async t => {
    const it = await open(t, cart)
    await seller(it)
    await it.shop.post('/api/orders/shipping-options', {
      name: 'Parcel',
      countries: [],
      currency: 'EUR',
      priceMinor: 4_90,
    })
    // Three for ten cents: the pieces are worth three, four and three.
    const screw = await it.product({ price: 10_00, stock: 10 })
    await it.shop.post('/api/orders/coupons', { code: 'ODD', amountMinor: 20_01, currency: 'EUR' })
    const who = await it.buyer([[screw, 3]])
    await who.put('/api/cart', { coupons: ['ODD'] })
    const { body: order } = await who.order()
    assert.equal(order.totalMinor, 9_99 + 4_90)
    await it.pay(who, order.id)
    const at = `/api/orders/${order.id}`
    const [line] = order.items
    const ask = (quantity: number, more: object = {}) =>
      who.post(`${at}/returns`, { lines: [{ lineId: line.lineId, quantity }], reason: 'withdrawal', ...more })
    assert.equal((await ask(1)).body.code, 'nothing_to_return', 'what has not arrived is not given back')
    const { body: parcel } = await it.shop.post(`${at}/shipments`, {})
    await who.post(`${at}/shipments/${parcel.id}/delivered`)

    const asked = await ask(2, { note: 'The cable is too short' })
    assert.deepEqual([asked.status, asked.body.state, asked.body.version], [201, 'requested', 1])
    assert.equal((await ask(2)).body.code, 'nothing_to_return', 'a piece is given back once')
    const { body: waiting } = await it.shop.get('/api/orders/returns?state=requested')
    assert.deepEqual(
      waiting.items.map(({ id }: { id: string }) => id),
      [asked.body.id],
    )
    const one = `${at}/returns/${asked.body.id}`
    assert.equal((await it.shop.post(`${one}/approve`, { answer: 'Send it to Ringstr. 5' })).body.state, 'approved')
    assert.equal((await it.shop.post(`${one}/refuse`, { answer: 'No' })).body.code, 'return_state')
    const done = await it.shop.post(`${one}/received`, { restock: true })
    assert.deepEqual([done.body.state, done.body.amountMinor, done.body.restocked], ['received', 6_66, true])
    const again = await it.shop.post(`${one}/received`, { restock: true })
    assert.deepEqual([again.status, again.body.version], [200, done.body.version], 'again it changes nothing')
    await it.settle()
    assert.deepEqual(await it.level(screw), { onHand: 9, held: 0 })
    assert.equal((await it.p.published(StockChanged)).at(-1)!.available, 9)

    // With the last piece the shipping goes back too, and nothing of the order is left.
    const last = await ask(1, { reason: 'broken' })
    const end = await it.shop.post(`${at}/returns/${last.body.id}/received`, { restock: false })
    assert.deepEqual([end.body.amountMinor, end.body.restocked], [3_33 + 4_90, false])
    await it.settle()
    const { body: after } = await who.get(at)
    assert.deepEqual([after.status, after.refundedMinor, after.parts[0].state], ['refunded', 9_99 + 4_90, 'refunded'])
    assert.deepEqual(await it.level(screw), { onHand: 9, held: 0 })
    assert.deepEqual(await papers(it), ['credit-note 666', 'credit-note 823', 'invoice 1489'])
    const [intent] = it.standIn.state.all()
    assert.deepEqual(
      intent!.refunds.map(({ amount }) => amount),
      [6_66, 8_23],
    )
    assert.equal((await it.p.published(ReturnRequested)).length, 2)
    assert.deepEqual(
      (await it.p.published(ReturnDecided)).map(({ decision }) => decision),
      ['approved'],
    )
    assert.deepEqual(
      (await it.p.published(ReturnReceived)).map(({ amountMinor, restocked }) => [amountMinor, restocked]),
      [
        [6_66, true],
        [8_23, false],
      ],
    )
    await it.isRight()
  })

  test('is refused with a reason, withdrawn by its buyer, and asked for again after either', async t => {
    const it = await open(t, cart)
    const box = await it.product()
    const { buyer, at, lineOf } = await arrived(it, [[box, 1]])
    const ask = () => buyer.post(`${at}/returns`, { lines: [{ lineId: lineOf(box), quantity: 1 }], reason: 'other' })
    const first = await ask()
    const refused = await it.shop.post(`${at}/returns/${first.body.id}/refuse`, { answer: 'It shows marks of use' })
    assert.deepEqual([refused.body.state, refused.body.answer], ['refused', 'It shows marks of use'])
    assert.equal((await it.shop.post(`${at}/returns/${first.body.id}/refuse`, {})).status, 400, 'a refusal says why')
    assert.equal(
      (await it.shop.post(`${at}/returns/${first.body.id}/received`, { restock: true })).body.code,
      'return_state',
    )
    const second = await ask()
    assert.equal((await buyer.post(`${at}/returns/${second.body.id}/withdraw`, {})).body.state, 'withdrawn')
    const third = await ask()
    assert.equal(third.status, 201)
    for (let count = 0; count < 17; count++) {
      await buyer.post(`${at}/returns/${(await buyer.get(`${at}/returns`)).body.items.at(-1).id}/withdraw`, {})
      assert.equal((await ask()).status, 201)
    }
    await buyer.post(`${at}/returns/${(await buyer.get(`${at}/returns`)).body.items.at(-1).id}/withdraw`, {})
    assert.equal((await ask()).body.code, 'returns_too_many', 'vendors are not called for ever')
    assert.equal((await it.p.published(OrderRefunded)).length, 0)
    const { body } = await buyer.get(`${at}/returns`)
    assert.deepEqual(
      body.items.map(({ state }: { state: string }) => state),
      ['refused', ...Array.from({ length: 19 }, () => 'withdrawn')],
    )
    await it.isRight()
  })

  test('for a change of mind ends after 14 days, for what is broken after two years', async t => {
    const it = await open(t, cart)
    const box = await it.product()
    const { buyer, at, lineOf } = await arrived(it, [[box, 2]])
    const ask = (reason: string) =>
      it.as({ userId: buyer.userId }).post(`${at}/returns`, { lines: [{ lineId: lineOf(box), quantity: 1 }], reason })
    it.clock.at = new Date(Date.now() + 14 * day + 60_000)
    assert.equal((await ask('withdrawal')).body.code, 'return_too_late')
    assert.equal((await ask('broken')).status, 201)
    it.clock.at = new Date(Date.now() + 730 * day + 60_000)
    assert.equal((await ask('wrong')).body.code, 'return_too_late')
  })

  test('is for its buyer, its vendor and admins: others do not learn that it is there', async t => {
    const it = await open(t, cart)
    const other = it.vendor()
    const [box, cable] = [await it.product(), await it.product({ owner: other.owner })]
    const { buyer, at, lineOf } = await arrived(
      it,
      [
        [box, 1],
        [cable, 1],
      ],
      [it.shop, other],
    )
    const wish = (product: Product, quantity = 1) => ({
      lines: [{ lineId: lineOf(product), quantity }],
      reason: 'withdrawal',
    })
    for (const who of [it.as(), it.shop, it.admin])
      assert.equal((await who.post(`${at}/returns`, wish(box))).body.code, 'order_unknown')
    const both = { ...wish(box), lines: [...wish(box).lines, ...wish(cable).lines] }
    assert.equal((await buyer.post(`${at}/returns`, both)).body.code, 'line_unknown', 'a return is of one part')
    const twice = { ...wish(box), lines: [...wish(box).lines, ...wish(box).lines] }
    assert.equal((await buyer.post(`${at}/returns`, twice)).body.code, 'line_twice')
    const { body } = await buyer.post(`${at}/returns`, wish(box))
    const one = `${at}/returns/${body.id}`
    assert.equal((await it.as().post(`${one}/withdraw`, {})).body.code, 'order_unknown')
    assert.equal((await other.post(`${one}/received`, { restock: true })).body.code, 'return_unknown')
    assert.deepEqual((await other.get(`${at}/returns`)).body.items, [])
    assert.deepEqual((await other.get('/api/orders/returns')).body.items, [])
    assert.equal((await buyer.post(`${one}/received`, { restock: true })).status, 403)
    assert.equal((await it.shop.post(`${one}/withdraw`, {})).body.code, 'return_unknown')
    assert.equal((await it.admin.post(`${one}/received`, { restock: true })).body.state, 'received')
    for (const more of [{ state: 'approved' }, { amountMinor: 1 }, { userId: newId() }])
      assert.equal((await buyer.post(`${at}/returns`, { ...wish(cable), ...more })).status, 400)
    for (const quantity of [0, -1, 1.5, 1e9])
      assert.equal((await buyer.post(`${at}/returns`, wish(cable, quantity))).status, 400)
  })

  test('gives back no more than is left where something went back already, and keys are not given back', async t => {
    const it = await open(t, cart)
    const box = await it.product({ price: 10_00 })
    const software = await it.product({
      kind: 'digital',
      stock: null,
      variant: { weightG: null, delivery: { kind: 'licence', documentId: null, maxDownloads: null } },
    })
    await it.shop.post(`/api/orders/keys/${software.variantId}`, { keys: ['KEY-1'] })
    const { buyer, at, lineOf } = await arrived(it, [
      [box, 2],
      [software, 1],
    ])
    const wish = (product: Product, quantity: number) => ({
      lines: [{ lineId: lineOf(product), quantity }],
      reason: 'broken',
    })
    assert.equal((await buyer.post(`${at}/returns`, wish(software, 1))).body.code, 'nothing_to_return')
    await it.shop.post(`${at}/refund`, { reason: 'Scratch', lines: [{ lineId: lineOf(box), amountMinor: 15_00 }] })
    await it.settle()
    const { body } = await buyer.post(`${at}/returns`, wish(box, 2))
    const received = await Promise.all(
      [1, 2, 3].map(() => it.shop.post(`${at}/returns/${body.id}/received`, { restock: true })),
    )
    assert.ok(received.every(({ body }) => body.amountMinor === 5_00 && body.state === 'received'))
    await it.settle()
    assert.equal((await buyer.get(at)).body.refundedMinor, 20_00)
    assert.deepEqual(await it.level(box), { onHand: 100, held: 0 })
    await it.isRight()
  })

  test('of an order that a gift card paid goes back to the card, with its credit note', async t => {
    const it = await open(t, cart)
    await seller(it)
    const box = await it.product({ price: 60_00 })
    const { body: card } = await it.admin.post('/api/orders/gift-cards', { currency: 'EUR', amountMinor: 100_00 })
    const buyer = await it.buyer([[box, 1]])
    await buyer.put('/api/cart', { giftCards: [card.code] })
    const { body: order } = await buyer.order()
    const at = `/api/orders/${order.id}`
    const { body: parcel } = await it.shop.post(`${at}/shipments`, {})
    await buyer.post(`${at}/shipments/${parcel.id}/delivered`)
    const [{ lineId }] = order.items
    const { body } = await buyer.post(`${at}/returns`, { lines: [{ lineId, quantity: 1 }], reason: 'withdrawal' })
    await it.shop.post(`${at}/returns/${body.id}/received`, { restock: true })
    await it.settle()
    assert.equal((await it.admin.get('/api/orders/gift-cards')).body.items[0].balanceMinor, 100_00)
    assert.deepEqual(await papers(it), ['credit-note 6000', 'invoice 6000'])
    await it.isRight()
  })

  test('has photos of its buyer that its vendor sees, and none of anybody else', async t => {
    const it = await open(t, cart)
    const box = await it.product()
    const { buyer, order } = await it.paid([[box, 1]])
    const mine = await it.file({ kind: 'person', id: buyer.userId }, 'a scratch')
    const foreign = await it.file({ kind: 'person', id: newId() }, 'not theirs')
    const at = `/api/orders/${order.id}`
    const { body: parcel } = await it.shop.post(`${at}/shipments`, {})
    await buyer.post(`${at}/shipments/${parcel.id}/delivered`)
    const wish = { lines: [{ lineId: order.items[0].lineId, quantity: 1 }], reason: 'broken' }
    assert.equal((await buyer.post(`${at}/returns`, { ...wish, photos: [foreign] })).body.code, 'photo_unknown')
    const { status, body } = await buyer.post(`${at}/returns`, { ...wish, photos: [mine] })
    assert.deepEqual([status, body.photos], [201, [mine]])
    const photo = `${at}/returns/${body.id}/photos`
    assert.equal((await it.as().get(`${photo}/${mine}`)).body.code, 'order_unknown')
    assert.equal((await it.shop.get(`${photo}/${foreign}`)).body.code, 'return_unknown')
    const seen = await it.shop.get(`${photo}/${mine}`)
    assert.deepEqual([seen.status, seen.body], [200, 'a scratch'])
    assert.match(String(seen.headers['content-disposition']), /^attachment/)
  })

  test('needs no script: asked for on the order’s page, decided on the vendor’s', async t => {
    const it = await open(t, cart)
    const box = await it.product({ name: 'Wallbox <script>alert(1)</script>' })
    const { buyer, order } = await it.paid([[box, 2]])
    const at = `/orders/${order.id}`
    const form = (who: { userId: string }, role: object, fields: Record<string, string>) =>
      it.p.http.inject({
        method: 'POST',
        url: at,
        headers: {
          ...it.p.signedIn({ userId: who.userId, ...role }),
          'content-type': 'application/x-www-form-urlencoded',
          'sec-fetch-site': 'same-origin',
        },
        payload: new URLSearchParams(fields).toString(),
      })
    const page = async (who: { userId: string }, role: object = {}) =>
      (await it.p.http.inject({ url: at, headers: it.p.signedIn({ userId: who.userId, ...role }) })).body
    const asVendor = { role: 'vendor', organisation: { id: it.shop.owner.id, role: 'owner' } }
    const part = order.parts[0].partId
    const sent = await form(it.shop, asVendor, { act: 'sent', partId: part, carrier: 'DHL', tracking: '0034' })
    assert.equal(sent.statusCode, 303, sent.body)
    const [, shipmentId] = /name="shipmentId" value="([^"]+)"/.exec(await page(buyer)) ?? []
    assert.equal((await form(buyer, {}, { act: 'arrived', shipmentId: shipmentId! })).statusCode, 303)
    const shown = await page(buyer)
    assert.match(shown, /Until .* you may change your mind/)
    assert.doesNotMatch(shown, /<script>alert/)
    const { lineId } = order.items[0]
    const wish = { act: 'return', lineId, quantity: '1', reason: 'broken', note: '<img src=x onerror=alert(1)>' }
    assert.equal((await form(buyer, {}, wish)).statusCode, 303)
    assert.equal((await form(buyer, {}, { ...wish, quantity: '7' })).statusCode, 409)
    const sale = await page(it.shop, asVendor)
    assert.match(sale, /Its buyer waits for an answer/)
    assert.match(sale, /Ringstr\. 5/)
    assert.doesNotMatch(sale, /<img src=x/)
    assert.doesNotMatch(sale, /ada@example\.com/, 'a vendor sees no address of mail')
    const [, returnId] = /name="returnId" value="([^"]+)"/.exec(sale) ?? []
    const act = (fields: Record<string, string>) => form(it.shop, asVendor, { returnId: returnId!, ...fields })
    const why = await act({ act: 'refuse', answer: ' ' })
    assert.equal(why.statusCode, 409)
    assert.match(why.body, /Say why you refuse it/)
    assert.equal((await act({ act: 'approve', answer: 'Send it' })).statusCode, 303)
    assert.match(await page(buyer), /Send it to the vendor\.[^]*Send it/)
    assert.equal((await act({ act: 'received', restock: 'yes' })).statusCode, 303)
    await it.settle()
    assert.match(await page(buyer), /The vendor has it/)
    assert.match(await page(it.as()), /There is no such order/)
    await it.isRight()
  })
})

test('a refund made at the provider has its credit note', async t => {
  const it = await open(t, cart)
  await seller(it)
  const { payment } = await it.paid([[await it.product({ price: 10_00 }), 3]])
  it.standIn.state.refund(payment.providerId, { amount: 7_01, notes: {}, receipt: null })
  await it.settle()
  assert.deepEqual(await papers(it), ['credit-note 701', 'invoice 3000'])
})
