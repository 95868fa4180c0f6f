import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { DatabaseAddress } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { StartError } from '../../kernel/index.ts'
import { migrate, readMigrations, type Migratable } from '../../kernel/database/migrate.ts'
import { start, type TestCluster } from '../../kernel/testing.ts'
import { notes, readers } from './toys.ts'

/** An empty database, and services whose migrations are files that can be changed. */
async function setUp(t: TestContext) {
  const cluster = JSON.parse(process.env.OHMNIBUS_TEST_CLUSTER!) as TestCluster
  const at: DatabaseAddress = {
    host: cluster.host,
    port: cluster.port,
    database: `migrate_${randomUUID().replaceAll('-', '')}`,
  }
  const root = openPool({ ...at, database: 'postgres' }, cluster.superuser, { max: 1, limits: false })
  await root.unsafe(`create database "${at.database}"`)
  const pool = openPool(at, cluster.superuser, { schema: 'public', max: 2 })
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-migrate-'))
  t.after(async () => {
    await pool.end({ timeout: 1 })
    await root.unsafe(`drop database "${at.database}" with (force)`)
    await root.end({ timeout: 1 })
    await rm(folder, { recursive: true, force: true })
  })
  const service = (
    name: string,
  ): Migratable & { file(name: string, sql: string): Promise<void>; remove(name: string): Promise<void> } => {
    const own = join(folder, name)
    return {
      name,
      folder: own,
      async file(file, sql) {
        await mkdir(join(own, 'migrations'), { recursive: true })
        await writeFile(join(own, 'migrations', file), sql)
      },
      remove: file => rm(join(own, 'migrations', file)),
    }
  }
  const run = async (...services: Migratable[]) => {
    const said: string[] = []
    await migrate(at, cluster.superuser, services, message => said.push(message))
    return said
  }
  const tables = async (schema: string) =>
    (await pool`select tablename from pg_tables where schemaname = ${schema} order by 1`).map(
      ({ tablename }) => tablename,
    )
  return { at, cluster, pool, service, run, tables }
}

const refused = (message: RegExp) => (error: Error) => {
  assert.ok(error instanceof StartError)
  assert.match(error.message, message)
  return true
}

test('migrations run once, in order, and a database that is up to date is left alone', async t => {
  const { service, run, tables } = await setUp(t)
  const shop = service('mig_shop')
  await shop.file('0001_goods.sql', 'create table goods (id integer)')
  await shop.file('0002_prices.sql', 'alter table goods add column price integer; create table offers (id integer)')
  const first = await run(shop)
  assert.deepEqual(
    first.filter(line => line.includes('mig_shop')),
    ['Migrating mig_shop to 0001_goods.sql', 'Migrating mig_shop to 0002_prices.sql'],
  )
  assert.deepEqual(await tables('mig_shop'), ['goods', 'offers'])
  assert.deepEqual(await run(shop), [])
  await shop.file('0003_more.sql', 'create table more (id integer)')
  const yard = service('mig_yard')
  await yard.file('0001_yard.sql', 'create table yard (id integer)')
  assert.deepEqual(
    (await run(shop, yard)).filter(line => line.includes('Migrating')),
    ['Migrating mig_shop to 0003_more.sql', 'Migrating mig_yard to 0001_yard.sql'],
  )
  assert.deepEqual(await run(yard), [], 'a process may run only some of the services')
})

test('a migration that was changed after it ran stops the start and is named; other line ends are no change', async t => {
  const { service, run } = await setUp(t)
  const shop = service('mig_shop')
  await shop.file('0001_goods.sql', 'create table goods (\n  id integer\n)')
  await run(shop)
  await shop.file('0001_goods.sql', 'create table goods (\r\n  id integer\r\n)')
  assert.deepEqual(await run(shop), [])
  await shop.file('0001_goods.sql', 'create table goods (\n  id bigint\n)')
  await assert.rejects(run(shop), refused(/mig_shop\/0001_goods\.sql was changed/))
  await shop.file('0002_more.sql', 'create table more (id integer)')
  await assert.rejects(run(shop), refused(/mig_shop\/0001_goods\.sql was changed/))
})

test('a database of newer code stops the start', async t => {
  const { service, run } = await setUp(t)
  const shop = service('mig_shop')
  await shop.file('0001_goods.sql', 'create table goods (id integer)')
  await shop.file('0002_more.sql', 'create table more (id integer)')
  await run(shop)
  await shop.remove('0002_more.sql')
  await assert.rejects(
    run(shop),
    refused(/holds mig_shop\/0002_more\.sql, which this version of Ohmnibus does not know/),
  )
})

test('a gap in the numbers, a number twice or none at all stops the start before anything is done', async t => {
  const { pool, service, run } = await setUp(t)
  for (const [name, files] of Object.entries({
    mig_gap: ['0001_a.sql', '0003_c.sql'],
    mig_twice: ['0001_a.sql', '0001_b.sql'],
    mig_none: ['first.sql'],
    mig_zero: ['0000_a.sql'],
  })) {
    const shop = service(name)
    for (const file of files) await shop.file(file, 'select 1')
    await assert.rejects(run(shop), refused(new RegExp(`numbered without gaps: ${files.at(-1)} stands where`)))
  }
  assert.equal((await pool`select from pg_namespace where nspname like 'mig_%' or nspname = 'kernel'`).length, 0)
  assert.deepEqual(await readMigrations('/nowhere'), [])
})

