import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startPostgres } from '../embedded-postgres/postgres.ts'
import { startEngine } from '../tools/engines/engine.ts'
import type { DatabaseAddress } from '../kernel/database/database.ts'
import { openPool } from '../kernel/database/pool.ts'

/** What platform and floor both stand on: as after `npm start`, or as operators have it. */
export type GroundName = 'embedded' | 'engines'

/** Fails with what there is. */
export function groundNamed(name: string): GroundName {
  if (name === 'embedded' || name === 'engines') return name
  throw new Error('--on takes embedded or engines')
}

export interface Ground {
  readonly host: string
  readonly port: number
  readonly superuser: string
  /** Undefined where the socket itself is the proof. */
  readonly password?: string
  /** Process id of the postmaster. */
  readonly postmaster: number
  /** Of a platform of its own on that database. */
  settings(database: string): Record<string, string>
  stop(): Promise<void>
}

// When a row was committed is what the latency of events is measured by.
const settings = { track_commit_timestamp: 'on' }

/** Starts it below `folder`, durable as in the product. */
export const openGround = (name: GroundName, folder: string): Promise<Ground> =>
  name === 'engines' ? engines(folder) : embedded(folder)

async function embedded(folder: string): Promise<Ground> {
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), settings })
  return { ...postgres, postmaster: postgres.pid, settings: () => ({}) }
}

async function engines(folder: string): Promise<Ground> {
  const started = await Promise.allSettled(
    (['server', 'kafka', 'redis', 's3'] as const).map(name => startEngine(name, { folder })),
  )
  const running = started.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  const stop = async (): Promise<void> => void (await Promise.all(running.map(engine => engine.stop())))
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason
    const [server] = running
    const shared: Record<string, string> = Object.assign({}, ...running.map(engine => engine.settings))
    const url = new URL(shared.DATABASE_URL!)
    const [host, port, superuser, password] = [url.hostname, Number(url.port), url.username, url.password]
    await set({ host, port, database: 'postgres', password: () => password }, superuser)
    await server!.restart()
    // Roles are of the whole server, and their passwords come from the secret.
    const secret = randomBytes(48).toString('base64')
    return {
      host,
      port,
      superuser,
      password,
      postmaster: server!.pid,
      settings: database => ({
        ...shared,
        DATABASE_URL: Object.assign(new URL(url), { pathname: database }).href,
        KAFKA_TOPIC_PREFIX: `${database}.`,
        REDIS_PREFIX: `${database}:`,
        OHMNIBUS_SECRET: secret,
        PUBLIC_URL: 'http://127.0.0.1',
      }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function set(at: DatabaseAddress, superuser: string): Promise<void> {
  const pool = openPool(at, superuser, { schema: 'public', max: 1 })
  try {
    for (const [name, value] of Object.entries(settings)) await pool.unsafe(`alter system set ${name} = '${value}'`)
  } finally {
    await pool.end({ timeout: 1 })
  }
}
