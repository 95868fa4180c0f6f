import type { Pool } from '../database/database.ts'
import type { Metrics } from '../telemetry/metrics.ts'

interface Row {
  task: string
  running: number
  due: number
  scheduled: number
  failed: number
  age: number | null
}

/** What waits, runs and was given up; each task is there from the start, at nothing. */
export function showJobs(metrics: Metrics, pool: Pool, tasks: () => string[]): void {
  const count = async (): Promise<Row[]> => {
    const rows = await pool<Row[]>`
      select t.identifier as task, count(*) filter (where locked_at is not null)::int as running,
        count(*) filter (where is_available and run_at <= now())::int as due,
        count(*) filter (where is_available and run_at > now())::int as scheduled,
        count(*) filter (where locked_at is null and attempts >= max_attempts)::int as failed,
        extract(epoch from now() - min(run_at) filter (where is_available and run_at <= now()))::float8 as age
      from graphile_worker._private_jobs j join graphile_worker._private_tasks t on t.id = j.task_id
      where t.identifier = any(${tasks()}) group by t.identifier`
    const idle = { running: 0, due: 0, scheduled: 0, failed: 0, age: 0 }
    return tasks().map(task => rows.find(row => row.task === task) ?? { task, ...idle })
  }
  // Both figures are asked for at once, and the whole table is read but once.
  let counting: Promise<Row[]> | undefined
  const counted = () => (counting ??= count().finally(() => (counting = undefined)))
  metrics.gauge(
    'ohmnibus_jobs',
    'Jobs that are due, run, have their time still to come, or failed for good',
    ['task', 'state'],
    async gauge => {
      for (const row of await counted())
        for (const state of ['running', 'due', 'scheduled', 'failed'] as const)
          gauge.set({ task: row.task, state }, row[state])
    },
  )
  metrics.gauge(
    'ohmnibus_job_oldest_due_seconds',
    'How long the oldest job that is due has been so',
    ['task'],
    async gauge => {
      for (const { task, age } of await counted()) gauge.set({ task }, age ?? 0)
    },
  )
}
