import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import type { Cache } from '../../kernel/cache/cache.ts'
import { memoryCache } from '../../kernel/cache/memory.ts'
import { newId, type Problem } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { openMetrics } from '../../kernel/telemetry/metrics.ts'
import { redisCache } from '../../kernel/cache/redis.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { until } from '../kernel/toys.ts'
import { engine } from './engine.ts'

const taken = (work: Promise<unknown>) =>
  work.then(
    () => 'taken',
    (error: Problem) => `${error.status} ${error.code} ${Number(error.details.retryAfter) > 0}`,
  )

/** Clients of one cache, as processes have them; for memory there is only one. */
type Open = (factor?: number) => Promise<Cache>

const engines: Record<string, (t: TestContext) => Promise<Open>> = {
  async memory() {
    const caches = new Map<number, Cache>()
    return async (factor = 1) => {
      const cache = caches.get(factor) ?? memoryCache({ factor })
      caches.set(factor, cache)
      return cache
    }
  },
  async redis(t) {
    const { REDIS_URL: url, REDIS_PREFIX: prefix } = await engine(t, 'redis')
    return async (factor = 1) => {
      const log = openLog({ level: 'silent' })
      const { cache, check, close } = redisCache({
        url: url!,
        prefix: `${prefix}${factor}:`,
        factor,
        log,
        metrics: openMetrics(),
      })
      t.after(close)
      await until(() =>
        check().then(
          () => true,
          () => false,
        ),
      )
      return cache
    }
  },
}

