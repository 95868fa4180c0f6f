import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { hash } from '@node-rs/argon2'
import type { Pool } from '../kernel/database/database.ts'
import { openPool } from '../kernel/database/pool.ts'
import { newId } from '../kernel/ids.ts'
import { all } from '../services/all.ts'
import { freePort } from '../tools/engines/recipe.ts'
import { openGround, type GroundName } from './ground.ts'
import type { Shot } from './client.ts'

/** A server in a process of its own, so that it shares no event loop with who asks it. */
export interface Server {
  readonly url: string
  readonly pid: number
  close(): Promise<void>
}

/** Of `OHMNIBUS_SERVICES`, or all there are. */
export const allServices: readonly string[] = process.env.OHMNIBUS_SERVICES?.split(',') ?? Object.keys(all)

/** The platform with each service in a process of its own; `url` is the gateway's. */
export interface Spread {
  readonly url: string
  /** By the name of their service. */
  readonly parts: ReadonlyMap<string, Server>
  close(): Promise<void>
}

/** One ground for a run, and what is measured on it. */
export type World = Awaited<ReturnType<typeof openWorld>>

export interface Size {
  /** Rounds of each comparison. */
  readonly rounds: number
  /** Of load in each round. */
  readonly seconds: number
  readonly quick: boolean
}

/** What a child needs to know; it comes as its first argument. */
export interface Order {
  readonly host: string
  readonly port: number
  readonly superuser: string
  readonly password?: string
  readonly database: string
  readonly dataFolder: string
  /** Services of the platform. */
  readonly services: readonly string[]
  /** Of its engines. */
  readonly settings: Record<string, string>
}

export async function openWorld(size: Size, options: { on: GroundName; profile?: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-bench-'))
  const ground = await openGround(options.on, folder).catch(async error => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const { host, port, superuser, password } = ground
  const servers = new Set<Server>()
  const pools: Pool[] = []

  const sqlOf = (database: string, schema = 'public'): Pool => {
    const at = { host, port, database, ...(password && { password: () => password }) }
    const pool = openPool(at, superuser, { schema, max: 2, limits: false })
    pools.push(pool)
    return pool
  }

  async function start(
    script: string,
    database: string,
    services: readonly string[],
    settings: Record<string, string> = {},
  ) {
    const name = services.length === 1 ? `${database}-${services[0]}` : database
    const order: Order = {
      host,
      port,
      superuser,
      password,
      database,
      services,
      settings,
      dataFolder: join(folder, name),
    }
    const child = fork(resolve(import.meta.dirname, script), [JSON.stringify(order)], {
      execArgv: options.profile
        ? // A folder each: threads have profiles of their own.
          ['--cpu-prof', `--cpu-prof-dir=${join(options.profile, `${basename(script)}-${name}`)}`]
        : [],
    })
    const url = await answerOf(child)
    const server: Server = { url, pid: child.pid!, close: () => closed(child).then(() => void servers.delete(server)) }
    servers.add(server)
    return server
  }

  const platform = (database: string, services = allServices, settings: Record<string, string> = {}): Promise<Server> =>
    start('platform.ts', database, services, { ...ground.settings(database), ...settings })

  async function spread(database: string): Promise<Spread> {
    const ports = await Promise.all(allServices.map(async name => [name, String(await freePort())] as const))
    const addresses = ports.map(([name, port]) => [`${name.toUpperCase()}_SERVICE_URL`, `http://127.0.0.1:${port}`])
    const settings = { ...ground.settings(database), ...Object.fromEntries(addresses) }
    const started = ports.map(
      async ([name, PORT]) => [name, await start('platform.ts', database, [name], { ...settings, PORT })] as const,
    )
    const parts = new Map(await Promise.all(started))
    return {
      url: parts.get('gateway')!.url,
      parts,
      close: async () => void (await Promise.all([...parts.values()].map(part => part.close()))),
    }
  }

  return {
    size,
    folder,
    ground,
    sqlOf,
    /** Of PostgreSQL. */
    version: async (): Promise<string> =>
      (await sqlOf('postgres')`select current_setting('server_version') as version`)[0]!.version,
    /** A fresh database. */
    async database(name: string): Promise<string> {
      const sql = sqlOf('postgres')
      await sql.unsafe(`create database ${name}`)
      return name
    },
    /** The product as one process, migrated and started on that database. */
    platform,
    /** The product as many processes; on `engines` only. */
    spread,
    /** Bare Fastify and postgres.js on the same database. */
    floor: (database: string) => start('floor.ts', database, []),
    /** Passes WebSockets on to who is there. */
    passThrough: (behind: string) => start('pass-through.ts', 'pass_through', [], { BEHIND: behind }),
    /** What others wrote for the same, by a script of its own. */
    peer: (script: string, database: string, settings: Record<string, string> = {}) =>
      start(script, database, [], settings),
    async close(): Promise<void> {
      await Promise.all([...servers].map(server => server.close()))
      await Promise.all(pools.map(pool => pool.end({ timeout: 1 })))
      await ground.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const answerOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    child.once('message', message => resolve(message as string))
    child.once('exit', code => reject(new Error(`${child.spawnargs[1]} ended with ${code} before it listened`)))
  })

const closed = (child: ChildProcess): Promise<void> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.disconnect()
  })

export const password = 'a-long-summer-of-trains'

/** Persons who can sign in with `password`, made by SQL. */
export async function makePeople(sql: Pool, count: number): Promise<{ id: string; email: string }[]> {
  const passwordHash = await hash(password, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  const people = Array.from({ length: count }, (_, at) => ({
    id: newId(),
    email: `driver-${at}-${randomBytes(4).toString('hex')}@example.com`,
  }))
  const rows = people.map(person => ({
    ...person,
    password_hash: passwordHash,
    first_name: 'Ada',
    last_name: 'Lovelace',
    locale: 'en',
    created_at: new Date(),
  }))
  await sql`insert into identity.users ${sql(rows)}`
  return people
}

export const signIn = (people: readonly { email: string }[]): Shot => {
  let at = 0
  return {
    method: 'POST',
    paths: ['/api/auth/login'],
    body: () => JSON.stringify({ email: people[at++ % people.length]!.email, password }),
  }
}

/** Headers of somebody who has signed in. */
export async function signedIn(
  server: Pick<Server, 'url'>,
  person: { email: string },
): Promise<{ authorization: string }> {
  const answer = await fetch(`${server.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: person.email, password }),
  })
  const { accessToken } = (await answer.json()) as { accessToken: string }
  if (!accessToken) throw new Error(`nobody could sign in: ${answer.status}`)
  return { authorization: `Bearer ${accessToken}` }
}
