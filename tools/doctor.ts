import { statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { dotenv, readConfig, type Config } from '../kernel/config.ts'
import { openPool } from '../kernel/database.ts'
import { readMigrations } from '../kernel/migrate.ts'
import { choose } from '../services/all.ts'
import { runningEmbedded } from './embedded.ts'

type Finding = [fine: boolean, what: string, advice?: string]

/** Prints what it finds, a line each; false when something needs a hand. */
export async function doctor(): Promise<boolean> {
  const config = readConfig(process.env, dotenv())
  const findings: Finding[] = [
    [
      Number(process.versions.node.split('.')[0]) >= 26,
      `Node ${process.versions.node}`,
      'Ohmnibus needs Node 26: run "npm ci", which brings it.',
    ],
    ...config.faults.map((fault): Finding => [false, fault]),
    ...config.notices.map((notice): Finding => [true, notice]),
    await disk(config),
    await port(config),
    ...(await database(config)),
  ]
  for (const [fine, what, advice] of findings) console.log(`${fine ? '✔' : '✖'} ${what}${!fine && advice ? ` – ${advice}` : ''}`)
  return findings.every(([fine]) => fine)
}

async function disk(config: Config): Promise<Finding> {
  const folder = resolve(config.OHMNIBUS_DATA)
  const space = await statfs(folder).catch(() => statfs('.'))
  const free = Math.round((space.bavail * space.bsize) / 1e9)
  return [free >= 1, `${free} GB free for the data in ${folder}`, 'Make room, or set OHMNIBUS_DATA to a folder on a larger disk.']
}

async function port(config: Config): Promise<Finding> {
  const free = await new Promise<boolean>(done => {
    const server = createServer()
      .once('error', () => done(false))
      .listen(config.PORT, config.HOST ?? '127.0.0.1', () => server.close(() => done(true)))
  })
  if (free) return [true, `Port ${config.PORT} is free`]
  const live = (await fetch(`http://127.0.0.1:${config.PORT}/health`).then(
    answer => answer.json(),
    () => undefined,
  )) as { services?: object; status?: string } | undefined
  return live?.services
    ? [live.status === 'ok', `Ohmnibus listens on port ${config.PORT}: ${live.status}`, 'See /health.']
    : [false, `Port ${config.PORT} is taken by another program`, `Choose another: PORT=${config.PORT + 1}`]
}

async function database(config: Config): Promise<Finding[]> {
  const engine = config.DATABASE_URL ? serverOf(config.DATABASE_URL) : runningEmbedded(config.OHMNIBUS_DATA)
  if (!engine) return [[true, 'The embedded PostgreSQL starts with the platform; while it runs, doctor looks inside']]
  const pool = openPool(engine.at, engine.admin, { schema: 'public', max: 1 })
  try {
    const at = Date.now()
    const [server] =
      await pool`select current_setting('server_version') as version, current_setting('server_version_num')::int as number, clock_timestamp() as now`
    const skew = Math.abs(server!.now.getTime() - Date.now())
    const findings: Finding[] = [
      [
        server!.number >= 170_000,
        `PostgreSQL ${server!.version} answers in ${Date.now() - at} ms`,
        'Ohmnibus needs PostgreSQL 17 or newer.',
      ],
      [skew < 5_000, `Its clock differs by ${skew} ms`, 'Let both machines keep time (NTP).'],
    ]
    const pending = await pendingMigrations(pool)
    findings.push([pending === 0, `${pending} migrations are pending`, 'Run "ohmnibus migrate", or start the platform.'])
    if (pending > 0) return findings
    const [events] = await pool`select (select count(*)::int from kernel.parked where state = 'dead') as dead,
      (select coalesce(max(lag), 0)::int from (select (select count(*) from kernel.log l where l.topic = s.topic and l.position > k.at_offset) as lag from kernel.subscriptions s join kernel.lanes k on k.subscription = s.name and k.lane = -1) lags) as lag`
    findings.push(
      [events!.dead === 0, `${events!.dead} dead letters`, 'See GET /api/events/dead-letters; mend the cause, then replay them.'],
      [events!.lag < 10_000, `The slowest subscription is ${events!.lag} events behind`, 'Look for errors in the log.'],
    )
    return findings
  } catch (error) {
    return [
      [
        false,
        `PostgreSQL cannot be used: ${(error as Error).message || (error as { code: string }).code}`,
        'Check DATABASE_URL, and that the server runs and lets this machine in.',
      ],
    ]
  } finally {
    await pool.end({ timeout: 1 })
  }
}

async function pendingMigrations(pool: ReturnType<typeof openPool>): Promise<number> {
  const [there] = await pool`select to_regclass('kernel.migrations') is not null as known`
  const done = there!.known ? await pool`select service, number from kernel.migrations` : []
  const wanted = await Promise.all(
    (await choose()).map(async ({ name, folder }) => (await readMigrations(folder)).map(({ number }) => `${name} ${number}`)),
  )
  const known = new Set(done.map(row => `${row.service} ${row.number}`))
  return wanted.flat().filter(key => !known.has(key)).length
}

function serverOf(address: string) {
  const url = new URL(address)
  const admin = decodeURIComponent(url.username)
  return {
    at: {
      host: url.hostname,
      port: Number(url.port || 5432),
      database: url.pathname.slice(1),
      password: () => decodeURIComponent(url.password),
    },
    admin,
  }
}
