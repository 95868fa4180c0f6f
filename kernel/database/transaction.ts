import type Postgres from 'postgres'
import type { EventContract } from '../../contracts/define.ts'
import type { EnqueueOptions, Job } from '../jobs/job.ts'
import { Problem } from '../problem.ts'
import { within } from '../telemetry/context.ts'
import type { Db, Enqueue, Tx } from './database.ts'
import { connectionLost, isBehind, isBroken, isReadOnly } from './faults.ts'
import { append, outgoing, type Outgoing } from './outbox.ts'

/** As text: the driver's own would pass through jsonb, which sorts keys and rewrites numbers. */
export const asText = (sql: Pick<Db, 'typed'>) => (value: unknown) => sql.typed(value as never, 114)

/** What a transaction has to do with the rest of the kernel. */
export interface Surroundings {
  /** Adds a job; where nobody does, nobody can. */
  enqueue: Enqueue
  /** Hears of the events of each commit before the caller does, so that delivery starts at once. */
  committed(events: readonly Outgoing[]): void
  /** Hears why a transaction was rolled back. */
  failed(error: unknown): void
}

/** Runs `work` in a transaction on a connection that is its own, and gives the connection back. */
export async function transact<Name extends string, T>(
  raw: Postgres.ReservedSql<{ bigint: bigint }>,
  name: Name,
  { enqueue, committed, failed }: Surroundings,
  work: (tx: Tx<Name>) => Promise<T>,
): Promise<T> {
  const events: Outgoing[] = []
  const last: Promise<unknown>[] = []
  const guard = openGuard(name)
  const own = {
    json: asText(raw),
    unsafe: (...parts: Parameters<typeof raw.unsafe>) => guard.watch(raw.unsafe(...parts)),
    async publish(event: EventContract, data: Record<string, unknown>) {
      events.push(outgoing(name, event, data))
    },
    withCommit(write: Promise<unknown>) {
      write.catch(() => {})
      last.push(write)
    },
    async attempt<V>(part: () => Promise<V>): Promise<V> {
      const published = events.length
      await tx`savepoint attempt`
      try {
        const value = await part()
        await tx`release savepoint attempt`
        return value
      } catch (error) {
        events.length = published
        await tx`rollback to savepoint attempt`
        guard.forgive()
        throw error
      }
    },
    async enqueue(job: Job<object>, payload: object, options?: EnqueueOptions) {
      await enqueue(tx, job, payload, options)
    },
  }
  // What the connection has not got is in `own`.
  const tx = new Proxy(raw, {
    apply: (target, _, parts) => guard.watch(Reflect.apply(target as never, undefined, parts)),
    get: (target, property) => (Object.hasOwn(own, property) ? own : target)[property as never],
  }) as unknown as Tx<Name>

  // Sent together with the first statement, as the log is with the commit: two journeys less. Should the log fail,
  // the commit is a rollback.
  const onexecute = (connection: { onclose?: () => void }) => {
    connection.onclose = guard.lose
    return true
  }
  const begun = raw.unsafe('begin read write', [], { prepare: true, simple: false, onexecute } as never).execute()
  begun.catch(() => {})
  try {
    const value = await within({ transaction: name }, () => work(tx))
    const { command } = await inTurn(
      [begun, ...last, ...(events.length > 0 ? [append(tx, events)] : [])],
      tx`commit`.execute(),
    )
    // Somebody caught the failure of a statement; PostgreSQL takes the commit of what has failed for a rollback.
    if (command !== 'COMMIT')
      throw new Error(`nothing was committed: a statement of a transaction of ${name} had failed before`)
    if (events.length > 0) committed(events)
    return value
  } catch (thrown) {
    await tx`rollback`.catch(() => {})
    // What failed behind a write that nobody waited for, or beside a statement that went out with it, failed because of that.
    const reasons = [failureAmong(await Promise.allSettled(last))?.reason, thrown, guard.failure()]
    const error = reasons.find(reason => reason !== undefined && !isBehind(reason)) ?? thrown
    failed(error)
    if (isReadOnly(error))
      throw new Problem('unavailable', 'database_read_only', {
        retryAfter: 5,
        detail: 'The database takes no changes now. Try again.',
      })
    throw error
  } finally {
    guard.end()
    // The pool has taken back a connection that broke.
    if (!guard.lost()) raw.release()
  }
}

/** The result of the last; what failed first says why, as all behind it fail for being behind it. */
async function inTurn<T>(before: readonly Promise<unknown>[], last: Promise<T>): Promise<T> {
  const results = await Promise.allSettled([...before, last])
  const failed = failureAmong(results)
  if (failed) throw failed.reason
  return await last
}

const failureAmong = (results: readonly PromiseSettledResult<unknown>[]): PromiseRejectedResult | undefined =>
  results.find(result => result.status === 'rejected')

/**
 * The driver would write into a socket that is gone, and fail where nobody can catch it, or into the next transaction
 * of the connection: a query after the loss or the end is refused instead.
 */
function openGuard(name: string) {
  // Made for who needs it: an error costs more than the rest of a guard.
  const late = () => new Error(`a statement after the end of its transaction of ${name}`)
  let lost = false
  let over = false
  let failure: Error | undefined
  return {
    watch(made: unknown): unknown {
      const query = made as { handler?: (query: unknown) => unknown; reject(error: Error): void }
      if (typeof query?.handler !== 'function') return made
      const { handler, reject } = query
      query.handler = sent => (lost ? reject(connectionLost()) : over ? reject(late()) : handler(sent))
      query.reject = error => {
        lost ||= isBroken(error)
        failure ??= error
        reject(error)
      }
      return made
    },
    lose: () => void (lost = true),
    lost: () => lost,
    /** Why the first statement failed that did, but for those that were as if never begun. */
    failure: () => failure,
    forgive: () => void (failure = undefined),
    end: () => void (over = true),
  }
}
