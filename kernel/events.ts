import { setTimeout as sleep } from 'node:timers/promises'
import type { EventContract } from '../contracts/define.ts'
import type { EventActor } from '../contracts/shared.ts'
import { within } from './context.ts'
import { databaseProblem, type Database, type Pool, type Tx } from './database.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'
import type { Delivered, Reaction, ReactionOptions } from './service.ts'
import { openTail } from './tail.ts'

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

/** Brings what is in the log to those who subscribed; the embedded implementation, over PostgreSQL alone. */
export interface EventLog {
  subscribe<Name extends string>(
    service: Name,
    db: Database<Name>,
    event: EventContract,
    purpose: string,
    reaction: Reaction<any, Name>,
    options?: ReactionOptions,
  ): void
  watch(event: EventContract, handler: (event: any) => void): void
  /** Something of these topics was committed by this process. */
  committed(topics: readonly string[]): void
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves once everything published so far has had its effect or is a dead letter. */
  settled(): Promise<boolean>
  /** In order of subscription and position; `after` is the last pair seen. */
  deadLetters(page: { limit: number; after?: readonly [string, number] }): Promise<DeadLetter[]>
  /** Tries a dead letter again now; false when there is no such letter. */
  replay(id: string): Promise<boolean>
  /** Removes events older than `before` that every subscription has passed; resolves with how many. */
  forget(before: Date): Promise<number>
}

interface Subscription {
  readonly name: string
  readonly service: string
  readonly topic: string
  readonly db: Database
  readonly reaction: Reaction<any, any>
  readonly waits: boolean
  /** Of the last event handled; undefined until read from the database. */
  position?: number
  /** Events a transaction; small again after a failure, to find the one that fails. */
  batch: number
  /** Failures in a row for want of something outside the event. */
  outages: number
  running?: Promise<void>
  again: boolean
}

interface LogRow {
  position: number
  event_id: string
  key: string
  trace_id: string
  actor: EventActor
  data: Record<string, unknown>
  published_at: Date
}

const batchSize = 200
/** Waits between the tries of one failing event, in milliseconds; after the last it is a dead letter. */
const retryDelays = [100, 400, 1_600, 6_400]

