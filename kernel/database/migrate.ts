import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, runMigrations } from 'graphile-worker'
import postgres from 'postgres'
import type { DatabaseAddress, Pool } from './database.ts'
import { connectionString, openPool } from './pool.ts'
import { letKernelWork, makeRole, makeSchemas, provePasswords, quoted } from './roles.ts'
import { StartError } from '../problem.ts'

/** A service as far as its schema goes. */
export interface Migratable {
  readonly name: string
  readonly folder: string
  /** Their tables stand in its schema. */
  readonly includes?: readonly { readonly name: string; readonly folder: string }[]
}

/** A folder of migrations, under the name by which the database knows it: `billing`, or `billing/ledger`. */
interface Unit {
  readonly name: string
  readonly schema: string
  readonly folder: string
}

/**
 * In the order they run: the kernel first, and what a service includes before the service itself, whose migrations may
 * refer to its tables.
 */
export const unitsOf = (services: readonly Migratable[]): Unit[] => [
  { name: 'kernel', schema: 'kernel', folder: import.meta.dirname },
  ...services.flatMap(({ name: schema, folder, includes = [] }) => {
    if (new Set(includes.map(({ name }) => name)).size < includes.length)
      throw new StartError(
        `${schema} includes two modules of one name: ${includes.map(({ name }) => name).join(', ')}.`,
      )
    return [
      ...includes.map(module => ({ name: `${schema}/${module.name}`, schema, folder: module.folder })),
      { name: schema, schema, folder },
    ]
  }),
]

interface Migration {
  number: number
  name: string
  sql: string
  checksum: string
  /** Code that knows the migrations up to this one works beside it; its own number where only newer code does. */
  worksFrom: number
}

/**
 * The numbered files of a folder, in order. Fails when a number is missing or stands twice. The first line may be `--
 * works with code from 0001`: code that knows no more than that one then starts on a database that has this one too, as
 * in a rolling upgrade.
 */
export async function readMigrations(folder: string): Promise<Migration[]> {
  const files = (await readdir(join(folder, 'migrations')).catch(() => [])).filter(file => file.endsWith('.sql')).sort()
  return await Promise.all(
    files.map(async (name, index) => {
      const number = Number(/^(\d{4})_/.exec(name)?.[1])
      if (number !== index + 1)
        throw new StartError(
          `The migrations in ${folder} must be numbered without gaps: ` +
            `${name} stands where ${String(index + 1).padStart(4, '0')}_… should.`,
        )
      const sql = await readFile(join(folder, 'migrations', name), 'utf8')
      const worksFrom = Number(/^-- works with code from (\d{4})\b/.exec(sql)?.[1] ?? number)
      if (worksFrom < 1 || worksFrom > number)
        throw new StartError(
          `The first line of ${name} in ${folder} must name a migration before it: there is none to work with.`,
        )
      return {
        number,
        name,
        sql,
        checksum: createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex'),
        worksFrom,
      }
    }),
  )
}

/**
 * Brings a database up to the code: roles, schemas, migrations. Safe to run from many processes at once: one does it,
 * the others wait. Fails with `StartError` when nobody answers there or lets us in, a migration was changed after it
 * ran, one is missing, or the database is of newer code.
 */
export async function migrate(
  at: DatabaseAddress,
  admin: string,
  services: readonly Migratable[],
  progress: (message: string) => void = () => {},
): Promise<void> {
  const pool = openPool(at, admin, { schema: 'public', max: 1, limits: false })
  try {
    const all = await Promise.all(
      unitsOf(services).map(async unit => ({ ...unit, migrations: await readMigrations(unit.folder) })),
    )
    const schemas = ['kernel', ...services.map(({ name }) => name)]
    await accepting(pool)
    if (await upToDate(pool, all, progress)) return await provePasswords(at)
    progress('Preparing the database')
    await pool`select pg_advisory_lock(7305218801)`
    const [server] = await pool`select current_setting('server_version_num')::int as version`
    if (server!.version < 170_000)
      throw new StartError(`PostgreSQL ${Math.floor(server!.version / 10_000)} is too old: Ohmnibus needs 17 or newer.`)
    for (const name of schemas) await makeRole(pool, at, name)
    await provePasswords(at)
    await makeSchemas(pool, schemas)
    await runMigrations({ connectionString: connectionString(at, admin), logger: new Logger(() => () => {}) })
    await pool.unsafe(letKernelWork)
    for (const unit of all) {
      for (const migration of unit.migrations) {
        if (await applied(pool, unit.name, migration)) continue
        progress(`Migrating ${unit.name} to ${migration.name}`)
        await apply(pool, unit, migration)
      }
    }
  } catch (error) {
    throw refusal(error, at, admin)
  } finally {
    await pool.end({ timeout: 5 })
  }
}

