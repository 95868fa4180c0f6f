import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getAddresses } from '#contracts/users'
import { newId } from '#kernel'
import { answering } from '../../kernel/testing.ts'
import { cart } from '../../services/cart/service.ts'
import { address, open } from '../../services/orders/testing.ts'

type It = Awaited<ReturnType<typeof open>>
type Buyer = Awaited<ReturnType<It['buyer']>>

const english = { 'accept-language': 'en' }

/** Sends the form of the checkout as a browser does. */
async function order(it: It, buyer: Buyer, fields: Record<string, string>) {
  const body = new URLSearchParams(fields).toString()
  const answer = await it.p.http.inject({
    method: 'POST',
    url: '/checkout',
    headers: {
      ...it.p.signedIn({ userId: buyer.userId }),
      ...english,
      'content-type': 'application/x-www-form-urlencoded',
    },
    payload: body,
  })
  return { status: answer.statusCode, text: answer.body, to: String(answer.headers.location) }
}

const totalIn = (text: string): string => /name="totalMinor" value="(\d+)"/.exec(text)![1]!

/** Of the newest order of somebody. */
async function placedBy(buyer: Buyer) {
  const [{ id }] = (await buyer.get('/api/orders')).body.items
  return (await buyer.get(`/api/orders/${id}`)).body
}

