import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import sharp from 'sharp'
import { newId } from '#kernel'
import { publicIdOf } from '../codes/codes.ts'
import { open, publishable, type Client } from '../testing.ts'
import { codeOf, pixelsOf, textsIn } from './codes.ts'

const gtin = '09506000134352'
const link = `https://id.example.com/01/${gtin}/21/`
const hasPoppler = spawnSync('pdftoppm', ['-v']).status === 0

async function setUp(t: TestContext) {
  const { p, as } = await open(t)
  const actor = { userId: newId() }
  const ada: Client = as(actor)
  const headers = p.signedIn(actor)
  const sheet = async (payload: object) => {
    const answer = await p.http.inject({ method: 'POST', url: '/api/passports/labels', headers, payload })
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 300))
    return answer
  }
  const label = async (id: string, query: string) =>
    await p.http.inject({ url: `/api/passports/${id}/label?${query}`, headers })
  const model = async () => {
    const data = { generalInformation: { batteryCategory: 'EV', batteryModel: 'M1' } }
    const { id } = (await ada.post('', { data, granularity: 'model' })).body
    assert.equal((await ada.post(`/${id}/publish`)).status, 200)
    return id as string
  }
  const items = async (count: number) => {
    const id = await model()
    await ada.post(`/${id}/items`, { range: { from: 1, count }, identifier: `${link}{serial}`, publish: true })
    await p.settle()
    return id
  }
  const open1 = async (path: string) => {
    const led = await p.http.inject(path)
    assert.equal(led.statusCode, 307, path)
    return (await p.http.inject(String(led.headers.location))).statusCode
  }
  return { p, as, ada, headers, sheet, label, items, model, open: open1 }
}

const numbers = (count: number) => Array.from({ length: count }, (_, at) => `${link}${at + 1}`).toSorted()
const drawnOf = (svg: string) =>
  sharp(Buffer.from(svg), { density: 200 }).flatten({ background: '#fff' }).png().toBuffer()

test(
  'what a sheet in PDF shows is read by a scanner, code by code',
  { skip: !hasPoppler && 'there is no pdftoppm here' },
  async t => {
    const { sheet, items } = await setUp(t)
    const parentId = await items(28)
    const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-sheet-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const scanned = async (pdf: Buffer): Promise<string[]> => {
      writeFileSync(join(folder, 'sheet.pdf'), pdf)
      const { status, stderr } = spawnSync('pdftoppm', ['-r', '200', '-gray', '-png', 'sheet.pdf', 'page'], {
        cwd: folder,
      })
      assert.equal(status, 0, String(stderr))
      const pages = readdirSync(folder).filter(name => name.endsWith('.png'))
      const texts = await Promise.all(pages.map(name => textsIn(readFileSync(join(folder, name)))))
      for (const name of pages) rmSync(join(folder, name))
      return texts.flat().toSorted()
    }
    for (const look of [
      {},
      { symbology: 'datamatrix', sizeMm: 20 },
      { symbols: true },
      { paper: 'single', symbols: true, areaCm2: 12 },
    ])
      assert.deepEqual(
        await scanned((await sheet({ parentId, ...look })).rawPayload),
        numbers(28),
        JSON.stringify(look),
      )
  },
)

test('a sheet in SVG is a page, with the way to the next; in ZPL it is one label after the other', async t => {
  const { sheet, items, ada } = await setUp(t)
  const parentId = await items(28)
  const found: string[] = []
  for (let after: string | undefined; ;) {
    const page = await sheet({ parentId, format: 'svg', after })
    assert.match(String(page.headers['content-type']), /^image\/svg/)
    const texts = await textsIn(await drawnOf(page.body))
    assert.equal(String(texts.length), page.headers['x-labels'])
    found.push(...texts)
    if (!page.headers['x-next']) break
    after = String(page.headers['x-next'])
  }
  assert.deepEqual(found.toSorted(), numbers(28))
  const ids = (await ada.get(`/${parentId}/children?limit=100`)).body.items.map(({ id }: { id: string }) => id)
  const first = await sheet({ passportIds: ids, format: 'svg', symbols: true })
  const rest = await sheet({ passportIds: ids, format: 'svg', symbols: true, after: first.headers['x-next'] })
  assert.equal(ids.indexOf(first.headers['x-next'] as string), Number(first.headers['x-labels']) - 1)
  assert.ok(Number(rest.headers['x-labels']) > 0)

  const zpl = (await sheet({ parentId, format: 'zpl', dpi: 203 })).body
  assert.deepEqual([zpl.match(/\^XA/g)!.length, zpl.match(/\^XZ/g)!.length], [28, 28])
  assert.match(zpl, /\^FD1\^FS[^]*\^FD28\^FS/)
})

