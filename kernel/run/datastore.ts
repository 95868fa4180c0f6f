import { openPool, type DatabaseAddress, type Pool } from '../database/database.ts'
import { openEventLog, type EventLog } from '../events/events.ts'
import { openJobs, type JobHandler } from '../jobs/jobs.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { connectionString } from '../database/migrate.ts'
import type { Road } from '../events/transport.ts'
import { openRoom, type Room } from '../database/disk-full.ts'
import { openSchedule } from '../jobs/schedule.ts'

/** What belongs to one database, where one or many services have their schemas: their events, jobs and schedules. */
export interface Base {
  readonly at: DatabaseAddress
  readonly pool: Pool
  readonly room: Room
  readonly events: EventLog
  /** By `<service>.<job>`; each takes the payload of its own job. */
  readonly handlers: Map<string, JobHandler<any>>
  readonly schedule: ReturnType<typeof openSchedule>
  start(): Promise<void>
  /** Fails where it cannot be reached, or has no room for changes. */
  check(): Promise<void>
  /** Lets what is under way end; nothing new begins. */
  stop(): Promise<void>
  /** Whether every event had its effect and every due job is done. */
  settled(): Promise<boolean>
}

export function openBase(options: {
  at: DatabaseAddress
  road: (pool: Pool) => Road
  log: Log
  metrics: Metrics
  periodic: boolean
  closers: (() => unknown)[]
}): Base {
  const { at, log, metrics, closers } = options
  const pool = openPool(at, 'kernel', { max: 4 })
  closers.push(() => pool.end({ timeout: 1 }))
  const room = openRoom({ pool, log, metrics })
  closers.push(room.close)
  const road = options.road(pool)
  const events = openEventLog({ pool, road, log, metrics })
  const handlers: Base['handlers'] = new Map()
  const jobs = openJobs({ pool, connectionString: connectionString(at, 'kernel'), handlers, log, metrics })
  const schedule = openSchedule({ pool, log, on: options.periodic })
  return {
    at,
    pool,
    room,
    events,
    handlers,
    schedule,
    async start() {
      closers.push(() => events.stop())
      await events.start()
      closers.push(() => jobs.stop())
      await jobs.start()
    },
    async check() {
      await pool`select 1`
      room.check()
    },
    stop: () => schedule.stop(),
    settled: async () => (await events.settled()) && (await jobs.due()) === 0 && (await events.settled()),
  }
}
