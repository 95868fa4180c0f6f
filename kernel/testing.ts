import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { TestContext } from 'node:test'
import type { CallContract, EventContract, EventData } from '../contracts/define.ts'
import type { EventActor } from '../contracts/shared.ts'
import { accessAudience, type Actor, type Visitor } from './access/access.ts'
import { readConfig } from './config/config.ts'
import type { Settings } from './config/settings.ts'
import type { Pool } from './database/database.ts'
import { openPool } from './database/pool.ts'
import { newId } from './ids.ts'
import { openLog, type Log } from './telemetry/log.ts'
import { migrate, readMigrations, unitsOf } from './database/migrate.ts'
import { run as runPlatform, type Platform, type RunOptions } from './run/run.ts'
import type { Door } from './pages/pages.ts'
import type { Answer, Delivered, Service } from './service.ts'

/** A PostgreSQL for tests, as `test/setup.ts` starts one for the whole run. */
export interface TestCluster {
  readonly host: string
  readonly port: number
  readonly superuser: string
}

export interface TestOptions {
  /** Stand-ins for services that are not started; see `answering`. */
  // Of different calls: `answering` ties each to its own.
  answers?: { call: CallContract; handler: Answer<any> }[]
  environment?: Settings
  now?: () => Date
  log?: Log | undefined
  /** What the first page leads to. */
  doors?: readonly Door[]
  cluster?: TestCluster
}

/** A fake answer of another service. */
export const answering = <C extends CallContract>(call: C, handler: Answer<C>): { call: C; handler: Answer<C> } => ({
  call,
  handler,
})

/** A platform of its own for one test: fresh database, fresh folder, real HTTP. */
export type TestPlatform = Awaited<ReturnType<typeof open>>

/** Starts services for one test and ends them with it. */
export async function start(
  t: TestContext,
  services: readonly Service[],
  options: TestOptions = {},
): Promise<TestPlatform> {
  const errors: string[] = []
  const stream = new Writable({ write: (line, _, done) => (errors.push(String(line)), done()) })
  const log = options.log ?? (process.env.OHMNIBUS_TEST_LOG ? undefined : openLog({ level: 'error', stream }))
  const platform = await open(services, { ...options, log })
  t.after(() => tellErrors(t, errors))
  t.after(platform.close)
  return platform
}

/** Under what a test failed with, what the log was told: an answer of 500 alone says nothing to who wrote the test. */
function tellErrors({ error }: TestContext, lines: readonly string[]): void {
  const failure = (error?.cause ?? error) as Error | undefined
  for (const { msg, method, route, err } of failure ? lines.slice(0, 5).map(line => JSON.parse(line)) : [])
    for (let { cause, stack } = err ?? {}, told = ''; stack; { cause, stack } = cause ?? {}, told = 'caused by')
      failure!.stack += `\n\n${told || [msg, method, route].filter(Boolean).join(' ')}: ${stack}`
}

/** The same outside of a test, for tools; `close` it. */
export async function open(services: readonly Service[], options: TestOptions = {}) {
  const cluster = options.cluster ?? clusterOfRun()
  const all = [...services, ...fakes(options.answers ?? [])]
  const database = await cloneTemplate(cluster, all)
  const dataFolder = await mkdtemp(join(tmpdir(), 'ohmnibus-test-'))
  const at = { host: cluster.host, port: cluster.port, database }
  const peeking = new Map<string, Pool>()
  const config = readConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    OHMNIBUS_DATA: dataFolder,
    OHMNIBUS_SECRET: 'a secret for tests: 0123456789abcdef',
    RATE_LIMIT_FACTOR: '1000',
    ...options.environment,
  })

  const run = (services: readonly Service[], more: Partial<RunOptions> = {}): Promise<Platform> =>
    runPlatform(services, config, {
      database: { at, admin: cluster.superuser },
      keys: [testKey],
      now: options.now,
      periodic: false,
      open: true,
      ...(options.doors && { doors: options.doors }),
      undeclared: answer => undeclared.add(answer),
      log: options.log ?? openLog({ level: process.env.OHMNIBUS_TEST_LOG ?? 'silent' }),
      ...more,
    })
  const undeclared = new Set<string>()
  let platform: Platform | undefined
  const others: Platform[] = []
  const close = async (): Promise<void> => {
    await Promise.all(others.map(other => other.close()))
    await platform?.close()
    await Promise.all([...peeking.values()].map(pool => pool.end({ timeout: 1 })))
    await withPostgres(cluster, pool => pool.unsafe(`drop database if exists "${database}" with (force)`))
    await rm(dataFolder, { recursive: true, force: true })
    if (undeclared.size > 0)
      throw new Error(`Routes do not answer as they declare (refuses, honours, gives): ${[...undeclared].join('; ')}`)
  }
  try {
    platform = await run(all)
  } catch (error) {
    await close()
    throw error
  }
  const running = platform

  const peek = (name: string): Pool => {
    const pool = peeking.get(name) ?? openPool(at, cluster.superuser, { schema: name, max: 2 })
    peeking.set(name, pool)
    return pool
  }

  return {
    platform: running,
    dataFolder,
    close,
    settle: () => running.settle(),
    listen: () => running.listen(),
    http: { app: running.app, inject: running.app.inject.bind(running.app) as typeof running.app.inject },
    /** One more process: on the same database, with connections of its own. It ends before the database does. */
    async another(services: readonly Service[], more: Partial<RunOptions> = {}): Promise<Platform> {
      const other = await run(services, more)
      others.push(other)
      return other
    },
    /** Tables of a service as a superuser sees them. */
    db: peek,
    /** Headers of somebody who is signed in. */
    signedIn: signer(options.now ?? (() => new Date())),
    /** All events of a kind, oldest first. */
    async published<E extends EventContract>(event: E): Promise<Delivered<E>[]> {
      const rows = await peek(
        'kernel',
      )`select event_id, published_at, actor, data from kernel.log where topic = ${event.topic} order by position`
      return rows.map(row => ({
        eventId: row.event_id,
        timestamp: row.published_at.toISOString(),
        actor: row.actor,
        ...row.data,
      }))
    },
    /** Puts an event into the event log as if its owner had; `eventId` repeats one that was there before. */
    async publish<E extends EventContract>(
      event: E,
      data: EventData<E>,
      actor: EventActor = { userId: newId(), role: 'user' },
      eventId = newId(),
    ): Promise<void> {
      // A path into data of any shape.
      const key = String(event.key.split('.').reduce((value: any, step) => value[step], data))
      const kernel = peek('kernel')
      await kernel`insert into kernel.log (event_id, topic, owner, key, trace_id, actor, data)
        values (${eventId}, ${event.topic}, ${event.owner}, ${key}, ${'0'.repeat(32)}, ${kernel.json(actor)},
          ${kernel.json(data as never)})`
      running.eventLogs.forEach(events => events.committed([event.topic]))
    },
  }
}