test('every page on which one buys looks as the shop does, and so does that on which one pays', async t => {
  const environment = {
    SHOP_NAME: 'Volt & Co',
    SHOP_COLOUR: '#aa0011',
    SHOP_LOGO: '/volt.svg',
    PUBLIC_URL: 'https://shop.example.com/volt',
  }
  const it = await open(t, cart, { wire: 'play', environment })
  const buyer = await it.buyer([[await it.product(), 1]])
  const looks = (text: string, what: string): void => {
    assert.match(text, /--accent:#aa0011/, what)
    assert.match(text, /src="\/volt\/volt\.svg" alt="" ?\/>Volt &#38; Co</, what)
    assert.ok(!text.includes('Ohmnibus'), what)
  }
  for (const path of ['/cart', '/checkout', '/orders', `/orders/${newId()}`]) {
    const { body } = await buyer.get(path, undefined, english)
    looks(body, path)
    assert.match(body, /role="search" action="\/volt\/shop"/, path)
  }
  const { to } = await order(it, buyer, { ...address, totalMinor: '1000' })
  const page = to.replace('/volt/', '/')
  const paying = await it.p.http.inject({ url: page, headers: english })
  looks(paying.body, 'where one pays')
  assert.doesNotMatch(paying.body, /role="search"|href="\/volt\/cart"/, 'nothing leads away from there')
  looks((await buyer.get(`/orders/${(await placedBy(buyer)).id}`, undefined, english)).body, 'the order')
  const unknown = await it.p.http.inject({
    url: page.replace(/payments\/[^/]+/, `payments/${newId()}`),
    headers: english,
  })
  assert.equal(unknown.statusCode, 404)
  looks(unknown.body, 'no payment')
})

test('the country is chosen in the reader’s language, and what is none is asked for again', async t => {
  const it = await open(t, cart)
  const buyer = await it.buyer([[await it.product(), 1]])
  const german = (await buyer.get('/checkout', undefined, { 'accept-language': 'de' })).body as string
  assert.match(german, /<option value="AT" ?>Österreich<\/option>/)
  assert.ok(german.length < 60_000, `${german.length} characters`)
  await buyer.put('/api/cart', { country: 'FR' })
  assert.match((await buyer.get('/checkout', undefined, english)).body, /<option value="FR" selected>France<\/option>/)
  for (const country of ['', 'XX', 'D'])
    assert.match((await order(it, buyer, { ...address, country })).text, /Fill in name, e-mail/, country)
  assert.equal((await order(it, buyer, { ...address, country: 'XK' })).status, 303)
})

test('in the United States and in India tax is that of the state that somebody writes, in the cart, the checkout and the order', async t => {
  for (const { seller, region, name, percent, parts, elsewhere } of [
    {
      seller: { street: '1 Main St', postalCode: '94105', city: 'San Francisco', region: 'CA', country: 'US' },
      region: 'CA',
      name: 'california',
      percent: '7.25',
      parts: ['Sales tax'],
      elsewhere: ['TX', 'not-taxed'],
    },
    {
      seller: { street: 'MG Road 1', postalCode: '560001', city: 'Bengaluru', region: 'KA', country: 'IN' },
      region: 'KA',
      name: 'Karnataka',
      percent: '18',
      parts: ['CGST', 'SGST'],
      elsewhere: ['MH', 'IGST'],
    },
  ]) {
    const it = await open(t, cart)
    await it.shop.put('/api/orders/seller', { name: 'Seller', address: seller, smallBusiness: false })
    const box = await it.product({ price: 100_00, taxIncluded: false })
    const { country } = seller
    const buyer = await it.buyer([[box, 1]])
    const taxed = 100_00 + Number(percent) * 1_00

    const { body } = await buyer.put('/api/cart', { country, region: name })
    assert.deepEqual([body.region, body.total, body.items[0].taxPercent], [name, taxed, percent])
    const other = await buyer.put('/api/cart', { country: 'DE' })
    assert.equal(other.body.region, null, 'of another country there is none')

    const fields = { ...address, country }
    const without = await order(it, buyer, { ...fields, totalMinor: '10000' })
    assert.match(without.text, /Write the state as the list has it/)
    const looked = await order(it, buyer, { ...fields, region: name, act: 'look' })
    assert.deepEqual([looked.status, totalIn(looked.text)], [200, String(taxed)], 'worked out before it is ordered')
    assert.match(looked.text, new RegExp(`value="${name}"`), 'what was written stays')
    const placed = await order(it, buyer, { ...fields, region: name, totalMinor: String(taxed) })
    assert.equal(placed.status, 303, placed.text)
    assert.equal((await placedBy(buyer)).totalMinor, taxed)
    const treatmentOf = async (): Promise<any> => {
      const [row] = await it.p.db('orders')`select treatment from order_lines order by order_id desc limit 1`
      return row!.treatment
    }
    const { parts: split, place } = await treatmentOf()
    assert.deepEqual([split.map((part: any) => part.name), place.region], [parts, region])

    const [state, how] = elsewhere as [string, string]
    const far = await it.buyer([[box, 1]])
    const there = { ...fields, region: `${country}-${state}` }
    const total = totalIn((await order(it, far, { ...there, act: 'look' })).text)
    assert.equal((await order(it, far, { ...there, totalMinor: total })).status, 303)
    const { reason, parts: one } = await treatmentOf()
    assert.equal(reason ?? one[0].name, how)
  }
})

test('things may go to another address than the bill, and tax and shipping are of where they go', async t => {
  const it = await open(t, cart)
  await it.shop.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  await it.shop.post('/api/orders/shipping-options', {
    name: 'Parcel',
    countries: ['AT'],
    currency: 'EUR',
    priceMinor: 7_00,
  })
  const buyer = await it.buyer([[await it.product({ price: 100_00 }), 1]])
  const half = await order(it, buyer, { ...address, toCity: 'Wien', toCountry: 'AT' })
  assert.match(half.text, /also of another address/)
  assert.match(half.text, /<details open>/, 'it stands open where something is in it')
  const to = { toAddress: 'Ring 1\r\nTop 4', toZip: '1010', toCity: 'Wien', toCountry: 'AT' }
  const total = totalIn((await order(it, buyer, { ...address, ...to, act: 'look' })).text)
  assert.equal(total, '10700')
  assert.equal((await order(it, buyer, { ...address, ...to, totalMinor: total })).status, 303)
  const { billingAddress, shippingAddress } = await placedBy(buyer)
  assert.equal(billingAddress.country, 'DE')
  assert.deepEqual(shippingAddress, {
    name: address.name,
    address: 'Ring 1\nTop 4',
    zip: '1010',
    city: 'Wien',
    country: 'AT',
  })
})

test('a company that bears the tax itself is shown the total that it orders at', async t => {
  const it = await open(t, cart)
  await it.shop.put('/api/orders/seller', {
    name: 'Example GmbH',
    address: { street: 'Ringstr. 5', postalCode: '10115', city: 'Berlin', country: 'DE' },
    smallBusiness: false,
  })
  const buyer = await it.buyer([[await it.product({ price: 100_00, taxIncluded: false }), 1]])
  const fields = { ...address, country: 'AT', company: 'Volt', taxId: 'ATU13585627' }
  const first = await order(it, buyer, { ...fields, totalMinor: '10000' })
  const total = first.status === 303 ? '10000' : totalIn(first.text)
  const second = first.status === 303 ? first : await order(it, buyer, { ...fields, totalMinor: total })
  assert.equal(second.status, 303, 'what is shown is what is asked')
  assert.equal(String((await placedBy(buyer)).totalMinor), total)
  assert.match(
    (await order(it, await it.buyer([[await it.product(), 1]]), { ...fields, taxId: 'AT1' })).text,
    /no tax number/,
  )
})

test('who is signed in finds the addresses they keep, chooses among them, and nobody else’s', async t => {
  const ada = newId()
  const kept = (id: string, name: string, more: object) => ({
    id,
    name,
    company: null,
    lines: ['Ringstr. 5', 'Hof'],
    city: 'Berlin',
    postalCode: '10115',
    region: null,
    country: 'DE',
    defaultBilling: false,
    defaultShipping: false,
    ...more,
  })
  const [home, work, hut] = [newId(), newId(), newId()]
  const addresses = [
    kept(home, 'Ada at home', { defaultBilling: true }),
    kept(work, 'Ada at work', { defaultShipping: true, country: 'AT' }),
    kept(hut, 'Ada in the hut', { lines: ['Alm 1'], country: 'CH' }),
  ]
  const answers = [answering(getAddresses, async ({ userId }) => ({ addresses: userId === ada ? addresses : [] }))]
  const it = await open(t, cart, { answers })
  const box = await it.product()
  const buyer = await it.buyer([[box, 1]], it.as({ userId: ada }))
  const see = async (query = '') => (await buyer.get(`/checkout${query}`, undefined, english)).body as string
  const whole = await see()
  assert.match(whole, /name="name"[^>]*value="Ada at home"/)
  assert.match(whole, /name="toName"[^>]*value="Ada at work"/)
  assert.match(whole, />\s*Ringstr\. 5\nHof<\/textarea/)
  assert.match(whole, /<details open>/)
  const chosen = await see(`?bill=${hut}&ship=${hut}`)
  assert.match(chosen, /name="name"[^>]*value="Ada in the hut"/)
  assert.match(chosen, /name="toName"[^>]*value=""/)
  assert.match(chosen, /<option value="CH" selected>/)
  assert.ok(whole.length < 60_000, `${whole.length} characters`)
  const stranger = await it.buyer([[box, 1]])
  assert.doesNotMatch((await stranger.get(`/checkout?bill=${home}`, undefined, english)).body, /Ada at/)
})

test('orders of years are gone through page by page', async t => {
  const it = await open(t, cart)
  const { buyer: who } = await it.placed([[await it.product({ stock: null }), 1]])
  await it.p.db('orders')`
    insert into orders select (jsonb_populate_record(null::orders, to_jsonb(o) || jsonb_build_object(
      'id', gen_random_uuid(), 'cart_id', gen_random_uuid(), 'number', 'AAAAA-' || (22222 + n),
      'created_at', created_at - n * interval '1 day'))).*
    from orders o, generate_series(1, 50) n`
  const numbersIn = (text: string) => [...text.matchAll(/href="\/orders\/[0-9a-f-]{36}">([^<]+)</g)].map(([, n]) => n)
  const first = (await who.get('/orders', undefined, english)).body as string
  assert.equal(numbersIn(first).length, 50)
  const [, next] = /rel="next" href="([^"]+)"/.exec(first)!
  const second = (await who.get(next!, undefined, english)).body as string
  assert.equal(new Set([...numbersIn(first), ...numbersIn(second)]).size, 51)
  assert.doesNotMatch(second, /rel="next"/)
  for (const odd of ['x', 'WzEsMl0', '%00'])
    assert.equal(numbersIn((await who.get(`/orders?after=${odd}`, undefined, english)).body).length, 50, odd)
})
