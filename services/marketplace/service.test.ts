import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ProductApproved,
  ProductCreated,
  ProductDeleted,
  ProductRejected,
  ProductUpdated,
  StockSet,
} from '#contracts/marketplace'
import { StockChanged } from '#contracts/orders'
import { VendorUpdated } from '#contracts/vendors'
import { newId } from '#kernel'
import { onSale, open } from './testing.ts'

test('a product is pending until an admin approves it, and then everybody sees it', async t => {
  const market = await open(t)
  const { p, visit } = market
  const [vendor, other, admin] = [market.vendor(), market.vendor(), market.admin()]
  const made = await vendor.offer({ tags: ['Type 2'] })
  assert.deepEqual(
    [made.status, made.slug, made.price, made.currency, made.stock],
    ['pending', 'wallbox-11-kw', 49_900, 'EUR', 10],
  )
  assert.equal(made.vendorId, vendor.userId)
  assert.equal((await visit(`/api/marketplace/products/${made.id}`)).status, 404)
  assert.equal((await other.get(`/products/${made.id}`)).status, 404)
  assert.equal((await vendor.get(`/products/${made.id}`)).status, 200)
  assert.deepEqual(
    (await admin.get('/listings?status=pending')).body.items.map(({ id }: any) => id),
    [made.id],
  )
  assert.deepEqual((await other.get('/listings')).body.items, [])

  assert.equal((await vendor.post(`/products/${made.id}/approve`)).status, 403)
  assert.equal((await admin.post(`/products/${made.id}/approve`)).body.status, 'active')
  assert.equal((await admin.post(`/products/${made.id}/approve`)).body.code, 'product_state')
  const [created, approved] = [(await p.published(ProductCreated))[0]!, (await p.published(ProductApproved))[0]!]
  assert.partialDeepStrictEqual(created, {
    productId: made.id,
    vendorId: vendor.userId,
    forSale: false,
    status: 'pending',
    version: 1,
  })
  assert.partialDeepStrictEqual(approved, { productId: made.id, forSale: true, status: 'active', version: 2 })
  assert.partialDeepStrictEqual((await p.published(StockSet))[0], {
    variantId: made.variants[0].id,
    counted: 10,
    countVersion: 1,
    added: 0,
    version: 1,
  })
  for (const name of [made.id, 'wallbox-11-kw'])
    assert.equal((await visit(`/api/marketplace/products/${name}`)).status, 200)

  const rejected = await vendor.offer({ name: 'Snake oil' })
  const answer = await admin.post(`/products/${rejected.id}/reject`, { reason: 'No CE mark.' })
  assert.deepEqual([answer.body.status, answer.body.reason], ['rejected', 'No CE mark.'])
  assert.equal((await p.published(ProductRejected))[0]!.reason, 'No CE mark.')
  assert.equal((await vendor.put(`/products/${rejected.id}`, { status: 'pending' })).body.status, 'pending')
})

test('status, vendor, rating and the products of others cannot be assigned by who sells', async t => {
  const market = await open(t)
  const [vendor, other, buyer] = [market.vendor(), market.vendor(), market.as()]
  const product = await onSale(market, {}, vendor)
  const body = { name: 'Free', price: 1 }
  assert.equal((await buyer.post('/products', body)).status, 403)
  for (const field of [
    { vendorId: newId() },
    { rating: 5 },
    { reviewCount: 9 },
    { owner: { kind: 'person', id: newId() } },
    { isPopular: true },
    { id: newId() },
  ])
    assert.equal(
      (await vendor.post('/products', { ...body, ...field })).body.code,
      'request_invalid',
      JSON.stringify(field),
    )
  for (const field of [{ status: 'active' }, { status: 'rejected' }, { isFeatured: true }])
    assert.equal(
      (await vendor.post('/products', { ...body, ...field })).body.code,
      'approval_required',
      JSON.stringify(field),
    )
  assert.equal((await other.put(`/products/${product.id}`, { price: 1 })).status, 403)
  assert.equal(
    (await other.post(`/products/${product.id}/variants/${product.variants[0].id}/stock`, { stock: 0 })).status,
    403,
  )
  assert.equal((await other.delete(`/products/${product.id}`)).status, 403)
  const draft = await vendor.offer({ name: 'Not yet', status: 'draft' })
  assert.equal((await other.put(`/products/${draft.id}`, { price: 1 })).status, 404)
  assert.equal((await vendor.put(`/products/${draft.id}`, { status: 'active' })).body.code, 'approval_required')
  assert.equal(
    (await market.admin().put(`/products/${draft.id}`, { status: 'active', isFeatured: true })).body.isFeatured,
    true,
  )
  assert.equal((await vendor.get(`/products/${product.id}`)).body.price, 49_900)
})

