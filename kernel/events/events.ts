import type { EventContract } from '../../contracts/define.ts'
import type { Database, Pool } from '../database/database.ts'
import { openDatabase } from '../database/open.ts'
import type { ReactionAbout, ReactionToMany, Replays } from '../service.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { lockCursors, rewindCursors } from './cursors.ts'
import { openDeadLetters, type DeadLetters } from './dead-letters.ts'
import { countHandled, openDelivery } from './delivery.ts'
import { lagOf, showLag } from './lag.ts'
import { replaysOf } from './replays.ts'
import { envelope, openSubscriptions, type SubscriptionState } from './subscription.ts'
import type { EventRow, Transport } from './transport.ts'

/** What a reaction is to its service, and whether it takes one event at a time. */
export interface Subscribing extends ReactionAbout {
  readonly single?: boolean
}

/** Brings what is published to those who subscribed, in one database; over which transport is all the same to them. */
export interface EventLog extends DeadLetters {
  /** Fails with `StartError` when the service reacts to the topic already. */
  subscribe<Name extends string>(
    service: Name,
    db: Database<Name>,
    event: EventContract,
    about: Subscribing,
    reaction: ReactionToMany<any, Name>, // `Host` has tied it to its event
  ): void
  watch(event: EventContract, handler: (event: any) => void): void // likewise
  /** Something of these topics was committed by this process. */
  committed(topics: readonly string[]): void
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
  replays(service: string): Replays
  /**
   * Ends the part of the event log whose first event is from before `closing`, and drops the oldest, all from before
   * `before`, once every reader has passed it; true when it did.
   */
  tend(closing: Date, before?: Date): Promise<boolean>
}

const channel = 'ohmnibus_rewound'

export function openEventLog(options: {
  pool: Pool
  transport: Transport
  log: Log
  metrics: Metrics
  /** Names of the services that run here, and of all that the code has, where that is known. */
  services: readonly string[]
  everywhere?: readonly string[] | undefined
}): EventLog {
  const { pool, transport, log, metrics } = options
  const stopping = new AbortController()
  const { signal } = stopping
  const database = openDatabase(pool, 'kernel')
  const subscriptions = openSubscriptions({ ...options, database })
  const count = countHandled(metrics)
  let total = 0
  const handled: typeof count = (subscription, rows) => {
    total += rows.length
    count(subscription, rows)
  }
  const means = { pool, database, transport, log, metrics, subscriptions: subscriptions.mine, handled, signal }
  const deadLetters = openDeadLetters(means)
  const delivery = openDelivery({ ...means, letters: deadLetters.box })
  const watchers = openWatchers(log)
  let unlisten: (() => Promise<void>) | undefined
  showLag(pool, metrics, transport.isLog)

  /** Of what is read here. */
  const nothingUnread = async (): Promise<boolean> =>
    !transport.isLog || (await lagOf(pool, 1)).every(({ name, lag }) => lag === 0 || !subscriptions.mine.has(name))

  return {
    ...deadLetters.letters,
    subscribe: (service, db, { topic }, { afterFailure = 'wait', single = false, restMs = 0, ...about }, reaction) =>
      subscriptions.declare({
        ...about,
        service,
        topic,
        db: db as Database,
        single,
        restMs,
        reaction,
        waits: afterFailure === 'wait',
      }),
    watch: watchers.add,
    committed: topics => transport.committed(topics),
    async start() {
      await subscriptions.start()
      const mine = [...subscriptions.mine.values()]
      const topics = new Map(
        [...Map.groupBy(mine, ({ service }) => service)].map(([service, of]) => [
          service,
          of.map(({ topic }) => topic),
        ]),
      )
      await transport.start(delivery.reader, topics, watchers.byTopic())
      const listening = await pool.listen(channel, delivery.lookAgain, () => delivery.lookAgain())
      unlisten = () => listening.unlisten()
      deadLetters.start()
    },
    async stop() {
      stopping.abort()
      subscriptions.stop()
      await unlisten?.().catch(() => {})
      await transport.stop()
      await Promise.allSettled([deadLetters.stop(), delivery.idle()])
    },
    async settled() {
      if (!(await transport.settled())) {
        await delivery.drained()
        return false
      }
      const before = total
      await delivery.drained()
      // Reactions may have published in their turn: what follows may be here and not handled yet.
      if (total > before) return false
      return (await deadLetters.settled()) && (await nothingUnread()) && (await transport.settled())
    },
    subscriptions: page => subscriptions.states(page),
    rewind: (name, from) => rewind({ pool, database, transport }, name, from),
    replays: service =>
      replaysOf(service, pool, database, name => rewind({ pool, database, transport }, name, undefined)),
    async tend(closing, before) {
      const [tended] = await pool<{ dropped: boolean }[]>`
        select kernel.tend_log(${closing}, ${before ?? null}::timestamptz, ${await transport.passed()}) as dropped`
      return tended!.dropped
    },
  }
}

async function rewind(
  { pool, database, transport }: { pool: Pool; database: Database<'kernel'>; transport: Transport },
  name: string,
  from: Date | undefined,
): Promise<boolean> {
  const [known] = await pool<{ topic: string }[]>`select topic from kernel.subscriptions where name = ${name}`
  if (!known) return false
  const offsets = await transport.offsetsAt(known.topic, from)
  await database.transaction(async tx => {
    await lockCursors(tx, name)
    await rewindCursors(tx, name, offsets)
    await tx`
      delete from kernel.dead_letters where subscription = ${name} and published_at >= ${from ?? new Date(0)}`
  })
  await pool`select pg_notify(${channel}, ${name})`
  return true
}

/** Those who hear of events in every process, each by itself: one that fails keeps nobody from hearing. */
function openWatchers(log: Log) {
  type Handler = Parameters<EventLog['watch']>[1]
  const handlers = new Map<string, Handler[]>()

  const tell = (topic: string, of: readonly Handler[]) => (row: EventRow) => {
    for (const handler of of)
      try {
        handler(envelope(row))
      } catch (error) {
        log.error({ err: error, topic }, 'a watcher failed')
      }
  }

  return {
    add({ topic }: EventContract, handler: Handler): void {
      handlers.set(topic, [...(handlers.get(topic) ?? []), handler])
    },
    byTopic: () => new Map([...handlers].map(([topic, of]) => [topic, tell(topic, of)])),
  }
}
