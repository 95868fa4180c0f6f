import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileTail, type Life } from './launch.ts'
import { freePort, type Place, type Recipe } from './recipe.ts'

/**
 * `server` is a PostgreSQL as operators have one: TCP, passwords, a superuser. `mail` takes mail and keeps it as files.
 */
export const engineNames = ['server', 'kafka', 'redis', 's3', 'mail'] as const
export type EngineName = (typeof engineNames)[number]

/** A real engine that we started and that ends with this process, however it ends. */
export interface Engine {
  readonly name: EngineName
  /** As Ohmnibus reads them from its environment. They stay the same over `restart`. */
  readonly settings: Record<string, string>
  /** Of the process that runs now. */
  readonly pid: number
  /** Resolves with how it ended, the first time it does so without `stop` or `restart`. */
  readonly ended: Promise<string>
  /** What it said last, for a message to a person. */
  lastWords(): string
  /** Sends a signal and does not wait. The default ends it in the middle of everything. */
  kill(signal?: NodeJS.Signals): void
  /** Starts it again on the same port and data, whether it runs, hangs or is gone, and waits until it does its work. */
  restart(): Promise<void>
  /** Ends it and waits. Its folder stays. May be called again. */
  stop(): Promise<void>
}

const recipes: Record<EngineName, () => Promise<(place: Place) => Promise<Recipe>>> = {
  server: async () => (await import('./server.ts')).server,
  kafka: async () => (await import('./kafka.ts')).kafka,
  redis: async () => (await import('./redis.ts')).redis,
  s3: async () => (await import('./s3.ts')).s3,
  mail: async () => (await import('./mail.ts')).mail,
}

/** Gets the engine if need be and starts it on `folder`, which keeps its data and log. Fails with `EngineMissing`. */
export async function startEngine(name: EngineName, at: { folder: string } & Partial<Place>): Promise<Engine> {
  const folder = join(at.folder, name)
  mkdirSync(folder, { recursive: true })
  const open = await recipes[name]()
  const recipe = await open({
    folder,
    port: at.port ?? (await freePort()),
    durable: at.durable ?? true,
    proxied: at.proxied,
  })
  let life = await recipe.start()
  let wanted = true
  let tell: (how: string) => void
  const ended = new Promise<string>(resolve => (tell = resolve))
  const watch = (watched: Life): void => void watched.ended.then(how => wanted && watched === life && tell(how))
  watch(life)
  return {
    name,
    settings: recipe.settings,
    get pid() {
      return life.pid
    },
    ended,
    lastWords: () => fileTail(join(folder, 'log')),
    kill: (signal = 'SIGKILL') => life.kill(signal),
    async restart() {
      wanted = false
      await life.stop()
      life = await recipe.start()
      wanted = true
      watch(life)
    },
    async stop() {
      wanted = false
      await life.stop()
    },
  }
}
