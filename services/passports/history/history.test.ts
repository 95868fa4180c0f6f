import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId, type Actor } from '#kernel'
import { verifyHistory, type ProofPage } from '../../../tools/verify.ts'
import type { PassportsHost } from '../host.ts'
import { passports } from '../service.ts'
import { open, publishable, type Client } from '../testing.ts'
import { chainAll, sealDays } from './sealing.ts'

/** All pages of a proof. */
async function proofOf(client: Client, id: string, query = 'limit=3'): Promise<ProofPage[]> {
  const pages: ProofPage[] = []
  for (let after = ''; ;) {
    const { status, text, body } = await client.get(`/${id}/proof?${query}${after}`)
    assert.equal(status, 200, text)
    pages.push(body)
    if (body.nextCursor === null) return pages
    after = `&after=${body.nextCursor}`
  }
}

const hidden = { attributes: { batteryStatus: { value: 're-used' } } }
const open1 = (mass: string) => ({ attributes: { batteryMass: { value: mass, unit: 'kg' } } })

/** One with seven versions, of which everybody sees three. */
async function setUp(t: TestContext) {
  let now = '2027-03-01T10:00:00.000Z'
  const of = await open(t, { now: () => new Date(now) })
  // A token is good for an hour of the clock.
  const as = (who: Partial<Actor>): Client =>
    new Proxy({} as Client, { get: (_, name) => of.as(who)[name as keyof Client] })
  const ada = as({ userId: newId() })
  const { id } = await ada.make(publishable('A'))
  const patch = async (body: object) => assert.equal((await ada.patch(`/${id}/attributes`, body)).status, 200)
  await patch(open1('1'))
  await ada.post(`/${id}/publish`)
  await patch(hidden)
  await patch(open1('2.50'))
  await patch({ attributes: { testReportResults: { value: ['https://example.com/r'] } } })
  now = '2027-03-02T10:00:00.000Z'
  await patch(open1('3'))
  const grace = newId()
  await ada.put(`/${id}/readers/${grace}`, { kind: 'person', audience: 'interest' })
  const clients = {
    owner: ada,
    public: of.nobody,
    authority: as({ role: 'authority' }),
    interest: as({ userId: grace }),
    both: as({ userId: grace, role: 'authority' }),
  }
  /** What runs once an hour, at a time. */
  const seal = async (at: string) => {
    now = at
    const sealing = { ...passports, needs: [], start: async (host: PassportsHost) => void (await sealDays(host)) }
    await (await of.p.another([sealing] as never)).settle()
  }
  const set = (at: string) => void (now = at)
  return { of, ada, id, clients, seal, set, db: of.p.db('passports') }
}

test('each reader proves the history of what they see, and of nothing else', async t => {
  const { id, clients } = await setUp(t)
  const seen = { owner: 7, public: 3, authority: 4, interest: 4, both: 5 }
  for (const [chain, client] of Object.entries(clients)) {
    const pages = await proofOf(client, id)
    const { wrong, versions } = verifyHistory(pages)
    assert.deepEqual([wrong, versions], [[], seen[chain as 'owner']], chain)
    assert.deepEqual(
      pages.flatMap(({ items }) => items.map(({ link }) => link.version)),
      Array.from({ length: versions }, (_, at) => versions - at),
    )
    const text = JSON.stringify(pages)
    assert.equal(text.includes('re-used'), ['owner', 'interest', 'both'].includes(chain), chain)
    assert.equal(text.includes('example.com/r'), ['owner', 'authority', 'both'].includes(chain), chain)
    assert.ok(text.includes('2.50'), 'with the digits that were given')
    const points = Object.keys(pages[0]!.items[0]!.link.roots)
    const expected = { owner: '1,2,3,4,own', public: '1', authority: '1,2,3', interest: '1,2,4', both: '1,2,3,4' }
    assert.equal(points.sort().join(), expected[chain as 'owner'])
  }
})

