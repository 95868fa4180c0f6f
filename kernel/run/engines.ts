import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { memoryCache, type Cache } from '../cache/cache.ts'
import type { Config } from '../config/config.ts'
import { openPool, type DatabaseAddress } from '../database/database.ts'
import { damageReport, folderFiles, type FileStore } from '../files/files.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { startPostgres } from '../../embedded-postgres/postgres.ts'
import { StartError } from '../problem.ts'

/** A PostgreSQL database, and who may do everything there. */
export interface DatabaseEngine {
  readonly at: DatabaseAddress
  readonly admin: string
}

/** Counters, cache and presence: memory, or Redis where the settings name one. */
export async function openCache({ config, log, metrics }: { config: Config; log: Log; metrics: Metrics }): Promise<{
  cache: Cache
  check(): Promise<unknown>
  close(): Promise<void>
}> {
  const { redisUrl: url, REDIS_PREFIX: prefix, RATE_LIMIT_FACTOR: factor } = config
  // The clients of engines are only loaded where there is one.
  if (url) return (await import('../cache/redis.ts')).redisCache({ url, prefix, factor, log, metrics })
  return { cache: memoryCache({ factor }), check: async () => {}, close: async () => {} }
}

/** Where files lie: a folder, or a bucket where the settings name one. */
export async function openFiles(options: {
  config: Config
  dataFolder: string
  secret: Buffer
  publicUrl: string
  now: () => Date
  log: Log
  metrics: Metrics
}): Promise<FileStore> {
  const { config, dataFolder, ...shared } = options
  const { S3_BUCKET_NAME: bucket, S3_ENDPOINT: endpoint, AWS_REGION: region } = config
  if (!bucket) return folderFiles({ ...shared, folder: join(dataFolder, 'files'), onDamage: damageReport(shared) })
  const credentials = { accessKeyId: config.AWS_ACCESS_KEY_ID, secretAccessKey: config.AWS_SECRET_ACCESS_KEY }
  return await (await import('../files/s3.ts')).s3Files({ ...shared, ...credentials, endpoint, bucket, region })
}

/** Keys for one purpose each, from the root of all keys. */
export const deriveFrom =
  (secret: Buffer) =>
  (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, 'ohmnibus', purpose, 32))

/** The root of all keys: given, or made once and kept in the data folder. */
export async function rootSecret(config: Config, dataFolder: string): Promise<Buffer> {
  if (config.OHMNIBUS_SECRET) return Buffer.from(config.OHMNIBUS_SECRET)
  const file = join(dataFolder, 'secret')
  try {
    // 0711: the user PostgreSQL runs as must pass, nobody else may look.
    await mkdir(dataFolder, { recursive: true, mode: 0o711 })
    await writeFile(file, randomBytes(48).toString('base64'), { flag: 'wx', mode: 0o600 }).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
    const secret = await readFile(file)
    if (secret.length < 32)
      throw new StartError(
        `${file} is damaged (${secret.length} bytes): restore it from a back-up, or remove the data folder to begin anew.`,
      )
    return secret
  } catch (error) {
    throw folderProblem(error, dataFolder)
  }
}

function folderProblem(error: unknown, folder: string): unknown {
  const { code } = error as { code?: string }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StartError(
      `The data folder ${folder} cannot be written to. Give yourself the right, or choose another: OHMNIBUS_DATA=/some/folder`,
    )
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StartError(
      `The disk of the data folder ${folder} is full. Make room, or choose another: OHMNIBUS_DATA=/some/folder`,
    )
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return new StartError(`${folder} is not a folder. Choose another: OHMNIBUS_DATA=/some/folder`)
  return error
}

/**
 * The database behind an address like `postgres://user:password@host:port/database?sslmode=…&connect_timeout=…`; roles
 * of services get passwords from the platform's secret.
 */
export function databaseAt(address: string, derive: (purpose: string) => Buffer): DatabaseEngine {
  const url = new URL(address)
  const admin = decodeURIComponent(url.username)
  const password = (role: string): string =>
    role === admin
      ? decodeURIComponent(url.password)
      : createHmac('sha256', derive('database roles')).update(role).digest('base64url')
  const mode = url.searchParams.get('sslmode') ?? 'disable'
  if (!/^(disable|require|verify-full)$/.test(mode))
    throw new StartError(
      `The address of ${url.hostname} says sslmode=${mode}: it takes disable, require or verify-full.`,
    )
  const at: DatabaseAddress = {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || 5432),
    database: decodeURIComponent(url.pathname.slice(1)) || admin,
    password,
    ssl: mode === 'disable' ? false : (mode as 'require' | 'verify-full'),
    patience: Number(url.searchParams.get('connect_timeout')) || 10,
  }
  return { at, admin }
}

/** The PostgreSQL of our own below the data folder. */
export async function embeddedDatabase(
  dataFolder: string,
  progress: (message: string) => void,
  closers: (() => unknown)[],
  log: Log,
): Promise<DatabaseEngine> {
  const server = await startPostgres({ folder: join(dataFolder, 'postgres'), progress })
  let stopping = false
  closers.push(() => {
    stopping = true
    return server.stop()
  })
  void server.ended.then(reason => {
    if (stopping) return
    log.fatal({ reason }, 'the embedded PostgreSQL ended; stopping')
    process.exit(1)
  })
  const at = { host: server.host, port: server.port, database: 'ohmnibus' }
  const pool = openPool({ ...at, database: 'postgres' }, server.superuser, { max: 1 })
  try {
    const [there] = await pool`select from pg_database where datname = 'ohmnibus'`
    if (!there) await pool`create database ohmnibus`
  } finally {
    await pool.end({ timeout: 1 })
  }
  return { at, admin: server.superuser }
}
