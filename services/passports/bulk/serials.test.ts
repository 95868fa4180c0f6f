import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PassportSerialisationEnded, PassportSerialised } from '#contracts/passports'
import { newId } from '#kernel'
import { fakes, type TestPlatform } from '../../../kernel/testing.ts'
import { keyOf } from '../codes/codes.ts'
import { passports } from '../service.ts'
import { codeOf, member, open, pages, type Client } from '../testing.ts'
import { numbered, serialsOf } from './serials.ts'

const modelData = {
  generalInformation: { batteryCategory: 'EV', batteryModel: 'M1', batteryMass: 450 },
  attributes: { ratedCapacity: { value: '94.0', unit: 'Ah' } },
}

async function modelOf(client: Client, published = false): Promise<string> {
  const { status, text, body } = await client.post('', { data: modelData, granularity: 'model' })
  assert.equal(status, 201, text)
  if (published) assert.equal((await client.post(`/${body.id}/publish`)).status, 200)
  return body.id
}

async function order(client: Client, id: string, body: object, headers = {}) {
  const answer = await client.post(`/${id}/items`, body, headers)
  assert.equal(answer.status, 202, answer.text)
  return answer.body as { id: string; state: string; created: number }
}

/** Published batteries whose identifier would be a code of theirs, and leads elsewhere or nowhere. */
async function codeless(p: TestPlatform): Promise<string[]> {
  const rows = await p.db('passports')<{ id: string; identifier: string }[]>`
    select id, coalesce(identifier_whole, identifier) as identifier from passports
    where status <> 'draft' and identifier is not null`
  const codes = await p.db('passports')<{ key: string; passportId: string }[]>`
    select key, passport_id as "passportId" from identifiers`
  const leads = new Map(codes.map(({ key, passportId }) => [key, passportId]))
  return rows.flatMap(({ id, identifier }) => {
    const key = keyOf(identifier)
    return key && leads.get(key) !== id ? [identifier] : []
  })
}

