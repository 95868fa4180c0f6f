import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type Postgres from 'postgres'
import postgres from 'postgres'
import type { EventContract, EventData } from '../../contracts/define.ts'
import { context, traceNote, within, type Trace } from '../telemetry/context.ts'
import { newId } from '../ids.ts'
import type { EnqueueOptions, Job } from '../jobs/jobs.ts'
import { measureTransactions, openMetrics } from '../telemetry/metrics.ts'
import { Problem, StartError } from '../problem.ts'
import { sending, span } from '../telemetry/tracing.ts'

/** Reads. On a pool it cannot write: PostgreSQL answers 25006 outside of a transaction. */
export type Db = Postgres.ISql<{ bigint: bigint }>

/** Writes, all or nothing. What is published and enqueued here is there exactly if the changes are. */
export type Tx<Name extends string = string> = Db & {
  publish<E extends EventContract<Name>>(event: E, data: EventData<E>): Promise<void>
  enqueue<P extends object>(job: Job<P>, payload: P, options?: EnqueueOptions): Promise<void>
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

/** Limits of one statement or transaction, so that nobody waits for ever. Milliseconds. */
const timeouts = {
  statement_timeout: 15_000,
  lock_timeout: 5_000,
  idle_in_transaction_session_timeout: 30_000,
  transaction_timeout: 60_000,
}

/** A lazy pool that logs in as `role` and sees the schema of that name first. */
export function openPool(
  at: DatabaseAddress,
  role: string,
  options: { schema?: string; max?: number; readOnly?: boolean; limits?: boolean } = {},
) {
  // patches/ mends faults of the driver that an unsteady network brings out: they end the process, or silence a connection for good.
  if (!('mended' in postgres))
    throw new StartError('The package postgres lacks our patch. Run "npm ci" with install scripts allowed.')
  return postgres({
    host: at.host,
    port: at.port,
    database: at.database,
    user: role,
    password: at.password?.(role),
    ssl: at.ssl ?? false,
    max: options.max ?? 8,
    idle_timeout: 60,
    connect_timeout: at.patience ?? 10,
    max_lifetime: null,
    // Seconds. The driver's own grows with every connection that ever broke, and soon takes twenty.
    backoff: () => 0.2,
    onnotice: () => {},
    onclose: () => {},
    types: { bigint: postgres.BigInt },
    connection: {
      application_name: `ohmnibus ${role}`,
      search_path: `${options.schema ?? role}, extensions`,
      TimeZone: 'UTC',
      ...(options.limits !== false && timeouts),
      ...(options.readOnly && { default_transaction_read_only: true }),
    },
  })
}

export type Pool = ReturnType<typeof openPool>

/** As text: the driver's own would pass through jsonb, which sorts keys and rewrites numbers. */
const asText = (sql: Pick<Db, 'typed'>) => (value: unknown) => sql.typed(value as never, 114)

/** One event on its way into the log. */
export interface Outgoing {
  readonly event: EventContract
  readonly data: Record<string, unknown>
  readonly actor: unknown
  readonly trace: Trace
}

/**
 * Opens the database of one service. `committed` hears of the events of each commit before the caller does, so that
 * delivery starts at once; `failed` hears why a transaction was rolled back.
 */
export function openDatabase<Name extends string>(
  pool: Pool,
  name: Name,
  committed: (events: readonly Outgoing[]) => void,
  metrics = openMetrics(),
  failed: (error: unknown) => void = () => {},
): Database<Name> {
  const measured = measureTransactions(metrics, name, pool.options.max)
  const attributes = { 'db.system.name': 'postgresql', 'db.namespace': name, 'db.operation.name': 'transaction' }

  const attempt = async <T>(
    raw: Postgres.ReservedSql<{ bigint: bigint }>,
    work: (tx: Tx<Name>) => Promise<T>,
  ): Promise<T> => {
    const json = asText(raw)
    const outgoing: Outgoing[] = []
    let lost = false
    let over: Error | undefined

    /**
     * The driver would write into a socket that is gone, and fail where nobody can catch it, or into the next
     * transaction of the connection: a query after the loss or the end is refused instead.
     */
    const guard = (made: unknown): unknown => {
      const query = made as { handler?: (query: unknown) => unknown; reject(error: Error): void }
      if (typeof query?.handler !== 'function') return made
      const { handler, reject } = query
      query.handler = sent => (lost ? reject(connectionLost()) : over ? reject(over) : handler(sent))
      query.reject = error => {
        lost ||= isBroken(error)
        reject(error)
      }
      return made
    }
    const own = {
      json,
      async publish(event: EventContract, data: Record<string, unknown>) {
        if (event.owner !== name)
          throw new Error(`${name} may not publish ${event.topic}, which belongs to ${event.owner}`)
        const trace = context()
        outgoing.push({ event, data, actor: trace.actor, trace })
      },
      async enqueue(job: Job<object>, payload: object, options: EnqueueOptions = {}) {
        await tx`select kernel.add_job(${job.task}, ${json(payload)}, ${options.runAt ?? null},
          ${job.tries}, ${options.key ?? null}, ${traceNote()})`
      },
    }
    // What the connection has not got is in `own`.
    const tx = new Proxy(raw, {
      apply: (target, _, parts) => guard(Reflect.apply(target as never, undefined, parts)),
      get: (target, property) => (Object.hasOwn(own, property) ? own : target)[property as never],
    }) as unknown as Tx<Name>

    // Sent together with the first statement, as the log is with the commit: two journeys less. Should the log fail,
    // the commit is a rollback.
    const onexecute = (connection: { onclose?: () => void }) => {
      connection.onclose = () => (lost = true)
      return true
    }
    const begun = raw.unsafe('begin read write', [], { prepare: true, onexecute } as never).execute()
    begun.catch(() => {})
    try {
      const value = await within({ transaction: name }, () => work(tx))
      const [, , { command }] = await Promise.all([
        begun,
        outgoing.length > 0 && append(tx, outgoing),
        tx`commit`.execute(),
      ])
      // Somebody caught the failure of a statement; PostgreSQL takes the commit of what has failed for a rollback.
      if (command !== 'COMMIT')
        throw new Error(`nothing was committed: a statement of a transaction of ${name} had failed before`)
      if (outgoing.length > 0) committed(outgoing)
      return value
    } catch (error) {
      await tx`rollback`.catch(() => {})
      failed(error)
      // We asked to write: the server is a standby.
      if (codeOf(error) === '25006')
        throw new Problem('unavailable', 'database_read_only', {
          retryAfter: 5,
          detail: 'The database takes no changes now. Try again.',
        })
      throw error
    } finally {
      over = new Error(`a statement after the end of its transaction of ${name}`)
      // The pool has taken back a connection that broke.
      if (!lost) raw.release()
    }
  }

  const transaction = async <T>(work: (tx: Tx<Name>) => Promise<T>): Promise<T> => {
    if (context().transaction)
      throw new Error(`a transaction of ${name} inside one of ${context().transaction}: pass the outer tx along`)
    for (let tries = 1; ; tries++) {
      try {
        return await span(`transaction ${name}`, 'client', attributes, () =>
          measured(
            () => pool.reserve(),
            raw => attempt(raw, work),
          ),
        )
      } catch (error) {
        if (!isRace(error) || tries === 5) throw error
        await sleep(Math.random() * 10 * 2 ** tries)
      }
    }
  }

  const once = async <T>({ idempotency }: Once, work: (tx: Tx<Name>) => Promise<T>): Promise<T> => {
    if (!idempotency) return await transaction(work)
    const key = createHash('sha256').update(`${name}\n${idempotency.caller}\n${idempotency.key}`).digest()
    return await transaction(async tx => {
      // The lock, not the row, tells that the first request is still at work: nobody waits for it.
      const [lock] = await tx<
        { free: boolean }[]
      >`select pg_try_advisory_xact_lock(${key.readBigInt64BE().toString()}::bigint) as free`
      if (!lock!.free) throw new Problem('conflict', 'idempotency_key_in_flight', { retryAfter: 1 })
      const [stored] = await tx<
        { fingerprint: string; answer: T }[]
      >`select fingerprint, answer from kernel.answers where key = ${key}`
      if (stored && stored.fingerprint !== idempotency.fingerprint)
        throw new Problem('unprocessable', 'idempotency_key_reused', {
          detail: 'This Idempotency-Key was used with another request. Use a new key.',
        })
      if (stored) return stored.answer
      const answer = await work(tx)
      await tx`insert into kernel.answers (key, service, fingerprint, answer)
        values (${key}, ${name}, ${idempotency.fingerprint}, ${tx.json(answer as Postgres.JSONValue)})`
      return answer
    })
  }

  return Object.assign(pool, {
    json: asText(pool),
    transaction,
    once,
  }) as Database<Name>
}

/** At the end of the transaction, so that the time between taking a position in the log and committing it is short. */
function append(tx: Db, outgoing: readonly Outgoing[]): Promise<unknown> {
  // Texts of no type, made before anything is sent: what the driver cannot serialise is left out, and the commit behind
  // it done all the same.
  const text = (value: unknown) => tx.typed(JSON.stringify(value) as never, 705)
  const rows = outgoing.map(({ event, data, actor, trace }) => {
    const id = newId()
    return {
      event_id: id,
      topic: event.topic,
      owner: event.owner,
      // A path into data of any shape.
      key: String(event.key.split('.').reduce((at: any, step) => at?.[step], data)),
      trace_id: sending(event.topic, id, trace),
      actor: text(actor),
      data: text(data),
    }
  })
  // A statement takes 65,534 parameters at most.
  const chunks = Array.from({ length: Math.ceil(rows.length / 1000) }, (_, index) =>
    rows.slice(index * 1000, (index + 1) * 1000),
  )
  // Executed here and now: a query that is only awaited goes out a turn later, after the commit.
  return Promise.all(
    chunks.map(chunk =>
      tx`insert into kernel.log ${tx(chunk, 'event_id', 'topic', 'owner', 'key', 'trace_id', 'actor', 'data')}`.execute(),
    ),
  )
}

/** Said by the socket or the driver, not by PostgreSQL. */
const isBroken = (error: unknown): boolean => /^(CONNECTION_|ECONN|EPIPE)/.test(codeOf(error))

const connectionLost = (): Error =>
  Object.assign(new Error('the connection was lost in the transaction'), {
    code: 'CONNECTION_CLOSED',
  })

/** Two transactions met; the loser may simply try again. */
const isRace = (error: unknown): boolean => ['40001', '40P01'].includes(codeOf(error))

/** PostgreSQL found no room on its disk, for data or for what it sorts. */
export const isFull = (error: unknown): error is Error => codeOf(error) === '53100'

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code ?? '')

/** Faults of the database that mean "not now", and texts it cannot hold; undefined for what is a bug. */
export function databaseProblem(error: unknown): Problem | undefined {
  if (isFull(error))
    return new Problem('unavailable', 'database_full', {
      retryAfter: 10,
      detail: 'The database has no room left. Try again when there is.',
    })
  const code = codeOf(error)
  if (
    /^(08|53|57P|40)/.test(code) ||
    ['55P03', '57014', '25P04', '25P03'].includes(code) ||
    /^(CONNECT|ECONN|EPIPE)/.test(code)
  )
    return new Problem('unavailable', 'database_unavailable', {
      retryAfter: 1,
      detail: 'The database is busy or restarting. Try again.',
    })
  if (code === '22021' || code === '22P05')
    return new Problem('invalid', 'text_invalid', {
      detail: 'A text holds a NUL character or half a surrogate pair, which cannot be stored.',
    })
  return undefined
}

/** Unique violation of the named constraint or index: the database decided a race. */
export const violates = (error: unknown, constraint: string): boolean =>
  codeOf(error) === '23505' && (error as { constraint_name?: string }).constraint_name === constraint
