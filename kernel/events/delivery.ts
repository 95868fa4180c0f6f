import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool, Tx } from '../database/database.ts'
import { apart } from '../telemetry/context.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { wakeable, type Wakeable } from '../waiting.ts'
import { beginningOf, hasCursor, moveCursor, readCursor, skipTo, takeCursor, type Mark } from './cursors.ts'
import { isOutage, type DeadLetterBox } from './dead-letters.ts'
import { about, react, type Subscription } from './subscription.ts'
import { wholeLog, type EventRow, type Partition, type Reader, type Transport } from './transport.ts'

/** What a subscription does in a partition. */
interface Cursor {
  readonly subscription: Subscription
  readonly partition: Partition
  readonly work: Wakeable
  /** Undefined until read from the database. */
  at?: Mark | undefined
  /** What the partition was taken with; who took it later is refused what we want to move. */
  generation: number
  /** False while the partition is not ours. */
  held: boolean
  /** Events a transaction; small again after a failure, to find the one that fails. */
  batch: number
  /** Failures in a row for want of something outside the event. */
  outages: number
  delivering?: Promise<boolean> | undefined
  /** When its rest ends, by `performance.now()`. */
  rested: number
  /** Aborted while somebody waits for everything to be done: nobody rests then. */
  hurry: AbortController
}

interface Means {
  readonly pool: Pool
  readonly transport: Transport
  readonly letters: DeadLetterBox
  readonly log: Log
  /** By name. */
  readonly subscriptions: ReadonlyMap<string, Subscription>
  readonly signal: AbortSignal
  handled(subscription: Subscription, rows: readonly EventRow[]): void
}

export interface Delivery {
  readonly reader: Reader
  /** Looks again where a subscription, or each, stands: somebody may have moved it. */
  lookAgain(subscription?: string): void
  /** Resolves when there is nothing to do any more. */
  drained(): Promise<void>
  /** Resolves when nothing is at work. */
  idle(): Promise<void>
}

const batchSize = 200

/** Figures of what was handled. */
export function countHandled(metrics: Metrics): Means['handled'] {
  const handled = metrics.counter('ohmnibus_events_handled_total', 'Events whose reaction committed', ['subscription'])
  const latency = metrics.histogram('ohmnibus_event_latency_seconds', 'From publishing to the committed reaction', [
    'topic',
  ])
  return ({ name, topic }, rows) => {
    handled.inc({ subscription: name }, rows.length)
    const now = Date.now()
    for (const row of rows) latency.observe({ topic }, Math.max(0, now - row.published_at.getTime()) / 1000)
  }
}

/**
 * Brings what the transport has to the subscriptions: each partition at its own pace, the effect and the move in one
 * transaction.
 */
export function openDelivery(means: Means): Delivery {
  const { pool, transport, subscriptions } = means
  const cursors = new Map<string, Cursor>()
  const keyOf = ({ service, topic, number }: Partition): string => `${service} ${topic} ${number}`

  async function take(partition: Partition): Promise<number> {
    const { service, topic, number } = partition
    const subscription = subscriptions.values().find(known => known.service === service && known.topic === topic)!
    const { begins, name } = subscription
    const first =
      begins && !(await hasCursor(pool, name, number)) && (await transport.offsetsBehind(topic, begins)).get(number)
    const { generation, ...at } = await takeCursor(pool, subscription, partition, first || beginningOf(number))
    const known = cursors.get(keyOf(partition)) ?? openCursor(means, subscription, partition)
    cursors.set(keyOf(partition), Object.assign(known, { partition, at, generation, held: true }))
    return at.offset + 1
  }

  const wake = (cursor: Cursor | undefined): Promise<void> | undefined =>
    cursor?.held ? cursor.work.wake() : undefined

  return {
    reader: {
      take: partitions => Promise.all(partitions.map(take)),
      async leave(partitions) {
        const left = partitions.flatMap(partition => cursors.get(keyOf(partition)) ?? [])
        for (const cursor of left) cursor.held = false
        await Promise.allSettled(left.map(({ delivering }) => delivering))
      },
      arrived: partition => void wake(cursors.get(keyOf(partition))),
      async skip({ service, topic, number }, offset) {
        for (const subscription of subscriptions.values())
          if (subscription.service === service && subscription.topic === topic)
            await skipTo(pool, subscription.name, number, offset)
      },
    },
    lookAgain(name) {
      for (const cursor of cursors.values())
        if (!name || cursor.subscription.name === name)
          void cursor.work.idle().then(() => {
            cursor.at = undefined
            void wake(cursor)
          })
    },
    async drained() {
      for (const { hurry } of cursors.values()) hurry.abort()
      await Promise.all(cursors.values().map(wake))
      for (const cursor of cursors.values()) cursor.hurry = new AbortController()
    },
    async idle() {
      await Promise.all(cursors.values().map(({ work }) => work.idle()))
    },
  }
}

