import { fork, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hash } from '@node-rs/argon2'
import { openPool, type Pool } from '../kernel/database.ts'
import { newId } from '../kernel/ids.ts'
import { startPostgres } from '../kernel/postgres.ts'
import { all } from '../services/all.ts'
import type { Shot } from './measure.ts'

/** A server in a process of its own, so that it shares no event loop with who asks it. */
export interface Server {
  readonly url: string
  readonly pid: number
  close(): Promise<void>
}

/** Of `OHMNIBUS_SERVICES`, or all there are. */
export const allServices: readonly string[] = process.env.OHMNIBUS_SERVICES?.split(',') ?? Object.keys(all)

/** One PostgreSQL for a run, durable as the product starts it, and what is measured on it. */
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
  readonly database: string
  readonly dataFolder: string
  /** Services of the platform. */
  readonly services: readonly string[]
  /** Of its engines. */
  readonly settings: Record<string, string>
}

export async function openWorld(size: Size, options: { profile?: string } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-bench-'))
  // When a row was committed is what the latency of events is measured by.
  const postgres = await startPostgres({ folder: join(folder, 'postgres'), settings: { track_commit_timestamp: 'on' } })
  const servers = new Set<Server>()
  const pools: Pool[] = []

  const sqlOf = (database: string, schema = 'public'): Pool => {
    const pool = openPool({ host: postgres.host, port: postgres.port, database }, postgres.superuser, { schema, max: 2, limits: false })
    pools.push(pool)
    return pool
  }

  async function start(script: string, database: string, services: readonly string[], settings = {}): Promise<Server> {
    const { host, port, superuser } = postgres
    const order: Order = { host, port, superuser, database, services, settings, dataFolder: join(folder, database) }
    const child = fork(join(import.meta.dirname, script), [JSON.stringify(order)], {
      execArgv: options.profile
        ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`, `--cpu-prof-name=${script}-${database}.cpuprofile`]
        : [],
    })
    const url = await answerOf(child)
    const server = { url, pid: child.pid!, close: () => closed(child).then(() => void servers.delete(server)) }
    servers.add(server)
    return server
  }

  return {
    size,
    folder,
    postgres,
    sqlOf,
    /** A fresh database. */
    async database(name: string): Promise<string> {
      const sql = sqlOf('postgres')
      await sql.unsafe(`create database ${name}`)
      return name
    },
    /** The product, migrated and started on that database. */
    platform: (database: string, services = allServices, settings = {}) => start('platform.ts', database, services, settings),
    /** Bare Fastify and postgres.js on the same database. */
    floor: (database: string) => start('floor.ts', database, []),
    async close(): Promise<void> {
      await Promise.all([...servers].map(server => server.close()))
      await Promise.all(pools.map(pool => pool.end({ timeout: 1 })))
      await postgres.stop()
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
export async function signedIn(server: Server, person: { email: string }): Promise<{ authorization: string }> {
  const answer = await fetch(`${server.url}/api/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: person.email, password }),
  })
  const { accessToken } = (await answer.json()) as { accessToken: string }
  if (!accessToken) throw new Error(`nobody could sign in: ${answer.status}`)
  return { authorization: `Bearer ${accessToken}` }
}
