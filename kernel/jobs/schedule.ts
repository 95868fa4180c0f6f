import type { Pool } from '../database/database.ts'
import type { Interval } from '../service.ts'
import type { Log } from '../telemetry/log.ts'
import { periodic } from './job.ts'
import type { Jobs } from './jobs.ts'

const units = { ms: 1, second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** Milliseconds of `10 minutes`. */
export function milliseconds(interval: Interval): number {
  const [number, unit] = interval.split(' ') as [string, string]
  return Number(number) * units[(unit === 'ms' ? unit : unit.replace(/s$/, '')) as keyof typeof units]
}

/**
 * Periodic work: a job that adds its next run when it has ended. As there is but one of its key and one of its queue at
 * a time, only one process does it, and when that one is killed another does it again.
 */
export function openSchedule({ pool, jobs, log, on }: { pool: Pool; jobs: Jobs; log: Log; on: boolean }) {
  const planned = new Map<string, number>()
  const services = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()

  /** Who is looking for work looks every two seconds: what is due sooner is told of. */
  function wakeIn(ms: number): void {
    if (ms > 2_000) return
    const timer = setTimeout(() => {
      timers.delete(timer)
      pool`select pg_notify('jobs:insert', '{"count":1}')`.catch(() => {})
    }, ms)
    timers.add(timer.unref())
  }

  async function plan(task: string, ms: number, mode: 'replace' | 'preserve_run_at'): Promise<void> {
    await pool`
      select graphile_worker.add_job(${task}, json_build_object('payload', '{}'::json, 'traceId', ''),
        queue_name => ${task}, job_key => ${task}, job_key_mode => ${mode}, max_attempts => 32767,
        run_at => now() + ${ms} * interval '1 ms')`
    wakeIn(ms)
  }

  return {
    every(service: string, interval: Interval, purpose: string, work: () => Promise<void>): void {
      if (!on) return
      const ms = milliseconds(interval)
      const task = periodic(service, purpose)
      services.add(service)
      planned.set(task, Math.min(ms, 60_000))
      jobs.define(task, async () => {
        const begun = performance.now()
        await work().catch(error => log.error({ err: error, service, purpose }, 'periodic work failed'))
        await plan(task, Math.max(0, begun + ms - performance.now()), 'replace')
      })
    },
    /** Plans the first runs, and forgets what these services no longer do. Before the jobs start. */
    async start(): Promise<void> {
      if (!on) return
      await pool`
        delete from graphile_worker._private_jobs where locked_at is null and task_id in (
          select id from graphile_worker._private_tasks
          where identifier like any(${[...services].map(name => periodic(name, '%'))})
            and identifier <> all(${[...planned.keys()]})
        )`
      for (const [task, ms] of planned) await plan(task, ms, 'preserve_run_at')
    },
    stop(): void {
      for (const timer of timers) clearTimeout(timer)
    },
  }
}