test('each version names the rule set that held when it was made, and the hash of the history of who reads it', async t => {
  const { id, clients, db } = await setUp(t)
  for (const [chain, client] of Object.entries(clients)) {
    const { items } = (await client.get(`/${id}/versions?limit=100`)).body
    const proven = (await proofOf(client, id)).flatMap(page => page.items.map(({ link, hash }) => [link.version, hash]))
    assert.deepEqual(
      items.map(({ version, hash }: { version: number; hash: string }) => [version, hash]),
      proven,
      chain,
    )
    for (const { ruleSet } of items) assert.equal(ruleSet, 'ec-2.0')
  }
  // As it was before there was a history: the job comes to it.
  await db`update versions set hash = null, hash_views = null, at = '2026-08-01T00:00:00Z' where passport_id = ${id}`
  const [{ hash, ruleSet }] = (await clients.owner.get(`/${id}/versions?limit=1`)).body.items
  assert.deepEqual([hash, ruleSet], [null, 'ec-1.0'])
})

test('a public proof does not confirm a guessed battery status, nor that it changed', async t => {
  const { id, ada, clients } = await setUp(t)
  const before = JSON.stringify(await proofOf(clients.public, id))
  await ada.patch(`/${id}/attributes`, { attributes: { batteryStatus: { value: 'waste' } } })
  assert.equal(JSON.stringify(await proofOf(clients.public, id)), before)
})

test('a changed row in the database is found, and named', async t => {
  const { id, clients, db } = await setUp(t)
  const wrongIn = async (client: Client, kept?: ProofPage[]) =>
    verifyHistory(await proofOf(client, id), { ...(kept && { kept }) }).wrong.join(' ')
  const kept = await proofOf(clients.owner, id)
  const spoil = async (
    change: () => Promise<unknown>,
    undo: () => Promise<unknown>,
    finds: RegExp,
    by = clients.owner,
  ) => {
    await change()
    assert.match(await wrongIn(by, by === clients.owner ? kept : undefined), finds)
    await undo()
    assert.equal(await wrongIn(by), '')
  }
  const replace = (from: string, to: string) => () =>
    db`update versions set data = replace(data::text, ${from}, ${to})::json where passport_id = ${id} and version = 5`
  await spoil(replace('2.50', '2.51'), replace('2.51', '2.50'), /Version 5 is not what its hash says/)
  const said = (from: string, to: string) => () =>
    db`update versions set said = replace(said::text, ${from}, ${to})::json where passport_id = ${id} and version = 5`
  await spoil(said('2.50', '2.51'), said('2.51', '2.50'), /Version 2 is not what its hash says/, clients.public)
  const at = (seconds: number) => () =>
    db`update versions set at = at + make_interval(secs => ${seconds}) where passport_id = ${id} and version = 4`
  await spoil(at(-1), at(1), /Version 4 is not what its hash says/)
  const number = (from: number, to: number) =>
    db`update versions set version = ${to} where passport_id = ${id} and version = ${from}`
  const swap = async () => {
    await number(4, 99)
    await number(5, 4)
    await number(99, 5)
  }
  await spoil(swap, swap, /Version 4 is not/)
  const drop = async () => {
    await number(5, -5)
  }
  await spoil(drop, () => number(-5, 5), /Between version 4 and version 6 something is missing/)
  await db`delete from versions where passport_id = ${id} and version = 7`
  await db`update passports set version = 6 where id = ${id}`
  assert.match(await wrongIn(clients.owner, kept), /Versions after 6, which were kept, are gone/)
})

