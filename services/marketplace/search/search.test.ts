import assert from 'node:assert/strict'
import { test } from 'node:test'
import { onSale, open, type Market } from '../testing.ts'

/** A tree of categories, and what is sold in it. */
async function stocked(market: Market) {
  const admin = market.admin()
  const category = async (en: string, de: string, more: object = {}) => {
    const { status, text, body } = await admin.post('/categories', { names: { en, de }, ...more })
    assert.equal(status, 201, text)
    return body
  }
  const charging = await category('Charging', 'Laden', {
    attributes: [
      {
        key: 'connector',
        names: { en: 'Connector', de: 'Stecker' },
        type: 'choice',
        choices: ['Type 2', 'CCS'],
        facet: true,
      },
    ],
  })
  const wallboxes = await category('Wallboxes', 'Wallboxen', {
    parentId: charging.id,
    attributes: [
      { key: 'power', names: { en: 'Power', de: 'Leistung' }, type: 'number', unit: 'kW', facet: true },
      { key: 'rfid', names: { en: 'Card reader', de: 'Kartenleser' }, type: 'flag', facet: true },
    ],
  })
  const vendor = market.vendor()
  const sell = (name: string, price: number, more: object = {}) =>
    onSale(market, { name, price, sku: name, ...more }, vendor)
  const wallbox = (name: string, power: number, connector: string, price: number, more: object = {}) =>
    sell(name, price, { category: 'wallboxes', attributes: { power, connector, rfid: power > 7 }, ...more })
  const products = {
    small: await wallbox('Wallbox Small', 7.4, 'Type 2', 39_900, { tags: ['home'] }),
    large: await wallbox('Wallbox Large', 22, 'Type 2', 89_900, {
      translations: { de: { name: 'Große Ladestation', description: 'Lädt schnell' } },
    }),
    direct: await wallbox('Direct charger', 50, 'CCS', 1_500_000, { stock: 0 }),
    cable: await sell('Charging cable', 12_900, {
      category: 'charging',
      attributes: { connector: 'Type 2' },
      tags: ['home'],
    }),
    licence: await sell('Fleet software', 4_900, {
      kind: 'digital',
      stock: undefined,
      description: 'Steers wallboxes of a fleet',
    }),
  }
  return { admin, vendor, charging, wallboxes, products }
}

const names = async (market: Market, query: string): Promise<string[]> => {
  const { status, text, body } = await market.as().get(`/products?${query}`)
  assert.equal(status, 200, text)
  return body.items.map(({ name }: { name: string }) => name)
}

test('products are found by words of either language, misspelt ones too, and by synonyms', async t => {
  const market = await open(t)
  const { admin } = await stocked(market)
  assert.deepEqual((await names(market, 'search=wallbox')).slice(0, 2).sort(), ['Wallbox Large', 'Wallbox Small'])
  assert.deepEqual(await names(market, 'search=charging+cables'), ['Charging cable'])
  assert.deepEqual(await names(market, 'search=ladestationen&language=de'), ['Große Ladestation'])
  assert.deepEqual(await names(market, 'search=grosse+ladestation&language=de'), ['Große Ladestation'])
  const misspelt = (await market.as().get('/products?search=walbocks+smal')).body
  assert.deepEqual(
    [misspelt.items.map(({ name }: any) => name), misspelt.searchedFor],
    [['Wallbox Small'], 'wallbox small'],
  )
  assert.deepEqual(await names(market, 'search=evse'), [])
  assert.equal((await admin.post('/synonyms', { words: ['EVSE', 'wallbox'] })).status, 201)
  assert.deepEqual(await names(market, 'search=nothing+of+this'), [])
  for (const pattern of [
    '%25',
    "'",
    '!!',
    '%3A*',
    '()',
    '\\',
    '%F0%9F%94%8C',
    'a'.repeat(200),
    '%22',
    '-',
    '|',
    '%26%20!',
    '<->',
  ])
    assert.equal((await market.as().get(`/products?search=${pattern}`)).status, 200, pattern)
  for (const pattern of ['a'.repeat(201), '%00'])
    assert.equal((await market.as().get(`/products?search=${pattern}`)).status, 400)
})