test('variants keep what they are by their SKU, and prices have currencies, sales and dates', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const price = (priceMinor: number, more: object = {}) => ({ currency: 'EUR', priceMinor, sale: null, ...more })
  const sale = { priceMinor: 700, from: '2027-02-19T00:00:00.000Z', until: '2027-02-20T00:00:00.000Z' }
  const variants = [
    {
      sku: 'C-5',
      options: [{ name: 'Length', value: '5 m' }],
      prices: [price(900), { currency: 'JPY', priceMinor: 1_500, sale: null }],
      stock: 3,
    },
    {
      sku: 'C-7',
      options: [{ name: 'Length', value: '7 m' }],
      prices: [price(1_000, { sale })],
      stock: 0,
      stockPolicy: 'backorder',
      weightG: 2_000,
    },
  ]
  const product = await onSale(market, { name: 'Cable', price: undefined, stock: undefined, variants }, vendor)
  const read = async (query = '') => (await market.as().get(`/products/cable${query}`)).body
  assert.deepEqual(
    [(await read()).price, (await read('?currency=JPY')).price, (await read('?currency=KWD')).currency],
    [900, 1_500, 'EUR'],
  )
  assert.equal((await market.as().get('/products?sort=price')).body.items[0].price, 900)
  market.pass(36 * 3_600_000)
  assert.deepEqual([(await read()).price, (await read()).originalPrice], [700, 1_000])
  assert.equal((await market.as().get('/products?maxPrice=800')).body.items[0].price, 700)
  market.pass(24 * 3_600_000)
  assert.equal((await read()).price, 900)

  assert.equal((await vendor.put(`/products/${product.id}`, { price: 1 })).body.code, 'product_variants')
  const { body } = await vendor.put(`/products/${product.id}`, {
    variants: [
      { sku: 'C-9', prices: [price(1_100)] },
      { sku: 'C-7', prices: [price(950)] },
    ],
  })
  assert.deepEqual(
    body.variants.map(({ sku, stock, weightG }: any) => [sku, stock, weightG]),
    [
      ['C-9', 0, null],
      ['C-7', 0, 2_000],
    ],
  )
  assert.equal(body.variants[1].id, product.variants[1].id)
  assert.equal((await vendor.offer({ name: 'Again', sku: 'C-5' })).variants[0].sku, 'C-5', 'a SKU is free again')
  assert.equal((await vendor.post('/products', { name: 'Twice', sku: 'C-7', price: 1 })).body.code, 'sku_taken')
  const wrong = [
    [{ currency: 'XYZ', priceMinor: 1, sale: null }],
    [price(1), price(2)],
    [price(5, { sale: { priceMinor: 5, from: null, until: null } })],
    [price(5, { sale: { priceMinor: 4, from: sale.until, until: sale.from } })],
  ]
  for (const prices of wrong)
    assert.equal(
      (await vendor.post('/products', { name: 'Wrong', variants: [{ sku: 'W', prices }] })).body.code,
      'price_invalid',
    )
  for (const bad of [-1, 1.5, 2 ** 53])
    assert.equal((await vendor.post('/products', { name: 'Bad', price: bad })).status, 400)
})

test('a name in an address stays, a new one redirects, and nobody takes that of another', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const first = await onSale(market, {}, vendor)
  const second = await onSale(market, { sku: 'B' })
  assert.match(second.slug, /^wallbox-11-kw-[0-9a-f]{12}$/)
  assert.equal((await vendor.put(`/products/${first.id}`, { slug: 'box' })).body.slug, 'box')
  assert.equal((await market.as().get('/products/wallbox-11-kw')).body.slug, 'box')
  assert.equal(
    (await market.vendor().post('/products', { name: 'Thief', price: 1, slug: 'wallbox-11-kw' })).body.code,
    'slug_taken',
  )
  assert.equal((await vendor.put(`/products/${first.id}`, { slug: 'wallbox-11-kw' })).body.slug, 'wallbox-11-kw')
  assert.equal((await market.as().get('/products/box')).body.id, first.id)
})

