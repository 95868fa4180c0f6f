import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { baseline, client } from '../journeys/client.ts'
import { admin } from './harness.ts'
import { onLinux, setUp } from './alone.ts'
import { until } from './product.ts'

const cutAll = (db: Pool) =>
  db`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ohmnibus%' and pid <> pg_backend_pid()`

/** One platform for all of them, with 256 MB of heap: what one leaves behind, the next one has to do with. */
test('one process on a PostgreSQL that has a bad day', { ...onLinux, timeout: 280_000 }, async t => {
  const site = await setUp(t, { NODE_OPTIONS: '--max-old-space-size=256' })

  await t.test('PostgreSQL restarted under load: refused as unavailable meanwhile, then all is well', async () => {
    const { server, load, holds, works, create, product } = site
    const clients = load()
    await until('some passports', () => clients.answers.size > 20, 20_000)
    await server.restart()
    await works()
    await holds(await clients.stop())
    const others = load()
    server.kill()
    for (let tries = 0; tries < 5; tries++) {
      const asked = performance.now()
      assert.match(await create(), /^503 database_unavailable$/)
      assert.ok(performance.now() - asked < 5_000, 'who is refused is told so at once, however long it lasts')
    }
    await server.restart()
    await works()
    await holds(await others.stop())
    assert.doesNotMatch(product.output(), /a bug answered 500/)
  })

  await t.test(
    'no connection left in PostgreSQL: those who need a new one are told so, and served when there is one',
    async () => {
      const { at, superuser, peek, create, works, product } = site
      await works()
      const [{ most }] = await peek(
        async db => await db<[{ most: number }]>`select current_setting('max_connections')::int as most`,
      )
      const pools = Array.from({ length: most }, () => openPool(at, superuser, { schema: 'public', max: 1 }))
      await Promise.allSettled(pools.map(pool => pool`select 1`))
      await pools[0]!`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'passports'`
      await Promise.allSettled(pools.map(pool => pool`select 1`))
      await until('a refusal', async () => (await create()) === '503 database_unavailable', 10_000)
      await Promise.all(pools.map(pool => pool.end({ timeout: 1 })))
      await works()
      assert.doesNotMatch(product.output(), /a bug answered 500/)
    },
  )

  await t.test(
    'a standby in the place of the server: what is there is read, changes are refused as unavailable',
    async () => {
      const { folder, server, who, create, works, product } = site
      await works()
      const data = readdirSync(folder, { recursive: true, encoding: 'utf8' }).find(
        name => /(^|\/)PG_VERSION$/.test(name) && !/base\//.test(name),
      )!
      const signal = join(folder, data, '..', 'standby.signal')
      writeFileSync(signal, '', { mode: 0o644 })
      await server.restart()
      await until('a refusal', async () => (await create()) === '503 database_read_only', 10_000)
      assert.equal((await who.ask('GET /api/passports')).status, 200)
      rmSync(signal)
      await server.restart()
      await works()
      assert.doesNotMatch(product.output(), /a bug answered 500/)
    },
  )

  await t.test(
    'a process that was frozen, and whose transactions PostgreSQL has ended meanwhile, writes nothing of what it believed before',
    async () => {
      const { product, peek, load, holds, works } = site
      const clients = load(8)
      await until('some passports', () => clients.answers.size > 20, 20_000)
      for (let times = 0; times < 3; times++) {
        await sleep(200)
        product.signal('SIGSTOP')
        await peek(cutAll)
        const before = await peek(db => db`select count(*)::int as count from passports.passports`)
        await sleep(1_000)
        assert.deepEqual(await peek(db => db`select count(*)::int as count from passports.passports`), before)
        product.signal('SIGCONT')
        await works()
      }
      await holds(await clients.stop())
      assert.doesNotMatch(product.output(), /a bug answered 500/)
    },
  )

  await t.test(
    'a clock that jumps by a minute, forth and back, loses and doubles nothing, and people stay signed in or out',
    async () => {
      const { product, peek, load, holds, works } = site
      const clients = load()
      await until('some passports', () => clients.answers.size > 20, 20_000)
      /**
       * When the platform says that the passport was made which the database got last, and what of them has not been told
       * exactly once.
       */
      const latest = () =>
        peek(async db => {
          const [last] = await db<{ at: Date }[]>`
        select created_at as at from kernel.log join passports.passports p on p.id::text = key where topic = 'passport.created' order by position desc limit 1`
          return last!.at
        })
      const untold = () =>
        peek(
          db => db`
        select from kernel.log e left join notifications.notifications n using (event_id)
        where e.topic = 'passport.created' group by e.event_id having count(n) <> 1`,
        )
      for (const error of [60_000, 0, -60_000, 0]) {
        const other = client(product.address)
        const session = await other.get(200, 'POST /api/auth/login', admin)
        other.use(session)
        product.setClock(error)
        await until(
          'a passport by the new clock',
          async () => Math.abs((await latest()).getTime() - Date.now() - error) < 20_000,
          10_000,
        )
        await works()

        await other.get(200, 'GET /api/auth/profile')
        other.use(await other.get(200, 'POST /api/auth/refresh', { refreshToken: session.refreshToken }))
        await other.get(200, 'GET /api/auth/profile')
        await other.get(204, 'POST /api/auth/logout', {})
        assert.equal((await other.ask('GET /api/auth/profile')).status, 401)
      }
      await holds(await clients.stop())
      // What was put off by the clock that went before comes a minute later.
      await until('everybody told of everything, once', async () => (await untold()).length === 0, 90_000)
      assert.doesNotMatch(product.output(), /a bug answered 500/)
    },
  )

  await t.test('with its little heap it stands a storm of requests', async t => {
    const { product, who, works } = site
    const storm = (request: Partial<autocannon.Options>) =>
      autocannon({
        url: product.address,
        connections: 50,
        duration: 5,
        headers: { ...who.headers, 'content-type': 'application/json' },
        ...request,
      })
    const [reads, writes] = await Promise.all([
      storm({ url: `${product.address}/api/passports?limit=100` }),
      storm({
        url: `${product.address}/api/passports`,
        method: 'POST',
        setupClient: each => each.setBody(JSON.stringify({ data: { ...baseline(''), notes: 'x'.repeat(100_000) } })),
      }),
    ])
    t.diagnostic(`${reads.requests.average} reads and ${writes.requests.average} writes of 100 KB a second`)
    assert.equal(reads['5xx'], 0)
    await works()
  })

  await t.test(
    'no file descriptor left: whoever comes is kept waiting or turned away, and served when there is one',
    async t => {
      const { product, create, works } = site
      await works()
      const open = () => readdirSync(`/proc/${product.pid}/fd`).map(Number)
      const most = Math.max(...open())
      execFileSync('prlimit', [`--pid=${product.pid}`, `--nofile=${most + 10}:`])
      const port = Number(new URL(product.address).port)
      let turnedAway = 0
      const sockets = Array.from({ length: 500 }, () =>
        connect(port, '127.0.0.1')
          .resume()
          .on('error', () => {})
          .once('close', () => turnedAway++),
      )
      t.after(() => sockets.forEach(socket => socket.destroy()))
      await until('no descriptor left', () => turnedAway > 0 || open().length >= most, 10_000)
      await Promise.race([create(), sleep(2_000)])
      sockets.forEach(socket => socket.destroy())
      await works()
    },
  )
})