test('what an import made has its sheet, and of an import of others there is none', async t => {
  const { p, as, ada, headers, sheet } = await setUp(t)
  const bring = async (file: string) => {
    const sent = await p.http.inject({
      method: 'POST',
      url: '/api/passports/import',
      headers: { ...headers, 'content-type': 'text/csv' },
      payload: file,
    })
    await p.settle()
    return sent.json().id as string
  }
  await bring(`identifier,category\n${link}0,EV`)
  const importId = await bring(`identifier,category,mass\n${[0, 1, 2, 3].map(at => `${link}${at},EV,5 kg`).join('\n')}`)
  const made = await sheet({ importId, format: 'svg' })
  assert.deepEqual((await textsIn(await drawnOf(made.body))).toSorted(), numbers(3), 'not what was there before')
  for (const [client, id] of [
    [as(), importId],
    [ada, newId()],
  ] as const) {
    const { status, body } = await client.post('/labels', { importId: id })
    assert.deepEqual([status, body.code], [422, 'labels_missing'])
  }
  assert.equal((await ada.post('/labels', { importId, parentId: importId })).body.code, 'labels_missing')
})

test('light on dark, as on a black case, a code is read as what it says or not at all', async () => {
  for (const symbology of ['qr', 'datamatrix'] as const) {
    const { data, width, height } = pixelsOf(await codeOf(`${link}1`, symbology), 4)
    const negative = await sharp(data, { raw: { width, height, channels: 1 } })
      .negate()
      .png()
      .toBuffer()
    assert.deepEqual(await textsIn(negative), [`${link}1`], `${symbology}: both standards let it be so`)
    const low = await sharp(negative).linear(0.25, 90).png().toBuffer()
    for (const text of await textsIn(low)) assert.equal(text, `${link}1`)
  }
})

test('a battery whose identifier is a DID, a link of its maker or a plain number is published, labelled and opened', async t => {
  const { ada, label, open, as } = await setUp(t)
  for (const identifier of [
    'did:web:maker.example:batteries:7',
    'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
    'https://maker.example/b?sn=7&m=IEC61406',
    'HTTPS://Maker.example/Batterie/Ä',
    'urn:uuid:0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
    'BP 7/ä',
  ]) {
    const { id } = await ada.make(publishable(identifier))
    assert.equal((await ada.post(`/${id}/publish`)).status, 200, identifier)
    for (const symbology of ['qr', 'datamatrix']) {
      const png = await label(id, `format=png&symbology=${symbology}`)
      const [text] = await textsIn(png.rawPayload)
      const { pathname } = new URL(text!)
      assert.equal(pathname, `/id/${publicIdOf(id)}`, identifier)
      assert.equal(await open(pathname), 200, identifier)
    }
    assert.equal(
      (await ada.get(`/${id}`)).body.data.generalInformation.batteryIdentifier,
      identifier,
      'as it was given',
    )
    const other = as()
    const twin = await other.make(publishable(identifier))
    assert.equal((await other.post(`/${twin.id}/publish`)).status, identifier.startsWith('BP') ? 200 : 409, identifier)
  }
})

test('each character that GS1 allows may stand in a serial: ordered, labelled, read and opened', async t => {
  const { p, ada, label, model, open } = await setUp(t)
  const set82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
  assert.equal(set82.length, 82)
  const serials = [
    ...set82.match(/.{1,20}/gs)!,
    ...[...set82].filter(sign => sign !== '.'),
    ...['a/../b', '.a', '...', '%2F', '//', '?a=b', '{serial}', "$'", '$&'].filter(text => !/[{}$]/.test(text)),
  ]
  const refused = ['.', '..', 'ä', 'a b', '#', '~', '{serial}', '$&', 'x'.repeat(21)]
  const id = await model()
  const ordered = await ada.post(`/${id}/items`, {
    serials: [...serials, ...refused],
    identifier: `${link}{serial}`,
    publish: true,
  })
  assert.equal(ordered.status, 202, ordered.text)
  await p.settle()
  const { created, failed } = (await ada.get(`/${id}/items/${ordered.body.id}`)).body
  assert.deepEqual([created, failed], [serials.length, refused.length])
  const { items } = (await ada.get(`/${id}/children?limit=100`)).body
  const bySerial = new Map(items.map((one: { serial: string }) => [one.serial, one]))
  for (const serial of serials.slice(0, 5).concat(serials.slice(-8))) {
    const item = bySerial.get(serial) as { id: string; identifier: string }
    assert.ok(item, serial)
    const [text] = await textsIn((await label(item.id, 'format=png&sizeMm=40')).rawPayload)
    assert.equal(text, item.identifier)
    assert.equal(decodeURIComponent(text!.slice(link.length)), serial)
  }
  for (const serial of serials) {
    const { id: passport } = bySerial.get(serial) as { id: string }
    const path = `/01/${gtin}/21/${encodeURIComponent(serial)}`
    assert.equal(await open(path), 200, serial)
    const all = [...serial].map(sign => `%${sign.charCodeAt(0).toString(16)}`).join('')
    const spelt = await p.http.inject(`/01/${gtin}/21/${all}`)
    if (all !== encodeURIComponent(serial))
      assert.deepEqual([spelt.statusCode, spelt.headers.location], [308, path], serial)
    const led = await p.http.inject(path)
    assert.equal(led.headers.location, `/passport/${publicIdOf(passport)}`, serial)
  }
})
