import type { FastifyInstance } from 'fastify'
import type { JWK } from 'jose'
import type { TObject } from 'typebox'
import { openAccess } from '../access/tokens.ts'
import { openCache } from '../cache/open.ts'
import { openCalls } from '../calls/calls.ts'
import { openPeers } from '../calls/peers.ts'
import type { Config } from '../config/config.ts'
import { readSettings, refuseFaults } from '../config/settings.ts'
import { nowhere } from '../config/spelling.ts'
import { deriveFrom, rootSecret } from '../config/secrets.ts'
import { migrate } from '../database/migrate.ts'
import { placementOf, type DatabaseEngine } from '../database/placement.ts'
import type { EventLog } from '../events/events.ts'
import { showLastBackup } from '../events/retention.ts'
import { logTransport } from '../events/log-transport.ts'
import { linkedFiles } from '../files/links.ts'
import { openFiles } from '../files/open.ts'
import { openHttp } from '../http/open.ts'
import { addProblems } from '../http/problems.ts'
import { reference } from '../http/reference.ts'
import { openMail } from '../mail/open.ts'
import { operations } from '../operations/operations.ts'
import { openNotice } from '../pages/notice.ts'
import type { Door } from '../pages/pages.ts'
import { StartError } from '../problem.ts'
import type { Service } from '../service.ts'
import { openLog, type Log } from '../telemetry/log.ts'
import { openMetrics } from '../telemetry/metrics.ts'
import { startTracing, traced } from '../telemetry/tracing.ts'
import { openClosing, type Closing } from './closing.ts'
import { openDatastore, settle, type Datastore } from './datastore.ts'
import { startService, type World } from './host.ts'
import { inOrder } from './start-order.ts'

/** What tests put in the place of the outside world. */
export interface RunOptions {
  now?: () => Date
  progress?: (message: string) => void
  /** Is told at once of each of the announcements. */
  announced?: (label: string, value: string) => void
  log?: Log
  /** A database that is there already; nothing is started or migrated then. */
  database?: DatabaseEngine
  /** Keys that verify access tokens, beside those identity has. */
  keys?: JWK[]
  /** Names of all services that the code has, those too that do not run here. */
  everywhere?: readonly string[]
  /** Where people come in, wherever those run who open to them. */
  doors?: readonly Door[]
  /** Off: `every` is not called by the clock. */
  periodic?: boolean
  /** Figures and the whole health are told to anybody where neither METRICS_TOKEN nor METRICS_PORT is set. */
  open?: boolean
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
  readonly eventLogs: readonly EventLog[]
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
  const settings = settingsOf(order, config)
  const log = options.log ?? openLog({ level: config.LOG_LEVEL })
  const now = options.now ?? (() => new Date())
  const closing = openClosing(log)
  try {
    const derive = deriveFrom(await rootSecret(config, config.dataFolder))
    const engines = await openEngines({ order, config, options, derive, now, log, closing })
    const { metrics, datastores } = engines
    const [first] = datastores as [Datastore]
    const peers = openPeers({ addresses: elsewhere, secret: derive('service calls'), log, metrics })
    closing.push(() => peers.close())
    const calls = openCalls({ peers })
    const access = openAccess({
      now,
      keys: options.keys,
      identity: { answers: calls.answers, ask: (call, input) => calls.ask(call, input, 'kernel') },
    })
    access.follow(first.events)
    const notice = openNotice({ calls, events: first.events })
    const app = await openHttp({
      access,
      notice,
      log,
      metrics,
      corsOrigins: config.CORS_ORIGINS,
      publicUrl: config.publicUrl,
      trustedProxies: config.TRUSTED_PROXIES,
      doors: options.doors?.filter(
        ({ service, isBelow }) => isBelow || elsewhere.has(service) || order.some(({ name }) => name === service),
      ),
      accessLog: config.ACCESS_LOG,
      undeclared: options.undeclared,
      tls: config.tls,
      now,
    })
    // Before anything else is mounted: scopes take over the hooks there are.
    calls.serve(app)

    const world: World = {
      ...engines,
      config,
      services: order,
      settings,
      app,
      access,
      calls,
      peers,
      log,
      now,
      derive,
      closing,
      pools: [],
      announcements: [],
      announced: options.announced,
      elsewhere: async () => ({}),
    }
    closing.push(() => Promise.all(world.pools.map(pool => pool.end({ timeout: 1 }))))
    const state = operations({
      app,
      inside: { token: config.METRICS_TOKEN, port: config.METRICS_PORT, open: options.open === true },
      metrics,
      log,
      calls,
      eventLogs: datastores.map(({ events }) => events),
      checks: engines.checks,
      services: order.map(({ name }) => name),
      elsewhere: () => standingElsewhere(world, options),
    })
    // In the order they were given, which is that of the product.
    for (const { name, about } of services) if (about) app.tags.set(name, about)
    app.tags.set('operations', 'Health, dead letters and subscriptions, for who runs the platform.')
    for (const { problems } of order) addProblems(app, problems ?? {})
    for (const service of order) await startService(world, service)
    const names = order.map(({ name }) => name)
    engines.files.serve(app, names)
    refuseUnanswered(world)
    reference(app, peers, options.everywhere)
    await app.ready()
    for (const datastore of datastores) await datastore.start()
    closing.push(() => stopListening(app))
    closing.push(() => state.leave())
    return platformOf(world, engines.database, state)
  } catch (error) {
    await closing.close()
    throw error
  }
}

/** What services declared as settings, read for each. Names all that is wrong, of the platform too. */
function settingsOf(services: readonly Service[], { environment, faults }: Config): Map<string, unknown> {
  const settings = new Map(
    services.map(({ name, settings: schema }) => [
      name,
      schema ? readSettings(schema as TObject, environment, faults) : {},
    ]),
  )
  refuseFaults(faults)
  return settings
}

