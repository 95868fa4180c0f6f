import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId } from '#kernel'
import { fleets } from '../../../tools/demo/battery-models.ts'
import type { PassportsHost } from '../host.ts'
import { passports } from '../service.ts'
import { codeOf, member, open, pages, type Client } from '../testing.ts'
import { checkReadiness } from './checking.ts'

/** What a model and a battery of it say, so that nothing is missing but papers. */
const [{ models }] = fleets as [(typeof fleets)[number]]
const { data, orders } = models[0]!
const { attributes } = orders[0]!
const paper = { value: { title: 'Paper', url: 'https://example.com/paper.pdf' } }

async function setUp(t: TestContext) {
  const of = await open(t)
  const organisation = newId()
  const ada = of.as(member(organisation, 'editor'))
  /** What runs once a minute. */
  const check = async () => {
    const start = async (host: PassportsHost): Promise<void> => checkReadiness(host)()
    await (await of.p.another([{ ...passports, needs: [], start }] as never)).settle()
  }
  /** Says what is missing of a passport, which are papers, there or where it begins. */
  const complete = async (id: string, there = id) => {
    const { items } = (await ada.get(`/${id}/readiness?on=2027-02-18`)).body
    const isThere = (finding: string): boolean => finding === 'present' || finding === 'plant_missing'
    const lacking = items.filter(({ status, finding }: any) => status === 'M' && !isThere(finding))
    const said = Object.fromEntries(
      lacking.flatMap((item: any) => item.attributes.map((name: string) => [name, paper])),
    )
    const { status, text } = await ada.patch(`/${there}/attributes`, { attributes: said, reason: 'Papers' })
    assert.equal(status, 200, text)
  }
  const make = async (body: object) => {
    const { status, text, body: made } = await ada.post('', body)
    assert.equal(status, 201, text)
    return made.id as string
  }
  return { ...of, ada, organisation, check, complete, make }
}

const idsOf = async (client: Client, query: string): Promise<string[]> =>
  (await pages(client, `?limit=100&${query}`)).flat().map(({ id }) => id as string)

test('the list tells which passports are ready by the rules of a day: drafts, items of an order, and as their model changes', async t => {
  const { p, ada, check, complete, make } = await setUp(t)
  const model = await make({ data, granularity: 'model' })
  const { body: order } = await ada.post(`/${model}/items`, {
    range: { from: 1, count: 3 },
    attributes,
  })
  assert.ok(order.id, JSON.stringify(order))
  await p.settle()
  const alone = await make({ data: { batteryIdentifier: 'A-1', batteryCategory: 'EV' } })
  // At once where an order made them; a draft when the job was there.
  const items = await idsOf(ada, 'readiness=not_ready&sort=identifier')
  assert.equal(items.length, 3)
  await check()
  assert.equal((await idsOf(ada, 'readiness=not_ready')).length, 5)
  assert.deepEqual(await idsOf(ada, 'readiness=ready'), [])

  await complete(items[0]!)
  const own = (await idsOf(ada, 'readiness=ready&readinessOn=2027-02-18')).sort()
  const isReady = async (id: string, on: string) => (await ada.get(`/${id}/readiness?on=${on}`)).body.ready
  assert.deepEqual([own, await isReady(items[0]!, '2027-02-18')], [[items[0]], true])

  // What the model says its items say.
  await complete(items[1]!, model)
  await p.settle()
  for (const on of ['2026-08-01', '2027-02-18', '2027-08-18', '2030-01-01']) {
    const expected: string[] = []
    for (const id of [model, alone, ...items]) if (await isReady(id, on)) expected.push(id)
    assert.deepEqual((await idsOf(ada, `readiness=ready&readinessOn=${on}`)).sort(), expected.sort(), on)
    const { count } = (await ada.get(`/count?readiness=not_ready&readinessOn=${on}`)).body
    assert.equal(count, 5 - expected.length)
    const { body } = await ada.get(`?readiness=ready&readinessOn=${on}&category=EV&sort=-identifier&limit=1`)
    assert.equal(body.items.length, Math.min(1, expected.length))
  }
  assert.deepEqual(await codeOf(ada.get('?readiness=perhaps')), [400, 'request_invalid'])
  assert.deepEqual(await codeOf(ada.get('?readiness=ready&readinessOn=soon')), [400, 'request_invalid'])
})

test('nobody finds by readiness what they do not read as its owner does, and it follows who has it and what becomes of it', async t => {
  const { p, ada, organisation, as, known, make, check } = await setUp(t)
  const published = await make({
    data: { batteryIdentifier: 'B-1', batteryCategory: 'EV', batteryModelIdentifier: 'M' },
  })
  await ada.post(`/${published}/publish`)
  const [grace, otto, authority] = [newId(), newId(), as({ role: 'authority' })]
  await ada.put(`/${published}/readers/${grace}`, { kind: 'person', audience: 'interest' })
  await ada.put(`/${published}/readers/${otto}`, { kind: 'person' })
  const query = 'readiness=not_ready'
  assert.deepEqual(await idsOf(ada, query), [published], 'at once where it is published')
  assert.deepEqual(await idsOf(as({ userId: otto }), query), [published], 'for who stands in for the owner')
  assert.deepEqual(await idsOf(as({ role: 'admin' }), query), [published])
  for (const other of [authority, as({ userId: grace }), as()])
    for (const readiness of ['ready', 'not_ready']) {
      assert.deepEqual(await idsOf(other, `readiness=${readiness}`), [])
      assert.equal((await other.get(`/count?readiness=${readiness}&owner=${organisation}`)).body.count, 0)
    }

  // One of a person goes to an organisation, with what is known of it.
  const mine = { userId: newId() }
  const { id } = await as(mine).make({ batteryIdentifier: 'C-1' })
  await check()
  known.members.set(organisation, [[mine.userId, 'editor']])
  const moved = await as(mine).post('/move', { ids: [id], organisationId: organisation })
  assert.equal(moved.status, 200, moved.text)
  assert.deepEqual(await idsOf(as(mine), query), [])
  assert.deepEqual((await idsOf(ada, query)).sort(), [published, id].sort())
  await ada.delete(`/${id}`)
  assert.deepEqual(await idsOf(ada, query), [published])

  // Other tables of the law: all are looked at again, and only once.
  const db = p.db('passports')
  await db`update assessments set rules = 'before', ready = true`
  await db`update readiness_checks set rules = 'before'`
  assert.deepEqual(await idsOf(ada, query), [])
  await check()
  assert.deepEqual(await idsOf(ada, query), [published])
  await db`update assessments set ready = true`
  await check()
  assert.deepEqual(await idsOf(ada, query), [])
})
