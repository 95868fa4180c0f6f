import type { EventActor } from '../contracts/shared.ts'

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

/** A part of a topic whose events come in order, as one service reads it; the events of a key are all in one. The log has one a topic (-1), Kafka one a partition. */
export interface Lane {
  readonly service: string
  readonly topic: string
  readonly number: number
}

/** What a road tells those who deliver. */
export interface Reader {
  /**
   * This process works on these lanes from now on; whoever did is refused by the database. Resolves with the offset to begin each at: the
   * smallest that any subscription of the service wants. `start` is taken where nothing was read yet.
   */
  take(lanes: readonly Lane[]): Promise<number[]>
  /** These are another's now. Resolves when nothing of them is at work any more. */
  leave(lanes: readonly Lane[]): Promise<void>
  /** There is something new to read. */
  arrived(lane: Lane): void
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
  /** Up to `limit` events of a lane that was taken, after the offset `after`, oldest first; empty until `arrived`. */
  read(lane: Lane, after: number, limit: number): Promise<EventRow[]>
  /** The lane is not where we thought: another has taken it, or somebody asked for a replay. Takes it anew, or learns that it is gone. */
  lost(lane: Lane): void
  /** By lane, the offset of the first event published at `from` or later; of the first there is without it. */
  offsetsAt(topic: string, from?: Date): Promise<Map<number, number>>
  /** Whether all that is committed in this database is where readers find it, and all that is there for lanes taken here was read at least once. */
  settled(): Promise<boolean>
  /** The newest position of the log that may be forgotten, as far as the road goes. */
  passed(): Promise<number>
  check(): Promise<void>
}
