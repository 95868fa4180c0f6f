import type { Task, TaskList } from 'graphile-worker'
import type { Enqueue, Pool } from '../database/database.ts'
import { Problem, StartError } from '../problem.ts'
import { readNote, traceNote, within } from '../telemetry/context.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { entry } from '../telemetry/tracing.ts'
import { openAbandoned } from './abandoned.ts'
import { showJobs } from './figures.ts'
import { periodic, type Job, type JobHandler, type JobOptions, type Urgency } from './job.ts'
import { openWorkers } from './workers.ts'

export interface Jobs {
  /** Before the start. Fails with `StartError` where there is one of that name. */
  define<P extends object>(task: string, handler: JobHandler<P>, options?: JobOptions): Job<P>
  start(): Promise<void>
  /** Lets what is under way end; nothing new begins. */
  stop(): Promise<void>
  /** Jobs due now, running ones included, but for periodic work. */
  due(): Promise<number>
}

/** The engine does those of the lowest number first. Code that knows no urgency leaves 0. */
const priorities: Record<Urgency, number> = { urgent: -10, normal: 0, bulk: 10 }

/** Adds a job of the service whose transaction it is, for `tx.enqueue`. */
export const enqueue: Enqueue = (tx, { task, tries, urgency = 'normal' }, payload, { runAt, key } = {}) =>
  tx`select kernel.add_job(${task}, ${tx.json(payload as never)}, ${runAt ?? null}, ${tries}, ${key ?? null},
    ${traceNote()}, ${priorities[urgency]})`

/** Runs the jobs of one database that this process knows how to do. */
export function openJobs(options: { pool: Pool; connectionString: string; log: Log; metrics: Metrics }): Jobs {
  const { pool, connectionString, log, metrics } = options
  const seconds = metrics.histogram('ohmnibus_job_seconds', 'Time a job took', ['task', 'outcome'])
  // Each takes the payload of its own job.
  const known = new Map<string, { handler: JobHandler<any>; urgency: Urgency }>()
  const running = new Set<string>()
  const abandoned = openAbandoned({ pool, log, running })
  showJobs(metrics, pool, () => [...known.keys()])

  const taskOf =
    (task: string, handler: JobHandler<any>): Task =>
    async (envelope, { job, abortSignal }) => {
      const { payload, traceId: note } = envelope as { payload: object; traceId: string }
      const trace = readNote(note)
      const last = job.attempts >= job.max_attempts
      const run = { attempt: job.attempts, last, signal: abortSignal as AbortSignal }
      const attributes = { 'ohmnibus.job.task': task, 'ohmnibus.job.attempt': job.attempts }
      running.add(job.id)
      const took = seconds.startTimer({ task })
      try {
        await within(trace, () => entry(`run ${task}`, 'consumer', attributes, () => handler(payload, run)))
        took({ outcome: 'done' })
      } catch (error) {
        took({ outcome: 'failed' })
        log[last ? 'error' : 'warn'](
          {
            ...(error instanceof Problem ? { problem: error.code, detail: error.message } : { err: error }),
            task,
            attempt: job.attempts,
            traceId: trace.traceId,
          },
          last ? 'a job failed for good' : 'a job failed and will be tried again',
        )
        throw error
      } finally {
        running.delete(job.id)
      }
    }

  /** A set of workers for the jobs of these urgencies; none where there is nothing to do for them. */
  const workersFor = (urgencies: Urgency[], size: { places: number; connections: number; planned?: boolean }) => {
    const chosen = [...known].filter(([, { urgency }]) => urgencies.includes(urgency))
    const tasks: TaskList = Object.fromEntries(chosen.map(([task, { handler }]) => [task, taskOf(task, handler)]))
    const { took, left } = abandoned
    return chosen.length > 0 ? [openWorkers({ connectionString, tasks, ...size, log, took, left })] : []
  }
  let workers: ReturnType<typeof workersFor> = []

  return {
    define(task, handler, { tries = 10, urgency = 'normal' } = {}) {
      if (known.has(task)) throw new StartError(`There are two jobs ${task}.`)
      known.set(task, { handler, urgency })
      return { task, tries, urgency }
    },
    async start() {
      // However many others there are, and however long they take, these places are free for what somebody waits for.
      workers = [
        ...workersFor(['urgent', 'normal', 'bulk'], { places: 16, connections: 6 }),
        ...workersFor(['urgent'], { places: 4, connections: 2, planned: true }),
      ]
      await Promise.all(workers.map(set => set.start()))
      abandoned.start()
    },
    async stop() {
      await Promise.all(workers.map(set => set.stop()))
      await abandoned.stop()
    },
    async due() {
      const [row] = await pool<{ count: number }[]>`
        select count(*)::int as count from graphile_worker._private_jobs
        where (locked_at is not null or (is_available and run_at <= now()))
          and task_id not in
            (select id from graphile_worker._private_tasks where identifier like ${periodic('%', '%')})`
      return row!.count
    },
  }
}
