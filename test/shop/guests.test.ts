import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuestOrdered, OrderCreated, ReturnRequested, WithdrawalDeclared } from '#contracts/orders'
import { newId } from '#kernel'
import { cart } from '../../services/cart/service.ts'
import { address, open, type Product } from '../../services/orders/testing.ts'
import { othersOf } from '../kernel/spellings.ts'

type It = Awaited<ReturnType<typeof open>>

/** A browser at which nobody is signed in, with something in its cart. */
async function stranger(it: It, { listing }: Product) {
  const added = await it.p.http.inject({
    method: 'POST',
    url: '/api/cart/items',
    payload: { productId: listing.productId, quantity: 1 },
  })
  const cookie = String(added.headers['set-cookie']).split(';')[0]!
  const get = (url: string, headers: Record<string, string> = { cookie }) => it.p.http.inject({ url, headers })
  const post = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    it.p.http.inject({
      method: 'POST',
      url,
      headers: {
        cookie,
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
      payload: new URLSearchParams(fields).toString(),
    })
  return { get, post }
}

test('who has no account orders by mail address, pays, and sees to the order by a link that is theirs alone', async t => {
  const it = await open(t, cart)
  await it.shop.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  const box = await it.product({ price: 20_00, stock: 5 })
  const guest = await stranger(it, box)
  assert.match(String((await guest.get('/checkout', {})).headers.location), /sign-in/, 'who has no cart signs in')
  const checkout = await guest.get('/checkout')
  assert.match(checkout.body, /Sign in first/)
  assert.match(checkout.body, /€20\.00/)

  const fields = { ...address, totalMinor: '2000' }
  assert.equal((await guest.post('/checkout', { ...fields, email: '' })).statusCode, 409)
  const forged = await guest.post('/checkout', fields, {
    'sec-fetch-site': 'cross-site',
    origin: 'https://evil.example',
  })
  assert.equal(forged.json().code, 'origin_not_allowed')
  const [sent, again] = [await guest.post('/checkout', fields), await guest.post('/checkout', fields)]
  const page = String(sent.headers.location)
  assert.match(page, /^\/api\/orders\/payments\/[^/]+\/page$/)
  await it.settle()
  const [placed, ...more] = await it.p.published(OrderCreated)
  assert.equal(more.length, 0, `twice is once: ${again.statusCode}`)
  const [told] = await it.p.published(GuestOrdered)
  assert.deepEqual([told!.email, told!.number, told!.totalMinor], ['ada@example.com', placed!.number, 20_00])

  const [intent] = it.standIn.state.all()
  it.standIn.state.act(intent!.id, 'approve')
  await it.settle()
  const back = await it.p.http.inject({ url: page.replace(/page$/, 'return') })
  const link = new URL(String(back.headers.location), 'http://x').pathname
  assert.match(link, /^\/orders\/guest\//)
  const seen = await guest.get(link, {})
  assert.match(seen.body, /It is paid/)
  assert.match(String(seen.headers['cache-control']), /no-store/)
  const [, paper] = /href="([^"]+\/invoices\/[^"]+)"/.exec(seen.body) ?? []
  const invoice = await guest.get(paper!, {})
  assert.ok(invoice.rawPayload.subarray(0, 4).equals(Buffer.from('%PDF')))

  // What is somebody else's, or made up.
  const { orderId } = placed!
  for (const made of [
    `${orderId}.x`,
    `${newId()}${link.slice(link.indexOf('.'))}`,
    orderId,
    `${link.split('/').at(-1)}x`,
    `${link.split('/').at(-1)}.x`,
    ...othersOf(link.split('.').at(-1)!)
      .filter(other => !other.includes('='))
      .map(sign => `${orderId}.${sign}`),
  ])
    assert.equal((await guest.get(`/orders/guest/${made}`, {})).statusCode, 404, made)
  assert.equal((await guest.get(`${link}/invoices/${newId()}`, {})).json().code, 'invoice_unknown')
  assert.match(String((await guest.get(`/orders/${orderId}`)).headers.location), /sign-in/)
  assert.equal((await it.as().get(`/api/orders/${orderId}`)).body.code, 'order_unknown')
  const other = await it.paid([[box, 1]])
  const unsigned = await it.p.http.inject({ url: link.replace(orderId, other.order.id) })
  assert.equal(unsigned.statusCode, 404)

  // It is sent, has arrived, and something is wrong with it.
  const { body: parcel } = await it.shop.post(`/api/orders/${orderId}/shipments`, {})
  assert.equal((await guest.post(link, { act: 'arrived', shipmentId: parcel.id })).headers.location, link)
  const [{ lineId } = { lineId: '' }] = placed!.items
  const wish = { act: 'return', lineId, quantity: '1', reason: 'broken' }
  assert.equal((await guest.post(link, wish)).statusCode, 303)
  assert.equal((await guest.post(link, wish)).statusCode, 409)
  assert.equal((await it.p.published(ReturnRequested)).length, 1)
  assert.match((await guest.get(link, {})).body, /The vendor has not answered yet/)
  assert.equal((await guest.post(`${link}x`, { act: 'cancel' })).statusCode, 404)

  // It stays after all; and then the contract is withdrawn from, in two steps, and confirmed in writing.
  const [{ returnId } = { returnId: '' }] = await it.p.published(ReturnRequested)
  assert.equal((await guest.post(link, { act: 'keep', returnId })).statusCode, 303)
  assert.match(
    (await guest.get(link, {})).body,
    /<summary>Withdraw from the contract here<\/summary>[\s\S]*Confirm withdrawal/,
  )
  const [{ partId } = { partId: '' }] = placed!.parts
  const twice = [
    await guest.post(link, { act: 'withdraw', partId }),
    await guest.post(link, { act: 'withdraw', partId }),
  ]
  assert.deepEqual(
    twice.map(({ statusCode }) => statusCode),
    [303, 409],
  )
  const [declared, ...others] = await it.p.published(WithdrawalDeclared)
  assert.deepEqual(
    [others.length, declared!.email, declared!.locale, declared!.things.map(({ quantity }) => quantity)],
    [0, 'ada@example.com', 'en', [1]],
  )
  const withdrawn = (await guest.get(link, {})).body
  assert.match(withdrawn, /You withdrew from the contract on/)
  assert.doesNotMatch(withdrawn, /Confirm withdrawal/)
  await it.isRight()
})

test('a program orders without an account too: by the cart of its cookie, and then by the link alone', async t => {
  const it = await open(t, cart)
  const box = await it.product({ price: 20_00, stock: 5 })
  const added = await it.p.http.inject({
    method: 'POST',
    url: '/api/cart/items',
    payload: { productId: box.listing.productId },
  })
  const cookie = String(added.headers['set-cookie']).split(';')[0]!
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object, headers: Record<string, string> = {}) => {
    const answer = await it.p.http.inject({
      method,
      url: `/api/orders/guest${url}`,
      headers,
      ...(payload && { payload }),
    })
    return { status: answer.statusCode, body: answer.json() }
  }
  const wanted = { billingAddress: address, totalMinor: 20_00 }
  assert.equal((await ask('POST', '', wanted)).body.code, 'cart_empty', 'without the cookie there is no cart')
  const forged = { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
  assert.equal((await ask('POST', '', wanted, forged)).body.code, 'origin_not_allowed')
  const own = { cookie, 'sec-fetch-site': 'same-origin' }
  const both = await Promise.all([ask('POST', '', wanted, own), ask('POST', '', wanted, own)])
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 201], JSON.stringify(both))
  const [{ body }] = both as [(typeof both)[number], (typeof both)[number]]
  assert.equal(both[1]!.body.order.id, body.order.id, 'twice is once')
  const at = body.link.replace('/orders/guest', '')
  assert.equal((await ask('GET', at)).body.totalMinor, 20_00)
  assert.equal((await ask('GET', `${at.slice(0, -2)}xx`)).body.code, 'order_unknown')
  assert.equal((await it.as().get(`/api/orders/${body.order.id}`)).status, 404, 'others do not learn of it')
  const { providerId } = (await ask('POST', `${at}/payment`)).body
  it.standIn.state.act(providerId, 'approve')
  await it.settle()
  assert.equal((await ask('GET', at)).body.paymentStatus, 'paid')
  const cancelled = await ask('POST', `${at}/cancel`)
  assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled'], JSON.stringify(cancelled.body))
  await it.settle()
  assert.deepEqual(await it.level(box), { onHand: 5, held: 0 })
  await it.isRight()
})

test('a coupon that each may use once is used once by an address of mail, however it is written', async t => {
  const it = await open(t, cart)
  const box = await it.product({ price: 20_00 })
  await it.shop.post('/api/orders/coupons', { code: 'ONCE', percent: '10', maxUsesEach: 1 })
  const order = async (email: string) => {
    const guest = await stranger(it, box)
    await guest.post('/cart', { act: 'coupon', code: 'once' })
    return await guest.post('/checkout', { ...address, email })
  }
  const first = await order('ada@example.com')
  const second = await order('ADA@example.com')
  const third = await order('grace@example.com')
  assert.deepEqual([first.statusCode, second.statusCode, third.statusCode], [303, 409, 303], second.body)
})
