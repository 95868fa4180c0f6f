import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { JWK } from 'jose'
import type { TObject } from 'typebox'
import { openAccess } from '../access/tokens.ts'
import { openBase } from './datastore.ts'
import { openCalls } from '../calls/calls.ts'
import { readSettings, refuseFaults, type Config } from '../config/config.ts'
import { openDatabase, openPool, type Database, type Outgoing, type Pool } from '../database/database.ts'
import { openCache } from '../cache/open.ts'
import { deriveFrom, rootSecret } from '../config/secrets.ts'
import { openFiles } from '../files/open.ts'
import type { EventLog } from '../events/events.ts'
import { placementOf, type DatabaseEngine } from '../database/placement.ts'
import { mount } from '../http/http.ts'
import { openHttp } from '../http/open.ts'
import { openLog, type Log } from '../telemetry/log.ts'
import { mailFaults, mailSettings, openMail } from '../mail/mail.ts'
import { openMetrics } from '../telemetry/metrics.ts'
import { openPeers } from '../calls/peers.ts'
import { migrate } from '../database/migrate.ts'
import { operations } from '../operations/operations.ts'
import { StartError } from '../problem.ts'
import { addProblems } from '../http/problems.ts'
import { reference } from '../http/reference.ts'
import { logRoad } from '../events/transport.ts'
import type { FrontHost, Host, Service } from '../service.ts'
import { startTracing, traced } from '../telemetry/tracing.ts'
import { showLastBackup, tend } from '../events/retention.ts'

/** What tests put in the place of the outside world. */
export interface RunOptions {
  now?: () => Date
  progress?: (message: string) => void
  log?: Log
  /** A database that is there already; nothing is started or migrated then. */
  database?: DatabaseEngine
  /** Keys that verify access tokens, beside those identity has. */
  keys?: JWK[]
  /** Off: `every` is not called by the clock. */
  periodic?: boolean
  /** Is told what a route answers beside what it declares; else the log is, at level debug. */
  undeclared?: (answer: string) => void
}

