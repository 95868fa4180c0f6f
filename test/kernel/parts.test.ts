import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { test, type TestContext } from 'node:test'
import { runMigrations } from 'graphile-worker'
import { readConfig } from '../../kernel/config/config.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { newId } from '../../kernel/index.ts'
import { openLog } from '../../kernel/telemetry/log.ts'
import { migrate, readMigrations } from '../../kernel/database/migrate.ts'
import { connectionString } from '../../kernel/database/pool.ts'
import { run } from '../../kernel/run/run.ts'
import { start, type TestCluster, type TestPlatform } from '../../kernel/testing.ts'
import { tend } from '../../kernel/events/retention.ts'
import { Noted, notes, readers, seen, until, write } from './toys.ts'

const positions = async (p: TestPlatform): Promise<number[]> =>
  (
    await p.db('kernel')<
      { position: number }[]
    >`select position::float8 as position from kernel.log e order by e.position`
  ).map(({ position }) => position)

const parts = async (p: TestPlatform): Promise<string[]> =>
  (
    await p.db('kernel')<{ name: string }[]>`select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'kernel.log'::regclass order by length(inhrelid::regclass::text), 1`
  ).map(({ name }) => name)

const day = 24 * 3_600_000

const soon = () => new Date(Date.now() + 60_000)

/** A database as the version before left it, with what it published. */
async function formerDatabase(t: TestContext, texts: string[]) {
  const cluster = JSON.parse(process.env.OHMNIBUS_TEST_CLUSTER!) as TestCluster
  const at = { host: cluster.host, port: cluster.port, database: `former_${randomUUID().replaceAll('-', '')}` }
  const root = openPool({ ...at, database: 'postgres' }, cluster.superuser, { max: 1, limits: false })
  await root.unsafe(`create database "${at.database}"`)
  const pool = openPool(at, cluster.superuser, { schema: 'kernel', max: 1 })
  /** Of what runs on it, so that it ends before the database is gone. */
  const closers: (() => Promise<unknown>)[] = []
  t.after(async () => {
    for (const close of closers) await close()
    await pool.end({ timeout: 1 })
    await root.unsafe(`drop database "${at.database}" with (force)`)
    await root.end({ timeout: 1 })
  })
  for (const role of ['ohmnibus_service nologin', 'kernel login'])
    await pool.unsafe(
      `do $$ begin create role ${role}; exception when duplicate_object or unique_violation then null; end $$`,
    )
  await pool.unsafe(`create schema kernel; grant usage on schema kernel to kernel, ohmnibus_service;
    create table kernel.migrations (service text, number integer, name text not null, checksum text not null, applied_at timestamptz not null default now(), primary key (service, number))`)
  await runMigrations({ connectionString: connectionString(at, cluster.superuser) })
  for (const { number, name, sql, checksum } of (
    await readMigrations(`${import.meta.dirname}/../../kernel/database`)
  ).slice(0, 2)) {
    await pool.unsafe(sql)
    await pool`insert into kernel.migrations (service, number, name, checksum) values ('kernel', ${number}, ${name}, ${checksum})`
  }
  for (const [number, text] of texts.entries())
    await pool`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data) values (${newId()}, ${Noted.topic}, 'notes', 'one',
      ${'0'.repeat(32)}, '{"userId":null,"role":"system"}', ${pool.json({ page: 'one', number, text })})`
  return { at, admin: cluster.superuser, pool, closers }
}

test('the log of the version before becomes the first part: its events stay, positions go on, readers go on', async t => {
  const { at, admin, pool, closers } = await formerDatabase(t, ['a', 'b'])
  const services = [await notes(t), await readers(t)]
  await migrate(at, admin, services)
  const config = readConfig({
    PORT: '0',
    OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
    OHMNIBUS_DATA: tmpdir(),
  })
  const platform = await run(services, config, {
    database: { at, admin },
    periodic: false,
    log: openLog({ level: 'silent' }),
  })
  closers.push(() => platform.close())
  await write(platform, 'one', ['c'])
  await platform.settle()
  assert.deepEqual(
    [
      ...(await pool`select tableoid::regclass::text as part, position::int as position, data->>'text' as text from kernel.log e order by e.position`),
    ],
    [
      { part: 'log_0', position: 1, text: 'a' },
      { part: 'log_0', position: 2, text: 'b' },
      { part: 'log_0', position: 3, text: 'c' },
    ],
  )
  assert.deepEqual(
    (await pool`select text from readers.seen order by position`).map(({ text }) => text),
    ['a', 'b', 'c'],
  )
})