test('what a vendor says of stock and what orders count stand beside each other in any order', async t => {
  const market = await open(t)
  const { p } = market
  const vendor = market.vendor()
  const product = await onSale(market, { stock: 2 }, vendor)
  const { id: variantId } = product.variants[0]
  const stock = async () => (await market.as().get(`/products/${product.id}`)).body
  const say = (body: object) => vendor.post(`/products/${product.id}/variants/${variantId}/stock`, body)
  assert.equal((await say({ change: 3 })).body.stock, 5)
  await p.publish(StockChanged, { variantId, productId: product.id, available: 0, version: 2 })
  await p.publish(StockChanged, { variantId, productId: product.id, available: 4, version: 1 })
  await p.settle()
  assert.deepEqual([(await stock()).stock, (await stock()).inStock], [0, false])
  assert.deepEqual((await market.as().get('/products?inStock=true')).body.items, [])
  await vendor.put(`/products/${product.id}`, { stock: 0 })
  assert.equal((await p.published(StockSet)).length, 2, 'who sends back what they read states nothing')
  await vendor.put(`/products/${product.id}`, { stock: 7 })
  assert.deepEqual(
    (await p.published(StockSet)).map(({ counted, countVersion, added, version }) => [
      counted,
      countVersion,
      added,
      version,
    ]),
    [
      [2, 1, 0, 1],
      [2, 1, 3, 2],
      [7, 2, 0, 3],
    ],
  )
  await p.publish(StockChanged, { variantId, productId: product.id, available: 7, version: 3 })
  await p.settle()
  assert.deepEqual([(await stock()).stock, (await stock()).inStock], [7, true])
  assert.equal((await say({ stock: -1 })).status, 400)
  assert.equal((await say({ stock: 1.5 })).status, 400)
})

test('two who change a product at once: one is told that it has changed', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const { id } = await vendor.offer()
  const change = (price: number) => vendor.put(`/products/${id}`, { price }, { 'if-match': '"1"' })
  assert.deepEqual((await Promise.all([change(1), change(2)])).map(({ status }) => status).sort(), [200, 412])
  const race = () => market.vendor().post('/products', { name: 'Same', price: 1 })
  const slugs = (await Promise.all(Array.from({ length: 5 }, race))).map(({ body }) => body.slug)
  assert.equal(new Set(slugs).size, 5)
})

test('a deleted product is gone for everybody, and its SKU and reference may be used again', async t => {
  const market = await open(t)
  const { p } = market
  const vendor = market.vendor()
  const product = await onSale(market, { sku: 'S', reference: 'R' }, vendor)
  assert.equal((await vendor.delete(`/products/${product.id}`)).status, 204)
  for (const path of [product.id, product.slug]) assert.equal((await market.as().get(`/products/${path}`)).status, 404)
  assert.deepEqual((await market.as().get('/products')).body.items, [])
  assert.partialDeepStrictEqual((await p.published(ProductDeleted))[0], {
    productId: product.id,
    forSale: false,
    version: 3,
  })
  await vendor.offer({ sku: 'S', reference: 'R' })
  assert.equal((await p.published(ProductUpdated)).length, 1)
})

test('carts read products as they are now, with the rates of their tax class', async t => {
  const market = await open(t)
  const admin = market.admin()
  assert.equal((await market.vendor().put('/tax-classes/solar', { name: 'Solar', percents: [] })).status, 403)
  assert.equal(
    (await admin.put('/tax-classes/solar', { name: 'Solar storage', percents: [{ country: 'DE', percent: '0' }] }))
      .status,
    200,
  )
  assert.equal(
    (await market.vendor().post('/products', { name: 'X', price: 1, taxClass: 'none' })).body.code,
    'tax_class_unknown',
  )
  const product = await onSale(market, { taxClass: 'solar', kind: 'digital', stock: undefined })
  const [answered] = await market.products(product.id, newId())
  assert.partialDeepStrictEqual(answered, {
    productId: product.id,
    forSale: true,
    taxClass: 'solar',
    taxPercents: [{ country: 'DE', percent: '0' }],
    variants: [
      {
        stockPolicy: 'unlimited',
        weightG: null,
        delivery: { kind: 'licence' },
        prices: [{ currency: 'EUR', priceMinor: 49_900 }],
      },
    ],
  })
})

