import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { databaseAt } from '../../kernel/database/placement.ts'
import { startEngine } from '../../tools/engines/engine.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { baseline, client } from '../journeys/client.ts'
import { admin, underFireServices, underFireSettings } from './harness.ts'
import { launch, until } from './product.ts'

export const onLinux = { timeout: 120_000, skip: process.platform !== 'linux' && 'it needs /proc and signals' }

/**
 * The platform as one process on a PostgreSQL of its own, and its admin. The server works in `serverFolder`, where one
 * is given.
 */
export async function setUp(t: TestContext, environment: Record<string, string> = {}, serverFolder?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-single-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const server = await startEngine('server', { folder: serverFolder ?? folder })
  t.after(() => server.stop())
  const { DATABASE_URL } = server.settings as { DATABASE_URL: string }
  const product = launch({
    folder,
    port: await freePort(),
    environment: {
      ...underFireSettings,
      ...underFireServices,
      DATABASE_URL,
      OHMNIBUS_SECRET: 'a bad day: 0123456789abcdef 0123456789abcdef',
      PUBLIC_URL: 'https://localhost',
      HOST: '127.0.0.1',
      ...environment,
    },
  })
  t.after(async () => {
    product.signal('SIGCONT')
    product.signal('SIGTERM')
    await product.ends(10_000)
  })
  await product.ready()
  /** As a superuser. */
  const { at, admin: superuser } = databaseAt(DATABASE_URL, () => Buffer.alloc(32))
  const peek = async <T>(look: (db: Pool) => Promise<T>): Promise<T> => {
    const pool = openPool(at, superuser, { schema: 'public', max: 1 })
    return await look(pool).finally(() => pool.end({ timeout: 1 }))
  }
  return { folder, server, at, superuser, product, peek, ...(await visitors(product.address, peek)) }
}

/** The admin of a platform, and clients who write there in their name. `peek` looks into its database. */
export async function visitors(address: string, peek: <T>(look: (db: Pool) => Promise<T>) => Promise<T>) {
  const who = client(address)
  who.use(await who.get(200, 'POST /api/auth/login', admin))

  /** Status and code; `lost` where the connection was. */
  const create = async (key = randomUUID()): Promise<string> =>
    await who.ask('POST /api/passports', { data: baseline(key) }, { 'idempotency-key': key }).then(
      ({ status, body }) => `${status} ${body.code ?? ''}`.trim(),
      () => 'lost',
    )
  /** Clients that create passports until `stop`, which tells what they were answered, by key. */
  function load(clients = 4) {
    let going = true
    const answers = new Map<string, string>()
    const all = Array.from({ length: clients }, async () => {
      while (going) {
        const key = randomUUID()
        answers.set(key, await create(key))
        await sleep(10)
      }
    })
    return {
      answers,
      async stop() {
        going = false
        await Promise.all(all)
        return answers
      },
    }
  }
  /** What was promised is there once, and nothing that was refused. */
  async function holds(answers: ReadonlyMap<string, string>): Promise<void> {
    const rows = await peek(
      db => db<{ id: string }[]>`select identifier as id from passports.passports where version > 0`,
    )
    const there = rows.map(({ id }) => id)
    assert.equal(new Set(there).size, there.length)
    for (const [key, answer] of answers)
      if (answer !== 'lost' && !answer.startsWith('503'))
        assert.equal(there.includes(key), answer === '201', `${key}: ${answer}`)
    for (const answer of new Set(answers.values())) assert.match(answer, /^(201|503 database_\w+|lost)$/)
  }
  const works = () => until('work again', async () => (await create()) === '201', 20_000)
  return { who, create, load, holds, works }
}