test('a part begins when the present one is old enough, readers pass the jump, and one that is empty is not closed', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const [events] = p.platform.eventLogs
  await write(p.http, 'one', ['a'])
  await events!.tend(new Date(Date.now() - 60_000))
  await write(p.http, 'one', ['b'])
  assert.deepEqual(await positions(p), [1, 2], 'it is young')
  await events!.tend(soon())
  await events!.tend(soon())
  await write(p.http, 'one', ['c'])
  await p.settle()
  assert.deepEqual(await positions(p), [1, 2, 1e9])
  assert.deepEqual(await seen(p), ['one a', 'one b', 'one c'])
  assert.deepEqual(await parts(p), ['log_0', 'log_1', 'log_2', 'log_3', 'log_net'])
})

test('after a jump by hand events lie in the net, until they get a part of their own', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const [events] = p.platform.eventLogs
  await write(p.http, 'one', ['a'])
  await p.db('kernel')`alter sequence kernel.log_position_seq restart with 7000000000005`
  await write(p.http, 'one', ['b'])
  const where = async () =>
    (await p.db('kernel')`select tableoid::regclass::text as part from kernel.log e order by e.position`).map(
      ({ part }) => part,
    )
  assert.deepEqual(await where(), ['log_0', 'log_net'])
  await events!.tend(new Date(0))
  assert.deepEqual(await where(), ['log_0', 'log_7000'])
  await write(p.http, 'one', ['c'])
  await p.settle()
  assert.deepEqual(await seen(p), ['one a', 'one b', 'one c'])
})

test('a part with a transaction that is still open is not dropped, and publishing waits a second for that at most', async t => {
  const p = await start(t, [await notes(t)])
  const [events] = p.platform.eventLogs
  const open = openPool(p.platform.database.at, p.platform.database.admin, { max: 1 })
  t.after(() => open.end({ timeout: 1 }))
  await write(p.http, 'one', ['a'])
  await open`begin`
  await open`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
    values (${newId()}, ${Noted.topic}, 'notes', 'one', 'x', '{}', ${open.json({ page: 'one', number: 2, text: 'late' })})`
  await p.db('kernel')`select kernel.begin_log_part()`
  const dropping = events!.tend(new Date(0), soon()).catch(error => error.code)
  const waiting = () => p.db('kernel')`select from pg_locks where not granted and relation = 'kernel.log'::regclass
    and database = (select oid from pg_database where datname = current_database())`
  await until(async () => (await waiting()).length > 0)
  await write(p.http, 'two', ['b'])
  assert.equal(await dropping, '55P03')
  await open`commit`
  await p.settle()
  assert.equal(await events!.tend(new Date(0), soon()), true)
  assert.deepEqual(await positions(p), [1e9])
})

test('every hour answers of yesterday go, and events beyond their retention; the younger stay', async t => {
  const p = await start(t, [await notes(t), await readers(t)])
  const pool = openPool(p.platform.database.at, 'kernel', { max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  await p.db('kernel')`insert into kernel.answers (key, service, fingerprint, answer, answered_at)
    select sha256(i::text::bytea), 'notes', '', '{}', now() - i * interval '4 seconds' from generate_series(1, 30000) i`
  const hourly = (daysLater: number, retentionDays?: number) => {
    const now = new Date(Date.now() + daysLater * day)
    const retention = retentionDays && retentionDays * day
    return tend({ pool, events: p.platform.eventLogs[0]!, log: p.platform.log, now, retention })
  }
  const answers = async () => (await p.db('kernel')`select count(*)::int as left from kernel.answers`)[0]!.left
  await write(p.http, 'one', ['a'])
  await p.settle()
  await hourly(0, 90)
  assert.ok(Math.abs((await answers()) - (24 * 3600) / 4) < 20, 'those of a day')
  assert.deepEqual(await positions(p), [1])
  await hourly(60)
  await write(p.http, 'one', ['b'])
  await p.settle()
  assert.deepEqual(
    [await answers(), await positions(p)],
    [0, [1, 1e9]],
    'a part ends after a month, and is kept for ever',
  )
  await hourly(91, 90)
  assert.deepEqual(await positions(p), [])
})

test('services cannot touch parts, nor what makes and drops them', async t => {
  const p = await start(t, [await notes(t)])
  const pool = openPool(p.platform.database.at, 'notes', { max: 1 })
  t.after(() => pool.end({ timeout: 1 }))
  for (const statement of [
    'select * from kernel.log_0',
    `insert into kernel.log_0 (event_id, topic, owner, key, trace_id, actor, data) values (uuidv7(), 'note.taken', 'notes', 'x', 'x', '{}', '{}')`,
    'select * from kernel.log_net',
    'select kernel.begin_log_part(1000)',
    'select kernel.tend_log(now(), now(), 1)',
    `select kernel.add_part('kernel.log', 'log_77', 'position', '77000000000', '78000000000')`,
  ])
    await assert.rejects(pool.unsafe(statement), { code: '42501' }, statement)
})