test('of a vendor that is suspended nothing is for sale from then on, and all of it again once it is let back in', async t => {
  const market = await open(t)
  const { p, visit } = market
  const [vendor, other, admin] = [market.vendor(), market.vendor(), market.admin()]
  const [mine, theirs] = [await vendor.offer({}), await other.offer({ name: 'Wallbox 22 kW' })]
  for (const { id } of [mine, theirs]) await admin.post(`/products/${id}/approve`)
  await p.settle()
  const found = async () =>
    JSON.parse((await visit('/api/marketplace/products?search=wallbox')).text)
      .items.map(({ id }: any) => id)
      .toSorted()
  const both = [mine.id, theirs.id].toSorted()
  assert.deepEqual(await found(), both)

  const stands = (status: 'active' | 'suspended', version: number) =>
    p.publish(VendorUpdated, {
      vendorId: vendor.userId,
      owner: { kind: 'person', id: vendor.userId },
      applicantId: vendor.userId,
      name: 'Voltwerk',
      slug: 'voltwerk',
      status,
      verified: true,
      version,
    })
  await stands('suspended', 3)
  await stands('active', 2)
  await p.settle()
  assert.deepEqual(await found(), [theirs.id])
  assert.equal((await visit(`/api/marketplace/products/${mine.id}`)).status, 404)
  assert.equal((await vendor.get(`/products/${mine.id}`)).status, 200, 'its vendor still sees it')
  const last = async () => (await p.published(ProductUpdated)).filter(({ productId }) => productId === mine.id).at(-1)!
  assert.deepEqual([(await last()).forSale, (await last()).status], [false, 'active'])
  const fresh = await vendor.offer({ name: 'Wallbox 7 kW' })
  await admin.post(`/products/${fresh.id}/approve`)
  assert.equal((await visit(`/api/marketplace/products/${fresh.id}`)).status, 404, 'nor what it adds meanwhile')

  await stands('active', 4)
  await p.settle()
  assert.deepEqual(await found(), [...both, fresh.id].toSorted())
  assert.equal((await last()).forSale, true)
})

test('vendors find their products where vendors are, too', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const made = await vendor.offer({})
  const headers = market.p.signedIn({ userId: vendor.userId, role: 'vendor' })
  const at = (method: 'GET' | 'PUT' | 'DELETE', path = '', payload?: object) =>
    market.p.http.inject({ method, url: `/api/vendors/products${path}`, headers, ...(payload && { payload }) })
  assert.equal((await at('GET')).json().items[0].id, made.id)
  assert.equal((await at('PUT', `/${made.id}`, { name: 'Wallbox 12 kW' })).json().name, 'Wallbox 12 kW')
  assert.equal((await at('DELETE', `/${made.id}`)).statusCode, 204)
  assert.deepEqual((await at('GET')).json().items, [])
})

test('a vendor with more products than are told of at once is let back in while the first of them are: all are for sale', async t => {
  const market = await open(t)
  const { p, db } = market
  const [vendor, admin] = [market.vendor(), market.admin()]
  for (let index = 0; index < 60; index++) {
    const { id } = await vendor.offer({ name: `Cable ${index}` })
    await admin.post(`/products/${id}/approve`)
  }
  for (const [version, status] of [[2, 'suspended'] as const, [3, 'active'] as const])
    await p.publish(VendorUpdated, {
      vendorId: vendor.userId,
      owner: { kind: 'person', id: vendor.userId },
      applicantId: null,
      name: 'Cables',
      slug: 'cables',
      status,
      verified: true,
      version,
    })
  await p.settle()
  const last = new Map((await p.published(ProductUpdated)).map(({ productId, forSale }) => [productId, forSale]))
  assert.deepEqual([last.size, last.values().every(Boolean)], [60, true])
  assert.deepEqual([...(await db`select from suspended_vendors`)], [])
})