test('lists are narrowed down by category, price, stars, tags and attributes, and count what is left of each', async t => {
  const market = await open(t)
  const { products } = await stocked(market)
  assert.deepEqual(await names(market, 'category=charging&sort=price'), [
    'Charging cable',
    'Wallbox Small',
    'Wallbox Large',
    'Direct charger',
  ])
  assert.deepEqual(await names(market, 'category=wallboxes&attributes=power:10..30'), ['Wallbox Large'])
  assert.deepEqual(await names(market, 'category=wallboxes&attributes=power:10..;connector:ccs|type-2&sort=-price'), [
    'Direct charger',
    'Wallbox Large',
  ])
  assert.deepEqual(await names(market, 'minPrice=12000&maxPrice=40000&sort=-price'), [
    'Wallbox Small',
    'Charging cable',
  ])
  assert.deepEqual(await names(market, 'tags=Home&sort=price'), ['Charging cable', 'Wallbox Small'])
  assert.deepEqual(await names(market, 'kind=digital'), ['Fleet software'])
  assert.equal((await names(market, 'inStock=true')).length, 4)
  assert.deepEqual(await names(market, 'sort=price&currency=JPY'), [])
  const { facets } = (
    await market.as().get('/products?category=charging&attributes=connector:ccs&facets=true&language=de')
  ).body
  assert.deepEqual([facets.total, facets.exact], [1, true])
  assert.deepEqual(facets.categories, [{ slug: 'wallboxes', name: 'Wallboxen', count: 1 }])
  assert.deepEqual(facets.attributes[0].values, [
    { value: 'type-2', count: 3, name: 'Type 2' },
    { value: 'ccs', count: 1, name: 'CCS' },
  ])
  const all = (await market.as().get('/products?category=wallboxes&facets=true')).body.facets
  assert.deepEqual(all.price, { currency: 'EUR', min: 39_900, max: 1_500_000 })
  assert.partialDeepStrictEqual(
    all.attributes.find(({ key }: any) => key === 'power'),
    { min: 7.4, max: 50, unit: 'kW' },
  )
  assert.deepEqual(all.vendors, [{ id: products.small.vendorId, count: 3 }])
  for (const [query, code] of [
    ['category=none', 'category_unknown'],
    ['attributes=power:1..2', 'attribute_invalid'],
    ['category=wallboxes&attributes=power:x', 'attribute_invalid'],
  ])
    assert.equal((await market.as().get(`/products?${query}`)).body.code, code)
  assert.equal((await market.as().get('/products?colour=red')).status, 400)
})

test('a list that is kept in memory is never wrong: of what sells, is changed elsewhere, or has a sale that begins', async t => {
  const market = await open(t)
  const { products } = await stocked(market)
  const list = async (query = 'category=wallboxes&facets=true') => (await market.as().get(`/products?${query}`)).body
  const first = await list()
  assert.deepEqual(await list(), first)
  // As another process would: what this one knows of it is in the database.
  await market.db.begin('read write', tx => tx`update products set sold = 12 where id = ${products.small.id}`)
  assert.partialDeepStrictEqual((await list()).items[0], { name: 'Wallbox Small', isPopular: true })
  await assert.rejects(
    market.db.begin('read write', async tx => {
      await tx`update products set sold = 99 where id = ${products.direct.id}`
      throw new Error('thought better of it')
    }),
  )
  assert.equal((await list()).items[0].name, 'Wallbox Small')

  const until = new Date('2027-02-18T10:00:00Z').toISOString()
  const from = new Date('2027-02-18T09:00:00Z').toISOString()
  const [{ sku }] = (await market.as().get(`/products/${products.small.id}`)).body.variants
  const prices = [{ currency: 'EUR', priceMinor: 39_900, sale: { priceMinor: 29_900, from, until } }]
  const { version } = (await market.as().get(`/products/${products.small.id}`)).body
  const changed = await market
    .as({ role: 'vendor', userId: products.small.owner.id })
    .put(`/products/${products.small.id}`, { variants: [{ sku, prices, stock: 10 }] }, { 'if-match': `"${version}"` })
  assert.equal(changed.status, 200, changed.text)
  const price = async () => {
    const { items, facets } = await list()
    return [items.find((one: any) => one.id === products.small.id).price, facets.price.min]
  }
  assert.deepEqual(await price(), [39_900, 39_900])
  market.pass(3_600_000)
  assert.deepEqual(await price(), [29_900, 29_900], 'the sale has begun')
  market.pass(3_600_000)
  assert.deepEqual(await price(), [39_900, 39_900], 'and ended')

  assert.equal((await list()).facets.total, 3)
  assert.equal((await market.admin().delete(`/products/${products.large.id}`)).status, 204)
  const after = await list()
  assert.deepEqual([after.facets.total, after.items.length], [2, 2])
  assert.deepEqual(await names(market, 'search=large'), [])
})

