import type { EventActor } from '../../contracts/shared.ts'

/** One event on its way to reactions. */
export interface EventRow {
  /** In the event log of its owner; grows in the order of commits, never used twice. */
  position: number
  /** In its partition: the position again in the event log, the offset in Kafka. */
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
 * A part of a topic whose events come in order, as one service reads it; the events of a key are all in one. The event
 * log has one a topic (-1), Kafka those it has.
 */
export interface Partition {
  readonly service: string
  readonly topic: string
  readonly number: number
  /** Kafka's id of the topic: one that was removed and made anew begins at 0 again. */
  readonly incarnation?: string | undefined
}

/** The one partition that the event log has of each topic. */
export const wholeLog = -1

/** What a transport tells those who deliver. */
export interface Reader {
  /**
   * This process works on these partitions from now on; whoever did is refused by the database. Resolves with the
   * offset to begin each at.
   */
  take(partitions: readonly Partition[]): Promise<number[]>
  /** These are another's now. Resolves when nothing of them is at work any more. */
  leave(partitions: readonly Partition[]): Promise<void>
  /** There is something new to read. */
  arrived(partition: Partition): void
  /** The partition holds nothing before `offset`, or ends before where we are: go on from there. */
  skip(partition: Partition, offset: number): Promise<void>
}

/** Brings events from where they are published to where they are read: the event log itself, or Kafka. */
export interface Transport {
  /** Whether readers read the event log itself. */
  readonly isLog: boolean
  /** `topics` by service that reacts to them here; `watched` are told one by one, from now on, in every process. */
  start(
    reader: Reader,
    topics: ReadonlyMap<string, readonly string[]>,
    watched: ReadonlyMap<string, (row: EventRow) => void>,
  ): Promise<void>
  stop(): Promise<void>
  /** Something of these topics was committed by this process. */
  committed(topics: readonly string[]): void
  /** Up to `limit` events of a partition that was taken, after an offset, oldest first; empty until `arrived`. */
  read(partition: Partition, after: number, limit: number): Promise<EventRow[]>
  /**
   * The partition is not where we thought: another has taken it, or somebody asked for a replay. Takes it anew, or
   * learns that it is gone.
   */
  lost(partition: Partition): void
  /** By partition, the offset of the first event published at `from` or later; of the first there is without it. */
  offsetsAt(topic: string, from?: Date): Promise<Map<number, number>>
  /** By partition, the offset behind all that was published before `at`; none where it is all later. */
  offsetsBehind(topic: string, at: Date): Promise<Map<number, number>>
  /**
   * Whether all that is committed in this database is where readers find it, and all that is there for partitions taken
   * here was read at least once.
   */
  settled(): Promise<boolean>
  /** The newest position of the event log that may be forgotten, as far as the transport goes. */
  passed(): Promise<number>
}