for (const [name, openEngine] of Object.entries(engines)) {
  test(`${name}: what is kept comes back as a copy, in every process, until its time is over or it is deleted`, async t => {
    const open = await openEngine(t)
    const [cache, other] = [await open(), await open()]
    const value = { list: [1], text: 'ü', nothing: null }
    await cache.set('a', value, 60_000)
    value.list.push(2)
    assert.deepEqual(await other.get('a'), { list: [1], text: 'ü', nothing: null })
    await other.set('a', 0, 60_000)
    assert.equal(await cache.get('a'), 0)
    await cache.delete('a')
    assert.equal(await other.get('a'), undefined)
    await cache.set('b', 1, 30)
    await until(async () => (await other.get('b')) === undefined)
    await cache.set('b', 2, 0.4)
    await until(async () => (await other.get('b')) === undefined)
  })

  test(`${name}: to keep undefined is to keep nothing, and the next who asks is told so`, async t => {
    const open = await openEngine(t)
    const [cache, other] = [await open(), await open()]
    await cache.set('a', 1, 60_000)
    await cache.set('a', undefined, 60_000)
    assert.equal(await other.get('a'), undefined)
    await cache.set('b', undefined, 60_000)
    assert.equal(await other.get('b'), undefined)
  })

  test(`${name}: a limit has one rate, and who asks for another under its name is refused`, async t => {
    const cache = await (await openEngine(t))()
    cache.limit('sign in', { points: 3, seconds: 60 })
    cache.limit('sign in', { points: 3, seconds: 60 })
    assert.throws(() => cache.limit('sign in', { points: 4, seconds: 60 }), /"sign in" has 3 points in 60 s/)
    assert.throws(() => cache.limit('sign in', { points: 3, seconds: 61 }), /cannot have another rate/)
  })

  test(`${name}: a limit gives its points to each key, then says when to come back`, async t => {
    const open = await openEngine(t)
    const rate = { points: 3, seconds: 60 }
    const [limit, other] = [(await open()).limit('sign in', rate), (await open()).limit('sign in', rate)]
    for (let i = 0; i < 3; i++) assert.equal(await taken((i % 2 ? limit : other).take('ada')), 'taken')
    assert.equal(await taken(limit.take('ada')), '429 too_many_requests true')
    assert.equal(await taken(other.take('ada')), '429 too_many_requests true')
    assert.equal(await taken(limit.take('grace')), 'taken')
    await other.reset('ada')
    assert.equal(await taken(limit.take('ada', 3)), 'taken')
    assert.equal(await taken(other.take('ada')), '429 too_many_requests true')
  })

  test(`${name}: the points come back when the time is over`, async t => {
    const limit = (await (await openEngine(t))()).limit('short', { points: 1, seconds: 1 })
    await limit.take('x')
    assert.equal(await taken(limit.take('x')), '429 too_many_requests true')
    const begun = Date.now()
    await until(async () => (await taken(limit.take('x'))) === 'taken')
    assert.ok(Date.now() - begun < 3_000)
  })

  test(`${name}: of many at once only as many as there are points get through, whatever the factor`, async t => {
    const open = await openEngine(t)
    for (const [factor, points] of [
      [1, 10],
      [0.01, 1],
      [5, 50],
    ] as const) {
      const limits = [await open(factor), await open(factor)].map(cache =>
        cache.limit('race', { points: 10, seconds: 60 }),
      )
      const results = await Promise.all(Array.from({ length: 200 }, (_, i) => taken(limits[i % 2]!.take('x'))))
      assert.equal(results.filter(result => result === 'taken').length, points)
    }
  })

  test(`${name}: limits of different names do not share points, nor do they with values and presence`, async t => {
    const cache = await (await openEngine(t))()
    await cache.set('x', 'value', 60_000)
    await cache.hold('x', 'holder', 60_000)
    await cache.limit('one', { points: 1, seconds: 60 }).take('x')
    assert.equal(await taken(cache.limit('two', { points: 1, seconds: 60 }).take('x')), 'taken')
    assert.deepEqual([await cache.get('x'), await cache.holder('x')], ['value', 'holder'])
  })

  test(`${name}: of many who want a key one has it, and keeps it while it wants, until it gives it back`, async t => {
    const open = await openEngine(t)
    const caches = [await open(), await open()]
    const key = newId()
    const names = Array.from({ length: 50 }, (_, i) => `gateway ${i}`)
    const won = await Promise.all(names.map((name, i) => caches[i % 2]!.hold(key, name, 60_000)))
    assert.equal(won.filter(Boolean).length, 1)
    const winner = names[won.indexOf(true)]!
    const loser = names[won.indexOf(false)]!
    const [cache, other] = caches as [Cache, Cache]
    assert.equal(await other.holder(key), winner)
    assert.equal(await cache.hold(key, winner, 60_000), true)
    await other.release(key, loser)
    assert.equal(await cache.holder(key), winner, 'nobody gives back what another has')
    await other.release(key, winner)
    assert.equal(await cache.holder(key), undefined)
    assert.equal(await other.hold(key, loser, 60_000), true)
  })

  test(`${name}: a key is free again when its holder does not renew it, and only then`, async t => {
    const open = await openEngine(t)
    const [cache, other] = [await open(), await open()]
    await cache.hold('station', 'one', 80)
    assert.equal(await cache.hold('station', 'one', 60_000), true)
    await cache.hold('charger', 'one', 80)
    assert.equal(await other.hold('charger', 'two', 60_000), false)
    await until(() => other.hold('charger', 'two', 60_000))
    assert.equal(await cache.hold('charger', 'one', 60_000), false)
    await cache.release('charger', 'one')
    assert.deepEqual([await cache.holder('charger'), await cache.holder('station')], ['two', 'one'])
  })
}

test('memory: the oldest value goes when there is no room, presence never', async () => {
  const cache = memoryCache({ factor: 1, maxEntries: 2 })
  for (let i = 0; i < 3_000; i++) await cache.hold(`short ${i}`, 'x', 500)
  await cache.hold('long', 'x', 5_000)
  await cache.set('a', 1, 1_000)
  await cache.set('b', 1, 5_000)
  await cache.set('a', 2, 1_000)
  await cache.set('c', 1, 5_000)
  assert.deepEqual([await cache.get('a'), await cache.get('b'), await cache.get('c')], [2, undefined, 1])
  await until(async () => (await cache.get('a')) === undefined)
  for (let i = 0; i < 3_000; i++) await cache.hold(`again ${i}`, 'x', 500)
  assert.equal(await cache.holder('long'), 'x')
  assert.equal(await cache.holder('short 1'), undefined)
})

