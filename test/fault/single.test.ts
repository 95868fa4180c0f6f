import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import { openPool, type Pool } from '../../kernel/database.ts'
import { databaseAt } from '../../kernel/engines.ts'
import { freePort, startEngine } from '../../tools/engines/engine.ts'
import { baseline, client } from '../journeys/client.ts'
import { admin, underFireSettings } from './harness.ts'
import { launch, until } from './product.ts'

const onLinux = { timeout: 120_000, skip: process.platform !== 'linux' && 'it needs /proc and signals' }

/** The platform as one process on a PostgreSQL of its own, and its admin. */
async function setUp(t: TestContext, environment: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-single-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const server = await startEngine('server', { folder })
  t.after(() => server.stop())
  const { DATABASE_URL } = server.settings as { DATABASE_URL: string }
  const product = launch({
    folder,
    port: await freePort(),
    environment: {
      ...underFireSettings,
      DATABASE_URL,
      OHMNIBUS_SECRET: 'a bad day: 0123456789abcdef 0123456789abcdef',
      PUBLIC_URL: 'https://localhost',
      HOST: '127.0.0.1',
      ...environment,
    },
  })
  t.after(async () => {
    product.signal('SIGCONT')
    product.signal('SIGTERM')
    await product.ends(10_000)
  })
  await product.ready()
  const who = client(product.address)
  who.use(await who.get(200, 'POST /api/auth/login', admin))

  /** As a superuser. */
  const { at, admin: superuser } = databaseAt(DATABASE_URL, () => Buffer.alloc(32))
  const peek = async <T>(look: (db: Pool) => Promise<T>): Promise<T> => {
    const pool = openPool(at, superuser, { schema: 'public', max: 1 })
    return await look(pool).finally(() => pool.end({ timeout: 1 }))
  }
  /** Status and code; `lost` where the connection was. */
  const create = async (key = randomUUID()): Promise<string> =>
    await who.ask('POST /api/passports', { data: baseline(key) }, { 'idempotency-key': key }).then(
      ({ status, body }) => `${status} ${body.code ?? ''}`.trim(),
      () => 'lost',
    )
  /** Clients that create passports until `stop`, which tells what they were answered, by key. */
  function load(clients = 4) {
    let going = true
    const answers = new Map<string, string>()
    const all = Array.from({ length: clients }, async () => {
      while (going) {
        const key = randomUUID()
        answers.set(key, await create(key))
        await sleep(10)
      }
    })
    return {
      answers,
      async stop() {
        going = false
        await Promise.all(all)
        return answers
      },
    }
  }
  /** What was promised is there once, and nothing that was refused. */
  async function holds(answers: ReadonlyMap<string, string>): Promise<void> {
    const rows = await peek(db => db<{ id: string }[]>`select identifier as id from passports.passports where version > 0`)
    const there = rows.map(({ id }) => id)
    assert.equal(new Set(there).size, there.length)
    for (const [key, answer] of answers)
      if (answer !== 'lost' && !answer.startsWith('503')) assert.equal(there.includes(key), answer === '201', `${key}: ${answer}`)
    for (const answer of new Set(answers.values())) assert.match(answer, /^(201|503 database_\w+|lost)$/)
  }
  const works = () => until('work again', async () => (await create()) === '201', 20_000)
  return { folder, server, at, superuser, product, who, peek, create, load, holds, works }
}

const cutAll = (db: Pool) =>
  db`select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'ohmnibus%' and pid <> pg_backend_pid()`

test('PostgreSQL restarted under load: refused as unavailable meanwhile, then all is well', onLinux, async t => {
  const { server, load, holds, works, create, product } = await setUp(t)
  const clients = load()
  await until('some passports', () => clients.answers.size > 20, 20_000)
  await server.restart()
  await works()
  await holds(await clients.stop())
  await server.kill()
  assert.match(await create(), /^503 database_unavailable$/)
  await server.restart()
  await works()
  assert.doesNotMatch(product.output(), /a bug answered 500/)
})

test('no connection left in PostgreSQL: those who need a new one are told so, and served when there is one', onLinux, async t => {
  const { at, superuser, peek, create, works, product } = await setUp(t)
  await works()
  const [{ most }] = (await peek(db => db`select current_setting('max_connections')::int as most`)) as unknown as [{ most: number }]
  const pools = Array.from({ length: most }, () => openPool(at, superuser, { schema: 'public', max: 1 }))
  await Promise.allSettled(pools.map(pool => pool`select 1`))
  await pools[0]!`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'passports'`
  await Promise.allSettled(pools.map(pool => pool`select 1`))
  await until('a refusal', async () => (await create()) === '503 database_unavailable', 10_000)
  await Promise.all(pools.map(pool => pool.end({ timeout: 1 })))
  await works()
  assert.doesNotMatch(product.output(), /a bug answered 500/)
})

test('a standby in the place of the server: what is there is read, changes are refused as unavailable', onLinux, async t => {
  const { folder, server, who, create, works, product } = await setUp(t)
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
})

test(
  'a process that was frozen, and whose transactions PostgreSQL has ended meanwhile, writes nothing of what it believed before',
  onLinux,
  async t => {
    const { product, peek, load, holds, works } = await setUp(t)
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

test('no file descriptor left: whoever comes is kept waiting or turned away, and served when there is one', onLinux, async t => {
  const { product, create, works } = await setUp(t)
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
})

test('with 256 MB of heap it stands a storm of requests', onLinux, async t => {
  const { product, who, works } = await setUp(t, { NODE_OPTIONS: '--max-old-space-size=256' })
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
