import { createHash } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, run, type Runner, type TaskList } from 'graphile-worker'
import type Postgres from 'postgres'
import postgres from 'postgres'
import { readNote, traceNote, within } from '../telemetry/context.ts'
import type { Enqueue, Pool } from '../database/database.ts'
import type { JobHandler } from './job.ts'
import { openDatabase } from '../database/open.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Problem } from '../problem.ts'
import { entry } from '../telemetry/tracing.ts'

/** The engine says nothing by itself; what matters is logged here. */
const quiet = new Logger(() => () => {})

/** Adds a job of the service whose transaction it is, for `tx.enqueue`. */
export const enqueue: Enqueue = (tx, { task, tries }, payload, { runAt, key } = {}) =>
  tx`select kernel.add_job(${task}, ${tx.json(payload as never)}, ${runAt ?? null}, ${tries}, ${key ?? null},
    ${traceNote()})`

export interface Jobs {
  start(): Promise<void>
  stop(): Promise<void>
  /** Jobs due now, running ones included. */
  due(): Promise<number>
}

const ignore = (): void => {}

/** Number of the advisory lock that a pool of workers holds while it lives. */
const lockOf = (poolId: string): string => createHash('sha256').update(poolId).digest().readBigInt64BE().toString()

/** Runs the jobs of one database that this process knows how to do. */
export function openJobs(options: {
  pool: Pool
  connectionString: string
  /** Each takes the payload of its own job. */
  handlers: Map<string, JobHandler<any>>
  log: Log
  metrics: Metrics
}): Jobs {
  const { pool, handlers, log } = options
  const seconds = options.metrics.histogram('ohmnibus_job_seconds', 'Time a job took', ['task', 'outcome'])
  let runner: Runner | undefined
  showJobs(options.metrics, pool, handlers)
  let sweep: NodeJS.Timeout | undefined
  // One connection of its own, opened again when it is lost; the lock lives as long as it does. The driver takes
  // options as it has read them too, its types do not know that.
  const guard = postgres({ ...pool.options, max: 1, idle_timeout: null } as unknown as Postgres.Options<{}>)
  const database = openDatabase(pool, 'kernel')
  const running = new Set<string>()
  let ownPool = ''
  let stopped = false
  let gone = new Set<string>()
  let idle = new Set<string>()

  const tasks = (): TaskList => {
    const taskList: TaskList = {}
    for (const [task, handler] of handlers) {
      taskList[task] = async (envelope, { job, abortSignal }) => {
        const { payload, traceId: note } = envelope as { payload: object; traceId: string }
        const trace = readNote(note)
        running.add(job.id)
        const took = seconds.startTimer({ task })
        try {
          await within(trace, () =>
            entry(`run ${task}`, 'consumer', { 'ohmnibus.job.task': task, 'ohmnibus.job.attempt': job.attempts }, () =>
              handler(payload, {
                attempt: job.attempts,
                last: job.attempts >= job.max_attempts,
                signal: abortSignal as AbortSignal,
              }),
            ),
          )
          took({ outcome: 'done' })
        } catch (error) {
          took({ outcome: 'failed' })
          const last = job.attempts >= job.max_attempts
          const known = error instanceof Problem
          log[last ? 'error' : 'warn'](
            {
              ...(known ? { problem: error.code, detail: error.message } : { err: error }),
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
    }
    return taskList
  }

  const showLife = () => guard`
    select pg_try_advisory_lock(${lockOf(ownPool)}::bigint) where not exists (select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid())`

  /**
   * What is not at work here any more and still ours, at two looks: that it was done, or failed, could not be written
   * down. It is done again.
   */
  async function freeForgotten(): Promise<void> {
    const held = await pool<{ id: string }[]>`
      select id::text from graphile_worker._private_jobs where locked_by = ${ownPool} and locked_at < now() - interval '10 seconds'`
    const before = idle
    idle = new Set(held.map(({ id }) => id).filter(id => !running.has(id)))
    const forgotten = [...idle.intersection(before)]
    if (forgotten.length > 0)
      await pool`update graphile_worker._private_jobs set locked_by = null, locked_at = null, attempts = greatest(0, attempts - 1)
        where locked_by = ${ownPool} and id = any(${forgotten}::bigint[])`
  }

  /** While it lives, a pool of workers holds a lock; jobs whose pool is gone (kill -9, power cut) go back to work. */
  async function freeAbandoned(): Promise<void> {
    const owners = await pool<{ id: string }[]>`
      select distinct locked_by as id from graphile_worker._private_jobs
      where locked_by is not null and locked_by <> ${ownPool} and locked_at < now() - interval '1 second'`
    const before = gone
    gone = new Set()
    for (const { id } of owners) {
      await database.transaction(async tx => {
        const [lock] = await tx`select pg_try_advisory_xact_lock(${lockOf(id)}::bigint) as free`
        if (!lock!.free) return
        // Gone at two looks: after a restart of PostgreSQL everybody needs a moment to take their lock again.
        if (!before.has(id)) return void gone.add(id)
        // Being killed is no failure of the job: its last try is given back.
        await tx`update graphile_worker._private_jobs set attempts = least(attempts, max_attempts - 1) where locked_by = ${id}`
        await tx`select graphile_worker.force_unlock_workers(${[id]})`
        log.warn({ workers: id }, 'took over the jobs of a process that is gone')
      })
    }
  }

  /**
   * Resolves when the engine runs; when it ends on its own, as it does when it cannot write down that a job is done,
   * another one begins.
   */
  async function begin(): Promise<void> {
    runner = await run({
      connectionString: options.connectionString,
      taskList: tasks(),
      noHandleSignals: true,
      logger: quiet,
      // Without its local queue: what that holds would wait for hours when it cannot be given back, and its failure
      // ends the process.
      preset: {
        worker: { concurrentJobs: 16, maxPoolSize: 6, pollInterval: 2000, gracefulShutdownAbortTimeout: 3000 },
      },
      events: new EventEmitter().on('pool:create', ({ ctx, workerPool }) => {
        ownPool = workerPool.id
        // When it stops, the engine no longer listens for errors of connections that are still ending: one of these
        // would end the process.
        ctx.pgPool
          .on('error', ignore)
          .on('acquire', (client: EventEmitter) => client.off('error', ignore).on('error', ignore))
      }),
    })
    void runner.promise.then(
      () => (stopped ? undefined : again(undefined)),
      error => (stopped ? undefined : again(error)),
    )
  }

  async function again(cause: unknown): Promise<void> {
    log.warn({ err: cause }, 'the job engine stopped; starting it again')
    // What the former one held is free as soon as nobody shows that it lives.
    await guard`select pg_advisory_unlock_all()`.catch(ignore)
    await sleep(1_000, undefined, { ref: false })
    if (stopped) return
    await begin().catch(again)
    if (stopped) await runner?.stop().catch(ignore)
  }

  return {
    async start() {
      await begin()
      // One at a time: what is seen at two looks must have stayed so in between.
      let looking: Promise<void> | undefined
      const look = () =>
        (looking ??= showLife()
          .then(freeAbandoned)
          .then(freeForgotten)
          .catch(error => log.warn({ err: error }, 'could not look for abandoned jobs'))
          .finally(() => (looking = undefined)))
      void look()
      sweep = setInterval(() => void look(), 2000)
    },
    async stop() {
      stopped = true
      clearInterval(sweep)
      await runner?.stop().catch(ignore)
      await guard.end({ timeout: 1 })
    },
    async due() {
      const [row] = await pool<{ count: number }[]>`
        select count(*)::int as count from graphile_worker._private_jobs where locked_at is not null or (run_at <= now() and attempts < max_attempts)`
      return row!.count
    },
  }
}

/** What waits, runs and was given up; each task is there from the start, at nothing. */
function showJobs(metrics: Metrics, pool: Pool, handlers: ReadonlyMap<string, unknown>): void {
  interface Row {
    task: string
    running: number
    due: number
    scheduled: number
    failed: number
    age: number | null
  }
  const count = async (): Promise<Row[]> => {
    const rows = await pool<Row[]>`
      select t.identifier as task, count(*) filter (where locked_at is not null)::int as running,
        count(*) filter (where waits and run_at <= now())::int as due, count(*) filter (where waits and run_at > now())::int as scheduled,
        count(*) filter (where locked_at is null and attempts >= max_attempts)::int as failed,
        extract(epoch from now() - min(run_at) filter (where waits and run_at <= now()))::float8 as age
      from graphile_worker._private_jobs j cross join lateral (select locked_at is null and attempts < max_attempts as waits) w
      join graphile_worker._private_tasks t on t.id = j.task_id where t.identifier = any(${[...handlers.keys()]}) group by t.identifier`
    const idle = { running: 0, due: 0, scheduled: 0, failed: 0, age: 0 }
    return [...handlers.keys()].map(task => rows.find(row => row.task === task) ?? { task, ...idle })
  }
  metrics.gauge(
    'ohmnibus_jobs',
    'Jobs that are due, run, have their time still to come, or failed for good',
    ['task', 'state'],
    async gauge => {
      for (const row of await count())
        for (const state of ['running', 'due', 'scheduled', 'failed'] as const)
          gauge.set({ task: row.task, state }, row[state])
    },
  )
  metrics.gauge(
    'ohmnibus_job_oldest_due_seconds',
    'How long the oldest job that is due has been so',
    ['task'],
    async gauge => {
      for (const { task, age } of await count()) gauge.set({ task }, age ?? 0)
    },
  )
}