export function openEventLog(options: { pool: Pool; log: Log; metrics: Metrics }): EventLog {
  const { pool, log } = options
  const subscriptions = new Map<string, Subscription>()
  const watchers = new Map<string, ((event: any) => void)[]>()
  const handled = options.metrics.counter('ohmnibus_events_handled_total', 'Events whose reaction committed', ['subscription'])
  const failed = options.metrics.counter('ohmnibus_events_failed_total', 'Tries of reactions that failed', ['subscription'])
  const latency = options.metrics.histogram('ohmnibus_event_latency_seconds', 'From publishing to the committed reaction', ['topic'])
  const stopping = new AbortController()
  const { signal } = stopping
  let retrying: NodeJS.Timeout | undefined

  const tail = openTail({
    pool,
    log,
    async watched(topics, from, to) {
      for (const topic of topics) if (watchers.has(topic)) await tell(topic, from, to)
    },
    advanced(topics) {
      for (const subscription of subscriptions.values()) if (topics.has(subscription.topic)) void wake(subscription)
    },
  })

  async function tell(topic: string, from: number, to: number): Promise<void> {
    for (const row of await readRows(topic, from, to, 1000))
      for (const handler of watchers.get(topic)!)
        try {
          handler(envelope(row))
        } catch (error) {
          log.error({ err: error, topic }, 'a watcher failed')
        }
  }

  const readRows = (topic: string, after: number, until: number, limit: number) => pool<LogRow[]>`
    select position::float8 as position, event_id, key, trace_id, actor, data, published_at
    from kernel.log where topic = ${topic} and position > ${after} and position <= ${until} order by position limit ${limit}`

  const wake = (subscription: Subscription): Promise<void> => {
    subscription.again = true
    return (subscription.running ??= drain(subscription))
  }

  async function drain(subscription: Subscription): Promise<void> {
    while (subscription.again && !signal.aborted) {
      subscription.again = false
      try {
        while (!signal.aborted && (await deliver(subscription))) subscription.outages = 0
      } catch (error) {
        const delay = Math.min(30_000, 100 * 2 ** subscription.outages++)
        log.warn({ err: error, subscription: subscription.name, delayMs: delay }, 'a subscription waits and tries again')
        await sleep(delay, undefined, { signal }).catch(() => {})
        subscription.position = undefined
        subscription.again = true
      }
    }
    // Together with the last look at `again`: nobody may come in between.
    subscription.running = undefined
  }

  /** One transaction: the effects of a batch and the move of the cursor. False when there is nothing to do. */
  async function deliver(subscription: Subscription): Promise<boolean> {
    const from = (subscription.position ??= await readPosition(subscription))
    const rows = await readRows(subscription.topic, from, tail.horizon, subscription.batch)
    if (rows.length === 0) return false
    const last = rows.at(-1)!.position
    let at = 0
    try {
      const done = await subscription.db.transaction(async tx => {
        const moved = await move(tx, subscription, from, last)
        if (!moved) return undefined
        const blocked = moved.parked && subscription.waits ? await blockedKeys(tx, subscription) : undefined
        for (at = 0; at < rows.length; at++) {
          const row = rows[at]!
          if (blocked?.has(row.key)) await park(tx, subscription, row, 'waiting', null)
          else await react(subscription, row, tx)
        }
        return rows.filter(({ key }) => !blocked?.has(key))
      })
      // Somebody else serves this subscription too and was quicker: go on from where it stands now.
      subscription.position = done ? last : undefined
      if (done) count(subscription, done)
    } catch (error) {
      // What came before the failing one goes first. A failing commit does not say which one it was: half of them is tried.
      const before = at < rows.length ? at : rows.length >> 1
      if (before > 0) {
        subscription.batch = before
        return true
      }
      if (isOutage(error)) throw error
      await parkFirst(subscription, from, rows[0]!, error)
    }
    subscription.batch = batchSize
    return true
  }

  function count(subscription: Subscription, rows: readonly LogRow[]): void {
    handled.inc({ subscription: subscription.name }, rows.length)
    const now = Date.now()
    for (const row of rows) latency.observe({ topic: subscription.topic }, Math.max(0, now - row.published_at.getTime()) / 1000)
  }

  const react = (subscription: Subscription, row: LogRow, tx: Tx) =>
    within({ actor: row.actor, traceId: row.trace_id }, () => subscription.reaction(envelope(row), tx))

  async function readPosition(subscription: Subscription): Promise<number> {
    const { name, service, topic, db } = subscription
    await db.transaction(async tx => {
      await tx`insert into kernel.subscriptions (name, service, topic) values (${name}, ${service}, ${topic}) on conflict do nothing`
    })
    const [row] = await pool<{ position: number }[]>`select position::float8 as position from kernel.subscriptions where name = ${name}`
    return row!.position
  }

  /** Moves the cursor and holds it to the end of the transaction, so that no two work for a subscription at a time; undefined when it has moved already. */
  const move = async (tx: Tx, { name }: Subscription, from: number, to: number): Promise<{ parked: boolean } | undefined> => {
    const [moved] = await tx<{ parked: boolean }[]>`
      update kernel.subscriptions set position = ${to}, updated_at = now() where name = ${name} and position = ${from}
      returning exists (select from kernel.parked where subscription = ${name}) as parked`
    return moved
  }

  // ── Events that fail ──

  const blockedKeys = async (tx: Tx, { name }: Subscription): Promise<Set<string>> =>
    new Set((await tx<{ key: string }[]>`select distinct key from kernel.parked where subscription = ${name}`).map(({ key }) => key))

  const park = (tx: Tx, subscription: Subscription, row: LogRow, state: 'retrying' | 'waiting', error: string | null) => tx`
    insert into kernel.parked (subscription, position, service, key, state, attempts, error, next_at)
    values (${subscription.name}, ${row.position}, ${subscription.service}, ${row.key}, ${state}, ${state === 'retrying' ? 1 : 0}, ${error},
      now() + ${retryDelays[0]!} * interval '1 ms')`

  /** Takes a failing event out of the way, to be tried again apart. */
  async function parkFirst(subscription: Subscription, from: number, row: LogRow, error: unknown): Promise<void> {
    log.error({ err: error, subscription: subscription.name, eventId: row.event_id, traceId: row.trace_id }, 'a reaction failed')
    failed.inc({ subscription: subscription.name })
    await subscription.db.transaction(async tx => {
      if (await move(tx, subscription, from, row.position)) await park(tx, subscription, row, 'retrying', causeOf(error))
    })
    subscription.position = undefined
    retryIn(retryDelays[0]!)
  }

  let sweeping: Promise<void> | undefined
  const retryParked = (): Promise<void> => (sweeping ??= sweepParked().finally(() => (sweeping = undefined)))
  const retryLater = () => void retryParked().catch(error => log.warn({ err: error }, 'could not retry parked events'))
  const retryIn = (ms: number) => void setTimeout(retryLater, ms).unref()

  async function sweepParked(): Promise<void> {
    while (!signal.aborted) {
      const due = await pool<(LogRow & { subscription: string; attempts: number })[]>`
        select p.subscription, p.attempts, p.position::float8 as position, l.event_id, l.key, l.trace_id, l.actor, l.data, l.published_at
        from kernel.parked p join kernel.log l using (position)
        where p.subscription = any(${[...subscriptions.keys()]}) and p.state = 'retrying' and p.next_at <= now() order by p.position limit 50`
      if (due.length === 0) return
      for (const row of due) if (!signal.aborted) await retry(subscriptions.get(row.subscription)!, row)
    }
  }

  async function retry(subscription: Subscription, row: LogRow & { attempts: number }): Promise<void> {
    const { name } = subscription
    try {
      const taken = await subscription.db.transaction(async tx => {
        // Waits for a batch at work, which may be putting the next of this key behind this one.
        await tx`select from kernel.subscriptions where name = ${name} for update`
        const parked = await tx`
          delete from kernel.parked where subscription = ${name} and position = ${row.position} and state = 'retrying' and next_at <= now()`
        if (parked.count === 0) return false
        await react(subscription, row, tx)
        // The next of its key comes out of the queue.
        await tx`update kernel.parked set state = 'retrying', next_at = now() where subscription = ${name} and position =
          (select min(position) from kernel.parked where subscription = ${name} and key = ${row.key}) and state = 'waiting'`
        return true
      })
      if (taken) handled.inc({ subscription: name })
    } catch (error) {
      failed.inc({ subscription: name })
      const outage = isOutage(error)
      const delay = outage ? 5_000 : retryDelays[row.attempts]
      if (delay === undefined)
        log.error({ err: error, subscription: name, eventId: row.event_id, traceId: row.trace_id }, 'an event is a dead letter now')
      await subscription.db.transaction(async tx => {
        await tx`update kernel.parked set state = ${delay === undefined ? 'dead' : 'retrying'}, attempts = attempts + ${outage ? 0 : 1},
          error = ${causeOf(error)}, next_at = now() + ${delay ?? 0} * interval '1 ms' where subscription = ${name} and position = ${row.position}`
      })
      if (delay !== undefined) retryIn(delay)
    }
  }

  options.metrics.gauge('ohmnibus_event_dead_letters', 'Events whose reaction failed for good', [], async gauge => {
    const [row] = await pool<{ count: number }[]>`select count(*)::int as count from kernel.parked where state = 'dead'`
    gauge.set(row!.count)
  })
  options.metrics.gauge('ohmnibus_event_lag', 'Events a subscription has still to handle', ['subscription'], async gauge => {
    for (const row of await pool<{ name: string; lag: number }[]>`
      select s.name, (select count(*)::int from (select from kernel.log l where l.topic = s.topic and l.position > s.position limit 10000) unread) as lag
      from kernel.subscriptions s`)
      gauge.set({ subscription: row.name }, row.lag)
  })

  return {
    subscribe(service, db, event, purpose, reaction, { afterFailure = 'wait' } = {}) {
      const name = `${service}: ${purpose} (${event.topic})`
      if (subscriptions.has(name)) throw new Error(`${service} subscribes twice to ${event.topic} in order to ${purpose}`)
      subscriptions.set(name, {
        name,
        service,
        topic: event.topic,
        db: db as unknown as Database,
        reaction,
        waits: afterFailure === 'wait',
        batch: batchSize,
        outages: 0,
        again: false,
      })
    },
    watch(event, handler) {
      watchers.set(event.topic, [...(watchers.get(event.topic) ?? []), handler])
    },
    committed: () => tail.committed(),
    async start() {
      await tail.start()
      for (const subscription of subscriptions.values()) void wake(subscription)
      // Also what other processes have parked, which may be gone.
      retrying = setInterval(retryLater, 1_000)
    },
    async stop() {
      stopping.abort()
      clearInterval(retrying)
      await tail.stop()
      await Promise.allSettled([sweeping, ...[...subscriptions.values()].map(({ running }) => running)])
    },
    async settled() {
      await tail.catchUp()
      await Promise.all([...subscriptions.values()].map(wake))
      await retryParked()
      const names = [...subscriptions.keys()]
      const [row] = await pool<{ open: boolean }[]>`select
        exists (select from kernel.subscriptions s where s.name = any(${names}) and exists (select from kernel.log l where l.topic = s.topic and l.position > s.position))
        or exists (select from kernel.parked where state = 'retrying' and subscription = any(${names})) as open`
      return !row!.open
    },
    async deadLetters({ limit, after }) {
      const [subscription, position] = after ?? ['', 0]
      return await pool<DeadLetter[]>`
        select p.id, p.subscription, p.position::float8 as position, p.service, l.topic, p.key, l.event_id, p.state, p.attempts, p.error, l.published_at
        from kernel.parked p join kernel.log l using (position)
        where (p.subscription, p.position) > (${subscription!}, ${position!}) order by p.subscription, p.position limit ${limit}`
    },
    async replay(id) {
      const found =
        await pool`update kernel.parked set state = 'retrying', next_at = now(), attempts = 0 where id = ${id} and state = 'dead'`
      retryLater()
      return found.count > 0
    },
    async forget(before) {
      const removed = await pool`
        delete from kernel.log where position in (
          select l.position from kernel.log l where l.published_at < ${before}
            and not exists (select from kernel.subscriptions s where s.topic = l.topic and s.position < l.position)
            and not exists (select from kernel.parked p where p.position = l.position)
          order by l.position limit 10000)`
      return removed.count
    },
  }
}

const envelope = ({ event_id, actor, data, published_at }: LogRow): Delivered<EventContract> => ({
  eventId: event_id,
  timestamp: published_at.toISOString(),
  actor,
  ...data,
})

/** Not the event's fault: wait and try the same again. */
const isOutage = (error: unknown): boolean => (error instanceof Problem ? error : databaseProblem(error))?.kind === 'unavailable'

/** As a text that PostgreSQL can hold. */
const causeOf = (error: unknown): string =>
  (error instanceof Problem ? `${error.code}: ${error.message}` : String((error as Error)?.stack ?? error))
    .slice(0, 2000)
    .replaceAll('\0', '')
    .toWellFormed()
