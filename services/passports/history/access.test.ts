import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { newId, type Actor } from '#kernel'
import { verifyHistory, type ProofPage } from '../../../tools/verify.ts'
import type { PassportsHost } from '../host.ts'
import { passports } from '../service.ts'
import { codeOf, open, publishable, type Client } from '../testing.ts'
import { sealDays } from './sealing.ts'

async function setUp(t: TestContext) {
  let now = '2027-03-01T10:00:00.000Z'
  const of = await open(t, { now: () => new Date(now) })
  // A token is good for an hour of the clock.
  const as = (who: Partial<Actor>): Client =>
    new Proxy({} as Client, { get: (_, name) => of.as(who)[name as keyof Client] })
  const ada = as({ userId: newId() })
  const { id } = await ada.make(publishable('A'))
  await ada.post(`/${id}/publish`)
  const authority = as({ userId: newId(), role: 'authority', organisation: { id: newId(), role: 'viewer' } })
  const set = (at: string) => void (now = at)
  /** What runs once an hour, at a time. */
  const seal = async (at: string) => {
    set(at)
    const sealing = { ...passports, needs: [], start: async (host: PassportsHost) => void (await sealDays(host)) }
    await (await of.p.another([sealing] as never)).settle()
  }
  const read = async (times: number, by = authority) => {
    for (let at = 0; at < times; at++) assert.equal((await by.get(`/${id}`)).status, 200)
  }
  const proofOf = async (query = 'limit=2', by = ada): Promise<ProofPage[]> => {
    const pages: ProofPage[] = []
    for (let after = ''; ;) {
      const { status, text, body } = await by.get(`/${id}/access-log/proof?${query}${after}`)
      assert.equal(status, 200, text)
      pages.push(body)
      if (body.nextCursor === null) return pages
      after = `&after=${body.nextCursor}`
    }
  }
  const keysOf = async () => (await ada.get('/checkpoints/keys')).body.keys
  return { of, as, ada, authority, id, seal, set, read, proofOf, keysOf, db: of.p.db('passports') }
}

const entriesIn = (pages: ProofPage[]) =>
  pages.flatMap(({ items }) => items.map(({ disclosed }) => (disclosed[0]!.said as unknown[]).length))

test('who read a passport is bound day by day, sealed with its history, and checked by the same program', async t => {
  const { as, ada, authority, id, seal, set, read, proofOf, keysOf, of } = await setUp(t)
  const none = await proofOf()
  assert.deepEqual([none[0]!.items, none[0]!.seal], [[], null])
  await read(2)
  await seal('2027-03-02T00:05:00.000Z')
  assert.deepEqual((await proofOf())[0]!.items, [], 'the day may not be over everywhere')
  await seal('2027-03-02T00:20:00.000Z')
  await read(3)
  // A day on which nothing but this happened has its checkpoint too; one on which nothing did has none.
  await seal('2027-03-03T01:00:00.000Z')
  await seal('2027-03-05T01:00:00.000Z')
  await read(1)
  await seal('2027-03-06T01:00:00.000Z')
  const { body: days } = await ada.get('/checkpoints')
  assert.deepEqual(
    days.items.map(({ day }: { day: string }) => day),
    ['2027-03-05', '2027-03-02', '2027-03-01'],
  )

  const keys = await keysOf()
  const pages = await proofOf()
  assert.deepEqual(verifyHistory(pages, { keys }), { wrong: [], open: [], versions: 3, sealed: '2027-03-05' })
  assert.deepEqual(entriesIn(pages), [1, 3, 2])
  const [entry] = pages[0]!.items[0]!.disclosed[0]!.said as Record<string, unknown>[]
  assert.deepEqual([entry!.audience, entry!.route, entry!.points], ['authority', 'GET /api/passports/:id', [1, 2, 3]])
  // What is read now is in the link of today.
  await read(1)
  assert.deepEqual(entriesIn(await proofOf()), [1, 3, 2])

  // It is its owner's; an admin who looks at it stands in it.
  assert.deepEqual(await codeOf(authority.get(`/${id}/access-log/proof`)), [404, 'passport_unknown'])
  assert.deepEqual(await codeOf(of.nobody.get(`/${id}/access-log/proof`)), [401, 'token_missing'])
  await proofOf('', as({ role: 'admin' }))
  set('2027-03-06T02:00:00.000Z')
  await seal('2027-03-07T01:00:00.000Z')
  assert.deepEqual(entriesIn(await proofOf()), [2, 1, 3, 2])
})