test('a migration that fails leaves nothing of itself, is named with the place, and runs again once it is mended', async t => {
  const { pool, service, run, tables } = await setUp(t)
  const shop = service('mig_shop')
  await shop.file('0001_goods.sql', 'create table goods (id integer)')
  await shop.file(
    '0002_bad.sql',
    'create table half (id integer); insert into half values (1);\nalter table nowhere add column x integer',
  )
  await shop.file('0003_after.sql', 'create table after (id integer)')
  await assert.rejects(
    run(shop),
    refused(/mig_shop\/0002_bad\.sql failed and nothing of it was kept: relation "nowhere" does not exist/),
  )
  assert.deepEqual(await tables('mig_shop'), ['goods'])
  await shop.file('0002_bad.sql', 'selec 1')
  await assert.rejects(run(shop), refused(/syntax error .*\(at character 1\)/))
  await shop.file('0002_bad.sql', 'create table whole (id integer)')
  await run(shop)
  assert.deepEqual(await tables('mig_shop'), ['after', 'goods', 'whole'])
  assert.deepEqual(
    (await pool`select name from kernel.migrations where service = 'mig_shop' order by number`).map(({ name }) => name),
    ['0001_goods.sql', '0002_bad.sql', '0003_after.sql'],
  )
})

test('of many processes that start at once on an empty database one migrates and the others wait for it', async t => {
  const { service, run, tables } = await setUp(t)
  const shop = service('mig_shop')
  await shop.file('0001_slow.sql', 'create table goods (id integer); select pg_sleep(0.3)')
  const said = await Promise.all(Array.from({ length: 5 }, () => run(shop)))
  assert.equal(said.flat().filter(line => line.includes('mig_shop')).length, 1)
  assert.deepEqual(await tables('mig_shop'), ['goods'])
  assert.deepEqual(await run(shop), [])
})

test('a service that comes later is migrated beside those that run, whatever tables they hold', async t => {
  const { pool, service, run } = await setUp(t)
  await run(service('mig_shop'))
  const late = service('mig_late')
  await late.file('0001_late.sql', 'create table late (id integer)')
  await pool.begin(async running => {
    const tables =
      await running`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('kernel', 'graphile_worker')`
    for (const { name } of tables)
      if (name !== 'kernel.migrations') await running.unsafe(`lock table ${name} in row exclusive mode`)
    // A lock that it waited for would keep it here for ever.
    assert.ok((await run(late)).includes('Migrating mig_late to 0001_late.sql'))
  })
})

test('a server that is still recovering is waited for', async t => {
  const { at, cluster, service } = await setUp(t)
  let refused = 0
  // PostgreSQL's own words while it starts, three times; then the server itself. To the wish for TLS it says no.
  const fields = 'SFATAL\0C57P03\0Mthe database system is starting up\0\0'
  const refusal = Buffer.concat([Buffer.from('E'), Buffer.from([0, 0, 0, fields.length + 4]), Buffer.from(fields)])
  const door = createServer(client => {
    client.on('error', () => {})
    if (refused < 3) return void client.once('data', () => client.end(refusal, () => refused++))
    const server = connect(`${cluster.host}/.s.PGSQL.${cluster.port}`).on('error', () => {})
    client.pipe(server).pipe(client)
  }).listen(0, '127.0.0.1')
  t.after(() => door.close())
  await once(door, 'listening')
  const { port } = door.address() as AddressInfo
  await migrate({ ...at, host: '127.0.0.1', port }, cluster.superuser, [service('mig_shop')])
  assert.equal(refused, 3)
})

test('a service works with the rows of its own schema and can do nothing else', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      error => error.code,
    )
  const pool = openPool(p.platform.database.at, 'notes', { max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  assert.equal(await codeOf(pool`insert into pages values ('x', 1)`), 'done')
  const forbidden = [
    'select * from readers.seen',
    'insert into readers.seen (page) values (1)',
    'drop table readers.seen',
    'create table readers.mine (id integer)',
    'create table notes.mine (id integer)',
    'create table public.mine (id integer)',
    'drop table notes.pages',
    'truncate notes.pages',
    'alter table notes.pages add column x integer',
    'select * from kernel.log',
    'select * from kernel.schedules',
    'select * from kernel.migrations',
    'delete from kernel.log',
    'select * from graphile_worker._private_jobs',
    'create role mine',
    'create database mine',
    'set role readers',
    'set role kernel',
    'set session authorization readers',
    "copy pages to '/tmp/x'",
    "select pg_read_file('/etc/passwd')",
    'create extension hstore',
    'create schema mine',
    'select * from pg_authid',
  ]
  for (const sql of forbidden) assert.equal(await codeOf(pool.unsafe(sql)), '42501', sql)
  const rows = await p.db('kernel')<{ role: string; schema: string }[]>`
    select r.rolname as role, n.nspname as schema from pg_roles r, pg_namespace n
    where r.rolname in ('notes', 'readers') and n.nspname in ('notes', 'readers', 'graphile_worker') and r.rolname <> n.nspname and has_schema_privilege(r.rolname, n.nspname, 'usage')`
  assert.deepEqual([...rows], [])
  const [powers] = await p.db(
    'kernel',
  )`select bool_or(rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication) as any from pg_roles where rolname in ('notes', 'readers', 'kernel', 'ohmnibus_service')`
  assert.equal(powers!.any, false)
})
