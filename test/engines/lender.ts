import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startEngine, type Engine } from '../../tools/engines/engine.ts'

/** Engines that are lent to tests, each started for the first that asks. */
export const lent = ['kafka', 'redis', 's3', 'server'] as const
export type Lent = (typeof lent)[number]

/** What a test gets: settings of its own corner of an engine, or why there is none. */
export type Loan = { settings: Record<string, string> } | { fault: string }

/**
 * Lends engines over a Unix socket to the processes of a test run: who connects and sends the name of an engine gets a
 * line of JSON, a `Loan`; what it holds is cleared away when the connection ends, as it also does when the process
 * does.
 */
export async function lendEngines(folder: string, eager: boolean) {
  const engines = new Map<Lent, Promise<Engine>>()
  const engineOf = (name: Lent): Promise<Engine> => {
    const started = engines.get(name) ?? startEngine(name, { folder, durable: false })
    engines.set(name, started)
    return started
  }
  if (eager) for (const name of lent) engineOf(name).catch(() => {}) // told to each test that asks
  const clearing = new Set<Promise<unknown>>()

  const server = createServer(socket => {
    socket.on('error', () => {})
    createInterface(socket).once('line', async line => {
      const name = line as Lent
      try {
        const engine = await engineOf(name)
        const { settings, clear } = await corners[name](engine, join(folder, name), `t${randomUUID().slice(0, 8)}`)
        const cleared = async () => {
          const work = clear().catch(() => {})
          clearing.add(work)
          await work
          clearing.delete(work)
        }
        if (socket.destroyed) return void cleared()
        socket.once('close', cleared)
        socket.write(`${JSON.stringify({ settings: { ...engine.settings, ...settings } } satisfies Loan)}\n`)
      } catch (error) {
        socket.end(`${JSON.stringify({ fault: (error as Error).message } satisfies Loan)}\n`)
      }
    })
  })
  const path = join(folder, 'lender')
  server.listen(path)
  await once(server, 'listening')
  return {
    path,
    async stop() {
      server.close()
      await Promise.all(clearing)
      await Promise.all(engines.values().map(started => started.then(engine => engine.stop()).catch(() => {})))
    },
  }
}

/** Makes a corner of an engine that no other test sees, under a name that nothing has. */
type Corner = (
  engine: Engine,
  folder: string,
  name: string,
) => Promise<{ settings: Record<string, string>; clear: () => Promise<unknown> }>

// The clients are loaded by those runs only whose tests ask for their engines.
const corners: Record<Lent, Corner> = {
  async kafka({ settings }, _folder, name) {
    const { Admin } = await import('@platformatic/kafka')
    const prefix = `${name}.`
    return {
      settings: { KAFKA_TOPIC_PREFIX: prefix, KAFKA_PARTITIONS: '2' },
      async clear() {
        const admin = new Admin({ clientId: 'lender', bootstrapBrokers: [settings.KAFKA_BROKERS!] })
        try {
          const topics = (await admin.listTopics()).filter(topic => topic.startsWith(prefix))
          if (topics.length > 0) await admin.deleteTopics({ topics })
        } finally {
          await admin.close()
        }
      },
    }
  },
  redis: async (_engine, _folder, name) => ({ settings: { REDIS_PREFIX: `${name}:` }, clear: async () => {} }),
  async s3({ settings }, folder, name) {
    const { makeBucket } = await import('../../tools/engines/s3.ts')
    await makeBucket(settings, name)
    return {
      settings: { S3_BUCKET_NAME: name },
      clear: () => rm(join(folder, 'data', name), { recursive: true, force: true }),
    }
  },
  async server({ settings }, _folder, name) {
    const { default: postgres } = await import('postgres')
    const run = async (statement: string): Promise<void> => {
      const sql = postgres(settings.DATABASE_URL!, { max: 1, onnotice: () => {} })
      await sql.unsafe(statement).finally(() => sql.end({ timeout: 1 }))
    }
    await run(`create database ${name}`)
    const url = new URL(settings.DATABASE_URL!)
    url.pathname = `/${name}`
    return { settings: { DATABASE_URL: url.href }, clear: () => run(`drop database if exists ${name} with (force)`) }
  },
}
