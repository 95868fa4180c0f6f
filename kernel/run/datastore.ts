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
  /** Whose events have still to have their effect or whose jobs are due, in words. */
  unsettled(): Promise<string | undefined>
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
    async unsettled() {
      const where = residents.map(({ name }) => name).join(', ')
      if (!(await events.settled())) return `events of ${where}`
      const due = await jobs.due()
      if (due > 0) return `${due} jobs of ${where}`
      return (await events.settled()) ? undefined : `events of ${where}, by its jobs`
    },
  }
}

/**
 * Resolves once all events have had their effect and all due jobs are done. What cannot be asked yet, as a topic that
 * Kafka is still making, is asked again, ever less often, as asking is work too; fails after a minute.
 */
export async function settle(datastores: readonly Datastore[]): Promise<void> {
  const open = async (): Promise<string | undefined> =>
    (await Promise.all(datastores.map(datastore => datastore.unsettled()))).find(Boolean)
  let last: unknown
  let pause = 5
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; pause = Math.min(pause * 1.3, 250)) {
    try {
      // Another database's reactions may have published into the first one's meanwhile.
      last = (await open()) ?? (datastores.length === 1 ? undefined : await open())
      if (last === undefined) return
    } catch (error) {
      last = error
    }
    await new Promise(done => setTimeout(done, pause))
  }
  throw new Error(`still open after a minute: ${String(last)}`, { cause: last })
}
