import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { startPostgres } from '../../embedded-postgres/postgres.ts'
import type { Config } from '../config/config.ts'
import { refuseFaults } from '../config/settings.ts'
import { deriveFrom, rootSecret } from '../config/secrets.ts'
import { StartError } from '../problem.ts'
import type { Service } from '../service.ts'
import { openLog, type Log } from '../telemetry/log.ts'
import type { DatabaseAddress } from './database.ts'
import { openPool } from './pool.ts'
import { migrate } from './migrate.ts'

/** A PostgreSQL database, and who may do everything there. */
export interface DatabaseEngine {
  readonly at: DatabaseAddress
  readonly admin: string
}

export interface PlacementOptions {
  /** The platform's, where it runs already. */
  database?: DatabaseEngine
  derive: (purpose: string) => Buffer
  progress: (message: string) => void
  closers: { push(work: () => unknown): void }
  log: Log
}

/**
 * The databases that these services live in, each once, with who lives there; the embedded one is started. Fails with
 * `StartError`.
 */
export async function placementOf(
  services: readonly Service[],
  config: Config,
  { database, derive, progress, closers, log }: PlacementOptions,
): Promise<Map<DatabaseEngine, Service[]>> {
  const placed = new Map<string, { engine: DatabaseEngine; residents: Service[] }>()
  const place = (engine: DatabaseEngine, ...residents: Service[]): void => {
    const { host, port, database: name } = engine.at
    const address = `${host}:${port}/${name}`
    const known = placed.get(address)
    if (known) known.residents.push(...residents)
    else placed.set(address, { engine, residents })
  }
  let own: DatabaseEngine | undefined
  const platforms = async (): Promise<DatabaseEngine> =>
    (own ??=
      database ??
      (config.DATABASE_URL
        ? databaseAt(config.DATABASE_URL, derive)
        : await embeddedDatabase(config.dataFolder, progress, closers, log)))
  for (const service of services) {
    const address = config.databases.get(service.name)
    place(address ? databaseAt(address, derive) : await platforms(), service)
  }
  if (placed.size === 0) place(await platforms())
  const placement = placed.size === 1 ? [...placed.values()] : await withoutTwins([...placed.values()])
  if (placement.length > 1 && config.KAFKA_BROKERS.length === 0)
    throw new StartError(
      'Services have databases of their own, and events between databases travel over Kafka. ' +
        'Set KAFKA_BROKERS, or leave all services in one database.',
    )
  return new Map(placement.map(({ engine, residents }) => [engine, residents]))
}

/** Two addresses may lead to one database, which has one event log: the server is asked who it is. */
async function withoutTwins(
  placed: readonly { engine: DatabaseEngine; residents: Service[] }[],
): Promise<typeof placed> {
  const known = new Map<string, (typeof placed)[number]>()
  for (const { engine, residents } of placed) {
    const identity = await identityOf(engine)
    const twin = known.get(identity)
    known.set(identity, { engine: twin?.engine ?? engine, residents: [...(twin?.residents ?? []), ...residents] })
  }
  return [...known.values()]
}

/** Of one that does not answer its address: why it does not is told by who migrates it. */
async function identityOf({ at, admin }: DatabaseEngine): Promise<string> {
  const pool = openPool(at, admin, { schema: 'public', max: 1, limits: false })
  try {
    const [known] = await pool<{ identity: string }[]>`
      select concat(system_identifier, '/',
        (select oid from pg_database where datname = current_database())) as identity
      from pg_control_system()`
    return known!.identity
  } catch {
    return `${at.host}:${at.port}/${at.database}`
  } finally {
    await pool.end({ timeout: 1 })
  }
}

/**
 * The database behind an address like `postgres://user:password@host:port/database?sslmode=…&connect_timeout=…`; roles
 * of services get passwords from the platform's secret.
 */
export function databaseAt(address: string, derive: (purpose: string) => Buffer): DatabaseEngine {
  const url = new URL(address)
  const admin = decodeURIComponent(url.username)
  const password = (role: string): string =>
    role === admin
      ? decodeURIComponent(url.password)
      : createHmac('sha256', derive('database roles')).update(role).digest('base64url')
  const mode = url.searchParams.get('sslmode') ?? 'disable'
  if (!/^(disable|require|verify-full)$/.test(mode))
    throw new StartError(
      `The address of ${url.hostname} says sslmode=${mode}: it takes disable, require or verify-full.`,
    )
  const at: DatabaseAddress = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || admin,
    password,
    ssl: mode === 'disable' ? false : (mode as 'require' | 'verify-full'),
    patience: Number(url.searchParams.get('connect_timeout')) || 10,
  }
  return { at, admin }
}

/** The PostgreSQL of our own below the data folder. */
export async function embeddedDatabase(
  dataFolder: string,
  progress: (message: string) => void,
  closers: PlacementOptions['closers'],
  log: Log,
): Promise<DatabaseEngine> {
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

/**
 * Brings the databases of these services up to the code and starts nothing else: no event is handled, no job done.
 * Fails with `StartError`.
 */
export async function prepare(
  services: readonly Service[],
  config: Config,
  {
    database,
    progress = () => {},
  }: { database?: DatabaseEngine | undefined; progress?: (message: string) => void } = {},
): Promise<void> {
  refuseFaults(config.faults)
  const closers: (() => unknown)[] = []
  const log = openLog({ level: config.LOG_LEVEL })
  try {
    const derive = deriveFrom(await rootSecret(config, config.dataFolder))
    const placement = await placementOf(services, config, { database, derive, progress, closers, log })
    for (const [{ at, admin }, residents] of placement) await migrate(at, admin, residents, progress)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}
