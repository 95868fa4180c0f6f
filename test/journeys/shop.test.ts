import assert from 'node:assert/strict'
import { test } from 'node:test'
import { baseline, client } from './client.ts'
import { home, shopOpens } from './shop.ts'

test('a buyer goes from search to licence key: found, put into the cart before the sign-in, paid, handed over, reviewed', async t => {
  const shop = await shopOpens(t)
  const vera = await shop.vendor('Vera')
  const category = { names: { en: 'Software', de: 'Software' } }
  const { slug } = await shop.root.get(201, 'POST /api/marketplace/categories', category)
  const software = await shop.product(vera, {
    name: 'Load management, 1 year',
    description: 'Keeps all wallboxes of a house below its fuse.',
    kind: 'digital',
    price: 11_900,
    category: slug,
    stockPolicy: 'unlimited',
    delivery: { kind: 'licence', documentId: null, maxDownloads: null },
  })
  const [{ id: variantId }] = software.variants as [{ id: string }]
  await vera.get(200, `POST /api/orders/keys/${variantId}`, { keys: ['AAAA-1111'] })

  // A stranger looks around, with a typing error, and takes it along.
  const stranger = client(shop.root.address)
  const { items: found } = await stranger.get(200, 'GET /api/marketplace/products?search=load+managment')
  assert.equal(found[0]?.id, software.id)
  const page = await fetch(`${shop.root.address}/shop/p/${software.slug}`)
  assert.match(await page.text(), /Load management, 1 year/)
  const added = await stranger.ask('POST /api/cart/items', { productId: software.id })
  assert.equal(added.status, 201)
  const cookie = added.headers.get('set-cookie')!.split(';')[0]!

  // They register, and what they had in the cart is theirs.
  const ada = await shop.person('Ada')
  const joined = await ada.get(200, 'GET /api/cart', undefined, { cookie })
  assert.deepEqual([joined.items.length, joined.total], [1, 11_900])
  const order = await shop.buy(ada)
  assert.deepEqual([order.status, order.paymentStatus, order.totalMinor], ['completed', 'paid', 11_900])
  const goods = await ada.get(200, `GET /api/orders/${order.id}/goods`)
  assert.deepEqual(goods.items[0].keys, ['AAAA-1111'])
  assert.deepEqual((await ada.get(200, 'GET /api/cart')).items, [])

  const mails = await shop.mailsTo(ada.email)
  for (const event of ['order.created', 'payment.success', 'goods.handed-over', 'order.invoiced'])
    assert.ok(
      mails.some(mail => mail.event === event),
      event,
    )
  assert.ok(
    mails.every(({ text }) => !text.includes('AAAA-1111')),
    'a key is in no mail',
  )
  assert.ok((await shop.mailsTo(vera.email)).some(({ event }) => event === 'payment.success'))
  const [{ invoiceId }] = order.parts
  const invoice = await ada.ask(`GET /api/orders/invoices/${invoiceId}/pdf`)
  assert.match(String(invoice.body), /^%PDF-/)

  const review = { rating: 5, title: 'Works', body: 'All boxes charge.' }
  await ada.get(201, `POST /api/marketplace/products/${software.id}/reviews`, review)
  const { items: purchases } = await ada.get(200, 'GET /api/users/purchases')
  assert.equal(purchases[0].status, 'completed')
  assert.equal((await shop.person('Mallory').then(one => one.ask(`GET /api/orders/${order.id}`))).status, 404)
})