test('every day is sealed in a signed checkpoint, which shows a history that was written anew', async t => {
  const { of, id, ada, clients, seal, set, db } = await setUp(t)
  const other = await ada.make(publishable('B'))
  assert.equal((await ada.delete(`/${other.id}`)).status, 204)
  assert.equal((await proofOf(clients.public, id))[0]!.seal, null)
  await seal('2027-03-03T00:05:00.000Z')
  const [first] = (await of.nobody.get('/checkpoints')).body.items
  assert.deepEqual([first.day, first.size], ['2027-03-01', 5], 'the day after may not be over on every clock')
  await seal('2027-03-03T00:20:00.000Z')
  await seal('2027-03-03T01:20:00.000Z')
  const { items } = (await of.nobody.get('/checkpoints')).body
  assert.deepEqual(
    items.map(({ day, size }: Record<string, unknown>) => [day, size]),
    [
      ['2027-03-02', 6],
      ['2027-03-01', 5],
    ],
  )
  const day = await of.nobody.get('/checkpoints/2027-03-02')
  assert.deepEqual(day.body, items[0])
  assert.deepEqual((await of.nobody.get('/checkpoints/2027-03-03')).body.code, 'checkpoint_unknown')
  const { keys } = (await of.nobody.get('/checkpoints/keys')).body
  for (const [chain, client] of Object.entries(clients)) {
    const { wrong, open, sealed } = verifyHistory(await proofOf(client, id), { keys })
    assert.deepEqual([wrong, open, sealed], [[], [], '2027-03-02'], chain)
  }
  set('2027-03-03T10:00:00.000Z')
  await ada.patch(`/${id}/attributes`, { attributes: { batteryStatus: { value: 'waste' } } })
  await seal('2027-03-04T00:20:00.000Z')
  const [{ size, jws }] = (await of.nobody.get('/checkpoints')).body.items
  assert.equal(size, 4, 'of its owner, of interest, of both, and of who read it that day')
  assert.equal((await proofOf(clients.public, id))[0]!.seal!.day, '2027-03-02')
  const { previous } = JSON.parse(Buffer.from(jws.split('.')[1], 'base64url').toString())
  assert.equal(previous.day, '2027-03-02')
  // Somebody who has the whole database writes history anew, hashes included.
  await db`update versions set data = replace(data::text, '2.50', '2.51')::json where passport_id = ${id} and version = 5`
  await db`update versions set hash = null where passport_id = ${id} and version >= 5`
  const { wrong } = verifyHistory(await proofOf(clients.owner, id), { keys })
  assert.match(wrong.join(' '), /not the one that was sealed|has not sealed/)
})

test('what was written before there was a history gets one, version by version', async t => {
  const { of, id, clients, db } = await setUp(t)
  await db`update versions set hash = null, hash_salts = null, hash_views = null, said = null, parent_version = null`
  const chaining = { ...passports, needs: [], start: async (host: PassportsHost) => void (await chainAll(host)) }
  await (await of.p.another([chaining] as never)).settle()
  assert.equal((await db`select from versions where hash is null`).length, 0)
  for (const client of Object.values(clients)) assert.deepEqual(verifyHistory(await proofOf(client, id)).wrong, [])
  await db`update versions set hash = null, hash_salts = null, hash_views = null, said = null where version > 3`
  assert.deepEqual(verifyHistory(await proofOf(clients.interest, id)).wrong, [], 'also before the job came to it')
})

test('a batch and an item prove at which version of their model they were made', async t => {
  const of = await open(t)
  const ada = of.as()
  const make = async (body: object) => {
    const { status, text, body: made } = await ada.post('', body)
    assert.equal(status, 201, text)
    return made.id as string
  }
  const model = await make({ data: publishable('M'), granularity: 'model' })
  await ada.post(`/${model}/publish`)
  const item = await make({ data: { batteryIdentifier: 'I' }, parentId: model })
  await ada.post(`/${item}/publish`)
  const [page] = await proofOf(ada, item)
  assert.deepEqual(
    page!.items.map(({ link }) => link.parent),
    [
      { id: model, version: 2 },
      { id: model, version: 2 },
    ],
  )
  const [publicly] = await proofOf(of.nobody, item)
  assert.deepEqual(publicly!.items[0]!.link.parent, { id: model, version: 1 })
  for (const client of [ada, of.nobody]) assert.deepEqual(verifyHistory(await proofOf(client, item)).wrong, [])
})

