import type Postgres from 'postgres'
import type { EventContract, EventData } from '../../contracts/define.ts'
import type { EnqueueOptions, Job } from '../jobs/job.ts'
import { Problem } from '../problem.ts'
import { codeOf, isAway, isFull, isUnstorable } from './faults.ts'

/** Reads. On a pool it cannot write: PostgreSQL answers 25006 outside of a transaction. */
export type Db = Postgres.ISql<{ bigint: bigint }>

/** Writes, all or nothing. What is published and enqueued here is there exactly if the changes are. */
export type Tx<Name extends string = string> = Db & {
  publish<E extends EventContract<Name>>(event: E, data: EventData<E>): Promise<void>
  enqueue<P extends object>(job: Job<P>, payload: P, options?: EnqueueOptions): Promise<void>
  /**
   * Lets a write, which is begun here and now, go out with the commit instead of being waited for: a journey less. It
   * is for the last one, whose answer nobody needs; where it fails, the transaction does, for its reason.
   */
  withCommit(write: Promise<unknown>): void
  /** What fails in `part` is as if it had not been begun, also what it published; the transaction can go on. */
  attempt<V>(part: () => Promise<V>): Promise<V>
}

/** A request whose effect must be there once; see `Database.once`. */
export interface Once {
  readonly idempotency?: { key: string; caller: string; fingerprint: string }
}

export type Database<Name extends string = string> = Db & {
  /**
   * Commits when `work` resolves. Serialisation failures and deadlocks run `work` again, five times at most. Not
   * nestable.
   */
  transaction<T>(work: (tx: Tx<Name>) => Promise<T>): Promise<T>
  /**
   * A transaction whose result (as JSON) is kept under the request's Idempotency-Key: the same key and body answer it
   * again without running `work`. Fails with `idempotency_key_in_flight` (409) and `idempotency_key_reused` (422).
   * Without a key a plain transaction.
   */
  once<T>(request: Once, work: (tx: Tx<Name>) => Promise<T>): Promise<T>
}

/** Where a PostgreSQL is and how one logs in there. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly database: string
  /** Undefined where the socket itself is the proof (embedded). */
  readonly password?: (role: string) => string
  readonly ssl?: 'require' | 'verify-full' | false
  /** Seconds until one who does not answer is given up (10). */
  readonly patience?: number
}

export type Pool = Postgres.Sql<{ bigint: bigint }>

/** Adds a job in a transaction. */
export type Enqueue = (tx: Db, job: Job<object>, payload: object, options?: EnqueueOptions) => Promise<unknown>

/** Faults of the database that mean "not now", and texts it cannot hold; undefined for what is a bug. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (isFull(error))
    return new Problem('unavailable', 'database_full', {
      retryAfter: 10,
      detail: 'The database has no room left. Try again when there is.',
    })
  if (isAway(error))
    return new Problem('unavailable', 'database_unavailable', {
      retryAfter: 1,
      detail: 'The database is busy or restarting. Try again.',
    })
  if (isUnstorable(error))
    return new Problem('invalid', 'text_invalid', {
      detail: 'A text holds a NUL character or half a surrogate pair, which cannot be stored.',
    })
  return undefined
}

/** Violation of the named unique or exclusion constraint or index: the database decided a race. */
export const violates = (error: unknown, constraint: string): boolean =>
  ['23505', '23P01'].includes(codeOf(error)) && (error as { constraint_name?: string }).constraint_name === constraint