test('a split order with a partial refund: two vendors send, one gives back a part, and something is returned', async t => {
  const shop = await shopOpens(t)
  const [vera, walt] = [await shop.vendor('Vera'), await shop.vendor('Walt')]
  await shop.root.get(201, 'POST /api/vendors/commission-rules', { basisPoints: 1_000 })
  await walt.get(201, 'POST /api/orders/shipping-options', {
    name: 'Parcel',
    countries: ['DE'],
    currency: 'EUR',
    priceMinor: 490,
  })
  const box = await shop.product(vera, { name: 'Wallbox 11 kW', price: 49_900, stock: 5, weightG: 4_200 })
  const cable = await shop.product(walt, { name: 'Type 2 cable', price: 8_999, stock: 10, weightG: 1_000 })
  const ada = await shop.person('Ada')
  await ada.get(201, 'POST /api/cart/items', { productId: box.id })
  await ada.get(201, 'POST /api/cart/items', { productId: cable.id, quantity: 3 })
  await ada.get(200, 'PUT /api/cart', { country: 'DE' })
  const order = await shop.buy(ada)
  assert.equal(order.totalMinor, 49_900 + 3 * 8_999 + 490)
  const at = `/api/orders/${order.id}`

  for (const seller of [vera, walt]) {
    const { items } = await seller.get(200, 'GET /api/orders/sales?state=processing')
    assert.deepEqual([items.length, items[0].vendorId], [1, seller.vendorId])
    const parcel = await seller.get(201, `POST ${at}/shipments`, { carrier: 'DHL', tracking: '0034' })
    await ada.get(200, `POST ${at}/shipments/${parcel.id}/delivered`)
  }
  const [{ lineId }] = (await walt.get(200, `GET ${at}`)).items
  assert.equal((await vera.ask(`POST ${at}/refund`, { reason: 'x', lines: [{ lineId }] })).status, 404)
  await walt.get(200, `POST ${at}/refund`, { reason: 'A scratch', lines: [{ lineId, amountMinor: 1_000 }] })

  // One cable is broken and goes back to where it came from.
  const wish = { lines: [{ lineId, quantity: 1 }], reason: 'broken', note: 'No contact' }
  const back = await ada.get(201, `POST ${at}/returns`, wish)
  await shop.settle()
  assert.ok((await shop.mailsTo(walt.email)).some(({ event }) => event === 'return.requested'))
  assert.ok(!(await shop.mailsTo(vera.email)).some(({ event }) => event === 'return.requested'))
  await walt.get(200, `POST ${at}/returns/${back.id}/approve`, { answer: 'Send it to Ringstr. 5' })
  await walt.get(200, `POST ${at}/returns/${back.id}/received`, { restock: false })
  await shop.settle()
  const events = (await shop.mailsTo(ada.email)).map(({ event }) => event)
  for (const event of ['order.shipped', 'order.refunded', 'return.decided', 'return.received'])
    assert.ok(events.includes(event), event)

  const { status, refundedMinor, parts } = await ada.get(200, `GET ${at}`)
  assert.deepEqual([status, refundedMinor], ['completed', 1_000 + 8_999])
  assert.deepEqual(
    parts.map((part: { refundedMinor: number }) => part.refundedMinor),
    [0, 9_999],
  )
  const [intent] = shop.standIn.state.all()
  assert.equal(
    intent!.refunds.reduce((sum, { amount }) => sum + amount, 0),
    9_999,
  )
  const { stock } = await shop.root.get(200, `GET /api/marketplace/products/${cable.id}`)
  assert.equal(stock, 7, 'what is broken is not sold again')
})

test('a second-life battery is sold with its passport: its buyer reads it, and nobody buys it twice', async t => {
  const shop = await shopOpens(t)
  const vera = await shop.vendor('Vera')
  const { id: passportId } = await vera.get(201, 'POST /api/passports', { data: baseline('BP-2024-011') })
  const listing = { name: 'Second-life pack', kind: 'battery', passportId, price: 90_000, weightG: 450_000 }
  assert.equal((await vera.ask('POST /api/marketplace/products', listing)).body.code, 'passport_unfit')
  await vera.get(200, `POST /api/passports/${passportId}/publish`)
  const battery = await shop.product(vera, listing)
  const shown = await client(shop.root.address).get(200, `GET /api/marketplace/products/${battery.id}`)
  assert.deepEqual([shown.passport.model, shown.stock], ['LM3-BAT-2024', 1])

  const [ada, bob] = [await shop.person('Ada'), await shop.person('Bob')]
  for (const who of [ada, bob]) await who.get(201, 'POST /api/cart/items', { productId: battery.id })
  const placed = await Promise.all([ada, bob].map(who => who.ask('POST /api/orders', { billingAddress: home })))
  assert.deepEqual(placed.map(({ status }) => status).toSorted(), [201, 409])
  const at = placed.findIndex(({ status }) => status === 201)
  const [buyer, other] = at === 0 ? [ada, bob] : [bob, ada]
  assert.equal(placed[1 - at]!.body.code, 'stock_short')

  const mine = async (who: typeof ada) => (await who.get(200, 'GET /api/passports')).items.length
  assert.equal(await mine(buyer), 0, 'nothing of it before it is paid')
  const { id, items } = placed[at]!.body
  assert.deepEqual([items[0].passportId, items[0].kind], [passportId, 'battery'])
  const { providerId } = await buyer.get(200, `POST /api/orders/${id}/payment`)
  shop.standIn.state.act(providerId, 'approve')
  await shop.settle()
  await buyer.get(200, `GET /api/passports/${passportId}`)
  assert.deepEqual([await mine(buyer), await mine(other)], [1, 0])
  assert.equal((await buyer.ask(`PUT /api/passports/${passportId}`, { data: baseline('Mine') })).status, 403)
  assert.ok((await shop.mailsTo(buyer.email)).some(({ event }) => event === 'passport.shared'))
  assert.equal((await other.ask('POST /api/orders', { billingAddress: home })).body.code, 'stock_short')
})
