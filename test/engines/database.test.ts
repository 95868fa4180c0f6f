import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { readConfig } from '../../kernel/config/config.ts'
import type { Settings } from '../../kernel/config/settings.ts'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { deriveFrom } from '../../kernel/config/secrets.ts'
import { databaseAt, type DatabaseEngine } from '../../kernel/database/placement.ts'
import { defineService, StartError, type Db, type Service } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { run, type Platform } from '../../kernel/run/run.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { folderWith, notes, readers, until, write } from '../kernel/toys.ts'
import { engine } from './engine.ts'

const secret = 'a secret for tests: 0123456789abcdef'

const ends = new WeakMap<TestContext, AsyncDisposableStack>()

/** Like `t.after`, but what was made last ends first: platforms before their folders. */
function defer(t: TestContext, work: () => unknown): void {
  const stack = ends.get(t) ?? new AsyncDisposableStack()
  if (!ends.has(t)) t.after(() => stack.disposeAsync())
  ends.set(t, stack)
  stack.defer(async () => void (await work()))
}

/** Starts as an operator's settings say: the platform itself finds, prepares and enters its databases. */
async function open(t: TestContext, services: readonly Service[], environment: Settings): Promise<Platform> {
  const config = readConfig({
    PORT: '0',
    OHMNIBUS_DATA: await temporary(t),
    OHMNIBUS_SECRET: secret,
    PUBLIC_URL: 'https://ohmnibus.example.com',
    ...environment,
  })
  const platform = await run(services, config, {
    log: openLog({ level: process.env.OHMNIBUS_TEST_LOG ?? 'silent' }),
    periodic: false,
  })
  defer(t, platform.close)
  return platform
}

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-database-'))
  defer(t, () => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The database of a service as its admin sees it, or as `role` with the password that the platform gives it. */
function enter(t: TestContext, platform: Platform, service: string, role?: string): Pool {
  const url = platform.config.databases.get(service) ?? platform.config.DATABASE_URL
  const { at, admin }: DatabaseEngine = url ? databaseAt(url, deriveFrom(Buffer.from(secret))) : platform.database
  const pool = openPool(at, role ?? admin, { schema: service, max: 1 })
  defer(t, () => pool.end({ timeout: 1 }))
  return pool
}

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof StartError, String(error))
  assert.match(error.message, message)
  return true
}

/**
 * Settings of a platform whose services live here or there. `strange`: what PostgreSQL says to a select in the schema
 * of another.
 */
const places: Record<string, { strange: string; settings: (t: TestContext) => Promise<Settings> }> = {
  embedded: { strange: '42501', settings: async t => ({ OHMNIBUS_DATA: await temporary(t) }) },
  server: { strange: '42501', settings: t => engine(t, 'server') },
  'a database a service': {
    strange: '42P01',
    async settings(t) {
      const [all, own, kafka] = await Promise.all([engine(t, 'server'), engine(t, 'server'), engine(t, 'kafka')])
      return { ...all, READERS_DATABASE_URL: own.DATABASE_URL, ...kafka }
    },
  },
}

for (const [name, { strange, settings }] of Object.entries(places)) {
  test(`${name}: a service works as its own role on its own schema and sees that of no other`, async t => {
    let db: Db | undefined
    const curious = defineService({
      name: 'curious',
      folder: await folderWith(t, 'create table finds (id integer primary key)'),
      start: host => void (db = host.db),
    })
    await open(t, [await readers(t), curious], await settings(t))
    const [who] = await db!`select current_user::text as role, session_user::text as login, count(*) from finds`
    assert.deepEqual({ ...who }, { role: 'curious', login: 'curious', count: 0n })
    await assert.rejects(db!`select * from readers.seen`, { code: strange })
    await assert.rejects(db!`select * from kernel.log`, { code: '42501' })
    await assert.rejects(db!`create table curious.more (id integer)`, { code: /42501|25006/ })
  })

  test(`${name}: what was written is there after a start anew, and its events are not handled again`, async t => {
    const environment = await settings(t)
    const services = [await notes(t), await readers(t)]
    const before = await open(t, services, environment)
    await write(before, 'a', ['one', 'two'])
    await before.settle()
    await before.close()
    const after = await open(t, services, environment)
    await write(after, 'a', ['three'])
    await after.settle()
    const seen = await enter(t, after, 'readers')`select number, text from readers.seen order by number`
    assert.deepEqual(
      seen.map(row => ({ ...row })),
      [
        { number: 1, text: 'one' },
        { number: 2, text: 'two' },
        { number: 3, text: 'three' },
      ],
    )
    const runs = await enter(
      t,
      after,
      'notes',
    )`select service, count(*) from kernel.migrations where service = 'notes' group by service`
    assert.deepEqual({ ...runs[0] }, { service: 'notes', count: 1n })
  })
}

