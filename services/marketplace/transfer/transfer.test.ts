import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { unzipSync, zipSync } from 'fflate'
import { ProductCreated } from '#contracts/marketplace'
import { open, type Client, type Market } from '../testing.ts'
import { sheetOf, sheetType } from '#imports/sheets'
import { newId } from '#kernel'

async function send({ p }: Market, to: Client, content: string | Buffer, query = '', type = 'text/csv') {
  const sent = await to.post(`/import${query}`, content, { 'content-type': type })
  assert.equal(sent.status, 202, sent.text)
  await p.settle()
  const { state, lines, created, updated, unchanged, failed, faults } = (await to.get(`/imports/${sent.body.id}`)).body
  return { figures: [state, lines, created, updated, unchanged, failed], faults }
}

test('products come from CSV by their SKU, lines of a reference are variants, and the same file again changes nothing', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const file = [
    'sku;reference;name;price;currency;stock;options;tags;originalPrice',
    'K-5;K;Kabel;129,00;EUR;5;Länge=5 m;typ 2|kabel;',
    'K-7;K;;149,00;EUR;2;Länge=7 m;;179,00',
    'L-1;;Lizenz;49;EUR;1;;;',
    '',
  ].join('\r\n')
  assert.equal((await market.as().post('/import', file, { 'content-type': 'text/csv' })).status, 403)
  assert.deepEqual((await send(market, vendor, file, '?dryRun=true')).figures, ['done', 3, 2, 1, 0, 0])
  assert.equal((await market.p.published(ProductCreated)).length, 0)
  const first = await send(market, vendor, file)
  assert.deepEqual([first.figures, first.faults], [['done', 3, 2, 1, 0, 0], []])
  const { items } = (await vendor.get('/listings')).body
  const cable = items.find(({ name }: any) => name === 'Kabel')
  assert.deepEqual(
    cable.variants.map(({ sku, price, originalPrice, stock }: any) => [sku, price, originalPrice, stock]),
    [
      ['K-5', 12_900, null, 5],
      ['K-7', 14_900, 17_900, 2],
    ],
  )
  assert.deepEqual((await send(market, vendor, file)).figures, ['done', 3, 0, 0, 3, 0])
  assert.deepEqual((await send(market, market.vendor(), file)).figures, ['done', 3, 2, 1, 0, 0], 'of another vendor')
})

test('a wrong line is told with its column, and what is exported is no formula and comes back without a change', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const file = [
    'sku,name,price,currency,category,taxClass',
    'A,One,1.005,EUR,,',
    'B,Two,1,JPYY,,',
    'C,Three,1,EUR,none,',
    'D,,1,EUR,,',
    ',Five,1,EUR,,',
    'F,Six,1,XXY,,',
    '',
  ].join('\n')
  const { figures, faults } = await send(market, vendor, file)
  assert.deepEqual(figures, ['done', 6, 0, 0, 0, 6])
  assert.deepEqual(
    faults.map(({ line, column }: any) => [line, column]),
    [
      [2, 'price'],
      [3, 'currency'],
      [4, 'category'],
      [5, 'name'],
      [6, 'sku'],
      [7, 'currency'],
    ],
  )
  await vendor.offer({
    name: '=HYPERLINK("https://example.com")',
    sku: '@cmd',
    tags: ['=1+1'],
    description: 'Two\nlines, "quoted"',
  })
  await vendor.offer({ name: 'Plain', price: 1_500, currency: 'JPY', sku: 'Y', variants: undefined })
  const { text, headers } = await vendor.get('/export')
  assert.match(String(headers['content-type']), /^text\/csv/)
  for (const cell of text.split(/[,\r\n]/)) assert.doesNotMatch(cell, /^"?[=@]/)
  const back = await send(market, vendor, text)
  assert.deepEqual([back.faults, back.figures], [[], ['done', 2, 0, 0, 2, 0]])
})

test('spreadsheets come and go as CSV does: texts are no formulas, and what would fill a memory is refused', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const sheet = await sheetOf(
    [
      ['sku', 'name', 'price', 'currency', 'stock', 'tags'],
      ['A-1', 'Wallbox, "small"', 499.5, 'EUR', 5, 'typ 2|kabel'],
      ['A-2', '=HYPERLINK("https://example.com")', 1500, 'JPY', null, '=1+1'],
      ['A-3', 'Wrong', 1.005, 'EUR', null, null],
    ],
    'Products',
  )
  const { figures, faults } = await send(market, vendor, sheet, '', sheetType)
  assert.deepEqual(figures, ['done', 3, 2, 0, 0, 1])
  assert.deepEqual(
    faults.map(({ line, column }: any) => [line, column]),
    [[4, 'price']],
  )
  const { items } = (await vendor.get('/listings')).body
  const names = items.map(({ name }: any) => name).toSorted()
  assert.deepEqual(names, ['=HYPERLINK("https://example.com")', 'Wallbox, "small"'])

  const answer = await vendor.get('/export?format=xlsx')
  assert.equal(answer.headers['content-type'], sheetType)
  assert.match(String(answer.headers['content-disposition']), /products\.xlsx/)
  const packed = unzipSync(answer.raw)
  const page = Buffer.from(packed['xl/worksheets/sheet1.xml']!).toString()
  assert.doesNotMatch(page, /<f>|<f /, 'nothing in it is a formula')
  const back = await send(market, vendor, answer.raw, '', sheetType)
  assert.deepEqual([back.faults, back.figures], [[], ['done', 2, 0, 0, 2, 0]])

  const bomb = zipSync({ ...packed, 'xl/media/zeros.bin': new Uint8Array(120 * 1024 * 1024) }, { level: 9 })
  for (const [content, why] of [
    [Buffer.from(bomb), /unpacks to more/],
    [answer.raw.subarray(0, 400), /no spreadsheet/],
    [Buffer.from('PK nothing'), /no spreadsheet/],
    [Buffer.from(zipSync({ 'a.txt': Buffer.from('a') })), /no spreadsheet/],
  ] as const) {
    const refused = await vendor.post('/import', content, { 'content-type': sheetType })
    assert.deepEqual([refused.status, refused.body.code], [400, 'import_invalid'])
    assert.match(refused.body.detail, why)
  }
})

