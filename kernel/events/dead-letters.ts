import { readNote } from '../telemetry/context.ts'
import { databaseProblem, type Database, type Pool, type Tx } from '../database/database.ts'
import type { Subscription } from './events.ts'
import { lockLanes } from './cursors.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Problem } from '../problem.ts'
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
  state: 'retrying' | 'dead' | 'waiting'
  attempts: number
  error: string | null
  published_at: Date
}

/** What operators do about events that failed. */
export interface DeadLetters {
  /** In order of subscription and position; `after` is the last pair seen. */
  deadLetters(page: { limit: number; after?: readonly [string, number] }): Promise<DeadLetter[]>
  /** Tries a dead letter again now; false when there is no such letter. */
  replay(id: string): Promise<boolean>
  /** Forgets a dead letter, so that what waits behind it goes on; undefined when there is no such letter. */
  giveUp(id: string): Promise<Pick<DeadLetter, 'subscription' | 'topic' | 'key' | 'event_id'> | undefined>
}

/** Waits between the tries of one failing event, in milliseconds; after the last it is a dead letter. */
const retryDelays = [100, 400, 1_600, 6_400]

/** Events that failed and those that wait behind them: tried again by themselves, then kept for a person. */
export function openParked(options: {
  pool: Pool
  database: Database<'kernel'>
  log: Log
  metrics: Metrics
  subscriptions: ReadonlyMap<string, Subscription>
  react: (subscription: Subscription, row: EventRow, tx: Tx) => Promise<unknown>
  handled: (subscription: string) => void
  signal: AbortSignal
}) {
  const { pool, database, log, subscriptions, react, signal } = options
  const failures = options.metrics.counter('ohmnibus_events_failed_total', 'Tries of reactions that failed', [
    'subscription',
  ])
  let retrying: NodeJS.Timeout | undefined
  let sweeping: Promise<void> | undefined

  const sweep = (): Promise<void> => (sweeping ??= retryDue().finally(() => (sweeping = undefined)))
  const sweepLater = () => void sweep().catch(error => log.warn({ err: error }, 'could not retry parked events'))
  const retryIn = (ms: number) => void setTimeout(sweepLater, ms).unref()

  async function retryDue(): Promise<void> {
    while (!signal.aborted) {
      const due = await pool<(EventRow & { subscription: string; attempts: number })[]>`
        select subscription, attempts, position::float8 as position, topic, event_id, key, trace_id, actor, data, published_at from kernel.parked
        where subscription = any(${[...subscriptions.keys()]}) and state = 'retrying' and next_at <= now() order by position limit 50`
      if (due.length === 0) return
      for (const row of due) if (!signal.aborted) await retry(subscriptions.get(row.subscription)!, row)
    }
  }

  async function retry(subscription: Subscription, row: EventRow & { attempts: number }): Promise<void> {
    const { name } = subscription
    try {
      const taken = await subscription.db.transaction(async tx => {
        await lockLanes(tx, name)
        const removed = await tx`
          delete from kernel.parked where subscription = ${name} and position = ${row.position} and state = 'retrying' and next_at <= now()`
        if (removed.count === 0) return false
        await react(subscription, row, tx)
        await letNext(tx, name, row.key)
        return true
      })
      if (taken) options.handled(name)
    } catch (error) {
      failures.inc({ subscription: name })
      const outage = isOutage(error)
      const delay = outage ? 5_000 : retryDelays[row.attempts]
      if (delay === undefined)
        log.error(
          { err: error, subscription: name, eventId: row.event_id, traceId: readNote(row.trace_id).traceId },
          'an event is a dead letter now',
        )
      await subscription.db.transaction(async tx => {
        await tx`update kernel.parked set state = ${delay === undefined ? 'dead' : 'retrying'}, attempts = attempts + ${outage ? 0 : 1},
          error = ${causeOf(error)}, next_at = now() + ${delay ?? 0} * interval '1 ms' where subscription = ${name} and position = ${row.position}`
      })
      if (delay !== undefined) retryIn(delay)
    }
  }

  options.metrics.gauge(
    'ohmnibus_event_dead_letters',
    'Events whose reaction failed for good',
    ['subscription'],
    async gauge => {
      for (const name of subscriptions.keys()) gauge.set({ subscription: name }, 0)
      for (const { name, count } of await pool<
        { name: string; count: number }[]
      >`select subscription as name, count(*)::int from kernel.parked
      where state = 'dead' and subscription = any(${[...subscriptions.keys()]}) group by subscription`)
        gauge.set({ subscription: name }, count)
    },
  )

  const letters: DeadLetters = {
    async deadLetters({ limit, after }) {
      const [subscription, position] = after ?? ['', 0]
      return await pool<DeadLetter[]>`
        select id, subscription, position::float8 as position, service, topic, key, event_id, state, attempts, error, published_at
        from kernel.parked where (subscription, position) > (${subscription!}, ${position!}) order by subscription, position limit ${limit}`
    },
    async replay(id) {
      const found =
        await pool`update kernel.parked set state = 'retrying', next_at = now(), attempts = 0, told_at = null where id = ${id} and state = 'dead'`
      sweepLater()
      return found.count > 0
    },
    async giveUp(id) {
      const letter = await database.transaction(async tx => {
        const [known] = await tx<
          { subscription: string }[]
        >`select subscription from kernel.parked where id = ${id} and state = 'dead'`
        if (known) await lockLanes(tx, known.subscription)
        const [gone] = await tx<DeadLetter[]>`
          delete from kernel.parked where id = ${id} and state = 'dead' returning subscription, topic, key, event_id`
        if (gone) await letNext(tx, gone.subscription, gone.key)
        return gone
      })
      sweepLater()
      return letter
    },
  }

  return {
    letters,
    start() {
      // Also what other processes have parked, which may be gone.
      retrying = setInterval(sweepLater, 1_000)
    },
    async stop(): Promise<void> {
      clearInterval(retrying)
      await sweeping
    },
    async settled(): Promise<boolean> {
      await sweep()
      const [row] = await pool<{ open: boolean }[]>`
        select exists (select from kernel.parked where state = 'retrying' and subscription = any(${[...subscriptions.keys()]})) as open`
      return !row!.open
    },
    /** Keys of these events that something is parked of. */
    async keysAmong(tx: Tx, { name }: Subscription, rows: readonly EventRow[]): Promise<Set<string>> {
      const found = await tx<{ key: string }[]>`
        select distinct key from kernel.parked where subscription = ${name} and key = any(${rows.map(({ key }) => key)})`
      return new Set(found.map(({ key }) => key))
    },
    /**
     * Puts an event aside: to be tried again because of `error`, or without one behind what is there of its key. A
     * replay may bring one that is there itself.
     */
    async add(tx: Tx, subscription: Subscription, row: EventRow, error?: unknown): Promise<void> {
      const { position, topic, event_id, key, trace_id, published_at } = row
      const state = error === undefined ? 'waiting' : 'retrying'
      await tx`insert into kernel.parked
        (subscription, position, service, key, state, attempts, error, next_at, topic, event_id, trace_id, actor, data, published_at)
        values (${subscription.name}, ${position}, ${subscription.service}, ${key}, ${state}, ${error === undefined ? 0 : 1},
          ${error === undefined ? null : causeOf(error)}, now() + ${retryDelays[0]!} * interval '1 ms',
          ${topic}, ${event_id}, ${trace_id}, ${tx.json(row.actor)}, ${tx.json(row.data as never)}, ${published_at})
        on conflict (subscription, position) do update
          set state = excluded.state, attempts = excluded.attempts, error = excluded.error, next_at = excluded.next_at where excluded.state = 'retrying'`
    },
    /** Something was added because of an error. */
    failed({ name }: Subscription): void {
      failures.inc({ subscription: name })
      retryIn(retryDelays[0]!)
    },
  }
}

/** The next of a key comes out of the queue. */
const letNext = (tx: Tx, subscription: string, key: string) => tx`
  update kernel.parked set state = 'retrying', next_at = now() where subscription = ${subscription} and position =
    (select min(position) from kernel.parked where subscription = ${subscription} and key = ${key}) and state = 'waiting'`

/** Not the event's fault: wait and try the same again. */
export const isOutage = (error: unknown): boolean =>
  (error instanceof Problem ? error : databaseProblem(error))?.kind === 'unavailable'

/** As a text that PostgreSQL can hold. */
const causeOf = (error: unknown): string =>
  (error instanceof Problem ? `${error.code}: ${error.message}` : String((error as Error)?.stack ?? error))
    .slice(0, 2000)
    .replaceAll('\0', '')
    .toWellFormed()