test('items that are made by the thousand have their histories from the beginning', async t => {
  const of = await open(t)
  const ada = of.as()
  const model = (await ada.post('', { data: publishable('M'), granularity: 'model' })).body.id
  await ada.post(`/${model}/publish`)
  for (const publish of [true, false]) {
    const serials = Array.from({ length: 3 }, (_, at) => `S${at}-${publish}`)
    const ordered = await ada.post(`/${model}/items`, {
      serials,
      publish,
      attributes: { batteryMass: { value: '7.0', unit: 'kg' } },
    })
    assert.ok(ordered.status < 300, ordered.text)
  }
  await of.p.settle()
  assert.equal((await of.p.db('passports')`select from versions where hash is null`).length, 0)
  const { items } = (await ada.get(`/${model}/children`)).body
  assert.equal(items.length, 6)
  for (const { id, status } of items)
    for (const client of status === 'published' ? [ada, of.nobody] : [ada]) {
      const [page] = await proofOf(client, id)
      assert.deepEqual([verifyHistory([page!]).wrong, page!.items.length], [[], 1])
      assert.equal(page!.items[0]!.link.parent !== undefined, true)
    }
})

test('by date: an instant is inclusive, and before publication there is nothing for others', async t => {
  const { id, ada, clients, set } = await setUp(t)
  set('2027-03-05T10:00:00.000Z')
  const { id: late } = await ada.make(publishable('L'))
  set('2027-03-06T10:00:00.000Z')
  await ada.post(`/${late}/publish`)
  for (const path of ['', '/attributes', '/proof'])
    for (const client of [clients.public, clients.authority, clients.interest]) {
      const at = (text: string, of = late) => client.get(`/${of}${path}?at=${encodeURIComponent(text)}`)
      const refused = await at('2027-03-06T09:59:59.999Z')
      assert.deepEqual([refused.status, refused.body.code], [404, 'version_unknown'])
      assert.equal((await at('2027-03-06T10:00:00.000Z')).status, 200)
      assert.equal((await at('2027-03-06T12:00:00+02:00')).status, 200, 'offsets are understood')
      assert.equal((await at('2099-01-01T00:00:00Z')).status, 200)
      assert.equal((await at('2027-03-06T10:00:00')).status, 400, 'a time needs its zone')
      const [then, now] = [await at('2027-03-01T10:00:00Z', id), await at('2027-03-02T10:00:00Z', id)]
      assert.ok(then.text.includes('2.50') && now.text.includes('"3"'))
    }
  assert.equal((await ada.get(`/${late}?at=2027-03-05T10:00:00Z`)).body.status, 'draft')
})

test('by date: of versions of one moment the last is meant, however many there are', async t => {
  const { id, ada, db } = await setUp(t)
  const at = async (text: string) => (await ada.get(`/${id}?at=${text}`)).body.version as number | undefined
  assert.deepEqual(
    await Promise.all(
      ['2027-03-01T09:59:59.999Z', '2027-03-01T10:00:00Z', '2027-03-02T09:59:59.999Z', '2027-03-02T10:00:00Z'].map(at),
    ),
    [undefined, 6, 6, 7],
  )
  const found = await db`
    select version_at(${id}, n, moment) as found, (
      select max(version) from versions where passport_id = ${id} and version <= n and at <= moment) as meant
    from generate_series(0, 7) n,
      unnest('{2027-02-28, 2027-03-01 10:00, 2027-03-01 11:00, 2027-03-02 10:00, 2099-01-01}'::timestamptz[]) moment`
  assert.equal(found.length, 40)
  for (const { found: one, meant } of found) assert.equal(one, meant)
})
