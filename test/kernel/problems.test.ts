import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import { anyone, defineService, Problem, type Problems } from '../../kernel/index.ts'
import { open, start } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

const shops = async (
  t: TestContext,
  refuses: readonly string[],
  problems: Problems = { shop_closed: ['conflict', 'It is closed.'] },
) =>
  defineService({
    name: 'shops',
    folder: await folderWith(t),
    problems,
    start({ http }) {
      http.get('/', { config: { access: anyone }, schema: { summary: 'Enter', refuses } }, () => {
        throw new Problem('conflict', 'shop_closed')
      })
      http.get(
        '/tag',
        { config: { access: anyone }, schema: { summary: 'Look', response: { 200: Type.Object({}) } } },
        (_, reply) => reply.header('etag', '"1"').send({}),
      )
    },
  })

test('a route that refuses with a code it does not declare fails the test that asked it, by name', async t => {
  const strict = await open([await shops(t, [])])
  assert.equal((await strict.http.inject('/api/shops')).statusCode, 409)
  await assert.rejects(strict.close(), /GET \/api\/shops answers 409 shop_closed/)
  const honest = await open([await shops(t, ['shop_closed'])])
  assert.equal((await honest.http.inject('/api/shops')).statusCode, 409)
  await honest.close()
})

test('an ETag that no field of the route announces fails the test too', async t => {
  const p = await open([await shops(t, ['shop_closed'])])
  assert.equal((await p.http.inject('/api/shops/tag')).statusCode, 200)
  await assert.rejects(p.close(), /GET \/api\/shops\/tag answers 200 with ETag/)
})

test('a code that nothing explains, or that has another status elsewhere, stops the start', async t => {
  await assert.rejects(
    async () => await open([await shops(t, ['shop_burnt'])]),
    ({ cause }: { cause?: Error }) =>
      cause?.message === 'GET /api/shops refuses shop_burnt, and nothing says what that is',
  )
  await assert.rejects(
    async () => await open([await shops(t, [], { version_stale: ['conflict', 'Old.'] })]),
    /version_stale is 412 elsewhere, and cannot be 409 here/,
  )
})

test('the type of a problem leads to what its code means, as a page without script and as JSON', async t => {
  const p = await start(t, [await shops(t, ['shop_closed'])])
  const { type } = (await p.http.inject('/api/shops')).json()
  assert.equal(type, '/problems/shop_closed')
  const json = await p.http.inject(type)
  assert.deepEqual(json.json(), {
    code: 'shop_closed',
    title: 'Shop closed',
    status: 409,
    sentence: 'It is closed.',
    operations: ['GET /api/shops'],
  })
  const page = await p.http.inject({ url: type, headers: { accept: 'text/html,*/*;q=0.8' } })
  assert.match(String(page.headers['content-type']), /^text\/html/)
  assert.match(page.body, /<h1>Shop closed<\/h1>\n<p>It is closed\.<\/p>/)
  assert.doesNotMatch(page.body, /<script/)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  for (const code of ['internal_error', 'headers_too_large', 'route_unknown'])
    assert.equal((await p.http.inject(`/problems/${code}`)).json().code, code)
  assert.equal((await p.http.inject('/problems/nothing_such')).json().code, 'problem_unknown')
})