/** A Redis of this test's own, and a client that logs into `lines`. */
async function ownRedis(t: TestContext) {
  await engine(t, 'redis') // skips where there is none
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-redis-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const server = await startEngine('redis', { folder })
  t.after(() => server.stop())
  const lines: { level: string; msg: string; cause?: string }[] = []
  const stream = new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) })
  const metrics = openMetrics()
  const url = server.settings.REDIS_URL!
  const opened = redisCache({ url, prefix: 'test:', factor: 1, log: openLog({ level: 'info', stream }), metrics })
  t.after(opened.close)
  const works = () =>
    opened.check().then(
      () => true,
      () => false,
    )
  await until(works)
  const failures = async () => {
    const { values } = await metrics.registry.getSingleMetric('ohmnibus_cache_failures_total')!.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }
  return { ...opened, server, lines, failures, works, url }
}

/** How long each of these took at most, in milliseconds. */
async function slowest(...work: (() => Promise<unknown>)[]): Promise<number> {
  const times = work.map(async run => {
    const begun = performance.now()
    await run().catch(() => {})
    return performance.now() - begun
  })
  return Math.max(...(await Promise.all(times)))
}

for (const [name, hurt] of Object.entries({
  'is killed': server => server.kill(),
  hangs: server => server.kill('SIGSTOP'),
} satisfies Record<string, (server: Awaited<ReturnType<typeof startEngine>>) => void>))
  test(`redis: when it ${name} limits let everybody through, nothing is cached, presence is refused, all quickly; then it all works again`, async t => {
    const { cache, check, server, lines, failures, works } = await ownRedis(t)
    const limit = cache.limit('sign in', { points: 1, seconds: 60 })
    await limit.take('ada')
    await cache.set('a', 1, 60_000)
    assert.equal(await failures(), 0)

    hurt(server)
    const everything = [
      () => limit.take('ada'),
      () => limit.reset('ada'),
      () => cache.get('a'),
      () => cache.set('a', 2, 60_000),
      () => cache.delete('a'),
      () => cache.hold('charger', 'one', 60_000),
    ]
    const first = await slowest(...everything, () => check())
    assert.ok(first < 600, `${first} ms`)
    assert.equal(await taken(limit.take('ada')), 'taken')
    assert.equal(await cache.get('a'), undefined)
    await cache.set('a', 2, 60_000)
    await cache.delete('a')
    await assert.rejects(cache.hold('charger', 'one', 60_000), { code: 'presence_unavailable', status: 503 })
    await assert.rejects(cache.holder('charger'), { code: 'presence_unavailable' })
    await assert.rejects(cache.release('charger', 'one'), { code: 'presence_unavailable' })
    await assert.rejects(check())
    const next = await slowest(...Array.from({ length: 1_000 }, () => everything).flat())
    assert.ok(next < 1_000, `${next} ms for six thousand`)
    assert.ok((await failures()) >= 6_000)
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['warn'],
      'one line, not thousands',
    )

    if (name === 'is killed') await server.restart()
    else server.kill('SIGCONT')
    await until(works)
    await until(
      async () =>
        (await cache.hold('another', 'two', 60_000).catch(() => false)) && (await cache.holder('another')) === 'two',
    )
    await until(
      async () => (await taken(limit.take('grace'))) === 'taken' && (await taken(limit.take('grace'))) !== 'taken',
    )
    await cache.set('a', 3, 60_000)
    assert.equal(await cache.get('a'), 3)
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['warn', 'info'],
    )
  })

