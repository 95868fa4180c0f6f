import type { EventActor } from '../../contracts/shared.ts'
import type { Pool } from '../database/database.ts'
import type { Log } from '../telemetry/log.ts'
import { StartError } from '../problem.ts'
import { openTail } from './log-tail.ts'

/** One event on its way to reactions. */
export interface EventRow {
  /** In the log of its owner; grows in the order of commits, never used twice. */
  position: number
  /** In its lane: the position again in the log, the offset in Kafka. */
  offset: number
  topic: string
  event_id: string
  key: string
  trace_id: string
  actor: EventActor
  data: Record<string, unknown>
  published_at: Date
}

/**
 * A part of a topic whose events come in order, as one service reads it; the events of a key are all in one. The log
 * has one a topic (-1), Kafka one a partition.
 */
export interface Lane {
  readonly service: string
  readonly topic: string
  readonly number: number
  /** Kafka's id of the topic: one that was removed and made anew begins at 0 again. */
  readonly incarnation?: string | undefined
}

/** What a road tells those who deliver. */
export interface Reader {
  /**
   * This process works on these lanes from now on; whoever did is refused by the database. Resolves with the offset to
   * begin each at: the smallest that any subscription of the service wants, 0 where nothing was read yet.
   */
  take(lanes: readonly Lane[]): Promise<number[]>
  /** These are another's now. Resolves when nothing of them is at work any more. */
  leave(lanes: readonly Lane[]): Promise<void>
  /** There is something new to read. */
  arrived(lane: Lane): void
  /** The lane holds nothing before `offset`, or ends before where we are: go on from there. */
  skip(lane: Lane, offset: number): Promise<void>
}

/** Brings events from where they are published to where they are read: the log itself, or Kafka. */
export interface Road {
  /** `topics` by service that reacts to them here; `watched` are told one by one, from now on, in every process. */
  start(
    reader: Reader,
    topics: ReadonlyMap<string, ReadonlySet<string>>,
    watched: ReadonlyMap<string, (row: EventRow) => void>,
  ): Promise<void>
  stop(): Promise<void>
  /** Something was committed by this process. */
  committed(): void
  /**
   * Up to `limit` events of a lane that was taken, after the offset `after`, oldest first; empty until `arrived`.
   * `reader` tells one that reads the lane from another.
   */
  read(lane: Lane, after: number, limit: number, reader: string): Promise<EventRow[]>
  /**
   * The lane is not where we thought: another has taken it, or somebody asked for a replay. Takes it anew, or learns
   * that it is gone.
   */
  lost(lane: Lane): void
  /** By lane, the offset of the first event published at `from` or later; of the first there is without it. */
  offsetsAt(topic: string, from?: Date): Promise<Map<number, number>>
  /**
   * Whether all that is committed in this database is where readers find it, and all that is there for lanes taken here
   * was read at least once.
   */
  settled(): Promise<boolean>
  /** The newest position of the log that may be forgotten, as far as the road goes. */
  passed(): Promise<number>
}

/** The number of the lane that the log is, beside the partitions of Kafka. */
export const wholeLog = -1

/** The road that is none: readers read the log itself. */
export function logRoad({ pool, log }: { pool: Pool; log: Log }): Road {
  let lanes: Lane[] = []
  let reader: Reader | undefined
  let watched: ReadonlyMap<string, (row: EventRow) => void> = new Map()

  // Pairs are compared so that no index fits but the one by topic: for a topic that was quiet for long the planner
  // would walk over all the others.
  const rowsOf = (topic: string, after: number, until: number, limit: number) => pool<EventRow[]>`
    select position::float8 as position, position::float8 as offset, topic, event_id, key, trace_id, actor, data, published_at
    from kernel.log e where (e.topic, e.position) > (${topic}, ${after}) and (e.topic, e.position) <= (${topic}, ${until})
      and e.position > ${after} and e.position <= ${until} order by e.topic, e.position limit ${limit}`

  const tail = openTail({
    pool,
    log,
    async watched(topics, from, to) {
      for (const topic of topics) {
        const tell = watched.get(topic)
        if (tell) for (const row of await rowsOf(topic, from, to, 1000)) tell(row)
      }
    },
    advanced(topics) {
      for (const lane of lanes) if (topics.has(lane.topic)) reader?.arrived(lane)
    },
  })

  return {
    async start(to, topics, watchedTopics) {
      watched = watchedTopics
      await refuseKafkaCursors(pool)
      await tail.start()
      const taken = [...topics].flatMap(([service, names]) =>
        [...names].map(topic => ({ service, topic, number: wholeLog })),
      )
      await to.take(taken)
      reader = to
      lanes = taken
      for (const lane of lanes) to.arrived(lane)
    },
    stop: () => tail.stop(),
    committed: () => tail.committed(),
    read: (lane, after, limit) => rowsOf(lane.topic, after, tail.horizon, limit),
    lost: lane => reader?.arrived(lane),
    async offsetsAt(topic, from) {
      const [first] = await pool<{ position: number | null }[]>`
        select min(position)::float8 as position from kernel.log where topic = ${topic} and published_at >= ${from ?? new Date(0)}`
      return new Map([[wholeLog, first!.position ?? tail.horizon + 1]])
    },
    async settled() {
      await tail.catchUp()
      return true
    },
    async passed() {
      const [row] = await pool<{ unread: number | null }[]>`
        select min((select min(e.position) from kernel.log e where e.topic = s.topic and e.position > l.at_offset))::float8 as unread
        from kernel.subscriptions s join kernel.lanes l on l.subscription = s.name where l.lane = ${wholeLog}`
      return Math.min(tail.horizon, (row!.unread ?? Infinity) - 1)
    },
  }
}

/**
 * What travelled over Kafka has no place in the log's own lane: going back is for a person, once nothing is under way
 * any more.
 */
async function refuseKafkaCursors(pool: Pool): Promise<void> {
  const [ahead] = await pool`select from kernel.lanes k where k.lane <> ${wholeLog} and k.position >
    coalesce((select position from kernel.lanes l where l.subscription = k.subscription and l.lane = ${wholeLog}), 0) limit 1`
  if (ahead)
    throw new StartError(
      'Events of this database have travelled over Kafka, and KAFKA_BROKERS is not set. Set it; or, to leave Kafka for good, see "Leaving Kafka" in docs/guides/operate.md.',
    )
}
