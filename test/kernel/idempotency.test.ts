import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Type from 'typebox'
import { anyone, defineService, newId, Problem, type Service } from '../../kernel/index.ts'
import { start, type TestPlatform } from '../../kernel/testing.ts'
import { folderWith } from './toys.ts'

/** Orders: `during` runs in the transaction of each. */
const orders = async (
  t: TestContext,
  during: (what: string) => unknown = () => {},
  name = 'orders',
): Promise<Service> =>
  defineService({
    name,
    problems: { sold_out: ['conflict', 'There is no more of it.'] },
    folder: await folderWith(t, 'create table orders (id uuid primary key, what text not null)'),
    start({ http, db }) {
      const schema = {
        summary: 'Order',
        honours: ['Idempotency-Key'],
        refuses: ['sold_out'],
        body: Type.Object({ what: Type.String() }),
      } as const
      for (const path of ['/', '/express'])
        http.post(path, { config: { access: anyone }, schema }, async (request, reply) => {
          const order = await db.once(request, async tx => {
            const id = newId()
            await tx`insert into orders values (${id}, ${request.body.what})`
            await during(request.body.what)
            return { id, what: request.body.what }
          })
          return reply.code(201).send(order)
        })
    },
  })

type App = { app: { inject: TestPlatform['http']['inject'] } }
const order = ({ app }: App, key: string | undefined, what = 'a bell', headers = {}, url = '/api/orders') =>
  app.inject({
    method: 'POST',
    url,
    headers: { ...(key !== undefined && { 'idempotency-key': key }), ...headers },
    payload: { what },
  })

test('the same request under the same key is done once and answered the same, also by another process', async t => {
  const p = await start(t, [await orders(t)])
  const first = await order(p.http, 'k1')
  assert.equal(first.statusCode, 201)
  const again = await order(p.http, 'k1')
  assert.deepEqual([again.statusCode, again.body], [201, first.body])
  const elsewhere = await order(await p.another([await orders(t)]), 'k1')
  assert.deepEqual([elsewhere.statusCode, elsewhere.body], [201, first.body])
  await order(p.http, undefined)
  await order(p.http, undefined)
  assert.equal((await p.db('orders')`select from orders`).length, 3)
})

test('another request under a key that was used is refused, be it another body or another place', async t => {
  const p = await start(t, [await orders(t)])
  await order(p.http, 'k1', 'a bell')
  for (const answer of [
    await order(p.http, 'k1', 'a horn'),
    await order(p.http, 'k1', 'a bell', {}, '/api/orders/express'),
    await order(p.http, 'k1', 'a bell', {}, '/api/orders?x=1'),
  ])
    assert.deepEqual([answer.statusCode, answer.json().code], [422, 'idempotency_key_reused'])
  assert.equal((await p.db('orders')`select from orders`).length, 1)
})

test('while the first is at work the same key is told to come back; then it gets the answer', async t => {
  let release = () => {}
  let entered = () => {}
  const gate = new Promise<void>(resolve => (release = resolve))
  const inside = new Promise<void>(resolve => (entered = resolve))
  const p = await start(t, [
    await orders(t, () => {
      entered()
      return gate
    }),
  ])
  const first = order(p.http, 'k1')
  await inside
  const second = await order(p.http, 'k1')
  assert.deepEqual(
    [second.statusCode, second.json().code, second.headers['retry-after']],
    [409, 'idempotency_key_in_flight', '1'],
  )
  release()
  assert.equal((await first).statusCode, 201)
  assert.equal((await order(p.http, 'k1')).body, (await first).body)
})

test('of many at once with one key one is done, and every other is told to come back or gets its answer', async t => {
  const p = await start(t, [await orders(t)])
  const second = await p.another([await orders(t)])
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => order(i % 2 ? p.http : second, 'k1')))
  const bodies = new Set(answers.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body))
  assert.equal(bodies.size, 1)
  assert.ok(answers.every(({ statusCode }) => statusCode === 201 || statusCode === 409))
  assert.equal((await p.db('orders')`select from orders`).length, 1)
})

test('a request that failed leaves its key free', async t => {
  let failures: unknown[] = [new Problem('conflict', 'sold_out'), new Error('a bug')]
  const p = await start(t, [
    await orders(t, () => {
      const failure = failures.shift()
      if (failure) throw failure
    }),
  ])
  assert.deepEqual(
    [
      (await order(p.http, 'k1')).statusCode,
      (await order(p.http, 'k1')).statusCode,
      (await order(p.http, 'k1')).statusCode,
    ],
    [409, 500, 201],
  )
  assert.equal((await p.db('orders')`select from orders`).length, 1)
})

test('a key belongs to who sent it and to one service', async t => {
  const p = await start(t, [await orders(t), await orders(t, () => {}, 'gifts')])
  const ada = p.signedIn()
  const answers = [
    await order(p.http, 'k1', 'a bell', ada),
    await order(p.http, 'k1', 'a bell', p.signedIn()),
    await order(p.http, 'k1', 'a bell'),
    await order(p.http, 'k1', 'a bell', ada, '/api/gifts'),
    await order(p.http, 'K1', 'a bell', ada),
  ]
  assert.equal(new Set(answers.map(answer => answer.json().id)).size, 5)
  assert.equal((await order(p.http, 'k1', 'a bell', ada)).body, answers[0]!.body)
})

test('a key belongs also to whom its sender acts for: the same person in another organisation gets an answer of its own', async t => {
  const p = await start(t, [await orders(t)])
  const userId = newId()
  const [one, other] = [newId(), newId()].map(id => p.signedIn({ userId, organisation: { id, role: 'editor' } }))
  const answers = [
    await order(p.http, 'k1', 'a bell', one),
    await order(p.http, 'k1', 'a bell', other),
    await order(p.http, 'k1', 'a bell', p.signedIn({ userId })),
  ]
  assert.equal(new Set(answers.map(answer => answer.json().id)).size, 3)
  assert.equal((await order(p.http, 'k1', 'a bell', other)).body, answers[1]!.body)
})

test('a key that is none is refused and nothing is done', async t => {
  const p = await start(t, [await orders(t)])
  for (const key of ['', ' ', 'two words', 'x'.repeat(256), 'über', 'a\tb', 'k1, k2']) {
    const answer = await order(p.http, key)
    assert.deepEqual([answer.statusCode, answer.json().code], [400, 'idempotency_key_invalid'], key)
  }
  assert.equal((await p.db('orders')`select from orders`).length, 0)
  assert.equal((await order(p.http, `!${'x'.repeat(253)}~`)).statusCode, 201)
})