test('a row of the log that is changed, taken out or put in is found; and the database lets nobody do it', async t => {
  const { id, seal, read, proofOf, keysOf, db, authority } = await setUp(t)
  await read(1)
  await seal('2027-03-02T01:00:00.000Z')
  await read(2)
  await seal('2027-03-03T01:00:00.000Z')
  const keys = await keysOf()
  const kept = await proofOf()
  const wrong = async () => verifyHistory(await proofOf(), { keys, kept }).wrong.join(' ')
  assert.equal(await wrong(), '')

  const reader = newId()
  for (const attempt of [
    db`update access_log set reader_id = ${reader}`,
    db`delete from access_log`,
    db`truncate access_log`,
    db`update access_links set size = 1`,
    db`delete from access_links`,
  ])
    await assert.rejects(attempt, /only added to/)

  const rows = await db<{ id: string }[]>`select id from access_log where passport_id = ${id} order by id`
  const spoil = async (finds: RegExp, change: (tx: typeof db) => Promise<unknown>) => {
    await db`create table before_spoil as select * from access_log`
    await db`alter table access_log disable trigger user`
    await change(db)
    assert.match(await wrong(), finds)
    await db`delete from access_log`
    await db`insert into access_log overriding system value select * from before_spoil`
    await db`drop table before_spoil`
    await db`alter table access_log enable trigger user`
    assert.equal(await wrong(), '')
  }
  await spoil(
    /Version 2 is not what its hash says/,
    db => db`update access_log set reader_id = ${reader} where id = ${rows[1]!.id}`,
  )
  await spoil(/Version 1 is not what its hash says/, db => db`delete from access_log where id = ${rows[0]!.id}`)
  // One behind another, with a number between those that were sealed.
  await spoil(/Version 2 is not what its hash says/, async db => {
    await db`delete from access_log where id = ${rows[2]!.id}`
    for (const at of [rows[2]!.id, `${Number(rows[2]!.id) + 1}`])
      await db`
        insert into access_log (id, passport_id, reader_id, audience, route, at) overriding system value
        select ${at}, passport_id, reader_id, audience, route, ${'2027-03-02T09:00:00Z'}::timestamptz from before_spoil
        where id = ${rows[2]!.id}`
  })
  assert.equal((await authority.get(`/${id}`)).status, 200)
  assert.equal((await db`select from access_log where passport_id = ${id}`).length, 4, 'it is added to still')
})

test('a draft goes with the log of who read it, and many readings of a day are several links', async t => {
  const { id, seal, proofOf, keysOf, db, as, ada, read } = await setUp(t)
  const draft = await ada.make(publishable('D'))
  await as({ role: 'admin' }).get(`/${draft.id}`)
  await read(1)
  await db`
    insert into access_log (passport_id, reader_id, audience, route, at)
    select ${id}, ${newId()}, 'authority', 'GET /api/passports/:id', '2027-03-01T11:00:00Z' from generate_series(1, 2100)`
  await seal('2027-03-02T01:00:00.000Z')
  const pages = await proofOf('limit=1')
  assert.deepEqual(entriesIn(pages), [101, 1000, 1000])
  // Rows of before purposes and points were noted are bound as they were then.
  const said = pages.flatMap(({ items }) => items.flatMap(({ disclosed }) => disclosed[0]!.said as object[]))
  const kinds = new Set(said.map(entry => Object.keys(entry).sort().join()))
  assert.deepEqual(kinds, new Set(['at,audience,organisation,points,reader,route', 'at,audience,reader,route']))
  assert.deepEqual(verifyHistory(pages, { keys: await keysOf() }), {
    wrong: [],
    open: [],
    versions: 3,
    sealed: '2027-03-01',
  })
  assert.equal((await ada.delete(`/${draft.id}`)).status, 204)
  assert.equal((await db`select from access_log where passport_id = ${draft.id}`).length, 0)
})
