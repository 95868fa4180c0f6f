import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import Type from 'typebox'
import {
  anyone,
  cursorOf,
  defineService,
  isCount,
  isId,
  isInstant,
  isText,
  newId,
  notModified,
  Page,
  page,
  pageQuery,
  requireMatch,
} from '../../kernel/index.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

/** Rows by time and id, names, and one versioned thing. */
const rows = async (t: TestContext) =>
  defineService({
    name: 'rows',
    folder: await folderWith(
      t,
      'create table rows (id uuid primary key, made_at timestamptz not null, name text not null, number bigint generated always as identity)',
    ),
    start({ http, db }) {
      const open = { access: anyone }
      const Row = Type.Object({ id: Type.String(), madeAt: Type.String() })
      const list = { summary: 'List', querystring: Type.Object(pageQuery), response: { 200: Page(Row) } }
      http.get('/', { config: open, schema: list }, async ({ query }) => {
        const after = cursorOf(query.after, isInstant, isId)
        const found = await db<{ id: string; made_at: Date }[]>`select id, made_at from rows
          where ${after ? db`(made_at, id) > (${after[0]!}, ${after[1]!})` : db`true`} order by made_at, id limit ${query.limit + 1}`
        const keys = (row: { id: string; made_at: Date }) => [row.made_at.toISOString(), row.id]
        return page(found, query.limit, keys, row => ({ id: row.id, madeAt: row.made_at.toISOString() }))
      })
      const byName = { summary: 'By name', querystring: Type.Object(pageQuery) }
      http.get('/by-name', { config: open, schema: byName }, async ({ query }) => {
        const after = cursorOf(query.after, isText, isCount)
        return await db`select id from rows where ${after ? db`(name, number) > (${after[0]!}, ${after[1]!})` : db`true`} limit 1`
      })
      let version = 3
      http.get('/thing', { config: open, schema: { summary: 'Read', honours: ['If-None-Match'] } }, (request, reply) =>
        notModified(request, reply, version) ? reply.send() : { version },
      )
      http.put('/thing', { config: open, schema: { summary: 'Change', honours: ['If-Match'] } }, request => {
        requireMatch(request, version)
        return { version: ++version }
      })
    },
  })

const fill = (p: TestPlatform, count: number) =>
  p.db(
    'rows',
  )`insert into rows (id, made_at, name) select gen_random_uuid(), '2027-01-01'::timestamptz + (i / 3) * interval '1 ms', 'x' from generate_series(1, ${count}) i`

test('walking the pages shows everything once and in order, also while rows come and go', async t => {
  const p = await start(t, [await rows(t)])
  await fill(p, 47)
  const all = (await p.db('rows')`select id from rows order by made_at, id`).map(({ id }) => id)
  const seen: string[] = []
  let after: string | null = null
  for (let pages = 0; pages < 20; pages++) {
    const query: Record<string, string> = { limit: '10', ...(after && { after }) }
    const answer = (await p.http.inject({ url: '/api/rows', query })).json()
    assert.ok(answer.items.length <= 10)
    seen.push(...answer.items.map(({ id }: { id: string }) => id))
    after = answer.nextCursor
    if (after === null) break
    // What has been shown may go, and the past may grow: the rest of the walk is the same.
    await p.db('rows')`delete from rows where id = ${seen.at(-1)!}`
    await p.db('rows')`insert into rows (id, made_at, name) values (${newId()}, '2020-01-01', 'late')`
  }
  assert.deepEqual(seen, all)
  assert.equal((await p.http.inject('/api/rows?limit=100')).json().nextCursor, null)
})

test('the last page says so, also when it is full or empty', async t => {
  const p = await start(t, [await rows(t)])
  const first = async () => (await p.http.inject('/api/rows')).json()
  assert.deepEqual(await first(), { items: [], nextCursor: null })
  await fill(p, 20)
  assert.deepEqual([(await first()).items.length, (await first()).nextCursor], [20, null])
  await fill(p, 1)
  assert.equal(typeof (await first()).nextCursor, 'string')
  for (const limit of ['0', '101', '-1', '1.5', 'x', '1e1000', ''])
    assert.equal((await p.http.inject(`/api/rows?limit=${limit}`)).statusCode, 400, limit)
})