/** A running platform. */
export interface Platform {
  readonly app: FastifyInstance
  readonly log: Log
  readonly config: Config
  /** What the first start has to tell, once: the admin it made. */
  readonly announcements: readonly { label: string; value: string }[]
  /** Of the first service, where there are several. */
  readonly database: DatabaseEngine
  /** One a database. */
  readonly logs: readonly EventLog[]
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

/**
 * Starts services on their engines, in the order of their needs. Fails with `StartError` and leaves nothing running.
 */
export async function run(services: readonly Service[], config: Config, options: RunOptions = {}): Promise<Platform> {
  const elsewhere = new Map([...config.addresses].filter(([name]) => !services.some(service => service.name === name)))
  const order = inOrder(services, name => elsewhere.has(name))
  const settings = new Map(
    order.map(({ name, settings: schema }) => [
      name,
      schema ? readSettings(schema as TObject, config.environment, config.faults) : {},
    ]),
  )
  const mailConfig = readSettings(mailSettings, config.environment, config.faults)
  config.faults.push(...mailFaults(mailConfig))
  refuseFaults(config.faults)

  const progress = options.progress ?? (() => {})
  const now = options.now ?? (() => new Date())
  const dataFolder = resolve(config.OHMNIBUS_DATA)
  const closers: (() => Promise<unknown> | unknown)[] = []
  let closing: Promise<void> | undefined
  const close = (): Promise<void> =>
    (closing ??= (async () => {
      for (const closer of closers.reverse())
        await soon(closer).catch(error => log.warn({ err: error }, 'something did not close cleanly'))
    })())
  const log = options.log ?? openLog({ level: config.LOG_LEVEL })

  try {
    const derive = deriveFrom(await rootSecret(config, dataFolder))
    const homes = await placementOf(order, config, { database: options.database, derive, progress, closers, log })
    for (const [{ at, admin }, residents] of homes)
      if (at !== options.database?.at) await migrate(at, admin, residents, progress)

    const metrics = openMetrics({ dataFolder })
    if (!config.DATABASE_URL && !options.database) showLastBackup(metrics, dataFolder)
    closers.push(await startTracing({ config, services: order.map(({ name }) => name), log, metrics }))
    const tls =
      config.TLS_CERT_FILE && config.TLS_KEY_FILE ? { cert: config.TLS_CERT_FILE, key: config.TLS_KEY_FILE } : undefined
    const publicUrl = (config.PUBLIC_URL ?? `${tls ? 'https' : 'http'}://localhost:${config.PORT}`).replace(/\/+$/, '')
    const { cache, ...cacheEngine } = await openCache({ config, log, metrics })
    closers.push(() => cacheEngine.close())
    // Loaded by those only who have it.
    const kafka =
      config.KAFKA_BROKERS.length > 0
        ? (await import('../kafka/kafka.ts')).openKafka({ config, log, metrics })
        : undefined
    closers.push(() => kafka?.close())
    const bases = [...homes].map(([{ at }, residents]) => {
      const base = openBase({
        at,
        road: pool =>
          kafka
            ? kafka.road(
                pool,
                residents.flatMap(({ publishes = [] }) => publishes.map(({ topic }) => topic)),
              )
            : logRoad({ pool, log }),
        log,
        metrics,
        periodic: options.periodic !== false,
        closers,
      })
      return { ...base, residents }
    })
    const baseOf = (service: Service) => bases.find(({ residents }) => residents.includes(service))!
    const [first] = bases as [(typeof bases)[number]]
    const peers = openPeers({ addresses: elsewhere, secret: derive('service calls'), log, metrics })
    closers.push(() => peers.close())
    const calls = openCalls({ peers })
    const access = openAccess({
      now,
      keys: options.keys,
      identity: { answers: calls.answers, ask: (call, input) => calls.ask(call, input, 'kernel') },
    })
    const app = await openHttp({
      access,
      log,
      metrics,
      corsOrigins: config.CORS_ORIGINS,
      publicUrl,
      trustedProxies: config.TRUSTED_PROXIES,
      accessLog: config.ACCESS_LOG,
      undeclared: options.undeclared,
      tls,
      now,
    })
    // Before anything else is mounted: scopes take over the hooks there are.
    calls.serve(app)
    const files = traced(
      await openFiles({ config, dataFolder, secret: derive('file links'), publicUrl, now, log, metrics }),
      'file',
      ['write', 'read', 'size', 'remove'],
    )
    closers.push(() => files.close())
    files.serve(app)
    const mail = traced(openMail({ settings: mailConfig, dataFolder, publicUrl }), 'mail', ['send', 'record'])
    closers.push(() => mail.close())

    const committed = (events: EventLog) => (published: readonly Outgoing[]) => {
      access.committed(published)
      events.committed()
    }
    access.follow(first.events)

    const announcements: { label: string; value: string }[] = []
    const pools: Pool[] = []
    closers.push(() => Promise.all(pools.map(pool => pool.end({ timeout: 1 }))))
    let elsewhereNow = async (): Promise<Record<string, string>> => ({})
    const state = operations({
      app,
      config,
      logs: bases.map(({ events }) => events),
      metrics,
      log,
      checks: {
        ...Object.fromEntries(
          bases.map(({ pool, residents, check }) => [
            pool === first.pool ? 'database' : `database of ${residents[0]!.name}`,
            check,
          ]),
        ),
        ...(kafka && {
          kafka: () => kafka.check(),
          relay: () => Promise.all(bases.map(({ pool }) => kafka.checkRelay(pool))),
        }),
        cache: () => cacheEngine.check(),
        files: () => files.check(),
        mail: () => mail.check(),
      },
      services: order.map(({ name }) => name),
      elsewhere: () => elsewhereNow(),
    })

    const front: Pick<FrontHost, 'peers' | 'reportElsewhere'> = {
      peers,
      reportElsewhere: work => void (elsewhereNow = work),
    }
    // In the order they were given, which is that of the product.
    for (const { name, about } of services) if (about) app.tags.set(name, about)
    app.tags.set('operations', 'Health, dead letters and subscriptions, for who runs the platform.')
    for (const { problems } of order) addProblems(app, problems ?? {})
    for (const service of order) {
      const { at, room, events, handlers, schedule } = baseOf(service)
      const pool = openPool(at, service.name, { readOnly: true })
      pools.push(pool)
      const db = openDatabase(pool, service.name, committed(events), metrics, error => room.failed(service.name, error))
      const needed = new Set((service.needs ?? []).map((call: { name: string }) => call.name))
      const prefixes =
        typeof service.prefix === 'string' ? [service.prefix] : (service.prefix ?? [`/api/${service.name}`])
      const serviceLog = log.child({ service: service.name })
      // What it may ask is checked by name, below.
      const host: Host<string, any, TObject> = {
        name: service.name,
        platform: {
          mode: config.mode,
          publicUrl,
          dataFolder,
          corsOrigins: config.CORS_ORIGINS,
          rateLimitFactor: config.RATE_LIMIT_FACTOR,
        },
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
          if (!needed.has(call.name))
            throw new Error(`${service.name} asks ${call.name} without naming it in its needs`)
          return calls.ask(call, input, service.name)
        },
        answer(call, handler) {
          if (call.owner !== service.name)
            throw new StartError(`${service.name} answers ${call.name}, which belongs to ${call.owner}.`)
          calls.answer(call, handler)
        },
        on(event, about, reaction) {
          // A stand-in in a test lists nothing and may stand for anything.
          const owner = order.find(({ name }) => name === event.owner)
          if (owner?.publishes && !owner.publishes.some(({ topic }) => topic === event.topic))
            throw new StartError(
              `${service.name} subscribes to ${event.topic}, which ${event.owner} does not list under what it publishes.`,
            )
          events.subscribe(service.name, db, event, about, reaction)
        },
        watch: (event, handler) => first.events.watch(event, handler),
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
        await service.start(service.front ? { ...host, ...front } : host)
      } catch (error) {
        if (error instanceof StartError) throw error
        throw new Error(`The service ${service.name} could not start`, { cause: error })
      }
    }
    for (const { name, needs = [] } of order)
      for (const call of needs)
        if (!calls.answers(call))
          throw new StartError(`${name} needs ${call.name} of ${call.owner}, which does not answer it.`)

    for (const { pool, events, schedule } of bases)
      schedule.every('kernel', '1 hour', 'forget old answers and events', () =>
        tend({ pool, events, log, now: now(), retention: config.EVENT_RETENTION }),
      )
    reference(app, peers)
    await app.ready()
    for (const base of bases) await base.start()
    closers.push(() => Promise.all(bases.map(base => base.stop())))
    closers.push(() => {
      // Who is slower than that to send a request or to take its answer does not keep the rest from a clean end.
      const impatience = setTimeout(() => app.server.closeAllConnections(), 2_000)
      return app.close().finally(() => clearTimeout(impatience))
    })
    closers.push(() => state.leave())

    return {
      app,
      log,
      config,
      announcements,
      database: [...homes.keys()][0]!,
      logs: bases.map(({ events }) => events),
      dataFolder,
      mailFolder: mail.folder,
      services: order.map(({ name }) => name),
      close,
      async listen() {
        const host = config.HOST ?? (config.mode === 'production' ? '0.0.0.0' : '127.0.0.1')
        const address = await app.listen({ port: config.PORT, host }).catch(error => {
          if (error.code === 'EADDRINUSE')
            throw new StartError(
              `Port ${config.PORT} on ${host} is taken. Choose another: PORT=${config.PORT + 1} npm start`,
            )
          if (error.code === 'EACCES')
            throw new StartError(
              `Port ${config.PORT} may not be used by this user. Choose one above 1023: PORT=8080 npm start`,
            )
          if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
            throw new StartError(`HOST=${host} is not an address of this machine.`)
          throw error
        })
        if (config.mode === 'production' && !tls && config.TRUSTED_PROXIES.length === 0)
          log.warn(
            'plain HTTP: passwords and tokens pass unencrypted. Set TLS_CERT_FILE and TLS_KEY_FILE, or name the proxy that does HTTPS in TRUSTED_PROXIES.',
          )
        state.enter()
        return address
      },
      async settle() {
        for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
          const settled = await Promise.all(bases.map(base => base.settled()))
          // Another database's reactions may have published into the first one's meanwhile.
          if (
            settled.every(Boolean) &&
            (bases.length === 1 || (await Promise.all(bases.map(base => base.settled()))).every(Boolean))
          )
            return
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

/**
 * Ends with `work`; fails when that takes longer than three seconds, so that one who hangs does not keep the rest from
 * a clean end.
 */
async function soon(work: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>(
    (_, reject) => (timer = setTimeout(reject, 3_000, new Error('it did not end within three seconds'))),
  )
  await Promise.race([Promise.try(work), late]).finally(() => clearTimeout(timer))
}

/** Those who are asked before those who ask. Refuses double names, needs nobody here can answer, and circles. */
function inOrder(services: readonly Service[], isRemote: (name: string) => boolean): Service[] {
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
      if (!owner && !isRemote(call.owner))
        throw new StartError(
          `${service.name} needs ${call.name} of ${call.owner}, which does not run here. Add it to OHMNIBUS_SERVICES, or say where it runs: ${call.owner.toUpperCase()}_SERVICE_URL`,
        )
      if (owner && owner !== service) visit(owner, [...path, service.name])
    }
    order.push(service)
  }
  for (const service of services) visit(service, [])
  return order
}

export type { Database }