/** The databases, and what else the settings name, or what stands in its place. */
async function openEngines(ground: {
  order: readonly Service[]
  config: Config
  options: RunOptions
  derive: (purpose: string) => Buffer
  now: () => Date
  log: Log
  closing: Closing
}) {
  const { order, config, options, derive, now, log, closing } = ground
  const { dataFolder, publicUrl } = config
  const progress = options.progress ?? (() => {})
  const placement = await placementOf(order, config, {
    database: options.database,
    derive,
    progress,
    closers: closing,
    log,
  })
  for (const [{ at, admin }, residents] of placement)
    if (at !== options.database?.at) await migrate(at, admin, residents, progress)

  const metrics = openMetrics({ dataFolder })
  if (!config.DATABASE_URL && !options.database) showLastBackup(metrics, dataFolder)
  closing.push(await startTracing({ config, services: order.map(({ name }) => name), log, metrics }))
  const { cache, ...cacheEngine } = await openCache({ config, log, metrics })
  closing.push(() => cacheEngine.close())
  // Loaded by those only who have it.
  const kafka =
    config.KAFKA_BROKERS.length > 0
      ? (await import('../kafka/kafka.ts')).openKafka({ config, log, metrics })
      : undefined
  closing.push(() => kafka?.close())
  const datastores = [...placement].map(([{ at }, residents]) => {
    const published = residents.flatMap(({ publishes = [] }) => publishes.map(({ topic }) => topic))
    return openDatastore({
      at,
      residents,
      log,
      metrics,
      now,
      closing,
      everywhere: options.everywhere,
      transport: pool => kafka?.transport(pool, published) ?? logTransport({ pool, log }),
      periodic: options.periodic !== false,
      retention: config.EVENT_RETENTION,
    })
  })
  const files = traced(
    linkedFiles(await openFiles({ config, dataFolder, now, log, metrics }), {
      secret: derive('file links'),
      publicUrl,
      now,
    }),
    'file',
    ['write', 'read', 'size', 'remove'],
  )
  closing.push(() => files.close())
  const mail = traced(openMail({ settings: config, dataFolder, publicUrl }), 'mail', ['send', 'record'])
  closing.push(() => mail.close())

  const checks: Record<string, () => PromiseLike<unknown>> = {
    ...Object.fromEntries(
      datastores.map(({ residents, check }, index) => [
        index === 0 ? 'database' : `database of ${residents[0]!.name}`,
        check,
      ]),
    ),
    ...(kafka && {
      kafka: () => kafka.check(),
      relay: () => Promise.all(datastores.map(({ pool }) => kafka.checkRelay(pool))),
    }),
    cache: () => cacheEngine.check(),
    files: () => files.check(),
    mail: () => mail.check(),
  }
  return { database: [...placement.keys()][0]!, datastores, metrics, cache, files, mail, checks }
}

const standingElsewhere = async (world: World, { everywhere = [] }: RunOptions): Promise<Record<string, string>> => ({
  ...Object.fromEntries(nowhere(world.services, world.config, everywhere).map(name => [name, 'runs nowhere'])),
  ...(await world.elsewhere()),
})

function refuseUnanswered({ services, calls }: World): void {
  for (const { name, needs = [] } of services)
    for (const call of needs)
      if (!calls.answers(call))
        throw new StartError(`${name} needs ${call.name} of ${call.owner}, which does not answer it.`)
}

/** Who is slower than that to send a request or to take its answer does not keep the rest from a clean end. */
async function stopListening(app: FastifyInstance): Promise<void> {
  const impatience = setTimeout(() => app.server.closeAllConnections(), 2_000)
  await app.close().finally(() => clearTimeout(impatience))
}

function platformOf(world: World, database: DatabaseEngine, state: ReturnType<typeof operations>): Platform {
  const { app, config, log, datastores, closing } = world
  return {
    app,
    log,
    config,
    announcements: world.announcements,
    database,
    eventLogs: datastores.map(({ events }) => events),
    dataFolder: config.dataFolder,
    mailFolder: world.mail.folder,
    services: world.services.map(({ name }) => name),
    close: closing.close,
    async listen() {
      const { PORT, METRICS_PORT, HOST = config.mode === 'production' ? '0.0.0.0' : '127.0.0.1' } = config
      // Of those who come at once 511 could wait; more are turned away by the system.
      const address = await listening('PORT', PORT, HOST, () => app.listen({ port: PORT, host: HOST, backlog: 4_096 }))
      if (METRICS_PORT) closing.push(await listening('METRICS_PORT', METRICS_PORT, HOST, () => state.listen(HOST)))
      if (config.mode === 'production' && !config.tls && config.TRUSTED_PROXIES.length === 0)
        log.warn(
          'plain HTTP: passwords and tokens pass unencrypted. ' +
            'Set TLS_CERT_FILE and TLS_KEY_FILE, or name the proxy that does HTTPS in TRUSTED_PROXIES.',
        )
      state.enter()
      return address
    },
    settle: () => settle(datastores),
  }
}

/** Fails with a `StartError` where the port may not be had. */
async function listening<T>(setting: string, port: number, host: string, listen: () => Promise<T>): Promise<T> {
  const refused: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Choose another: ${setting}=${port + 1} npm start`,
    EACCES: `Port ${port} may not be used by this user. Choose one above 1023: ${setting}=8080 npm start`,
    EADDRNOTAVAIL: `HOST=${host} is not an address of this machine.`,
    ENOTFOUND: `HOST=${host} is not an address of this machine.`,
  }
  try {
    return await listen()
  } catch (error) {
    const sentence = refused[(error as { code?: string }).code ?? '']
    throw sentence ? new StartError(sentence) : error
  }
}
