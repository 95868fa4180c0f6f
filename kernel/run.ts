import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { JWK } from 'jose'
import type { TObject } from 'typebox'
import { listSigningKeys, SessionsRevoked } from '../contracts/identity.ts'
import { openAccess } from './access.ts'
import { memoryCache } from './cache.ts'
import { openCalls } from './calls.ts'
import { readSettings, refuseFaults, type Config } from './config.ts'
import { openDatabase, openPool, type Database, type DatabaseAddress, type Outgoing, type Pool } from './database.ts'
import { openEventLog, type EventLog } from './events.ts'
import { folderFiles } from './files.ts'
import { mount, openHttp } from './http.ts'
import { openJobs, type JobHandler } from './jobs.ts'
import { openLog, type Log } from './log.ts'
import { mailSettings, openMail } from './mail.ts'
import { openMetrics } from './metrics.ts'
import { connectionString, migrate } from './migrate.ts'
import { operations } from './operations.ts'
import { startPostgres } from './postgres.ts'
import { StartError } from './problem.ts'
import { reference } from './reference.ts'
import { openSchedule } from './schedule.ts'
import type { Host, Service } from './service.ts'

/** What tests put in the place of the outside world. */
export interface RunOptions {
  now?: () => Date
  progress?: (message: string) => void
  log?: Log
  /** A database that is there already; nothing is started or migrated then. */
  database?: { at: DatabaseAddress; admin: string }
  /** Keys that verify access tokens, beside those identity has. */
  keys?: JWK[]
  /** Off: `every` is not called by the clock. */
  periodic?: boolean
}

/** A running platform. */
export interface Platform {
  readonly app: FastifyInstance
  readonly events: EventLog
  readonly log: Log
  readonly config: Config
  /** What the first start has to tell, once: the admin it made. */
  readonly announcements: readonly { label: string; value: string }[]
  readonly database: { at: DatabaseAddress; admin: string }
  readonly dataFolder: string
  /** Where mails and other messages are written as files. */
  readonly mailFolder: string | undefined
  /** Names, in the order they started. */
  readonly services: readonly string[]
  /** Resolves with the address once it listens. */
  listen(): Promise<string>
  /** Resolves once all events have had their effect and all due jobs are done; fails after 20 s. */
  settle(): Promise<void>
  /** Ends what is under way, then everything else, in reverse; within five seconds. Safe to call twice. */
  close(): Promise<void>
}

