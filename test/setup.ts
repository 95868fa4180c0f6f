import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../embedded-postgres/postgres.ts'
import { guard, quoted } from '../tools/engines/guard.ts'
import { lendEngines } from './engines/lender.ts'

const stops: (() => Promise<unknown>)[] = []

/**
 * Where databases come and go: in memory where there is room. Thousands of files made and removed in a row cost ext4
 * more than PostgreSQL spends on all that is in them.
 */
async function quickFolder(): Promise<string> {
  const memory = '/dev/shm'
  const room = await statfs(memory).catch(() => undefined)
  return room && room.bavail * room.bsize > 6 * 2 ** 30 ? memory : tmpdir()
}

/**
 * One PostgreSQL for the whole run; each test gets a database of its own in it. Other engines are lent to the tests
 * that ask (`engine`), with `CI=true` all are started at once.
 */
export async function globalSetup(): Promise<void> {
  const folderIn = async (place: string): Promise<string> => {
    const folder = await mkdtemp(join(place, 'ohmnibus-run-'))
    const release = guard(`rm -rf ${quoted(folder)}`)
    stops.push(async () => {
      await rm(folder, { recursive: true, force: true })
      release()
    })
    return folder
  }
  const folder = await folderIn(tmpdir())
  const lender = await lendEngines(folder, process.env.CI === 'true')
  stops.push(lender.stop)
  process.env.OHMNIBUS_TEST_ENGINES = lender.path

  const server = await startPostgres({
    folder: join(await folderIn(await quickFolder()), 'cluster'),
    durable: false,
    settings: { max_connections: '500' },
  })
  const ended = guard(`kill -9 ${server.pid}`)
  stops.push(() => server.stop().finally(ended))
  process.env.OHMNIBUS_TEST_CLUSTER = JSON.stringify({
    host: server.host,
    port: server.port,
    superuser: server.superuser,
  })
}

export async function globalTeardown(): Promise<void> {
  for (const stop of stops.reverse()) await stop()
}
