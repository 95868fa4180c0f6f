import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { ProductUpdated } from '#contracts/marketplace'
import { newId } from '#kernel'
import { onSale, open, type Client, type Market } from '../testing.ts'

/** A document as its service would have stored it. */
async function upload(market: Market, vendor: Client, content: Buffer): Promise<string> {
  const docId = newId()
  const fileKey = `documents/${docId}/${newId()}`
  const file = join(market.p.dataFolder, 'files', fileKey.replace('/', `/${docId.slice(-2)}/`))
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, content)
  market.documents.set(docId, { owner: { kind: 'person', id: vendor.userId }, fileKey, sizeBytes: content.length })
  return docId
}

const photo = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#336699' } }).withExif({
    IFD0: { Copyright: 'secret place' },
  })

test('a picture is shown in the widths there are, as AVIF and WebP, no wider than it is, without what else its file told', async t => {
  const market = await open(t)
  const vendor = market.vendor()
  const documentId = await upload(market, vendor, await photo(500, 400).jpeg().toBuffer())
  const product = await onSale(market, { images: [{ documentId, alt: 'Seen from <b>the front</b>' }] }, vendor)
  const { images, thumbnail } = (await market.as().get(`/products/${product.id}`)).body
  assert.partialDeepStrictEqual(images[0], { state: 'ready', width: 500, height: 400 })
  assert.deepEqual(
    images[0].sources.map(({ width, type }: any) => [width, type]),
    [
      [160, 'image/avif'],
      [320, 'image/avif'],
      [500, 'image/avif'],
      [160, 'image/webp'],
      [320, 'image/webp'],
      [500, 'image/webp'],
    ],
  )
  assert.equal(thumbnail, `/shop/pictures/${images[0].id}/320.webp`)
  assert.equal((await market.p.published(ProductUpdated)).at(-1)!.thumbnail, thumbnail)
  for (const { url, type, width } of images[0].sources) {
    const [first, again] = [await market.visit(url), await market.visit(url)]
    assert.deepEqual(
      [first.status, first.headers['content-type'], first.headers['set-cookie']],
      [200, type, undefined],
      url,
    )
    assert.match(String(first.headers['cache-control']), /immutable/)
    const { width: real, exif } = await sharp(first.raw).metadata()
    assert.deepEqual([real, exif], [width, undefined])
    assert.deepEqual(again.raw, first.raw)
  }
  const at = `/shop/pictures/${images[0].id}`
  for (const file of ['100.webp', '99999.webp', '320.svg', '320.webp.exe', '../master', '-1.webp'])
    assert.notEqual((await market.visit(`${at}/${file}`)).status, 200, file)
  assert.equal((await market.visit(`/shop/pictures/${newId()}/320.webp`)).status, 404)

  await vendor.put(`/products/${product.id}`, { images: [] })
  await market.p.settle()
  assert.equal((await market.visit(thumbnail!)).status, 404)
  assert.equal((await market.as().get(`/products/${product.id}`)).body.thumbnail, null)
})

test('image bombs, drawings with scripts, broken files and pictures of others are refused, and say why', async t => {
  const market = await open(t, { environment: { PICTURE_MAX_BYTES: '1 MB' } })
  const vendor = market.vendor()
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><script>alert(1)</script></svg>'
  const stranger = market.vendor()
  const contents: [string, Buffer, RegExp][] = [
    ['a bomb', bomb(30_000, 30_000), /50 million/],
    ['a drawing', Buffer.from(svg), /no JPEG/],
    ['a text', Buffer.from('hello'), /no JPEG/],
    ['half a file', (await photo(300, 300).png().toBuffer()).subarray(0, 300), /broken/],
    ['a large file', Buffer.concat([await photo(10, 10).png().toBuffer(), Buffer.alloc(2_000_000)]), /too large/],
  ]
  const documents = await Promise.all(contents.map(([, content]) => upload(market, vendor, content)))
  const others = await upload(market, stranger, await photo(10, 10).png().toBuffer())
  const images = [...documents, others, newId()].map(documentId => ({ documentId }))
  const product = await onSale(market, { images }, vendor)
  const shown = (await market.as().get(`/products/${product.id}`)).body.images
  for (const [index, expected] of [
    ...contents.map(([, , detail]) => detail),
    /no such document/,
    /no such document/,
  ].entries()) {
    assert.equal(shown[index].state, 'refused', String(index))
    assert.match(shown[index].detail, expected)
    assert.deepEqual(shown[index].sources, [])
  }
})

/** A PNG that says it is very large, in a few hundred bytes. */
function bomb(width: number, height: number): Buffer {
  const crcs = Array.from({ length: 256 }, (_, n) =>
    Array.from({ length: 8 }).reduce<number>(c => (c & 1 ? 0xed_b8_83_20 ^ (c >>> 1) : c >>> 1), n),
  )
  const crc = (bytes: Buffer) =>
    (bytes.reduce((c, byte) => crcs[(c ^ byte) & 0xff]! ^ (c >>> 8), 0xff_ff_ff_ff) ^ 0xff_ff_ff_ff) >>> 0
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.alloc(1_000))),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
