import { createHash } from 'node:crypto'
import type Postgres from 'postgres'
import postgres from 'postgres'
import type { Pool } from '../database/database.ts'
import type { Log } from '../telemetry/log.ts'
import { wakeable } from '../waiting.ts'

/** Number of the advisory lock that a pool of workers holds while it lives. */
const lockOf = (poolId: string): string => createHash('sha256').update(poolId).digest().readBigInt64BE().toString()

/**
 * The engine's own lock on a job outlives a killed process by hours. Here each pool of workers holds an advisory lock
 * while it lives, and every process gives back to work what belongs to one that is gone.
 */
export interface Abandoned {
  /** A pool of this process lives. */
  took(poolId: string): void
  /** It does no longer: what it holds is anybody's. */
  left(poolId: string): Promise<void>
  /** Looks now and from time to time. */
  start(): void
  stop(): Promise<void>
}

/** `running` are the ids of the jobs that are at work in this process. */
export function openAbandoned({ pool, log, running }: { pool: Pool; log: Log; running: Set<string> }): Abandoned {
  // One connection of its own, opened again when it is lost; the locks live as long as it does. The driver takes
  // options as it has read them too, its types do not know that.
  const guard = postgres({ ...pool.options, max: 1, idle_timeout: null } as unknown as Postgres.Options<{}>)
  const ours = new Set<string>()
  let sweep: NodeJS.Timeout | undefined
  let gone = new Set<string>()
  let idle = new Set<string>()

  const showLife = () => guard`
    select pg_try_advisory_lock(lock) from unnest(${[...ours].map(lockOf)}::bigint[]) lock
    where lock not in (
      select (classid::bigint << 32) | objid::bigint from pg_locks
      where locktype = 'advisory' and objsubid = 1 and pid = pg_backend_pid()
    )`

  /** Jobs whose pool is gone (kill -9, power cut) go back to work. */
  async function freeAbandoned(): Promise<void> {
    const owners = await pool<{ id: string }[]>`
      select distinct locked_by as id from graphile_worker._private_jobs
      where locked_by is not null and locked_by <> all(${[...ours]}) and locked_at < now() - interval '1 second'`
    const before = gone
    gone = new Set()
    for (const { id } of owners) {
      await pool.begin(async tx => {
        const [lock] = await tx`select pg_try_advisory_xact_lock(${lockOf(id)}::bigint) as free`
        if (!lock!.free) return
        // Gone at two looks: after a restart of PostgreSQL everybody needs a moment to take their lock again.
        if (!before.has(id)) return void gone.add(id)
        // Being killed is no failure of the job: its last try is given back.
        await tx`update graphile_worker._private_jobs set attempts = least(attempts, max_attempts - 1)
          where locked_by = ${id}`
        await tx`select graphile_worker.force_unlock_workers(${[id]})`
        log.warn({ workers: id }, 'took over the jobs of a process that is gone')
      })
    }
  }

  /**
   * What is not at work here any more and still ours, at two looks: that it was done, or failed, could not be written
   * down. It is done again.
   */
  async function freeForgotten(): Promise<void> {
    const held = await pool<{ id: string }[]>`
      select id::text from graphile_worker._private_jobs
      where locked_by = any(${[...ours]}) and locked_at < now() - interval '10 seconds'`
    const before = idle
    idle = new Set(held.map(({ id }) => id).filter(id => !running.has(id)))
    const forgotten = [...idle.intersection(before)]
    if (forgotten.length > 0)
      await pool`
        with freed as (
          update graphile_worker._private_jobs
          set locked_by = null, locked_at = null, attempts = greatest(0, attempts - 1)
          where locked_by = any(${[...ours]}) and id = any(${forgotten}::bigint[])
          returning job_queue_id
        )
        update graphile_worker._private_job_queues set locked_by = null, locked_at = null
        where id in (select job_queue_id from freed) and locked_by = any(${[...ours]})`
  }

  // One at a time: what is seen at two looks must have stayed so in between.
  const look = wakeable(async () => {
    try {
      await showLife()
      await freeAbandoned()
      await freeForgotten()
    } catch (error) {
      log.warn({ err: error }, 'could not look for abandoned jobs')
    }
  })

  return {
    took: poolId => void ours.add(poolId),
    async left(poolId) {
      ours.delete(poolId)
      // Those that live take theirs again at the next look, long before anybody thinks them gone.
      await guard`select pg_advisory_unlock_all()`
      void look.wake()
    },
    start() {
      void look.wake()
      sweep = setInterval(() => void look.wake(), 2000)
    },
    async stop() {
      clearInterval(sweep)
      await guard.end({ timeout: 1 })
    },
  }
}
