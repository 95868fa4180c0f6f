import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { Pool } from '../../kernel/database/database.ts'
import { openPool } from '../../kernel/database/pool.ts'
import { examine } from '../../tools/doctor.ts'
import { runningEmbedded } from '../../tools/embedded.ts'
import { freePort } from '../../tools/engines/recipe.ts'
import { guard, quoted } from '../../tools/engines/guard.ts'
import { onLinux, setUp, visitors } from './alone.ts'
import { prometheus, underFireServices, underFireSettings } from './harness.ts'
import { kill, launch, serversOf, until, type Product } from './product.ts'

/** A disk of its own in memory; undefined, and the test skipped, where none can be mounted. */
function smallDisk(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'ohmnibus-disk-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=300m,mode=755', 'none', folder])
  if (status !== 0) {
    rmdirSync(folder)
    return t.skip('no small disk can be mounted here')
  }
  const release = guard(`umount -l ${quoted(folder)}; rmdir ${quoted(folder)}`)
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill: () => assert.throws(() => writeFileSync(ballast, Buffer.alloc(300 * 1024 * 1024)), { code: 'ENOSPC' }),
    clear: () => rmSync(ballast),
    remove() {
      spawnSync('umount', ['-l', folder])
      rmdirSync(folder)
      release()
    },
  }
}

const database = async ({ address }: Product): Promise<string> =>
  ((await (await fetch(`${address}/health`, { headers: prometheus })).json()) as { engines: { database: string } })
    .engines.database

const told = ({ output }: Product, message: RegExp): string[] =>
  output()
    .split('\n')
    .filter(line => message.test(line))

/** Changes that need another piece of the write-ahead log than there is; ends when PostgreSQL does. */
const useUp = async (db: Pool): Promise<never> => {
  for (;;) await db`select pg_logical_emit_message(false, 'filler', repeat('x', 1000000))`
}

type Visitors = Awaited<ReturnType<typeof visitors>>

/** What a full disk is like for clients and operators, and that it is over when there is room again. */
async function fullForAWhile(
  t: TestContext,
  product: Product,
  disk: { fill(): void; clear(): void },
  visited: Visitors,
  doctorSees: () => Promise<void>,
) {
  const { load, holds, who, works } = visited
  const clients = load()
  await until('some passports', () => clients.answers.size > 20, 20_000)
  disk.fill()
  await until(
    'refusals',
    () => [...clients.answers.values()].filter(answer => answer === '503 database_full').length > 50,
    20_000,
  )
  assert.equal((await who.ask('GET /api/passports')).status, 200)
  assert.match(await database(product), /No space left on device/)
  await doctorSees()
  const [line, ...more] = told(product, /an engine does not work/)
  assert.match(line!, /"engine":"database".*No space left on device.*it has no room for changes/)
  assert.deepEqual(more, [])

  const clearedAt = performance.now()
  disk.clear()
  await works()
  t.diagnostic(`${Math.round(performance.now() - clearedAt)} ms after there was room it works again`)
  await until('a healthy database', async () => (await database(product)) === 'ok', 20_000)
  assert.equal(told(product, /"engine":"database".*an engine works again/).length, 1)
  const answers = await clients.stop()
  await holds(answers)
  assert.doesNotMatch(product.output(), /a bug answered 500/)
  return answers
}

test(
  'the disk of PostgreSQL is full under load: changes are refused, what is there is read, operators are told, and all is well when there is room',
  onLinux,
  async t => {
    const disk = smallDisk(t)
    if (!disk) return
    const { product, server, peek, ...visited } = await setUp(t, { LOG_LEVEL: 'info' }, disk.folder)
    t.after(disk.remove)
    const { load, works, holds } = visited
    await fullForAWhile(t, product, disk, visited, async () => {
      const found = await examine({
        ...server.settings,
        OHMNIBUS_SECRET: 'x'.repeat(40),
        PUBLIC_URL: 'https://localhost',
      })
      assert.ok(found.some(({ state, what }) => state === 'fail' && /It has no room left: .*No space left/.test(what)))
    })

    // And to the last byte of its write-ahead log: it ends, recovers, finds no room and stays away until somebody
    // starts it.
    const clients = load()
    disk.fill()
    await assert.rejects(peek(useUp))
    await server.ended
    await until('a refusal', () => [...clients.answers.values()].includes('503 database_unavailable'), 20_000)
    disk.clear()
    await server.restart()
    await works()
    await holds(await clients.stop())
    await until('a healthy database', async () => (await database(product)) === 'ok', 20_000)
    assert.doesNotMatch(product.output(), /a bug answered 500/)
  },
)

test(
  'the disk with the data folder is full under load: the same, and when the embedded PostgreSQL ends, so does the process, which says why',
  onLinux,
  async t => {
    const disk = smallDisk(t)
    if (!disk) return
    const port = await freePort()
    const environment = { ...underFireSettings, ...underFireServices, LOG_LEVEL: 'info', HOST: '127.0.0.1' }
    const start = () => launch({ folder: disk.folder, port, environment })
    let product = start()
    t.after(async () => {
      product.signal('SIGTERM')
      await product.ends(10_000).finally(() => kill(serversOf(product.dataFolder)))
      disk.remove()
    })
    await product.ready()
    const peek = async <T>(look: (db: Pool) => Promise<T>): Promise<T> => {
      const { at, admin } = runningEmbedded(product.dataFolder)!
      const pool = openPool(at, admin, { schema: 'public', max: 1 })
      return await look(pool).finally(() => pool.end({ timeout: 1 }))
    }
    const visited = await visitors(product.address, peek)
    const before = await fullForAWhile(t, product, disk, visited, async () => {
      const found = await examine({ OHMNIBUS_DATA: product.dataFolder })
      assert.ok(found.some(({ state, what }) => state === 'fail' && what.startsWith('0.0 GB (0 %) are free')))
      assert.ok(found.some(({ state, what }) => state === 'fail' && /It has no room left/.test(what)))
    })

    const clients = visited.load()
    disk.fill()
    await assert.rejects(peek(useUp))
    assert.equal((await product.ends(20_000)).code, 1)
    assert.match(told(product, /"level":"fatal"/).join(), /The disk that holds .* is full\. Free some space/)
    const answers = new Map([...before, ...(await clients.stop())])
    assert.deepEqual(told(product, /a bug answered 500/), [])

    product = start()
    assert.equal((await product.ends(20_000)).code, 1)
    assert.match(product.output(), /Ohmnibus cannot start\. The disk .*full/)
    disk.clear()
    product = start()
    await product.ready()
    await visited.works()
    await visited.holds(answers)
  },
)
