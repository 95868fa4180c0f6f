import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryCache } from '../../kernel/cache.ts'
import type { Problem } from '../../kernel/index.ts'

const taken = (work: Promise<void>) =>
  work.then(
    () => 'taken',
    (error: Problem) => `${error.status} ${error.code} ${Number(error.details.retryAfter) > 0}`,
  )

test('a limit gives its points to each key, then says when to come back', async () => {
  const limit = memoryCache({ factor: 1 }).limit('sign in', { points: 3, seconds: 60 })
  for (let i = 0; i < 3; i++) assert.equal(await taken(limit.take('ada')), 'taken')
  assert.equal(await taken(limit.take('ada')), '429 too_many_requests true')
  assert.equal(await taken(limit.take('grace')), 'taken')
  await limit.reset('ada')
  assert.equal(await taken(limit.take('ada', 3)), 'taken')
  assert.equal(await taken(limit.take('ada')), '429 too_many_requests true')
})

test('of many at once only as many as there are points get through, whatever the factor', async () => {
  for (const [factor, points] of [
    [1, 10],
    [0.01, 1],
    [5, 50],
  ] as const) {
    const limit = memoryCache({ factor }).limit('race', { points: 10, seconds: 60 })
    const results = await Promise.all(Array.from({ length: 100 }, () => taken(limit.take('x'))))
    assert.equal(results.filter(result => result === 'taken').length, points)
  }
})

test('limits of different names do not share points', async () => {
  const cache = memoryCache({ factor: 1 })
  await cache.limit('one', { points: 1, seconds: 60 }).take('x')
  assert.equal(await taken(cache.limit('two', { points: 1, seconds: 60 }).take('x')), 'taken')
})

test('what is kept comes back as a copy until its time is over, and the oldest goes when there is no room', async t => {
  t.mock.timers.enable({ apis: ['Date'] })
  const cache = memoryCache({ factor: 1, maxEntries: 2 })
  const value = { list: [1] }
  await cache.set('a', value, 1_000)
  value.list.push(2)
  assert.deepEqual(await cache.get('a'), { list: [1] })
  await cache.set('b', 1, 5_000)
  await cache.set('a', { list: [] }, 1_000)
  await cache.set('c', 1, 5_000)
  assert.deepEqual([await cache.get('a'), await cache.get('b'), await cache.get('c')], [{ list: [] }, undefined, 1])
  t.mock.timers.tick(1_000)
  assert.equal(await cache.get('a'), undefined)
  await cache.delete('c')
  assert.equal(await cache.get('c'), undefined)
})