test('of many processes that start at once on empty databases each migration is run by one', async t => {
  const services = [await notes(t), await readers(t)]
  const environments = await Promise.all([engine(t, 'server'), engine(t, 'server')])
  // Two databases of one server: the roles are the same, the locks are not.
  const platforms = await Promise.all([0, 1, 0, 1, 0, 1].map(index => open(t, services, environments[index]!)))
  for (const platform of platforms.slice(0, 2)) {
    const rows = await enter(
      t,
      platform,
      'notes',
    )`select service, number from kernel.migrations where service <> 'kernel' order by 1`
    assert.deepEqual(
      rows.map(({ service, number }) => `${service} ${number}`),
      ['notes 1', 'readers 1'],
    )
  }
  await Promise.all(platforms.map((platform, index) => write(platform, `page ${index}`, ['x'])))
})

test('roles enter a server with passwords that come from the secret, and a platform with another secret is refused before it changes anything', async t => {
  const server = await startEngine('server', { folder: await temporary(t), durable: false })
  defer(t, () => server.stop())
  const services = [await notes(t)]
  const platform = await open(t, services, server.settings)
  const [who] = await enter(t, platform, 'notes', 'notes')`select current_user::text as role`
  assert.equal(who!.role, 'notes')
  const { at } = databaseAt(server.settings.DATABASE_URL!, deriveFrom(Buffer.from('another')))
  const stranger = openPool(at, 'notes', { max: 1 })
  await assert.rejects(stranger`select 1`, { code: '28P01' })
  await stranger.end()

  const other = { ...server.settings, OHMNIBUS_SECRET: 'another secret than before: 98765' }
  await assert.rejects(open(t, services, other), refused(/OHMNIBUS_SECRET is not the one it was prepared with/))
  await assert.rejects(open(t, [...services, await readers(t)], other), refused(/OHMNIBUS_SECRET is not the one/))
  await write(await open(t, services, server.settings), 'a', ['still here'])
})

test('two addresses of one database are one database: one event log, and no Kafka is asked for', async t => {
  const { DATABASE_URL } = (await engine(t, 'server')) as { DATABASE_URL: string }
  const other = new URL(DATABASE_URL)
  other.hostname = other.hostname === 'localhost' ? '127.0.0.1' : 'localhost'
  const services = [await notes(t), await readers(t)]
  const platform = await open(t, services, { DATABASE_URL, NOTES_DATABASE_URL: other.href })
  assert.equal(platform.eventLogs.length, 1)
  await write(platform, 'a', ['heard over two addresses'])
  await platform.settle()
})

