import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '#kernel'
import { cart } from '../../services/cart/service.ts'
import { open } from '../../services/orders/testing.ts'
import { othersOf } from '../kernel/spellings.ts'

test('a download is fetched by whoever has its link, as often as its vendor lets, and by no link that was changed', async t => {
  const it = await open(t, cart)
  const documentId = await it.file(it.shop.owner, 'firmware of the box')
  const file = (maxDownloads: number | null) =>
    it.product({
      name: 'Firmware "4.2"\\../x.bin',
      kind: 'digital',
      stock: null,
      variant: { weightG: null, delivery: { kind: 'download', documentId, maxDownloads } },
    })
  const [thrice, always] = [await file(3), await file(null)]
  const { buyer, order } = await it.paid([
    [thrice, 1],
    [always, 1],
  ])
  const goods = await buyer.get(`/api/orders/${order.id}/goods`)
  const itemOf = ({ variantId }: { variantId: string }) => {
    const { lineId } = order.items.find((item: { variantId: string }) => item.variantId === variantId)
    return goods.body.items.find((item: { lineId: string }) => item.lineId === lineId)
  }
  const [limited, free] = [itemOf(thrice).download, itemOf(always).download]
  assert.deepEqual([limited.left, free.left], [3, null])
  assert.match(String(goods.headers['cache-control']), /no-store/)

  // Nobody is signed in where the link is followed.
  const follow = (url: string, headers: Record<string, string> = {}) => it.p.http.inject({ url, headers })
  const first = await follow(limited.url)
  assert.deepEqual([first.statusCode, first.body], [200, 'firmware of the box'])
  assert.match(String(first.headers['content-disposition']), /^attachment; filename="[^"\\/]+"/)
  assert.equal(first.headers['content-type'], 'application/octet-stream')

  for (let count = 0; count < 3; count++)
    assert.equal((await it.p.http.inject({ method: 'HEAD', url: limited.url })).statusCode, 200)

  // Of ten who follow it at once two get it.
  const rest = await Promise.all(Array.from({ length: 10 }, () => follow(limited.url)))
  assert.equal(rest.filter(({ statusCode }) => statusCode === 200).length, 2)
  assert.ok(rest.every(answer => answer.statusCode === 200 || answer.json().code === 'download_used_up'))
  assert.equal((await buyer.get(`/api/orders/${order.id}/goods`)).body.items.length, 2)
  for (let count = 0; count < 5; count++) assert.equal((await follow(free.url)).statusCode, 200)
  const [, lineId, sign] = /downloads\/([^.]+)\.(.+)$/.exec(free.url)!
  for (const link of [
    `${itemOf(thrice).lineId}.${sign}`,
    `${lineId}.${sign!.slice(0, -1)}`,
    `${lineId}.`,
    `${lineId}`,
    `${newId()}.${sign}`,
    `.${sign}`,
    `${lineId}.${sign}.x`,
    // A spelling with a sign that no address of this route has is refused by its schema.
    ...othersOf(sign!)
      .filter(other => !other.includes('='))
      .map(other => `${lineId}.${other}`),
  ]) {
    const answer = await follow(`/api/orders/downloads/${link}`)
    assert.deepEqual([answer.statusCode, answer.json().code], [404, 'download_unknown'], link)
  }
  const part = await follow(free.url, { range: 'bytes=0-7' })
  assert.deepEqual([part.statusCode, part.body], [206, 'firmware'])
})

test('nothing can be fetched before it is paid, by somebody else, or where the file is gone', async t => {
  const it = await open(t, cart)
  const product = await it.product({
    kind: 'digital',
    stock: null,
    variant: { weightG: null, delivery: { kind: 'download', documentId: newId(), maxDownloads: 1 } },
  })
  const { buyer, order } = await it.placed([[product, 1]])
  assert.deepEqual((await buyer.get(`/api/orders/${order.id}/goods`)).body.items, [])
  await it.pay(buyer, order.id)
  for (const who of [it.as(), it.shop, it.admin])
    assert.equal((await who.get(`/api/orders/${order.id}/goods`)).body.code, 'order_unknown')
  const { body } = await buyer.get(`/api/orders/${order.id}/goods`)
  const { url } = body.items[0].download
  assert.equal((await it.p.http.inject({ url })).json().code, 'file_missing')
  const after = await buyer.get(`/api/orders/${order.id}/goods`)
  assert.equal(after.body.items[0].download.left, 1, 'what was not there is not counted')
})