test('a cursor that somebody made up is refused or read, and never makes the list fail', async t => {
  const p = await start(t, [await rows(t)])
  await fill(p, 30)
  const ask = async (url: string, after: string) => {
    const answer = await p.http.inject({ url, query: { after } })
    if (answer.statusCode === 400) assert.match(answer.json().code, /^(cursor_invalid|request_invalid)$/)
    else assert.equal(answer.statusCode, 200, after)
    return answer.statusCode
  }
  const encoded = (keys: unknown) => Buffer.from(JSON.stringify(keys)).toString('base64url')
  const at = '2027-01-01T00:00:00.000Z'
  const madeUp = [
    '',
    '!',
    'null',
    encoded(null),
    encoded({}),
    encoded([]),
    encoded([at]),
    encoded([at, newId(), 1]),
    encoded([null, null]),
    encoded([at, 'x']),
    encoded([1, newId()]),
    encoded([[at], newId()]),
    encoded([{ at }, newId()]),
    encoded([at, `${newId()}'; drop table rows; --`]),
    encoded(['2027-02-30T00:00:00Z', newId()]),
    encoded(['0000-01-01T00:00:00Z', newId()]),
    encoded(['2027-01-01T24:00:01Z', newId()]),
    encoded(['infinity', newId()]),
    encoded(['now', newId()]),
    encoded([at, newId().replaceAll('-', '')]),
  ]
  for (const after of madeUp)
    assert.equal(await ask('/api/rows', after), 400, Buffer.from(after, 'base64url').toString())
  assert.equal(await ask('/api/rows', 'x'.repeat(1001)), 400)
  assert.equal(await ask('/api/rows', encoded([at, newId()])), 200)
  for (const keys of [
    ['a\0b', 1],
    ['\ud800', 1],
    ['a', -1],
    ['a', 1.5],
    ['a', 2 ** 60],
    ['a', '1'],
  ])
    assert.equal(await ask('/api/rows/by-name', encoded(keys)), 400, JSON.stringify(keys))
  assert.equal(await ask('/api/rows/by-name', encoded(['', 0])), 200)

  const year = fc.integer({ min: -1, max: 10_000 }).map(number => String(number).padStart(4, '0'))
  const two = fc.integer({ min: 0, max: 62 }).map(number => String(number).padStart(2, '0'))
  const instant = fc
    .tuple(year, two, two, two, two, two, fc.constantFrom('', '.5', '.123456', '.12345678'))
    .map(([y, mo, d, h, mi, s, ms]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${ms}Z`)
  const key = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.constant(null),
    fc.uuid(),
    instant,
    fc.date({ noInvalidDate: true }).map(date => date.toISOString()),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/api/rows', '/api/rows/by-name'),
      fc.oneof(
        fc.string(),
        fc.tuple(key, key).map(encoded),
        fc.tuple(instant, fc.uuid()).map(encoded),
        fc.jsonValue().map(encoded),
      ),
      async (url, after) => {
        await ask(url, after)
      },
    ),
    { numRuns: 600 },
  )
})

test('what has not changed is not sent again, and what has changed, or may have, is not overwritten', async t => {
  const p = await start(t, [await rows(t)])
  const read = (headers = {}) => p.http.inject({ url: '/api/rows/thing', headers })
  const change = (headers = {}) => p.http.inject({ method: 'PUT', url: '/api/rows/thing', headers })
  assert.equal((await read()).headers.etag, '"3"')
  for (const tag of ['"3"', 'W/"3"', '"1", "3"', '*']) {
    const answer = await read({ 'if-none-match': tag })
    assert.deepEqual([answer.statusCode, answer.body, answer.headers.etag], [304, '', '"3"'], tag)
  }
  assert.equal(
    (await p.http.inject({ method: 'HEAD', url: '/api/rows/thing', headers: { 'if-none-match': '"3"' } })).statusCode,
    304,
  )
  for (const tag of ['"2"', '3', '"30"', '"3', ''])
    assert.equal((await read({ 'if-none-match': tag })).statusCode, 200, tag)

  for (const tag of ['"2"', '3', '', '"33"', '"1", "2"', 'W/"3"', '"1", W/"3"']) {
    const answer = await change({ 'if-match': tag })
    assert.deepEqual([answer.statusCode, answer.json().code, answer.json().version], [412, 'version_stale', 3], tag)
  }
  assert.equal((await change({ 'if-match': '"3"' })).json().version, 4)
  assert.equal((await change({ 'if-match': '"3"' })).statusCode, 412, 'a second with the same')
  assert.equal((await change({ 'if-match': '"1", W/"2", "4"' })).json().version, 5)
  assert.equal((await change({ 'if-match': '*' })).json().version, 6)
  assert.equal((await change()).json().version, 7)
})