test('a server that cannot be entered stops the start with a sentence that tells why', async t => {
  const { DATABASE_URL } = (await engine(t, 'server')) as { DATABASE_URL: string }
  const services = [await notes(t)]
  const at = (change: (url: URL) => void): Settings => {
    const url = new URL(DATABASE_URL)
    change(url)
    return { DATABASE_URL: url.href }
  }
  const silent = createServer(socket => socket.unref())
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  defer(t, () => silent.close())

  const faults: [RegExp, Settings][] = [
    [/refuses the password of postgres/, at(url => (url.password = 'wrong'))],
    [/refuses the password of nobody_known/, at(url => (url.username = 'nobody_known'))],
    [/has no database nowhere\. Make it/, at(url => (url.pathname = '/nowhere'))],
    [/Nobody answers for PostgreSQL at 127\.0\.0\.1:1\./, at(url => (url.port = '1'))],
    [/The name of PostgreSQL at db\.invalid:\d+ is not known/, at(url => (url.hostname = 'db.invalid'))],
    [/cannot be reached/, at(url => ((url.port = `${port}`), url.searchParams.set('connect_timeout', '1')))],
    [/does not speak TLS, which sslmode=require asks for/, at(url => url.searchParams.set('sslmode', 'require'))],
  ]
  for (const [message, settings] of faults) await assert.rejects(open(t, services, settings), refused(message))
})

test('a server that is too old is refused before anything is made there', async t => {
  const settings = await engine(t, 'server')
  const url = new URL(settings.DATABASE_URL!)
  // The real server, but for its number.
  const ageing = () =>
    new Transform({
      transform: (data, _, done) =>
        done(null, Buffer.from(data.toString('latin1').replace(/(?<!\d)18\d{4}(?!\d)/, '160004'), 'latin1')),
    })
  const proxy = createServer(near => {
    const far = connect(Number(url.port), url.hostname)
    near.pipe(far).pipe(ageing()).pipe(near)
    for (const socket of [near, far]) socket.on('error', () => {})
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  defer(t, () => proxy.close())
  const old = new URL(url)
  old.port = `${(proxy.address() as AddressInfo).port}`
  await assert.rejects(
    open(t, [await notes(t)], { DATABASE_URL: old.href }),
    refused(/PostgreSQL 16 is too old: Ohmnibus needs 17 or newer/),
  )
  const { at, admin } = databaseAt(url.href, () => Buffer.alloc(0))
  const pool = openPool(at, admin, { max: 1 })
  defer(t, () => pool.end({ timeout: 1 }))
  assert.deepEqual(
    [...(await pool`select nspname from pg_namespace where nspname in ('kernel', 'notes', 'extensions')`)],
    [],
  )
})

test('with sslmode=require everything said to the server is encrypted, with verify-full only to one that proves who it is', async t => {
  const folder = await temporary(t)
  const server = await startEngine('server', { folder, durable: false })
  defer(t, () => server.stop())
  const { at, admin } = databaseAt(server.settings.DATABASE_URL!, () => Buffer.alloc(0))
  const root = openPool(at, admin, { max: 1 })
  defer(t, () => root.end({ timeout: 1 }))
  const data = join(folder, 'server', 'data')
  const certificate =
    '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout server.key -out server.crt'
  const { status, stderr } = spawnSync('openssl', ['req', ...certificate.split(' ')], { cwd: data, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  const { uid, gid } = statSync(data)
  for (const name of readdirSync(data).filter(name => name.startsWith('server.'))) {
    chownSync(join(data, name), uid, gid)
    chmodSync(join(data, name), 0o600)
  }
  await root`alter system set ssl = on`.simple()
  await root`select pg_reload_conf()`
  await until(async () => (await root`show ssl`)[0]!.ssl === 'on')

  const over = (sslmode: string) => ({ DATABASE_URL: `${server.settings.DATABASE_URL}?sslmode=${sslmode}` })
  const platform = await open(t, [await notes(t)], over('require'))
  await write(platform, 'a', ['a secret'])
  const plain = await root`
    select application_name from pg_stat_ssl join pg_stat_activity using (pid) where not ssl and backend_type = 'client backend' and pid <> pg_backend_pid()`
  assert.deepEqual([...plain], [])
  const [encrypted] = await root`select count(*)::int as connections from pg_stat_ssl where ssl`
  assert.ok(encrypted!.connections >= 2)
  await assert.rejects(
    open(t, [await notes(t)], over('verify-full')),
    refused(/does not prove who it is .*NODE_EXTRA_CA_CERTS/),
  )
})
