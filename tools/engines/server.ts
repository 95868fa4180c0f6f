import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPool } from '../../kernel/database/pool.ts'
import { startPostgres } from '../../embedded-postgres/postgres.ts'
import { StartError } from '../../kernel/problem.ts'
import { EngineMissing, type Place, type Recipe } from './recipe.ts'
import { guard } from './guard.ts'

const database = 'ohmnibus'

/**
 * A PostgreSQL as operators have one: over TCP, every role by its password. The programs are those of the embedded one.
 */
export async function server({ folder, port, durable }: Place): Promise<Recipe> {
  const password = randomBytes(24).toString('base64url')
  const settings = {
    unix_socket_directories: '',
    listen_addresses: '127.0.0.1',
    port: `${port}`,
    max_connections: '500',
  }
  let prepared = false
  return {
    settings: { DATABASE_URL: `postgres://postgres:${password}@127.0.0.1:${port}/${database}` },
    async start() {
      if (!prepared) await prepare(folder, password)
      prepared = true
      const running = await startPostgres({ folder, settings, durable })
      const release = guard(`kill -9 ${running.pid}`)
      const { promise: ended, resolve } = Promise.withResolvers<string>()
      void running.ended.then(resolve)
      return {
        pid: running.pid,
        ended,
        kill: signal => void process.kill(running.pid, signal),
        async stop() {
          await running.stop()
          release()
          resolve('asked to')
        },
      }
    },
  }
}

/** Makes what can only be made from inside, where no password is needed yet. */
async function prepare(folder: string, password: string): Promise<void> {
  const { host, port, superuser, stop } = await startPostgres({ folder, durable: false }).catch(error => {
    throw error instanceof StartError ? new EngineMissing(error.message) : error
  })
  const pool = openPool({ host, port, database: 'postgres' }, superuser, { max: 1 })
  try {
    await pool.unsafe(`alter role ${superuser} password '${password}'`)
    const [there] = await pool`select from pg_database where datname = ${database}`
    if (!there) await pool.unsafe(`create database ${database}`)
    writeFileSync(join(folder, 'data', 'pg_hba.conf'), 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n')
  } finally {
    await pool.end({ timeout: 1 })
    await stop()
  }
}