test('pictures, sales with dates, other currencies, deliveries, other languages and who is behind a product come and go too', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const [picture, download] = [newId(), newId()]
  const party = { name: 'Volt GmbH', address: 'Ringstr. 5, Berlin', email: 'safety@volt.example' }
  const [from, until] = ['2027-11-26T00:00:00.000Z', '2027-11-30T00:00:00.000Z']
  const box = {
    name: 'Box',
    translations: { de: { name: 'Kiste', description: 'Gut, "stabil"\n- wetterfest' } },
    images: [{ documentId: picture, alt: 'Seen from the front' }, { documentId: newId() }],
    safety: { manufacturer: party, responsible: { ...party, name: 'Union GmbH' }, warnings: 'Wear gloves.\nKeep dry.' },
    variants: [
      {
        sku: 'B-1',
        prices: [
          { currency: 'EUR', priceMinor: 549_00, sale: { priceMinor: 499_00, from, until } },
          { currency: 'USD', priceMinor: 599_00, sale: { priceMinor: 579_50, from: null, until } },
          { currency: 'JPY', priceMinor: 90_000, sale: null },
        ],
        stockPolicy: 'preorder',
        availableAt: until,
        maxPerOrder: 3,
      },
    ],
  }
  const software = {
    name: 'Software',
    kind: 'digital',
    variants: [
      { sku: 'S-1', prices: [{ currency: 'EUR', priceMinor: 10_00, sale: null }] },
      {
        sku: 'S-2',
        prices: [{ currency: 'EUR', priceMinor: 20_00, sale: null }],
        delivery: { kind: 'download', documentId: download, maxDownloads: 5 },
      },
    ],
  }
  for (const body of [box, software]) assert.equal((await vendor.post('/products', body)).status, 201)
  const { text } = await vendor.get('/export')
  for (const type of ['csv', 'xlsx'] as const) {
    const file = type === 'csv' ? text : (await vendor.get('/export?format=xlsx')).raw
    const back = await send(market, vendor, file, '', type === 'csv' ? 'text/csv' : sheetType)
    assert.deepEqual([back.faults, back.figures], [[], ['done', 3, 0, 0, 3, 0]], type)
  }

  // Somebody else who takes the file over has all of it, but for lines of products that belong together by no reference.
  const other = market.vendor()
  const there = await send(market, other, text)
  assert.deepEqual([there.faults, there.figures], [[], ['done', 3, 3, 0, 0, 0]])
  const rowsOf = (csv: string) =>
    (parse(csv, { columns: true }) as { sku: string }[]).toSorted((a, b) => (a.sku < b.sku ? -1 : 1))
  assert.deepEqual(rowsOf((await other.get('/export')).text), rowsOf(text))
  const boxes = (await other.get('/listings')).body.items.filter(({ name }: any) => name === 'Box')
  const { safety, images } = (await other.get(`/products/${boxes[0].id}`)).body
  assert.deepEqual([safety, images.length], [box.safety, 2])
})

test('what is wrong in a cell of several parts is told with its column', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const columns = [
    'sku',
    'name',
    'price',
    'originalPrice',
    'saleUntil',
    'prices',
    'delivery',
    'manufacturerName',
    'nameDe',
    'descriptionDe',
  ]
  const wrong: [Partial<Record<(typeof columns)[number], string>>, string][] = [
    [{ saleUntil: '2027-11-30T00:00:00.000Z' }, 'saleUntil'],
    [{ originalPrice: '2', saleUntil: 'tomorrow' }, 'saleUntil'],
    [{ prices: 'USD=1.005' }, 'prices'],
    [{ prices: 'USD=2|USD=3' }, 'prices'],
    [{ prices: 'EUR=2' }, 'prices'],
    [{ prices: 'USD=1<2@soon..' }, 'prices'],
    [{ delivery: 'download' }, 'delivery'],
    [{ manufacturerName: 'Volt' }, 'manufacturerAddress'],
    [{ descriptionDe: 'Gut' }, 'nameDe'],
  ]
  const lines = wrong.map(([cells], index) =>
    columns.map(name => ({ sku: `W-${index}`, name: 'Wrong', price: '1', ...cells })[name] ?? '').join(','),
  )
  const { faults } = await send(market, vendor, [columns.join(','), ...lines, ''].join('\n'))
  assert.deepEqual(
    faults.map(({ line, column }: any) => [line, column]),
    wrong.map(([, column], index) => [index + 2, column]),
  )
})
