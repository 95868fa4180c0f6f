import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { anyone, defineService } from '../../kernel/index.ts'
import { databaseProblem } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { innermost } from '../../kernel/telemetry/outage.ts'
import { start } from '../../kernel/testing.ts'

test('a transaction whose connection is lost is refused as unavailable, wherever it stood, and the next one works', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-service-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  let meanwhile = async (): Promise<void> => {}
  const counters = defineService({
    name: 'counters',
    folder,
    start({ http, db }) {
      http.post('/', { config: { access: anyone }, schema: { summary: 'Count' } }, async () =>
        db.transaction(async tx => {
          const [before] = await tx<{ pid: number }[]>`select pg_backend_pid() as pid`
          await meanwhile()
          await tx`select 1`
          return before
        }),
      )
    },
  })
  const p = await start(t, [counters])
  const kill = async (waiting: boolean): Promise<void> => {
    await p.db(
      'kernel',
    )`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'counters' and datname = current_database()`
    // Whether the loss is noticed before the next statement, or only by it.
    if (waiting) await new Promise(resolve => setTimeout(resolve, 50))
  }
  const count = async () => {
    const answer = await p.http.inject({ method: 'POST', url: '/api/counters' })
    return [answer.statusCode, answer.json().code]
  }
  /** Other connections of the pool were ended too, and each may be noticed by the first who uses it. */
  const recovered = async (): Promise<void> => {
    meanwhile = async () => {}
    for (let tries = 0; tries < 10; tries++) if ((await count())[0] === 200) return
    assert.fail('it does not come back')
  }
  await recovered()
  for (const waiting of [true, false, true]) {
    meanwhile = () => kill(waiting)
    assert.deepEqual(await count(), [503, 'database_unavailable'])
    await recovered()
  }
  meanwhile = async () => {
    await kill(true)
    throw new Error('something else')
  }
  assert.equal((await count())[0], 500)
  await recovered()
})

test('a server that took its socket with it is away, and no fault of the platform', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-gone-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const pool = openPool({ host: folder, port: 5432, database: 'postgres', password: () => '' }, 'postgres', { max: 1 })
  t.after(() => pool.end({ timeout: 0 }))
  const error = await pool`select 1`.then(
    () => assert.fail('somebody answered'),
    (error: unknown) => error,
  )
  assert.equal((error as { code: string }).code, 'ENOENT')
  assert.equal(databaseProblem(error)?.code, 'database_unavailable')
})

test('a server that takes a connection and says nothing is away, and so is one that the network loses', async t => {
  const silent = createServer(socket => void t.after(() => socket.destroy()))
  await once(silent.listen(0, '127.0.0.1'), 'listening')
  t.after(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const at = { host: '127.0.0.1', port, database: 'postgres', password: () => '', patience: 1 }
  const pool = openPool(at, 'postgres', { max: 1 })
  t.after(() => pool.end({ timeout: 0 }))
  const error = await pool`select 1`.then(
    () => assert.fail('somebody answered'),
    (error: unknown) => error,
  )
  assert.equal((error as { code: string }).code, 'CONNECT_TIMEOUT')
  const lost = [
    error,
    { code: 'ETIMEDOUT', syscall: 'read' },
    { code: 'EHOSTUNREACH', syscall: 'connect' },
    { code: 'EAI_AGAIN', syscall: 'getaddrinfo' },
  ]
  assert.deepEqual(
    lost.map(error => databaseProblem(error)?.code),
    lost.map(() => 'database_unavailable'),
  )
})

test('of an engine that fails the innermost cause is told, which names the address, in one line', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:9092\nand more'), { code: 'ECONNREFUSED' })
  assert.equal(
    innermost(
      new Error('Listing topics failed.', { cause: new AggregateError([refused, new Error('other')], 'Twice.') }),
    ),
    'connect ECONNREFUSED 10.0.0.7:9092',
  )
  assert.equal(innermost(new AggregateError([Object.assign(new Error(), { code: 'ETIMEDOUT' })])), 'ETIMEDOUT')
})
