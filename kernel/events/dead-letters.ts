import { databaseProblem, type Database, type Pool, type Tx } from '../database/database.ts'
import { countRows, madeIn, mostCounted, type Span } from '../http/pagination.ts'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { wakeable } from '../waiting.ts'
import { lockCursors } from './cursors.ts'
import { about, react, type Subscription } from './subscription.ts'
import type { EventRow } from './transport.ts'

/** An event whose reaction failed, as the dead-letter list shows it. */
export interface DeadLetter {
  id: string
  subscription: string
  position: number
  service: string
  topic: string
  key: string
  event_id: string
  trace_id: string
  state: 'retrying' | 'dead' | 'waiting'
  attempts: number
  error: string | null
  published_at: Date
  /** Its last try; of one that waits, when it came. */
  failed_at: Date
}

type Given = Pick<DeadLetter, 'subscription' | 'topic' | 'key' | 'event_id'> & { gone: boolean }

/** What operators do about events that failed. */
export interface DeadLetters {
  /** In order of subscription and position; `after` is the last pair seen, `failed` when each was tried last. */
  deadLetters(page: { limit: number; after?: readonly [string, number]; failed?: Span }): Promise<DeadLetter[]>
  /** How many of them there are, `mostCounted + 1` at most. */
  countDeadLetters(failed: Span): Promise<number>
  /** Tries a dead letter again now; false when there is no such letter. */
  replay(id: string): Promise<boolean>
  /** Forgets a dead letter once a second person wants it; what waits behind it goes on. Undefined when there is none. */
  giveUp(id: string, by: string): Promise<Given | undefined>
}

/** Where delivery puts what fails. */
export interface DeadLetterBox {
  /** Keys of these events that something is put aside of. */
  keysAmong(tx: Tx, subscription: Subscription, rows: readonly EventRow[]): Promise<Set<string>>
  /**
   * Puts an event aside: to be tried again because of `error`, or without one behind what is there of its key. A replay
   * may bring one that is there itself.
   */
  add(tx: Tx, subscription: Subscription, row: EventRow, error?: unknown): Promise<void>
  /** Something was added because of an error. */
  failed(subscription: Subscription): void
}

interface Means {
  pool: Pool
  database: Database<'kernel'>
  log: Log
  /** By name. */
  subscriptions: ReadonlyMap<string, Subscription>
  handled(subscription: Subscription, rows: readonly EventRow[]): void
  signal: AbortSignal
}

/** One that is due. */
interface Due extends EventRow {
  subscription: string
  attempts: number
}

/** Waits between the tries of one failing event, in milliseconds; after the last it is a dead letter. */
const retryDelays = [100, 400, 1_600, 6_400]

/** Events that failed and those that wait behind them: tried again by themselves, then kept for a person. */
export function openDeadLetters(means: Means & { metrics: Metrics }) {
  const { pool, log, metrics, subscriptions, signal } = means
  const failures = metrics.counter('ohmnibus_events_failed_total', 'Tries of reactions that failed', ['subscription'])
  const mine = (): string[] => [...subscriptions.keys()]
  let looking: NodeJS.Timeout | undefined

  const sweep = wakeable(async () => {
    const due = await pool<Due[]>`
      select subscription, attempts, position::float8 as position, topic, event_id, key, trace_id, actor, data,
        published_at
      from kernel.dead_letters
      where subscription = any(${mine()}) and state = 'retrying' and next_at <= now() order by position limit 50`
    for (const row of due) {
      if (signal.aborted) return false
      const failure = await retry(means, subscriptions.get(row.subscription)!, row)
      if (!failure) continue
      failures.inc({ subscription: row.subscription })
      if (failure.delayMs !== undefined) sweepIn(failure.delayMs)
    }
    return due.length > 0
  })
  const sweepLater = () => void sweep.wake().catch(error => log.warn({ err: error }, 'could not retry failed events'))
  const sweepIn = (ms: number) => void setTimeout(sweepLater, ms).unref()

  metrics.gauge(
    'ohmnibus_event_dead_letters',
    'Events whose reaction failed for good',
    ['subscription'],
    async gauge => {
      for (const subscription of mine()) gauge.set({ subscription }, 0)
      for (const { subscription, count } of await pool<{ subscription: string; count: number }[]>`
        select subscription, count(*)::int from kernel.dead_letters
        where state = 'dead' and subscription = any(${mine()}) group by subscription`)
        gauge.set({ subscription }, count)
    },
  )

  const box: DeadLetterBox = {
    keysAmong,
    add,
    failed({ name }) {
      failures.inc({ subscription: name })
      sweepIn(retryDelays[0]!)
    },
  }

  return {
    box,
    letters: lettersOf(means, sweepLater),
    start() {
      // Also what other processes have put aside, which may be gone.
      looking = setInterval(sweepLater, 1_000)
    },
    async stop(): Promise<void> {
      clearInterval(looking)
      await sweep.idle()
    },
    async settled(): Promise<boolean> {
      await sweep.wake()
      const [row] = await pool<{ open: boolean }[]>`
        select exists (
          select from kernel.dead_letters where state = 'retrying' and subscription = any(${mine()})) as open`
      return !row!.open
    },
  }
}

