import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cart } from '../../services/cart/service.ts'
import { open, type Product } from '../../services/orders/testing.ts'

type It = Awaited<ReturnType<typeof open>>

const inBoth = [
  { currency: 'EUR', priceMinor: 10_00, sale: null },
  { currency: 'USD', priceMinor: 12_00, sale: null },
]

/** A browser at which nobody is signed in, that sends the form of a product's page and comes back with its cookie. */
async function browser(it: It) {
  let cookie = ''
  const get = (url: string, more: Record<string, string> = {}) =>
    it.p.http.inject({ url, headers: { cookie, ...more } })
  return {
    get,
    cookie: () => cookie,
    async buy({ listing, variantId }: Product, currency: string) {
      const answer = await it.p.http.inject({
        method: 'POST',
        url: '/cart/items',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin' },
        payload: new URLSearchParams({ productId: listing.productId, variantId, quantity: '1', currency }).toString(),
      })
      cookie ||= String(answer.headers['set-cookie'] ?? '').split(';')[0]!
      return answer
    },
  }
}

test('a cart begins in the currency in which the page showed the price, and takes another once nothing is in it', async t => {
  const it = await open(t, cart)
  const box = await it.product({ variant: { prices: inBoth } })
  const visitor = await browser(it)
  assert.equal((await visitor.buy(box, 'USD')).statusCode, 303)
  const shown = (await visitor.get('/api/cart')).json()
  assert.deepEqual([shown.currency, shown.total], ['USD', 12_00])
  assert.match((await visitor.get('/cart', { 'accept-language': 'en' })).body, /\$12\.00/)
  // What is in it decides as long as it is there.
  assert.equal((await visitor.buy(box, 'EUR')).statusCode, 303)
  assert.deepEqual((await visitor.get('/api/cart')).json().currency, 'USD')
  const emptied = await it.p.http.inject({
    method: 'DELETE',
    url: `/api/cart/items/${shown.items[0].id}`,
    headers: { cookie: visitor.cookie(), 'sec-fetch-site': 'same-origin' },
  })
  assert.equal(emptied.json().items.length, 0)
  assert.equal((await visitor.buy(box, 'EUR')).statusCode, 303)
  const anew = (await visitor.get('/api/cart')).json()
  assert.deepEqual([anew.currency, anew.total], ['EUR', 10_00])
})

test('a cart of which all is ordered takes another currency', async t => {
  const it = await open(t, cart)
  const box = await it.product({ variant: { prices: inBoth } })
  const { buyer } = await it.placed([[box, 1]])
  await it.settle()
  const add = { productId: box.listing.productId, currency: 'USD' }
  assert.equal((await buyer.post('/api/cart/items', add)).status, 201)
  assert.equal((await buyer.get('/api/cart')).body.currency, 'USD')
})

test('two who begin one cart in two currencies at once have both things in one of them, each at its price there', async t => {
  const it = await open(t, cart)
  const boxes = [await it.product({ variant: { prices: inBoth } }), await it.product({ variant: { prices: inBoth } })]
  for (let round = 0; round < 10; round++) {
    const who = it.as()
    const answers = await Promise.all(
      boxes.map(({ listing: { productId } }, index) =>
        who.post('/api/cart/items', { productId, currency: index === 0 ? 'EUR' : 'USD' }),
      ),
    )
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201],
      JSON.stringify(answers),
    )
    const { body } = await who.get('/api/cart')
    const price = body.currency === 'EUR' ? 10_00 : 12_00
    assert.deepEqual(
      body.items.map(({ priceMinor, formerPriceMinor }: any) => [priceMinor, formerPriceMinor]),
      [
        [price, null],
        [price, null],
      ],
    )
  }
})

test('what a browser had in another currency than the cart of who signs in there waits, is told, and joins once that is empty', async t => {
  const it = await open(t, cart)
  const box = await it.product({ variant: { prices: inBoth } })
  const visitor = await browser(it)
  await visitor.buy(box, 'USD')
  const who = await it.buyer([[box, 1]])
  const cookie = visitor.cookie()
  for (let round = 0; round < 2; round++) {
    const { body, headers } = await who.get('/api/cart', undefined, { cookie })
    assert.deepEqual([body.currency, body.items.length, body.waiting], ['EUR', 1, { currency: 'USD', lines: 1 }])
    assert.equal(headers['set-cookie'], undefined, 'it keeps its cookie')
  }
  const page = await who.get('/cart', undefined, { cookie, 'accept-language': 'en' })
  assert.match(page.body, /one thing in your cart at prices in USD/)
  const onward = await who.get('/cart/checkout', undefined, { cookie })
  assert.equal(onward.headers.location, '/cart', 'told before anything is ordered')

  await who.order()
  await it.settle()
  const { body, headers } = await who.get('/api/cart', undefined, { cookie })
  assert.deepEqual([body.currency, body.items.length, body.total, body.waiting], ['USD', 1, 12_00, null])
  assert.match(String(headers['set-cookie']), /Expires=Thu, 01 Jan 1970/)
  assert.equal((await visitor.get('/api/cart')).json().items.length, 0)
})

test('an empty cart of who signs in takes what the browser had in whatever currency', async t => {
  const it = await open(t, cart)
  const box = await it.product({ variant: { prices: inBoth } })
  const who = await it.buyer([[box, 1]])
  const { body: before } = await who.get('/api/cart')
  await who.delete(`/api/cart/items/${before.items[0].id}`)
  const visitor = await browser(it)
  await visitor.buy(box, 'USD')
  const { body } = await who.get('/api/cart', undefined, { cookie: visitor.cookie() })
  assert.deepEqual([body.currency, body.items.length, body.waiting], ['USD', 1, null])
})
