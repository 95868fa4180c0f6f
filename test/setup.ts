import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPostgres } from '../kernel/postgres.ts'

let stop: (() => Promise<void>) | undefined

/** One PostgreSQL for the whole run; each test gets a database of its own in it. */
export async function globalSetup(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ohmnibus-cluster-'))
  const server = await startPostgres({ folder, durable: false, settings: { max_connections: '500' } })
  process.env.OHMNIBUS_TEST_CLUSTER = JSON.stringify({ host: server.host, port: server.port, superuser: server.superuser })
  stop = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

export async function globalTeardown(): Promise<void> {
  await stop?.()
}
