import { setTimeout as sleep } from 'node:timers/promises'
import type { EventContract } from '../../contracts/define.ts'
import { openBacklog } from './lag.ts'
import { apart, readNote, within } from '../telemetry/context.ts'
import type { Database, Pool, Tx } from '../database/database.ts'
import { openDatabase } from '../database/open.ts'
import { lockLanes, moveLane, readLane, rewindLanes, skipLane, takeLane, type Mark } from './cursors.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { isOutage, openParked, type DeadLetters } from './dead-letters.ts'
import type { EventRow, Lane, Reader, Road } from './transport.ts'
import { wholeLog } from './transport.ts'
import type { Delivered, Reaction, ReactionAbout } from '../service.ts'
import { entry, messaging } from '../telemetry/tracing.ts'

/** How far a reaction has come, as operators see it. */
export interface SubscriptionState {
  subscription: string
  service: string
  topic: string
  /** When it last handled something. */
  moved_at: Date | null
}

/** Brings what is published to those who subscribed, in one database; over which road is all the same to them. */
export interface EventLog extends DeadLetters {
  subscribe<Name extends string>(
    service: Name,
    db: Database<Name>,
    event: EventContract,
    about: ReactionAbout,
    reaction: Reaction<any, Name>, // `Host` has tied it to its event
  ): void
  watch(event: EventContract, handler: (event: any) => void): void // likewise
  /** Something was committed by this process. */
  committed(): void
  start(): Promise<void>
  stop(): Promise<void>
  /** Resolves once everything published so far has had its effect or is a dead letter. */
  settled(): Promise<boolean>
  /** By name; `after` is the last name seen. */
  subscriptions(page: { limit: number; after?: string }): Promise<SubscriptionState[]>
  /**
   * Lets a subscription handle again what was published at `from` or later, or everything there is; false when there is
   * no such subscription.
   */
  rewind(subscription: string, from?: Date): Promise<boolean>
  /**
   * Ends the part of the log whose first event is from before `closing`, and drops the oldest, all from before
   * `before`, once every reader has passed it; true when it did.
   */
  tend(closing: Date, before?: Date): Promise<boolean>
}

export interface Subscription {
  readonly name: string
  readonly service: string
  readonly topic: string
  readonly db: Database
  readonly reaction: Reaction<any, any> // of any service to any event
  readonly waits: boolean
}

interface Cursor {
  readonly subscription: Subscription
  readonly lane: Lane
  /** Undefined until read from the database. */
  at?: Mark | undefined
  /** What the lane was taken with; who took it later is refused what we want to move. */
  generation: number
  /** False while the lane is not ours. */
  held: boolean
  /** Events a transaction; small again after a failure, to find the one that fails. */
  batch: number
  /** Failures in a row for want of something outside the event. */
  outages: number
  running?: Promise<void> | undefined
  delivering?: Promise<boolean> | undefined
  again: boolean
}

const batchSize = 200
const channel = 'ohmnibus_rewound'