function openCursor(means: Means, subscription: Subscription, partition: Partition): Cursor {
  const { log, signal } = means
  const cursor: Cursor = {
    subscription,
    partition,
    work: wakeable(() => apart(drain)),
    generation: 0,
    held: false,
    batch: batchSize,
    outages: 0,
    rested: 0,
    hurry: new AbortController(),
  }

  async function rest(): Promise<void> {
    const ms = cursor.rested - performance.now()
    if (ms > 0) await sleep(ms, undefined, { signal: AbortSignal.any([signal, cursor.hurry.signal]) }).catch(() => {})
  }

  /** Until there is nothing more; true when it is to be tried again. */
  async function drain(): Promise<boolean> {
    const mayGoOn = (): boolean => cursor.held && !signal.aborted
    try {
      while (mayGoOn()) {
        await rest()
        cursor.delivering = deliver(means, cursor)
        if (!(await cursor.delivering)) break
        cursor.outages = 0
        cursor.rested = performance.now() + subscription.restMs
      }
      return false
    } catch (error) {
      const delayMs = Math.min(30_000, 100 * 2 ** cursor.outages++)
      log.warn({ err: error, subscription: subscription.name, delayMs }, 'a subscription waits and tries again')
      await sleep(delayMs, undefined, { signal }).catch(() => {})
      cursor.at = undefined
      return mayGoOn()
    }
  }

  return cursor
}

/** One transaction: the effects of a batch and the move of the cursor. False when there is nothing to do. */
async function deliver(means: Means, cursor: Cursor): Promise<boolean> {
  const { subscription, partition } = cursor
  cursor.at ??= await whereItStands(means, cursor)
  const from = cursor.at
  if (!from) return false
  const read = await means.transport.read(partition, from.offset, cursor.batch)
  if (read.length === 0) return false
  const rows = onlyNew(read, from.position)
  const to = { offset: read.at(-1)!.offset, position: rows.at(-1)?.position ?? from.position }
  /** Of the event at work; none is before the cursor has moved. */
  let at = -1
  try {
    const done = await subscription.db.transaction(async tx => {
      at = -1
      const moved = await move(tx, cursor, from, to)
      if (!moved) return undefined
      const blocked =
        moved.failed && subscription.waits ? await means.letters.keysAmong(tx, subscription, rows) : new Set<string>()
      const free = rows.filter(({ key }) => !blocked.has(key))
      if (!subscription.single) {
        at = rows.length
        for (const row of rows) if (blocked.has(row.key)) await means.letters.add(tx, subscription, row)
        await react(subscription, free, tx)
        return free
      }
      for (at = 0; at < rows.length; at++) {
        const row = rows[at]!
        if (blocked.has(row.key)) await means.letters.add(tx, subscription, row)
        else await react(subscription, [row], tx)
      }
      return free
    })
    if (!done) return movedAway(means, cursor)
    cursor.at = to
    means.handled(subscription, done)
  } catch (error) {
    // No event is to blame for what failed before the first of them.
    if (at < 0) throw error
    // What came before the failing one goes first. A failing commit does not say which one it was, nor does a reaction
    // to many: half of them is tried.
    const before = at < rows.length ? at : rows.length >> 1
    if (before > 0) {
      cursor.batch = read.indexOf(rows[before]!)
      // A commit whose answer was lost may have moved it: who began where it stood would take that for somebody else's work.
      cursor.at = undefined
      return true
    }
    if (isOutage(error) || rows.length === 0) throw error
    if (!(await putAside(means, cursor, from, rows[0]!, error))) return movedAway(means, cursor)
  }
  cursor.batch = batchSize
  return true
}

/** Takes a failing event out of the way, to be tried again apart. */
async function putAside(means: Means, cursor: Cursor, from: Mark, row: EventRow, error: unknown): Promise<boolean> {
  const { subscription } = cursor
  means.log.error({ err: error, ...about(subscription, row) }, 'a reaction failed')
  const done = await subscription.db.transaction(async tx => {
    if (!(await move(tx, cursor, from, row))) return false
    await means.letters.add(tx, subscription, row, error)
    return true
  })
  cursor.at = undefined
  if (done) means.letters.failed(subscription)
  return done
}

/**
 * Somebody else moved it. In the event log that is another process, which shares the work: go on from where it stands
 * now; a partition of Kafka is somebody else's.
 */
function movedAway({ transport }: Means, cursor: Cursor): boolean {
  cursor.at = undefined
  if (cursor.partition.number === wholeLog) return true
  cursor.held = false
  transport.lost(cursor.partition)
  return false
}

/** Undefined when the partition has been taken by another. */
async function whereItStands(means: Means, cursor: Cursor): Promise<Mark | undefined> {
  const { subscription, partition } = cursor
  const mark = await readCursor(means.pool, subscription.name, partition.number, cursor.generation)
  if (mark) return mark
  // Without a generation of its own: a rewind of the event log, which everybody shares, is simply followed.
  if (partition.number !== wholeLog) return void movedAway(means, cursor)
  const { generation, ...at } = await takeCursor(means.pool, subscription, partition)
  cursor.generation = generation
  return at
}

const move = (tx: Tx, { subscription, partition, generation }: Cursor, from: Mark, to: Mark) =>
  moveCursor(tx, subscription.name, partition.number, generation, from, to)

/** Positions grow in a partition; what does not was sent twice. */
function onlyNew(rows: readonly EventRow[], position: number): EventRow[] {
  let last = position
  const fresh: EventRow[] = []
  for (const row of rows)
    if (row.position > last) {
      last = row.position
      fresh.push(row)
    }
  return fresh
}