/** Starts services on their engines, in the order of their needs. Fails with `StartError` and leaves nothing running. */
export async function run(services: readonly Service[], config: Config, options: RunOptions = {}): Promise<Platform> {
  const order = inOrder(services)
  const settings = new Map(
    order.map(({ name, settings: schema }) => [name, schema ? readSettings(schema as TObject, config.environment, config.faults) : {}]),
  )
  const mailConfig = readSettings(mailSettings, config.environment, config.faults)
  refuseFaults(config.faults)

  const progress = options.progress ?? (() => {})
  const now = options.now ?? (() => new Date())
  const dataFolder = resolve(config.OHMNIBUS_DATA)
  const closers: (() => Promise<unknown> | unknown)[] = []
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      for (const closer of closers.reverse())
        await Promise.resolve(closer()).catch(error => log.warn({ err: error }, 'something did not close cleanly'))
    })())
  const log = options.log ?? openLog({ level: config.LOG_LEVEL })

  try {
    const secret = await rootSecret(config, dataFolder)
    const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'ohmnibus', purpose, 32))
    const { at, admin } = options.database ?? (await openEngine(config, dataFolder, derive, progress, closers, log))
    if (!options.database) await migrate(at, admin, order, progress)

    const metrics = openMetrics({ process: true })
    const cache = memoryCache({ factor: config.RATE_LIMIT_FACTOR })
    const publicUrl = (config.PUBLIC_URL ?? `http://localhost:${config.PORT}`).replace(/\/+$/, '')
    const kernelPool = openPool(at, 'kernel', { max: 4 })
    closers.push(() => kernelPool.end({ timeout: 1 }))
    const events = openEventLog({ pool: kernelPool, log, metrics })
    const calls = openCalls()
    const handlers = new Map<string, JobHandler<any>>()
    const jobs = openJobs({ pool: kernelPool, connectionString: connectionString(at, 'kernel'), handlers, log, metrics })
    const schedule = openSchedule({ pool: kernelPool, log, on: options.periodic !== false })
    const access = openAccess({
      now,
      keys: async () => [
        ...(options.keys ?? []),
        ...(calls.answers(listSigningKeys) ? ((await calls.ask(listSigningKeys, {})).keys as JWK[]) : []),
      ],
    })
    const app = await openHttp({
      access,
      log,
      metrics,
      corsOrigins: config.CORS_ORIGINS,
      publicUrl,
      trustedProxies: config.TRUSTED_PROXIES,
    })
    const files = folderFiles({ folder: join(dataFolder, 'files'), secret: derive('file links'), publicUrl, now })
    files.serve(app)
    const mail = openMail({ settings: mailConfig, dataFolder, publicUrl })
    closers.push(() => mail.close())

    const committed = (published: readonly Outgoing[]): void => {
      for (const { event, data } of published)
        if (event.topic === SessionsRevoked.topic) access.revoke(data.sessionIds as string[], new Date(data.before as string))
      events.committed([...new Set(published.map(({ event }) => event.topic))])
    }
    events.watch(SessionsRevoked, ({ sessionIds, before }) => access.revoke(sessionIds, new Date(before)))
    for (const { sessionIds, before } of await recentRevocations(kernelPool)) access.revoke(sessionIds, new Date(before))

    const announcements: { label: string; value: string }[] = []
    const pools: Pool[] = []
    closers.push(() => Promise.all(pools.map(pool => pool.end({ timeout: 1 }))))
    const state = operations({
      app,
      config,
      events,
      metrics,
      checks: { database: () => kernelPool`select 1`, files: () => files.check(), mail: () => mail.check() },
      services: order.map(({ name }) => name),
    })

    for (const service of order) {
      const pool = openPool(at, service.name, { readOnly: true })
      pools.push(pool)
      const db = openDatabase(pool, service.name, committed)
      const needed = new Set((service.needs ?? []).map((call: { name: string }) => call.name))
      const prefixes = typeof service.prefix === 'string' ? [service.prefix] : (service.prefix ?? [`/api/${service.name}`])
      const serviceLog = log.child({ service: service.name })
      const host: Host<string, any, TObject> = {
        name: service.name,
        platform: { mode: config.mode, publicUrl, dataFolder, corsOrigins: config.CORS_ORIGINS, rateLimitFactor: config.RATE_LIMIT_FACTOR },
        settings: settings.get(service.name)! as never,
        db,
        http: mount(app, prefixes, service.name),
        site: mount(app, [''], service.name),
        files,
        cache,
        mail,
        now,
        log: serviceLog,
        metrics,
        secret: derive,
        ask(call, input) {
          if (!needed.has(call.name)) throw new Error(`${service.name} asks ${call.name} without naming it in its needs`)
          return calls.ask(call, input)
        },
        answer(call, handler) {
          if (call.owner !== service.name) throw new StartError(`${service.name} answers ${call.name}, which belongs to ${call.owner}.`)
          calls.answer(call, handler)
        },
        on(event, purpose, reaction, reactionOptions) {
          // A stand-in in a test lists nothing and may stand for anything.
          const owner = order.find(({ name }) => name === event.owner)
          if (owner?.publishes && !owner.publishes.some(({ topic }) => topic === event.topic))
            throw new StartError(
              `${service.name} subscribes to ${event.topic}, which ${event.owner} does not list under what it publishes.`,
            )
          events.subscribe(service.name, db, event, purpose, reaction, reactionOptions)
        },
        watch: (event, handler) => events.watch(event, handler),
        job(name, handler, jobOptions = {}) {
          const task = `${service.name}.${name}`
          if (handlers.has(task)) throw new StartError(`There are two jobs ${task}.`)
          handlers.set(task, handler)
          return { task, tries: jobOptions.tries ?? 10 }
        },
        every: (interval, purpose, work) => schedule.every(service.name, interval, purpose, work),
        announce: (label, value) => void announcements.push({ label, value }),
        onStop: work => void closers.push(work),
      }
      try {
        await service.start(host)
      } catch (error) {
        if (error instanceof StartError) throw error
        throw new Error(`The service ${service.name} could not start`, { cause: error })
      }
    }
    for (const { name, needs = [] } of order)
      for (const call of needs)
        if (!calls.answers(call)) throw new StartError(`${name} needs ${call.name} of ${call.owner}, which does not answer it.`)

    schedule.every('kernel', '1 hour', 'forget old answers and events', async () => {
      await kernelPool`delete from kernel.answers where answered_at < now() - interval '1 day'`
      if (config.EVENT_RETENTION) while ((await events.forget(new Date(now().getTime() - config.EVENT_RETENTION))) === 10_000);
    })
    reference(app)
    await app.ready()
    closers.push(() => events.stop())
    await events.start()
    closers.push(() => jobs.stop())
    await jobs.start()
    closers.push(() => schedule.stop())
    closers.push(() => {
      // Who is slower than that to send a request or to take its answer does not keep the rest from a clean end.
      const impatience = setTimeout(() => app.server.closeAllConnections(), 2_000)
      return app.close().finally(() => clearTimeout(impatience))
    })
    closers.push(() => state.leave())

    return {
      app,
      events,
      log,
      config,
      announcements,
      database: { at, admin },
      dataFolder,
      mailFolder: mail.folder,
      services: order.map(({ name }) => name),
      close,
      async listen() {
        const host = config.HOST ?? (config.mode === 'production' ? '0.0.0.0' : '127.0.0.1')
        const address = await app.listen({ port: config.PORT, host }).catch(error => {
          if (error.code === 'EADDRINUSE')
            throw new StartError(`Port ${config.PORT} on ${host} is taken. Choose another: PORT=${config.PORT + 1} npm start`)
          if (error.code === 'EACCES')
            throw new StartError(`Port ${config.PORT} may not be used by this user. Choose one above 1023: PORT=8080 npm start`)
          if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
            throw new StartError(`HOST=${host} is not an address of this machine.`)
          throw error
        })
        state.enter()
        return address
      },
      async settle() {
        for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
          if ((await events.settled()) && (await jobs.due()) === 0 && (await events.settled())) return
          await new Promise(done => setTimeout(done, 5))
        }
        throw new Error('events or jobs are still open after 20 s')
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Those who are asked before those who ask. Refuses double names, needs nobody here can answer, and circles. */
function inOrder(services: readonly Service[]): Service[] {
  const byName = new Map<string, Service>()
  for (const service of services) {
    if (byName.has(service.name)) throw new StartError(`Two services are called ${service.name}.`)
    byName.set(service.name, service)
  }
  const order: Service[] = []
  const visit = (service: Service, path: string[]): void => {
    if (order.includes(service)) return
    if (path.includes(service.name))
      throw new StartError(
        `Services need each other in a circle: ${[...path.slice(path.indexOf(service.name)), service.name].join(' → ')}.`,
      )
    for (const call of service.needs ?? []) {
      const owner = byName.get(call.owner)
      if (!owner)
        throw new StartError(`${service.name} needs ${call.name} of ${call.owner}, which does not run here. Add it to OHMNIBUS_SERVICES.`)
      if (owner !== service) visit(owner, [...path, service.name])
    }
    order.push(service)
  }
  for (const service of services) visit(service, [])
  return order
}

/** The root of all keys: given, or made once and kept in the data folder. */
async function rootSecret(config: Config, dataFolder: string): Promise<Buffer> {
  if (config.OHMNIBUS_SECRET) return Buffer.from(config.OHMNIBUS_SECRET)
  const file = join(dataFolder, 'secret')
  try {
    // 0711: the user PostgreSQL runs as must pass, nobody else may look.
    await mkdir(dataFolder, { recursive: true, mode: 0o711 })
    await writeFile(file, randomBytes(48).toString('base64'), { flag: 'wx', mode: 0o600 }).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
    const secret = await readFile(file)
    if (secret.length < 32)
      throw new StartError(
        `${file} is damaged (${secret.length} bytes): restore it from a back-up, or remove the data folder to begin anew.`,
      )
    return secret
  } catch (error) {
    throw folderProblem(error, dataFolder)
  }
}

function folderProblem(error: unknown, folder: string): unknown {
  const { code } = error as { code?: string }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StartError(
      `The data folder ${folder} cannot be written to. Give yourself the right, or choose another: OHMNIBUS_DATA=/some/folder`,
    )
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StartError(`The disk of the data folder ${folder} is full. Make room, or choose another: OHMNIBUS_DATA=/some/folder`)
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new StartError(`${folder} is not a folder. Choose another: OHMNIBUS_DATA=/some/folder`)
  return error
}

/** The PostgreSQL of `DATABASE_URL`, or one of our own below the data folder. */
async function openEngine(
  config: Config,
  dataFolder: string,
  derive: (purpose: string) => Buffer,
  progress: (message: string) => void,
  closers: (() => unknown)[],
  log: Log,
): Promise<{ at: DatabaseAddress; admin: string }> {
  if (config.DATABASE_URL) {
    const url = new URL(config.DATABASE_URL)
    const admin = decodeURIComponent(url.username)
    const password = (role: string): string =>
      role === admin ? decodeURIComponent(url.password) : createHmac('sha256', derive('database roles')).update(role).digest('base64url')
    const at = {
      host: url.hostname,
      port: Number(url.port || 5432),
      database: url.pathname.slice(1) || admin,
      password,
      ssl: url.searchParams.get('sslmode') === 'require' ? ('require' as const) : (false as const),
    }
    return { at, admin }
  }
  const server = await startPostgres({ folder: join(dataFolder, 'postgres'), progress })
  let stopping = false
  closers.push(() => {
    stopping = true
    return server.stop()
  })
  void server.ended.then(reason => {
    if (stopping) return
    log.fatal({ reason }, 'the embedded PostgreSQL ended; stopping')
    process.exit(1)
  })
  const at = { host: server.host, port: server.port, database: 'ohmnibus' }
  const pool = openPool({ ...at, database: 'postgres' }, server.superuser, { max: 1 })
  try {
    const [there] = await pool`select from pg_database where datname = 'ohmnibus'`
    if (!there) await pool`create database ohmnibus`
  } finally {
    await pool.end({ timeout: 1 })
  }
  return { at, admin: server.superuser }
}

/** Sessions that ended while their access tokens may still be alive. */
async function recentRevocations(pool: Pool): Promise<{ sessionIds: string[]; before: string }[]> {
  const rows = await pool<{ data: { sessionIds: string[]; before: string }; recent: boolean }[]>`
    select data, published_at > now() - interval '1 day' as recent from kernel.log where topic = ${SessionsRevoked.topic} order by position desc limit 20000`
  return rows.filter(({ recent }) => recent).map(({ data }) => data)
}

export type { Database }