test('redis: killed again and again it comes back each time, and one more kill during that changes nothing', async t => {
  const { cache, server, works } = await ownRedis(t)
  for (let round = 0; round < 3; round++) {
    server.kill()
    await cache.get('a')
    await server.restart()
    server.kill()
    await cache.get('a')
    await server.restart()
    await until(works)
    await until(async () => (await cache.set('a', round, 60_000), (await cache.get('a')) === round))
  }
})

test('redis: flushed in the middle, what was kept is gone and everything goes on', async t => {
  const { cache, failures, url } = await ownRedis(t)
  const limit = cache.limit('sign in', { points: 1, seconds: 60 })
  await limit.take('ada')
  await cache.set('a', 1, 60_000)
  await cache.hold('charger', 'one', 60_000)
  const operator = new Redis(url)
  t.after(() => operator.disconnect())
  await operator.flushall()
  await operator.script('FLUSH')
  assert.equal(await cache.get('a'), undefined)
  assert.equal(await cache.hold('charger', 'two', 60_000), true)
  assert.equal(await taken(limit.take('ada')), 'taken')
  assert.equal(await taken(limit.take('ada')), '429 too_many_requests true')
  assert.equal(await failures(), 0)
})

test('redis: one that is slow is waited for, one that is too slow is not', async t => {
  const { cache, failures, url } = await ownRedis(t)
  const operator = new Redis(url)
  t.after(() => operator.disconnect())
  await cache.set('a', 1, 60_000)
  await operator.client('PAUSE', 100, 'ALL')
  assert.equal(await cache.get('a'), 1)
  assert.equal(await failures(), 0)
  await operator.client('PAUSE', 3_000, 'ALL')
  const time = await slowest(
    () => cache.get('a'),
    () => cache.limit('x', { points: 1, seconds: 1 }).take('x'),
  )
  assert.ok(time < 600, `${time} ms`)
  assert.ok((await failures()) >= 2)
  await until(async () => (await cache.get('a')) === 1)
})

test('redis: answers that say no are counted and told, and hold up nothing else', async t => {
  const { cache, failures, lines, url } = await ownRedis(t)
  const operator = new Redis(url)
  t.after(() => operator.disconnect())
  await cache.set('a', 1, 60_000)
  await operator.config('SET', 'maxmemory', '1')
  await cache.set('b', 2, 60_000)
  assert.deepEqual([await failures(), await cache.get('a'), await cache.get('b')], [1, 1, undefined])
  assert.match(lines[0]!.cause!, /OOM/)
})

test('redis: a wrong password, and a server that was never there, are told by the check and in the log', async t => {
  const { server, url } = await ownRedis(t)
  const operator = new Redis(url)
  t.after(() => operator.disconnect())
  await operator.config('SET', 'requirepass', 'right')
  const lines: { cause?: string }[] = []
  const stream = new Writable({ write: (line, _, done) => done(void lines.push(JSON.parse(String(line)))) })
  const at = (address: string) => {
    const opened = redisCache({
      url: address,
      prefix: '',
      factor: 1,
      log: openLog({ level: 'info', stream }),
      metrics: openMetrics(),
    })
    t.after(opened.close)
    return opened
  }
  const wrong = at(url.replace('//', '//:wrong@'))
  await until(() =>
    wrong.check().then(
      () => false,
      error => /WRONGPASS/.test(error.message),
    ),
  )
  await wrong.cache.set('a', 1, 1_000)
  assert.match(lines.at(-1)!.cause!, /WRONGPASS/)
  const right = at(url.replace('//', '//:right@'))
  await until(() =>
    right.check().then(
      () => true,
      () => false,
    ),
  )
  await right.cache.set('a', 1, 60_000)
  assert.equal(await right.cache.get('a'), 1)

  await server.stop()
  const nobody = at(url)
  await until(() =>
    nobody.check().then(
      () => false,
      error => /ECONNREFUSED/.test(error.message),
    ),
  )
  await nobody.cache.limit('x', { points: 1, seconds: 1 }).take('x')
})