const { privateKey, publicKey } = generateKeyPairSync('ed25519')
/** By which the tokens of a test are verified. */
export const testKey = { ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'EdDSA' }

/** Signs what identity would. */
const signer =
  (now: () => Date) =>
  (actor: Partial<Pick<Visitor, keyof Actor | 'factor'>> = {}): { authorization: string } => {
    const at = Math.floor(now().getTime() / 1000)
    const head = { alg: 'EdDSA', typ: 'at+jwt', kid: testKey.kid }
    const claims = {
      sub: actor.userId ?? newId(),
      sid: actor.sessionId ?? newId(),
      role: actor.role ?? 'user',
      org: actor.organisation,
      factor: actor.factor,
      aud: accessAudience,
      iat: at,
      exp: at + 3600,
    }
    const text = [head, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
    return { authorization: `Bearer ${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}` }
  }

function clusterOfRun(): TestCluster {
  const text = process.env.OHMNIBUS_TEST_CLUSTER
  if (!text) throw new Error('Tests need the PostgreSQL that test/setup.ts starts: npm test -- <path>')
  return JSON.parse(text) as TestCluster
}

/** Services that do nothing but answer. */
export const fakes = (answers: NonNullable<TestOptions['answers']>): Service[] =>
  [...Map.groupBy(answers, ({ call }) => call.owner)].map(([name, group]) => ({
    name,
    folder: join(tmpdir(), 'no migrations'),
    start: host => group.forEach(({ call, handler }) => host.answer(call as never, handler)),
  }))

/** A copy of a database in which all migrations of these services have run; once for all tests with the same. */
async function cloneTemplate(cluster: TestCluster, services: readonly Service[]): Promise<string> {
  const units = await Promise.all(
    unitsOf([...services].sort((a, b) => (a.name < b.name ? -1 : 1))).map(async ({ name, folder }) => [
      name,
      ...(await readMigrations(folder)).map(({ checksum }) => checksum),
    ]),
  )
  const template = `template_${createHash('sha256').update(JSON.stringify(units)).digest('hex').slice(0, 20)}`
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await withPostgres(cluster, async pool => {
    // Roles belong to the whole cluster, so templates are made one at a time.
    await pool`select pg_advisory_lock(42)`
    const [there] = await pool`select from pg_database where datname = ${template}`
    if (!there) {
      const building = `building_${randomUUID().replaceAll('-', '')}`
      await pool.unsafe(`create database "${building}"`)
      await migrate({ host: cluster.host, port: cluster.port, database: building }, cluster.superuser, services)
      await pool.unsafe(`alter database "${building}" rename to "${template}"`)
    }
    await pool`select pg_advisory_unlock(42)`
    await pool.unsafe(`create database "${name}" template "${template}"`)
  })
  return name
}

async function withPostgres<T>(cluster: TestCluster, work: (pool: Pool) => Promise<T>): Promise<T> {
  const pool = openPool({ ...cluster, database: 'postgres' }, cluster.superuser, { max: 1, limits: false })
  try {
    return await work(pool)
  } finally {
    await pool.end({ timeout: 1 })
  }
}
