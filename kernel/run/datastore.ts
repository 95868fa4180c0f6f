import { openRoom, type Room } from '../database/disk-full.ts'
import type { DatabaseAddress, Pool } from '../database/database.ts'
import { connectionString, openPool } from '../database/pool.ts'
import { openEventLog, type EventLog } from '../events/events.ts'
import { tend } from '../events/retention.ts'
import type { Transport } from '../events/transport.ts'
import { openJobs, type Jobs } from '../jobs/jobs.ts'
import { openSchedule } from '../jobs/schedule.ts'
import type { Service } from '../service.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Closing } from './closing.ts'

/** What belongs to one database, where one or many services have their schemas: their events, jobs and schedules. */
export interface Datastore {
  readonly at: DatabaseAddress
  readonly residents: readonly Service[]
  readonly pool: Pool
  readonly room: Room
  readonly events: EventLog
  readonly jobs: Jobs
  readonly schedule: ReturnType<typeof openSchedule>
  /** Events and jobs begin. */
  start(): Promise<void>
  /** Fails where it cannot be reached, or has no room for changes. */
  check(): Promise<void>
  /** Whether every event had its effect and every due job is done. */
  settled(): Promise<boolean>
}

export function openDatastore(options: {
  at: DatabaseAddress
  residents: readonly Service[]
  /** Names of all services that the code has, where that is known. */
  everywhere: readonly string[] | undefined
  transport: (pool: Pool) => Transport
  log: Log
  metrics: Metrics
  now: () => Date
  periodic: boolean
  retention: number | undefined
  closing: Closing
}): Datastore {
  const { at, residents, log, metrics, now, retention, closing } = options
  const pool = openPool(at, 'kernel', { max: 4 })
  closing.push(() => pool.end({ timeout: 1 }))
  const room = openRoom({ pool, log, metrics })
  closing.push(room.close)
  const events = openEventLog({
    pool,
    transport: options.transport(pool),
    log,
    metrics,
    services: residents.map(({ name }) => name),
    everywhere: options.everywhere,
  })
  const jobs = openJobs({ pool, connectionString: connectionString(at, 'kernel'), log, metrics })
  const schedule = openSchedule({ pool, jobs, log, on: options.periodic })
  return {
    at,
    residents,
    pool,
    room,
    events,
    jobs,
    schedule,
    async start() {
      schedule.every('kernel', '1 hour', 'forget old answers and events', () =>
        tend({ pool, events, log, now: now(), retention }),
      )
      closing.push(() => events.stop())
      await events.start()
      closing.push(() => jobs.stop())
      closing.push(schedule.stop)
      await schedule.start()
      await jobs.start()
    },
    async check() {
      await pool`select 1`
      room.check()
    },
    settled: async () => (await events.settled()) && (await jobs.due()) === 0 && (await events.settled()),
  }
}

/**
 * Resolves once all events have had their effect and all due jobs are done. What cannot be asked yet, as a topic that
 * Kafka is still making, is asked again; fails after 30 s.
 */
export async function settle(datastores: readonly Datastore[]): Promise<void> {
  const settled = async (): Promise<boolean> =>
    (await Promise.all(datastores.map(datastore => datastore.settled()))).every(Boolean)
  let cause: unknown
  for (const deadline = performance.now() + 30_000; performance.now() < deadline;) {
    try {
      // Another database's reactions may have published into the first one's meanwhile.
      if ((await settled()) && (datastores.length === 1 || (await settled()))) return
      cause = undefined
    } catch (error) {
      cause = error
    }
    await new Promise(done => setTimeout(done, 5))
  }
  throw new Error('events or jobs are still open after 30 s', { cause })
}