/** Undefined when it succeeded or another was quicker; after a failure how long to wait, if it is to be tried again. */
async function retry(means: Means, subscription: Subscription, row: Due): Promise<{ delayMs?: number } | undefined> {
  const { name, db } = subscription
  try {
    const taken = await db.transaction(async tx => {
      await lockCursors(tx, name)
      const removed = await tx`
        delete from kernel.dead_letters
        where subscription = ${name} and position = ${row.position} and state = 'retrying' and next_at <= now()`
      if (removed.count === 0) return false
      await react(subscription, [row], tx)
      await letNext(tx, name, row.key)
      return true
    })
    if (taken) means.handled(subscription, [row])
    return undefined
  } catch (error) {
    const outage = isOutage(error)
    const delayMs = outage ? 5_000 : retryDelays[row.attempts]
    const dead = delayMs === undefined
    const line = { err: error, ...about(subscription, row), attempts: row.attempts + 1 }
    if (dead) means.log.error(line, 'an event is a dead letter now')
    else means.log.warn({ ...line, delayMs }, 'a reaction failed again')
    // The locks went with the transaction: meanwhile another process may have tried and counted, or a person decided.
    await db.transaction(
      tx => tx`
        update kernel.dead_letters
        set state = ${dead ? 'dead' : 'retrying'}, attempts = attempts + ${outage ? 0 : 1}, error = ${causeOf(error)},
          failed_at = now(), next_at = now() + ${delayMs ?? 0} * interval '1 ms', unwanted_by = null
        where subscription = ${name} and position = ${row.position} and state = 'retrying'
          and attempts = ${row.attempts}`,
    )
    return dead ? {} : { delayMs }
  }
}

function lettersOf({ pool, database }: Means, sweepLater: () => void): DeadLetters {
  return {
    async deadLetters({ limit, after, failed = {} }) {
      const [subscription, position] = after ?? ['', 0]
      return await pool<DeadLetter[]>`
        select id, subscription, position::float8 as position, service, topic, key, event_id, trace_id, state, attempts,
          error, published_at, failed_at
        from kernel.dead_letters where (subscription, position) > (${subscription!}, ${position!})
          ${madeIn(pool, 'failed_at', failed)}
        order by subscription, position limit ${limit}`
    },
    countDeadLetters: failed =>
      countRows(
        pool,
        pool`select from kernel.dead_letters where true ${madeIn(pool, 'failed_at', failed)} limit ${mostCounted + 1}`,
      ),
    async replay(id) {
      const found = await pool`
        update kernel.dead_letters set state = 'retrying', next_at = now(), attempts = 0, told_at = null
        where id = ${id} and state = 'dead'`
      sweepLater()
      return found.count > 0
    },
    async giveUp(id, by) {
      const letter = await database.transaction(async tx => {
        const [known] = await tx<{ subscription: string }[]>`
          select subscription from kernel.dead_letters where id = ${id} and state = 'dead'`
        if (known) await lockCursors(tx, known.subscription)
        const [given] = await tx<Given[]>`
          update kernel.dead_letters set unwanted_by = coalesce(unwanted_by, ${by}) where id = ${id} and state = 'dead'
          returning subscription, topic, key, event_id, unwanted_by <> ${by} as gone`
        if (given?.gone) await tx`delete from kernel.dead_letters where id = ${id}`
        if (given?.gone) await letNext(tx, given.subscription, given.key)
        return given
      })
      sweepLater()
      return letter
    },
  }
}

async function keysAmong(tx: Tx, { name }: Subscription, rows: readonly EventRow[]): Promise<Set<string>> {
  const found = await tx<{ key: string }[]>`
    select distinct key from kernel.dead_letters
    where subscription = ${name} and key = any(${rows.map(({ key }) => key)})`
  return new Set(found.map(({ key }) => key))
}

async function add(tx: Tx, { name, service }: Subscription, row: EventRow, error?: unknown): Promise<void> {
  const { position, topic, event_id, key, trace_id, published_at } = row
  const [state, attempts, cause] = error === undefined ? ['waiting', 0, null] : ['retrying', 1, causeOf(error)]
  await tx`
    insert into kernel.dead_letters (subscription, position, service, key, state, attempts, error, next_at, topic,
      event_id, trace_id, actor, data, published_at)
    values (${name}, ${position}, ${service}, ${key}, ${state!}, ${attempts!}, ${cause!},
      now() + ${retryDelays[0]!} * interval '1 ms', ${topic}, ${event_id}, ${trace_id}, ${tx.json(row.actor)},
      ${tx.json(row.data as never)}, ${published_at})
    on conflict (subscription, position) do update
      set state = excluded.state, attempts = excluded.attempts, error = excluded.error, next_at = excluded.next_at,
        failed_at = excluded.failed_at
      where excluded.state = 'retrying'`
}

/** The next of a key comes out of the queue. */
const letNext = (tx: Tx, subscription: string, key: string) => tx`
  update kernel.dead_letters set state = 'retrying', next_at = now()
  where subscription = ${subscription} and state = 'waiting' and position =
    (select min(position) from kernel.dead_letters where subscription = ${subscription} and key = ${key})`

/** Not the event's fault: wait and try the same again. */
export const isOutage = (error: unknown): boolean =>
  (error instanceof Problem ? error : databaseProblem(error))?.kind === 'unavailable'

/** As a text that PostgreSQL can hold. */
const causeOf = (error: unknown): string =>
  (error instanceof Problem ? `${error.code}: ${error.message}` : String((error as Error)?.stack ?? error))
    .slice(0, 2000)
    .replaceAll('\0', '')
    .toWellFormed()