suite('items by the thousand', () => {
  test('2,500 serials of a published model become published items that are found, read by everybody and told of in chunks', async t => {
    const { p, as, nobody } = await open(t)
    const ada = as()
    const id = await modelOf(ada, true)
    const identifier = 'https://id.example.com/01/09506000134352/21/{serial}'
    const made = await order(ada, id, {
      range: { prefix: 'LM3-', from: 1, count: 2500, width: 6 },
      identifier,
      attributes: { remainingCapacity: { value: '93.10', unit: 'Ah' } },
      publish: true,
    })
    assert.equal(made.state, 'waiting')
    await p.settle()
    const { body } = await ada.get(`/${id}/items/${made.id}`)
    assert.deepEqual([body.state, body.total, body.done, body.created, body.failed], ['done', 2500, 2500, 2500, 0])

    const told = await p.published(PassportSerialised)
    assert.deepEqual(
      told.map(({ items, published, category }) => [items.length, published, category]),
      [
        [1000, true, 'EV'],
        [1000, true, 'EV'],
        [500, true, 'EV'],
      ],
    )
    const [ended] = await p.published(PassportSerialisationEnded)
    assert.deepEqual([ended!.created, ended!.failed, ended!.model], [2500, 0, 'M1'])

    const one = told[1]!.items[7]!
    assert.deepEqual([one.serial, one.identifier], ['LM3-001008', identifier.replace('{serial}', 'LM3-001008')])
    assert.deepEqual(await ada.found('serial=LM3-001008'), [one.identifier])
    assert.deepEqual(await ada.found(`q=M1&identifier=${encodeURIComponent(one.identifier)}`), [one.identifier])
    const own = (await ada.get(`/${one.passportId}`)).body
    assert.deepEqual([own.version, own.status, own.parentId], [1, 'published', id])
    assert.equal(own.data.attributes.remainingCapacity.value, '93.10', 'digits stay')
    const { body: shown } = await nobody.get(`/${one.passportId}/attributes`)
    const values = Object.fromEntries(shown.items.map((item: { id: string; value: unknown }) => [item.id, item.value]))
    assert.equal(values.batterySerialNumber, 'LM3-001008')
    assert.equal(values.ratedCapacity, '94.0', 'as the model says')
    assert.equal(values.remainingCapacity, undefined, 'point 4 is not public')
    assert.equal((await nobody.get(`/${one.passportId}/versions`)).body.items.length, 1)
    const officer = as({ role: 'authority' })
    assert.deepEqual(await officer.found('q=LM3-001008'), [one.identifier])
    assert.equal((await ada.put(`/${one.passportId}`, { data: { ...own.data, note: 1 } })).body.version, 2)
  })

  test('sent again by its key it is one order, and without a key it makes nothing twice', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const id = await modelOf(ada)
    const key = { 'idempotency-key': 'order-1' }
    const body = { serials: ['A1', 'A2', 'A1', 'A3'] }
    const first = await order(ada, id, body, key)
    assert.equal((await order(ada, id, body, key)).id, first.id)
    await p.settle()
    const second = await order(ada, id, { serials: ['A3', 'A4'] })
    await p.settle()
    const errors = async (orderId: string) =>
      (await pages(ada, `/${id}/items/${orderId}/errors?limit=1`)).flat().map(({ row, code }) => [row, code])
    assert.deepEqual(await errors(first.id), [[3, 'serial_repeated']])
    assert.deepEqual(await errors(second.id), [[1, 'battery_identifier_taken']])
    assert.deepEqual((await ada.found('sort=identifier&model=M1')).filter(Boolean).sort(), ['A1', 'A2', 'A3', 'A4'])
    assert.deepEqual(
      (await p.published(PassportSerialisationEnded)).map(({ created, failed }) => [created, failed]),
      [
        [3, 1],
        [1, 1],
      ],
    )
  })

  test('two orders over the same serials at once make each once', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const id = await modelOf(ada)
    const range = { from: 1, count: 1500 }
    const orders = await Promise.all([order(ada, id, { range }), order(ada, id, { range })])
    await p.settle()
    const ended = await Promise.all(orders.map(async one => (await ada.get(`/${id}/items/${one.id}`)).body))
    assert.deepEqual(
      ended.map(({ state, created, failed }) => [state, created + failed]),
      [
        ['done', 1500],
        ['done', 1500],
      ],
    )
    assert.equal(ended[0].created + ended[1].created, 1500)
    assert.equal((await ada.get('/count')).body.count, 1501)
  })

  test('a code that somebody else publishes while an order is at it is refused there, and no item is public without its code', async t => {
    const { p, as } = await open(t)
    const [ada, bea] = [as(), as()]
    const [id, theirs] = [await modelOf(ada, true), await modelOf(bea, true)]
    const code = (host: string) => `https://${host}.example/01/09506000134352/21/{serial}`
    const { body: other } = await bea.post('', {
      data: { attributes: { uniqueBatteryIdentifier: { value: code('b').replace('{serial}', '7') } } },
      parentId: theirs,
    })
    const sql = p.db('passports')
    let made!: { id: string }
    // As another process has it that is about to commit: the order has looked, and waits where it claims.
    await sql.begin(async tx => {
      await tx`insert into identifiers values ('/01/09506000134352/21/7', ${other.id}, now())`
      await tx`update passports set status = 'published' where id = ${other.id}`
      made = await order(ada, id, { range: { from: 1, count: 1200 }, identifier: code('a'), publish: true })
      const waits = () => sql`
        select from pg_stat_activity
        where wait_event = 'transactionid' and query like '%insert into identifiers%' and datname = current_database()`
      for (const end = Date.now() + 10_000; (await waits()).length === 0; await sleep(10))
        assert.ok(Date.now() < end, 'the order never came to its claim')
    })
    await p.settle()
    const { body } = await ada.get(`/${id}/items/${made.id}`)
    assert.deepEqual([body.state, body.created, body.failed], ['done', 1199, 1])
    const { items } = (await ada.get(`/${id}/items/${made.id}/errors`)).body
    assert.deepEqual([items[0].row, items[0].code], [7, 'battery_identifier_taken'])
    assert.deepEqual(await codeless(p), [])
    assert.equal((await p.published(PassportSerialised)).flatMap(one => one.items).length, 1199, 'told of once')
  })

  test('orders of two owners over the same codes, in two processes: each code is one battery’s', async t => {
    const { p, as, known } = await open(t)
    const another = await p.another([passports, ...fakes(known.answers)])
    const owners = [as(), as(), as()]
    const models = await Promise.all(owners.map(owner => modelOf(owner, true)))
    const orders = await Promise.all(
      owners.map((owner, at) =>
        order(owner, models[at]!, {
          // Each begins elsewhere, and all meet.
          serials: Array.from({ length: 1500 }, (_, serial) => `${(serial * 7 + at * 500) % 1500}`),
          identifier: `https://${'abc'[at]}.example/01/09506000134352/21/{serial}`,
          publish: true,
        }),
      ),
    )
    await Promise.all([p.settle(), another.settle()])
    const ended = await Promise.all(
      orders.map(async (one, at) => (await owners[at]!.get(`/${models[at]}/items/${one.id}`)).body),
    )
    for (const { state, created, failed } of ended) assert.deepEqual([state, created + failed], ['done', 1500])
    assert.equal(
      ended.reduce((sum, { created }) => sum + created, 0),
      1500,
    )
    assert.deepEqual(await codeless(p), [])
  })

  test('of one code in two spellings the first row has it', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const id = await modelOf(ada, true)
    const uuid = newId()
    const serials = [uuid, uuid.toUpperCase(), newId()]
    const made = await order(ada, id, { serials, publish: true })
    await p.settle()
    assert.equal((await ada.get(`/${id}/items/${made.id}`)).body.created, 2)
    const { items } = (await ada.get(`/${id}/items/${made.id}/errors`)).body
    assert.deepEqual([items[0].row, items[0].code], [2, 'battery_identifier_taken'])
    assert.deepEqual(await codeless(p), [])
    const drafts = await order(ada, await modelOf(ada), { serials: [newId()].flatMap(one => [one, one.toUpperCase()]) })
    await p.settle()
    const { body } = await ada.get(`/count?status=draft`)
    assert.equal(body.count, 1 + 2, `drafts, as of ${drafts.id}, have no codes yet`)
  })

  test('a draft of which items are being made stays; once they are gone it goes, with what became of its orders', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const id = await modelOf(ada)
    const made = await order(ada, id, { range: { from: 1, count: 3 } })
    assert.deepEqual(await codeOf(ada.delete(`/${id}`)), [409, 'passport_has_children'])
    await p.settle()
    const items = (await ada.get(`/?status=draft`)).body.items.filter((one: { id: string }) => one.id !== id)
    assert.equal(items.length, 3, `those of ${made.id}`)
    for (const item of items) assert.equal((await ada.delete(`/${item.id}`)).status, 204)
    assert.equal((await ada.delete(`/${id}`)).status, 204)
  })

  test('an order that is stopped keeps what it made, and makes no more', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const id = await modelOf(ada)
    const made = await order(ada, id, { range: { from: 1, count: 5000 } })
    const stopped = await ada.post(`/${id}/items/${made.id}/cancel`)
    assert.equal(stopped.status, 200, stopped.text)
    await p.settle()
    const { body } = await ada.get(`/${id}/items/${made.id}`)
    assert.deepEqual([body.state, body.created], [stopped.body.state, stopped.body.created])
    assert.equal((await ada.get('/count')).body.count, 1 + body.created)
    assert.deepEqual((await ada.post(`/${id}/items/${made.id}/cancel`)).body, body, 'again nothing more')
  })

  test('what cannot be made is refused before anything is: by pointer, by code, by whom', async t => {
    const { as } = await open(t)
    const company = newId()
    const [ada, viewer, stranger] = [as(member(company, 'editor')), as(member(company, 'viewer')), as()]
    const id = await modelOf(ada)
    const range = { from: 1, count: 1 }
    const refused = (body: object, client = ada, to = id) => codeOf(client.post(`/${to}/items`, body))
    assert.deepEqual(await refused({}), [422, 'serials_missing'])
    assert.deepEqual(await refused({ range, serials: ['1'] }), [422, 'serials_missing'])
    assert.deepEqual(await refused({ range: { from: 1, count: 100_001 } }), [400, 'request_invalid'])
    assert.deepEqual(await refused({ range, publish: true }), [409, 'parent_draft'])
    assert.deepEqual(await refused({ range, attributes: { nonsense: 1 } }), [422, 'attribute_unknown'])
    assert.deepEqual(await refused({ range, attributes: { ratedCapacity: { value: '90', unit: 'A' } } }), [
      422,
      'unit_incompatible',
    ])
    assert.deepEqual(await refused({ range, attributes: { ratedCapacity: { value: '90', unit: 'Ah' } } }), [
      422,
      'level_forbids',
    ])
    assert.deepEqual(await refused({ range, attributes: { batterySerialNumber: { value: 'x' } } }), [
      422,
      'value_invalid',
    ])
    assert.deepEqual(await refused({ range, batchId: id }), [422, 'parent_unfit'])
    assert.deepEqual(await refused({ range }, viewer), [403, 'editor_required'])
    assert.deepEqual(await refused({ range }, stranger), [404, 'passport_unknown'])
    const item = await ada.make({ batteryIdentifier: 'B' })
    assert.deepEqual(await refused({ range }, ada, item.id), [422, 'parent_unfit'])
  })

  test('who gave orders finds them again, over all models and the latest first, and nobody else does', async t => {
    const { p, as } = await open(t)
    const [ada, alan] = [as(), as()]
    const [one, two] = [await modelOf(ada), await modelOf(ada)]
    const first = await order(ada, one, { range: { prefix: 'A-', from: 1, count: 2 } })
    const second = await order(ada, two, { range: { prefix: 'B-', from: 1, count: 3 } })
    await p.settle()
    const { items, nextCursor } = (await ada.get('/serialisations?limit=1')).body
    assert.deepEqual([items[0].id, items[0].modelId, items[0].state, items[0].created], [second.id, two, 'done', 3])
    const rest = (await ada.get(`/serialisations?limit=1&after=${nextCursor}`)).body
    assert.deepEqual([rest.items[0].id, rest.nextCursor], [first.id, null])
    assert.deepEqual((await alan.get('/serialisations')).body.items, [])
    assert.equal((await ada.get('/serialisations?after=nowhere')).status, 400)
  })

  test('a model archived meanwhile ends its order as failed, and says why', async t => {
    const { p, as } = await open(t)
    const ada = as()
    const id = await modelOf(ada, true)
    const made = await order(ada, id, { range: { from: 1, count: 3000 } })
    await ada.delete(`/${id}`)
    await p.settle()
    const { body } = await ada.get(`/${id}/items/${made.id}`)
    if (body.state !== 'done') assert.match(body.problem, /archived/)
    assert.equal((await ada.get('/count')).body.count, 1 + body.created, 'what it told of is there')
    assert.deepEqual(await codeOf(ada.post(`/${id}/items`, { range: { from: 1, count: 1 } })), [422, 'parent_unfit'])
  })
})

test('rows are numbered over chunks, and a serial that GS1 does not allow is refused by itself', () => {
  const spec = {
    serials: ['1', '2', '1', 'ü', 'A(10)B', '123456789012345678901'],
    identifier: 'https://id.example.com/01/09506000134352/21/{serial}',
    values: '',
    publish: false,
  }
  const { good, refused } = numbered(spec, serialsOf(spec), 2, 10)
  assert.deepEqual(
    good.map(({ row, identifier }) => [row, identifier]),
    [[5, 'https://id.example.com/01/09506000134352/21/A(10)B']],
  )
  assert.deepEqual(
    refused.map(({ row, code }) => [row, code]),
    [
      [3, 'serial_repeated'],
      [4, 'serial_invalid'],
      [6, 'serial_invalid'],
    ],
  )
})
