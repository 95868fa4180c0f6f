import { resolve } from 'node:path'
import { refuseFaults, type Config } from '../config/config.ts'
import { databaseAt, deriveFrom, embeddedDatabase, rootSecret, type DatabaseEngine } from '../run/engines.ts'
import { openLog, type Log } from '../telemetry/log.ts'
import { migrate } from './migrate.ts'
import { StartError } from '../problem.ts'
import type { Service } from '../service.ts'

export interface HomesOptions {
  /** The platform's, where it runs already. */
  database?: DatabaseEngine
  derive: (purpose: string) => Buffer
  progress: (message: string) => void
  closers: (() => unknown)[]
  log: Log
}

/**
 * The databases that these services live in, each once, with who lives there; the embedded one is started. Fails with
 * `StartError`.
 */
export async function homesOf(
  services: readonly Service[],
  config: Config,
  options: HomesOptions,
): Promise<Map<DatabaseEngine, Service[]>> {
  const { database, derive, progress, closers, log } = options
  const homes = new Map<DatabaseEngine, Service[]>()
  const known = new Map<string, DatabaseEngine>()
  let own: Promise<DatabaseEngine> | undefined
  const platforms = (): Promise<DatabaseEngine> =>
    (own ??= database
      ? Promise.resolve(database)
      : config.DATABASE_URL
        ? Promise.resolve(databaseAt(config.DATABASE_URL, derive))
        : embeddedDatabase(resolve(config.OHMNIBUS_DATA), progress, closers, log))
  for (const service of services) {
    const address = config.databases.get(service.name)
    const engine = address ? databaseAt(address, derive) : await platforms()
    const { host, port, database: name } = engine.at
    const home = known.get(`${host}:${port}/${name}`) ?? engine
    known.set(`${host}:${port}/${name}`, home)
    homes.set(home, [...(homes.get(home) ?? []), service])
  }
  if (homes.size === 0) homes.set(await platforms(), [])
  if (homes.size > 1 && config.KAFKA_BROKERS.length === 0)
    throw new StartError(
      'Services have databases of their own, and events between databases travel over Kafka. Set KAFKA_BROKERS, or leave all services in one database.',
    )
  return homes
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
    const derive = deriveFrom(await rootSecret(config, resolve(config.OHMNIBUS_DATA)))
    const homes = await homesOf(services, config, { database, derive, progress, closers, log })
    for (const [{ at, admin }, residents] of homes) await migrate(at, admin, residents, progress)
  } finally {
    for (const close of closers.reverse()) await close()
  }
}