/** A server that is starting, or recovering after a crash, says so, and is waited for. */
async function accepting(pool: Pool): Promise<void> {
  for (const deadline = performance.now() + 60_000; ; await sleep(200))
    try {
      return void (await pool`select`)
    } catch (error) {
      if ((error as { code?: string }).code !== '57P03' || performance.now() > deadline) throw error
    }
}

/** A fault of reaching or entering a PostgreSQL as a line for the operator; others as they are. */
function refusal(error: unknown, at: DatabaseAddress, role: string): unknown {
  const { code = '', message } = error as { code?: string; message: string }
  const server = `PostgreSQL at ${at.host}:${at.port}`
  const sentences: [RegExp, string][] = [
    [/^(ECONNREFUSED|ENOENT)$/, `Nobody answers for ${server}. Start it, or correct the address.`],
    [/^(ENOTFOUND|EAI_AGAIN)$/, `The name of ${server} is not known. Correct the address.`],
    [
      /^(CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
      `${server} cannot be reached. Look at the network between, and at firewalls.`,
    ],
    [/^28P01$/, `${server} refuses the password of ${role}.`],
    [
      /^28000$/,
      `${server} does not let ${role} in: ${message}. If it asks for encryption, add ?sslmode=require to the address.`,
    ],
    [/^3D000$/, `${server} has no database ${at.database}. Make it: create database "${at.database}"`],
    [
      /^42501$/,
      `${server} does not let ${role} prepare the database: ${message}. ` +
        `It takes the owner of ${at.database} with CREATEROLE.`,
    ],
    [/^53100$/, `The disk of ${server} is full: ${message}. Make room and start again.`],
    [/^53300$/, `${server} has no connection left. Raise its max_connections, or run fewer processes.`],
    [/^57P03$/, `${server} has not been ready for a minute: ${message}. Look at its log, and start again.`],
    [
      /CERT|ERR_TLS/,
      `The certificate of ${server} does not prove who it is (${code}). Name its authority in NODE_EXTRA_CA_CERTS.`,
    ],
  ]
  const sentence = sentences.find(([codes]) => codes.test(code))?.[1]
  if (sentence) return new StartError(sentence)
  // To the question for encryption it said no; the driver goes on all the same, and is hung up on.
  if (at.ssl && /^(ECONNRESET|EPROTO|ERR_SSL_|CONNECTION_)/.test(code))
    return new StartError(
      `${server} does not speak TLS, which sslmode=${at.ssl} asks for. ` +
        'Switch it on there (ssl = on), or leave sslmode out.',
    )
  return error
}

/**
 * One query decides a warm start. Refuses what was changed, and a database from a future that has no place for this
 * code.
 */
async function upToDate(
  pool: Pool,
  units: (Unit & { migrations: Migration[] })[],
  progress: (message: string) => void,
): Promise<boolean> {
  const [known] = await pool`select to_regclass('kernel.migrations') is not null as there`
  if (!known!.there) return false
  // A database that older code prepared lacks the column.
  const rows = await pool<{ service: string; number: number; name: string; checksum: string; worksFrom: number }[]>`
    select service, number, name, checksum,
      coalesce((to_jsonb(m) ->> 'works_from')::integer, number) as "worksFrom"
    from kernel.migrations m`
  for (const row of rows) {
    const unit = units.find(({ name }) => name === row.service)
    if (!unit) continue
    const migration = unit.migrations[row.number - 1]
    if (!migration && row.worksFrom > unit.migrations.length)
      throw new StartError(
        `The database holds ${row.service}/${row.name}, which this version of Ohmnibus does not know. ` +
          'Start the newer version, or restore a back-up.',
      )
    if (!migration) {
      progress(`Works with ${row.service}/${row.name} of a newer version`)
      continue
    }
    if (migration.checksum !== row.checksum)
      throw new StartError(
        `The migration ${row.service}/${row.name} was changed after it had run here. ` +
          'Restore the file and put the change into a new migration.',
      )
  }
  const applied = ({ name, migrations }: (typeof units)[number]): number =>
    rows.filter(row => row.service === name && row.number <= migrations.length).length
  return units.every(unit => applied(unit) === unit.migrations.length)
}

const applied = async (pool: Pool, service: string, { number }: Migration): Promise<boolean> =>
  (await pool`select from kernel.migrations where service = ${service} and number = ${number}`).length > 0

async function apply(pool: Pool, unit: Unit, { number, name, sql, checksum, worksFrom }: Migration): Promise<void> {
  try {
    await pool.begin(async tx => {
      await tx.unsafe(`set local search_path = ${quoted(unit.schema)}, extensions`)
      await tx.unsafe(sql)
      await tx`insert into kernel.migrations (service, number, name, checksum, works_from)
        values (${unit.name}, ${number}, ${name}, ${checksum}, ${worksFrom})`
    })
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error
    throw new StartError(
      `The migration ${unit.name}/${name} failed and nothing of it was kept: ${error.message}` +
        (error.position ? ` (at character ${error.position})` : ''),
    )
  }
}