test('every order goes on from page to page, and nothing is there twice', async t => {
  const market = await open(t)
  await stocked(market)
  for (const sort of ['popular', 'newest', 'rating', 'price', '-price', 'relevance'])
    for (const filter of ['', '&category=charging', '&search=wallbox']) {
      const seen: string[] = []
      let after = ''
      do {
        const { status, text, body } = await market
          .as()
          .get(`/products?sort=${sort}${filter}&limit=1${after && `&after=${after}`}`)
        assert.equal(status, 200, text)
        seen.push(...body.items.map(({ id }: any) => id))
        after = body.nextCursor ?? ''
      } while (after)
      assert.equal(seen.length, new Set(seen).size, `${sort}${filter}`)
      assert.equal(seen.length, filter === '' ? 5 : 4, `${sort}${filter}`)
    }
  assert.equal((await market.as().get('/products?after=bm9uc2Vuc2U')).body.code, 'cursor_invalid')
})

test('of more than can be looked at one by one each order goes on all the same, and counts say that they are not exact', async t => {
  const market = await open(t)
  const one = await onSale(market, { name: 'Wallbox of many', price: 100, tags: ['home'] })
  // Each sold more often than the one before, and dearer.
  await market.db.begin('read write', async tx => {
    await tx`
      insert into products (id, owner_kind, owner_id, slug, kind, status, language, name, description, translations, tags,
        attributes, tax_class, tax_included, version, created_at, updated_at, sold, for_sale, in_stock, facets, words_en,
        words_de)
      select lpad(n::text, 32, '0')::uuid, owner_kind, owner_id, slug || n, kind, status, language, name || ' ' || n,
        description, translations, tags, attributes, tax_class, tax_included, version, created_at, updated_at, n, for_sale,
        in_stock, facets, words_en, words_de
      from products, generate_series(1, 2100) n where id = ${one.id}`
    await tx`
      insert into offers (product_id, currency, from_at, until_at, price_minor)
      select id, 'EUR', '-infinity', 'infinity', 1000 + sold from products where sold > 0`
  })
  const list = async (query: string, after = '') => {
    const more = after && `&after=${encodeURIComponent(after)}`
    const { status, text, body } = await market.as().get(`/products?${query}${more}`)
    assert.equal(status, 200, text)
    return { ...body, sold: body.items.map(({ name }: any) => Number(name.split(' ').at(-1))) }
  }
  for (const [query, first] of [
    ['search=wallbox', 2100],
    ['search=wallbox&sort=-price', 2100],
    ['tags=home&sort=-price', 2100],
    ['search=wallboxes+many&tags=home', 2100],
  ] as const) {
    const page = await list(query)
    assert.deepEqual(
      page.sold,
      Array.from({ length: 20 }, (_, at) => first - at),
      query,
    )
    assert.deepEqual((await list(query, page.nextCursor)).sold[0], first - 20, query)
  }
  const { facets, nextCursor } = await list('search=wallbox&facets=true')
  assert.deepEqual([facets.total, facets.exact], [2_000, false])
  // Fewer are left: who goes on in the list goes on as it began, who begins anew has what fits best.
  await market.db.begin('read write', tx => tx`update products set for_sale = false where sold between 1 and 1000`)
  assert.equal((await list('search=wallbox', nextCursor)).sold[0], 2_080)
  const few = await list('search=wallbox&facets=true')
  assert.deepEqual([few.facets.total, few.facets.exact], [1_101, true])
  // What was put in order by how well it fits is another order once there are many.
  await market.db.begin('read write', tx => tx`update products set for_sale = true`)
  const stale = await market.as().get(`/products?search=wallbox&after=${encodeURIComponent(few.nextCursor)}`)
  assert.equal(stale.body.code, 'cursor_invalid')
})