export function openEventLog(options: { pool: Pool; road: Road; log: Log; metrics: Metrics }): EventLog {
  const { pool, road, log, metrics } = options
  const subscriptions = new Map<string, Subscription>()
  const cursors = new Map<string, Cursor[]>()
  const watchers = new Map<string, Parameters<EventLog['watch']>[1][]>()
  const handled = metrics.counter('ohmnibus_events_handled_total', 'Events whose reaction committed', ['subscription'])
  const latency = metrics.histogram('ohmnibus_event_latency_seconds', 'From publishing to the committed reaction', [
    'topic',
  ])
  const stopping = new AbortController()
  const { signal } = stopping
  let unlisten: (() => Promise<void>) | undefined

  const database = openDatabase(pool, 'kernel')
  const parked = openParked({
    pool,
    database,
    log,
    metrics,
    subscriptions,
    react,
    handled: name => handled.inc({ subscription: name }),
    signal,
  })
  const keyOf = (lane: Lane): string => `${lane.service} ${lane.topic} ${lane.number}`
  const all = (): Cursor[] => [...cursors.values()].flat()

  // ── What the road tells ──

  const reader: Reader = {
    async take(lanes) {
      const starts: number[] = []
      for (const lane of lanes) {
        const own = [...subscriptions.values()].filter(
          ({ service, topic }) => service === lane.service && topic === lane.topic,
        )
        const marks = await Promise.all(
          own.map(subscription => takeLane(pool, subscription, lane.number, lane.incarnation)),
        )
        cursors.set(
          keyOf(lane),
          own.map((subscription, index) => {
            const known = cursors.get(keyOf(lane))?.find(cursor => cursor.subscription === subscription)
            const { generation, ...at } = marks[index]!
            return Object.assign(known ?? { subscription, lane, again: false, outages: 0, batch: batchSize }, {
              at,
              generation,
              held: true,
            })
          }),
        )
        starts.push(Math.min(...marks.map(({ offset }) => offset + 1)))
      }
      return starts
    },
    async leave(lanes) {
      const left = lanes.flatMap(lane => cursors.get(keyOf(lane)) ?? [])
      for (const cursor of left) cursor.held = false
      await Promise.allSettled(left.map(({ delivering }) => delivering))
    },
    arrived(lane) {
      for (const cursor of cursors.get(keyOf(lane)) ?? []) void wake(cursor)
    },
    skip: (lane, offset) => skipLane(pool, lane, offset),
  }

  const tell = (topic: string) => (row: EventRow) => {
    for (const handler of watchers.get(topic)!)
      try {
        handler(envelope(row))
      } catch (error) {
        log.error({ err: error, topic }, 'a watcher failed')
      }
  }

  // ── Delivery ──

  const wake = (cursor: Cursor): Promise<void> | undefined => {
    cursor.again = true
    // One that ends at once would be taken for one at work for ever.
    return cursor.held ? (cursor.running ??= apart(() => drain(cursor))) : undefined
  }

  async function drain(cursor: Cursor): Promise<void> {
    while (cursor.again && cursor.held && !signal.aborted) {
      cursor.again = false
      try {
        while (cursor.held && !signal.aborted && (await (cursor.delivering = deliver(cursor)))) cursor.outages = 0
      } catch (error) {
        const delay = Math.min(30_000, 100 * 2 ** cursor.outages++)
        log.warn(
          { err: error, subscription: cursor.subscription.name, delayMs: delay },
          'a subscription waits and tries again',
        )
        await sleep(delay, undefined, { signal }).catch(() => {})
        cursor.at = undefined
        cursor.again = true
      }
    }
    // Together with the last look at `again`: nobody may come in between.
    cursor.running = undefined
  }

  /** One transaction: the effects of a batch and the move of the cursor. False when there is nothing to do. */
  async function deliver(cursor: Cursor): Promise<boolean> {
    const { subscription, lane } = cursor
    const from = (cursor.at ??= await readMark(cursor))
    if (!from) return false
    const read = await road.read(lane, from.offset, cursor.batch, subscription.name)
    if (read.length === 0) return false
    const rows = onlyNew(read, from.position)
    const to = { offset: read.at(-1)!.offset, position: rows.at(-1)?.position ?? from.position }
    let at = 0
    try {
      const done = await subscription.db.transaction(async tx => {
        const moved = await move(tx, cursor, from, to)
        if (!moved) return undefined
        const blocked = moved.parked && subscription.waits ? await parked.keysAmong(tx, subscription, rows) : undefined
        for (at = 0; at < rows.length; at++) {
          const row = rows[at]!
          if (blocked?.has(row.key)) await parked.add(tx, subscription, row)
          else await react(subscription, row, tx)
        }
        return rows.filter(({ key }) => !blocked?.has(key))
      })
      if (!done) return movedAway(cursor)
      cursor.at = to
      count(subscription, done)
    } catch (error) {
      // What came before the failing one goes first. A failing commit does not say which one it was: half of them is
      // tried.
      const before = at < rows.length ? at : rows.length >> 1
      if (before > 0) {
        cursor.batch = read.indexOf(rows[before]!)
        return true
      }
      if (isOutage(error) || rows.length === 0) throw error
      if (!(await parkFirst(cursor, from, rows[0]!, error))) return movedAway(cursor)
    }
    cursor.batch = batchSize
    return true
  }

  /**
   * Somebody else moved it. In the log that is another process, which shares the work: go on from where it stands now;
   * a partition is somebody else's.
   */
  function movedAway(cursor: Cursor): boolean {
    cursor.at = undefined
    if (cursor.lane.number === wholeLog) return true
    cursor.held = false
    road.lost(cursor.lane)
    return false
  }

  /** Takes a failing event out of the way, to be tried again apart. */
  async function parkFirst(cursor: Cursor, from: Mark, row: EventRow, error: unknown): Promise<boolean> {
    const { subscription } = cursor
    log.error(
      { err: error, subscription: subscription.name, eventId: row.event_id, traceId: readNote(row.trace_id).traceId },
      'a reaction failed',
    )
    const done = await subscription.db.transaction(async tx => {
      if (!(await move(tx, cursor, from, row))) return false
      await parked.add(tx, subscription, row, error)
      return true
    })
    cursor.at = undefined
    if (done) parked.failed(subscription)
    return done
  }

  function count(subscription: Subscription, rows: readonly EventRow[]): void {
    handled.inc({ subscription: subscription.name }, rows.length)
    const now = Date.now()
    for (const row of rows)
      latency.observe({ topic: subscription.topic }, Math.max(0, now - row.published_at.getTime()) / 1000)
  }

  function react(subscription: Subscription, row: EventRow, tx: Tx): Promise<unknown> {
    return within({ actor: row.actor, ...readNote(row.trace_id) }, () =>
      entry(`process ${row.topic}`, 'consumer', messaging('process', row.topic, row.event_id, subscription.name), () =>
        subscription.reaction(envelope(row), tx),
      ),
    )
  }

  // ── Cursors ──

  /** Undefined when the lane has been taken by another. */
  async function readMark(cursor: Cursor): Promise<Mark | undefined> {
    const mark = await readLane(pool, cursor.subscription.name, cursor.lane.number, cursor.generation)
    if (mark) return mark
    // Without a generation of its own: a rewind of the log, which everybody shares, is simply followed.
    if (cursor.lane.number !== wholeLog) return void movedAway(cursor)
    const { generation, ...at } = await takeLane(pool, cursor.subscription, wholeLog)
    cursor.generation = generation
    return at
  }

  const move = (tx: Tx, { subscription, lane, generation }: Cursor, from: Mark, to: Mark) =>
    moveLane(tx, subscription.name, lane.number, generation, from, to)

  async function lookAgain(name: string): Promise<void> {
    for (const cursor of all().filter(({ subscription }) => !name || subscription.name === name)) {
      await cursor.running
      cursor.at = undefined
      void wake(cursor)
    }
  }

  const unread = openBacklog(pool, metrics, () =>
    all()
      .filter(({ lane }) => lane.number === wholeLog)
      .map(({ subscription }) => subscription.name),
  )

  return {
    ...parked.letters,
    subscribe(service, db, event, { purpose, afterFailure = 'wait' }, reaction) {
      const name = `${service}: ${purpose} (${event.topic})`
      if (subscriptions.has(name))
        throw new Error(`${service} subscribes twice to ${event.topic} in order to ${purpose}`)
      subscriptions.set(name, {
        name,
        service,
        topic: event.topic,
        db: db as Database,
        reaction,
        waits: afterFailure === 'wait',
      })
    },
    watch(event, handler) {
      watchers.set(event.topic, [...(watchers.get(event.topic) ?? []), handler])
    },
    committed: () => road.committed(),
    async start() {
      const mine = [...subscriptions.values()]
      if (mine.length > 0)
        await pool`insert into kernel.subscriptions ${pool(
          mine.map(({ name, service, topic }) => ({ name, service, topic })),
          'name',
          'service',
          'topic',
        )} on conflict do nothing`
      const topics = new Map<string, Set<string>>()
      for (const { service, topic } of mine) topics.set(service, (topics.get(service) ?? new Set()).add(topic))
      await road.start(reader, topics, new Map([...watchers.keys()].map(topic => [topic, tell(topic)])))
      const listening = await pool.listen(
        channel,
        name => void lookAgain(name),
        () => void lookAgain(''),
      )
      unlisten = () => listening.unlisten()
      parked.start()
    },
    async stop() {
      stopping.abort()
      await unlisten?.().catch(() => {})
      await road.stop()
      await Promise.allSettled([parked.stop(), ...all().map(({ running }) => running)])
    },
    async settled() {
      if (!(await road.settled())) return false
      await Promise.all(all().map(wake))
      // Reactions may have published in their turn.
      return (await parked.settled()) && (await unread(1)).every(({ lag }) => lag === 0) && (await road.settled())
    },
    async subscriptions({ limit, after = '' }) {
      return await pool<SubscriptionState[]>`
        select s.name as subscription, s.service, s.topic, max(l.updated_at) filter (where l.position > 0) as moved_at
        from kernel.subscriptions s left join kernel.lanes l on l.subscription = s.name
        where s.name > ${after} group by s.name order by s.name limit ${limit}`
    },
    async rewind(name, from) {
      const [subscription] = await pool<
        { topic: string }[]
      >`select topic from kernel.subscriptions where name = ${name}`
      if (!subscription) return false
      const offsets = await road.offsetsAt(subscription.topic, from)
      await database.transaction(async tx => {
        await lockLanes(tx, name)
        await rewindLanes(tx, name, offsets)
        await tx`delete from kernel.parked where subscription = ${name} and published_at >= ${from ?? new Date(0)}`
      })
      await pool`select pg_notify(${channel}, ${name})`
      return true
    },
    async tend(closing, before) {
      const [tended] = await pool<{ dropped: boolean }[]>`
        select kernel.tend_log(${closing}, ${before ?? null}::timestamptz, ${await road.passed()}) as dropped`
      return tended!.dropped
    },
  }
}

/** Positions grow in a lane; what does not was sent twice. */
function onlyNew(rows: readonly EventRow[], position: number): EventRow[] {
  let last = position
  return rows.filter(row => row.position > last && (last = row.position))
}

const envelope = ({ event_id, actor, data, published_at }: EventRow): Delivered<EventContract> => ({
  eventId: event_id,
  timestamp: published_at.toISOString(),
  actor,
  ...data,
})
