import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProductRejected, StockSet } from '#contracts/marketplace'
import { PassportMoved, PassportStatusChanged, PassportUpdated } from '#contracts/passports'
import { newId } from '#kernel'
import { onSale, open, type KnownPassport, type Market } from '../testing.ts'

const facts = {
  identifier: 'BP-1',
  model: 'Volt 82',
  category: 'EV',
  chemistry: 'NMC811',
  massKg: 478,
  manufacturedOn: '2024-01-15',
}

function passportOf(market: Market, ownerId: string, more: Partial<KnownPassport> = {}): string {
  const id = newId()
  market.passports.set(id, { owner: { kind: 'organisation', id: ownerId }, status: 'published', facts, ...more })
  return id
}

test('a battery is listed with its published passport, by the organisation responsible for it, one piece of one serial', async t => {
  const market = await open(t)
  const organisation = { id: newId(), role: 'editor' as const }
  const vendor = market.vendor({ organisation })
  const list = (passportId: string | undefined, more: object = {}, who = vendor) =>
    who.post('/products', { name: 'Second life', kind: 'battery', price: 90_000, passportId, ...more })
  const passportId = passportOf(market, organisation.id)
  const refused: [string | undefined, object, string, typeof vendor?][] = [
    [undefined, {}, 'passport_unfit'],
    [newId(), {}, 'passport_unfit'],
    [passportOf(market, newId()), {}, 'passport_unfit'],
    [passportOf(market, organisation.id, { status: 'draft', facts: null }), {}, 'passport_unfit'],
    [passportId, { kind: 'physical' }, 'passport_unfit'],
    [passportId, {}, 'passport_unfit', market.vendor()],
    [passportId, { stock: 2 }, 'battery_single'],
    [passportId, { stockPolicy: 'backorder' }, 'battery_single'],
    [
      passportId,
      {
        price: undefined,
        variants: [
          { sku: 'A', prices: [] },
          { sku: 'B', prices: [] },
        ],
      },
      'battery_single',
    ],
  ]
  for (const [id, more, code, who] of refused)
    assert.equal((await list(id, more, who)).body.code, code, JSON.stringify(more))
  const both = await Promise.all([list(passportId), list(passportId, { name: 'Again' })])
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 409])
  const { body } = both.find(({ status }) => status === 201)!
  assert.deepEqual([body.stock, body.variants[0].serial, body.variants[0].maxPerOrder], [1, 'BP-1', 1])
  assert.partialDeepStrictEqual(body.passport, { model: 'Volt 82', url: `/passports/${passportId}` })
  assert.equal((await market.p.published(StockSet)).length, 1)
  assert.equal((await vendor.put(`/products/${body.id}`, { stock: 5 })).body.code, 'battery_single')
  assert.equal(
    (await vendor.post(`/products/${body.id}/variants/${body.variants[0].id}/stock`, { stock: 5 })).body.code,
    'stock_uncounted',
  )
})

test("a listing shows what its passport says now, and ends when that is archived or is another one's", async t => {
  const market = await open(t)
  const { p } = market
  const organisation = { id: newId(), role: 'editor' as const }
  const vendor = market.vendor({ organisation })
  const owner = { kind: 'organisation' as const, id: organisation.id }
  const listed = async () => {
    const passportId = passportOf(market, organisation.id)
    return { passportId, ...(await onSale(market, { kind: 'battery', passportId, stock: undefined }, vendor)) }
  }
  const [first, second] = [await listed(), await listed()]
  const told = (id: string) => ({ passport: { id }, identifier: 'BP-1', owner, version: 9 })
  market.passports.get(first.passportId)!.facts = { ...facts, massKg: 470 }
  await p.publish(PassportUpdated, {
    ...told(first.passportId),
    passport: { id: first.passportId, data: {} },
    updatedFields: [],
  })
  await p.settle()
  assert.equal((await market.as().get(`/products/${first.id}`)).body.passport.massKg, 470)

  market.passports.get(first.passportId)!.status = 'archived'
  await p.publish(PassportStatusChanged, { ...told(first.passportId), status: 'archived', formerStatus: 'published' })
  market.passports.get(second.passportId)!.owner = { kind: 'person', id: newId() }
  await p.publish(PassportMoved, { ...told(second.passportId), formerOwner: owner })
  await p.settle()
  for (const { id } of [first, second]) assert.equal((await market.as().get(`/products/${id}`)).status, 404)
  assert.match((await vendor.get(`/products/${first.id}`)).body.reason, /passport/)
  assert.equal((await p.published(ProductRejected)).length, 2)
})