test('the most that can be asked of a search is answered, and what was made up is refused', async t => {
  const market = await open(t)
  await stocked(market)
  const words = Array.from({ length: 40 }, (_, at) => `${'wallbx'.slice(at % 5)}${at}`)
    .join('+')
    .slice(0, 200)
  const tags = Array.from({ length: 60 }, (_, at) => `tag${at}`)
    .join(',')
    .slice(0, 400)
  const ranges = Array.from({ length: 10 }, () => 'power:-999999999999..999999999999').join(';')
  const many = `connector:${Array.from({ length: 90 }, () => 'ccs').join('|')}`
  for (const attributes of [ranges, many])
    assert.equal(
      (
        await market
          .as()
          .get(
            `/products?search=${words}&category=wallboxes&tags=${tags}&attributes=${attributes}&facets=true&minPrice=0&maxPrice=${Number.MAX_SAFE_INTEGER}&rating=4.9&limit=100`,
          )
      ).status,
      200,
    )
  const made = (keys: unknown) => Buffer.from(JSON.stringify(keys)).toString('base64url')
  const id = '00000000-0000-0000-0000-000000000001'
  for (const after of [
    made(['price', "1'; drop table products", id]),
    made(['popular', 1e300, id]),
    made(['popular', -1, id]),
    made(['relevance', 1, 'x']),
    made(['newest', '2027-13-45T99:00:00Z', id]),
    made([{}, [], null]),
    'x'.repeat(200),
  ])
    assert.equal((await market.as().get(`/products?after=${after}`)).status, 400, after)
  assert.equal((await market.as().get(`/products?attributes=${many}&limit=101`)).status, 400)
})

test('who types is told what it may become: products by any word of their names, and categories', async t => {
  const market = await open(t)
  await stocked(market)
  const suggest = async (query: string) => (await market.as().get(`/suggestions?search=${query}`)).body
  assert.deepEqual(
    (await suggest('wallb')).products.map(({ name }: any) => name),
    ['Wallbox Large', 'Wallbox Small'],
  )
  assert.deepEqual((await suggest('wallb')).categories, [{ slug: 'wallboxes', name: 'Wallboxes' }])
  assert.deepEqual(
    (await suggest('wallb+sm')).products.map(({ name }: any) => name),
    ['Wallbox Small'],
  )
  assert.deepEqual(
    (await suggest('gro&language=de')).products.map(({ name }: any) => name),
    ['Große Ladestation'],
  )
  for (const pattern of ['w', '%25', '_', "'", '%F4%8F%BF%BF'])
    assert.deepEqual((await suggest(pattern)).products, [], pattern)
})

test('categories form a tree without circles, and what products are found by moves along', async t => {
  const market = await open(t)
  const { admin, charging, wallboxes } = await stocked(market)
  assert.equal((await market.vendor().post('/categories', { names: { en: 'X', de: 'X' } })).status, 403)
  assert.equal((await admin.put(`/categories/${charging.id}`, { parentId: wallboxes.id })).body.code, 'category_place')
  assert.equal(
    (await admin.post('/categories', { names: { en: 'W', de: 'W' }, slug: 'wallboxes' })).body.code,
    'slug_taken',
  )
  assert.equal((await admin.delete(`/categories/${wallboxes.id}`)).body.code, 'category_used')
  const moved = await admin.put(`/categories/${wallboxes.id}`, { parentId: null })
  assert.equal(moved.body.depth, 0)
  await market.p.settle()
  assert.deepEqual(await names(market, 'category=charging'), ['Charging cable'])
  assert.equal((await names(market, 'category=wallboxes')).length, 3)
  const { items } = (await market.as().get('/categories?language=de')).body
  assert.deepEqual(
    items.map(({ slug, name, depth }: any) => [slug, name, depth]),
    [
      ['charging', 'Laden', 0],
      ['wallboxes', 'Wallboxen', 0],
    ],
  )
  const vendor = market.vendor()
  const bad = [{ power: 'much' }, { colour: 'red' }, { rfid: 1 }]
  for (const attributes of bad)
    assert.equal(
      (await vendor.post('/products', { name: 'B', price: 1, category: 'wallboxes', attributes })).body.code,
      'attribute_invalid',
    )
})
