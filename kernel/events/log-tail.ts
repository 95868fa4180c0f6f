import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from '../database/database.ts'
import type { Log } from '../telemetry/log.ts'
import { wakeable } from '../waiting.ts'

/** How far the event log can be read without missing anything. */
export interface Tail {
  /** Every position up to here is committed or will never be. */
  readonly horizon: number
  /** This process has published something, which somebody here wants to read at once or not. */
  committed(wanted: boolean): void
  /** Reads until nothing new is there. */
  catchUp(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const channel = 'ohmnibus_events'
const greeting = 'here'
const pollMs = 1_000
const mostRows = 1_000

/** Missing positions, and who of those that were writing when they were seen still is. */
interface Gap {
  readonly from: number
  readonly to: number
  readonly writers?: readonly string[] | undefined
}

/** Without a position where there is nothing; `writers` where a gap is known. */
interface Row {
  position: number | null
  topic: string
  writers: string[] | null
}

/**
 * Follows the end of the event log. Positions come from a sequence, so a transaction that is still open leaves a gap
 * that may be filled later, and a cursor must not pass it. A gap is given up once every transaction has ended that was
 * writing to the event log when it was seen: what has not come by then was rolled back. PostgreSQL's locks tell who
 * writes, so that other long transactions hold nothing up; publishing is the last thing one does.
 */
export function openTail(options: {
  pool: Pool
  log: Log
  /** Positions `from` (exclusive) to `to`, of these topics, are about to be readable; comes again when it fails. */
  watched(topics: Set<string>, from: number, to: number): Promise<void>
  /** Something of these topics can be read now. */
  advanced(topics: Set<string>): void
  /** Whether anybody here wants to know at once, and not within a second. */
  eager?(): boolean
}): Tail {
  const { pool, log, eager = () => true } = options
  const self = randomUUID()
  const others = teller(pool, self)
  let horizon = -1
  let gap: Gap | undefined
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let unlisten: (() => Promise<void>) | undefined
  /** Looks in a row that found nothing more than a gap. */
  let idle = 0

  const reading = wakeable(async () => {
    if (stopped) return false
    try {
      const before = horizon
      if (await step()) return true
      idle = !gap || horizon > before ? 0 : idle + 1
      if (!gap) return false
      // Somebody is about to commit: look again soon.
      await sleep(Math.min(50, 1 + idle))
    } catch (error) {
      if (stopped) return false
      log.warn({ err: error }, 'the event log cannot be read; trying again')
      await sleep(250)
    }
    return !stopped
  })
  const read = (): Promise<void> => reading.wake()

  /** One look at the event log; true when there may be more. */
  async function step(): Promise<boolean> {
    const rows = await look(pool, horizon, gap !== undefined)
    const found = readOn(rows, horizon, gap)
    gap = found.gap
    if (found.to === horizon) return false
    await options.watched(found.topics, horizon, found.to)
    horizon = found.to
    options.advanced(found.topics)
    return rows.length === mostRows
  }

  return {
    get horizon() {
      return horizon
    },
    committed(wanted) {
      if (horizon < 0) return
      if (wanted && eager()) void read()
      others.tell()
    },
    catchUp: read,
    async start() {
      const [end] = await pool<
        { position: number }[]
      >`select coalesce(max(position), 0)::float8 as position from kernel.log`
      // Whatever was being written when we came is waited for once; older gaps are none of our business.
      await writersGone(pool, () => stopped)
      horizon = end!.position
      const listening = await pool.listen(
        channel,
        told => void (others.heard(told) && eager() && read()),
        () => void read(),
      )
      unlisten = () => listening.unlisten()
      others.greet()
      timer = setInterval(() => {
        others.greet()
        void read()
      }, pollMs)
      await read()
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      others.stop()
      await unlisten?.().catch(() => {})
      await reading.idle()
    },
  }
}

const look = (pool: Pool, horizon: number, isGapKnown: boolean) => pool<Row[]>`
  select l.position::float8 as position, l.topic, w.writers
  from (select case when ${isGapKnown} then array(${writersOf(pool)}) end as writers) w
  left join lateral (
    select position, topic from kernel.log where position > ${horizon} order by position limit ${mostRows}) l on true`

/** Who writes to the event log holds this lock from before it takes a position until its rows can be seen. */
const writersOf = (pool: Pool) => pool<{ virtualtransaction: string }[]>`
  select virtualtransaction from pg_locks where relation = 'kernel.log'::regclass and mode = 'RowExclusiveLock'
    and database = (select oid from pg_database where datname = current_database())`

/** Resolves when nobody is left of those who are writing now. */
async function writersGone(pool: Pool, stopped: () => boolean): Promise<void> {
  let writing = (await writersOf(pool)).map(writer => writer.virtualtransaction)
  while (writing.length > 0 && !stopped()) {
    await sleep(5)
    const still = new Set((await writersOf(pool)).map(writer => writer.virtualtransaction))
    writing = writing.filter(writer => still.has(writer))
  }
}

/**
 * Lets other processes hear of it too, where there are any: each says so once a second. Not in the publishing
 * transaction: NOTIFY there makes commits wait for each other.
 */
function teller(pool: Pool, self: string) {
  let telling: NodeJS.Timeout | undefined
  let heardAt = -Infinity
  const areThere = (): boolean => performance.now() - heardAt < 3 * pollMs
  const say = (what: string): void => void pool`select pg_notify(${channel}, ${what})`.catch(() => {})
  const greet = (): void => say(`${self} ${greeting}`)
  return {
    tell(): void {
      if (areThere())
        telling ??= setTimeout(() => {
          telling = undefined
          say(self)
        }, 5)
    },
    greet,
    /** Whether another one has told of events. Who comes is greeted, so that they need not wait to know of us. */
    heard(told: string): boolean {
      const [from, word] = told.split(' ')
      if (from === self) return false
      if (!areThere()) greet()
      heardAt = performance.now()
      return word !== greeting
    },
    stop: () => clearTimeout(telling),
  }
}

/** How far these rows let everybody read on, which topics are among them, and what is missing behind. */
function readOn(rows: readonly Row[], horizon: number, gap: Gap | undefined) {
  // Known from an earlier look, so that whatever they committed is among these rows.
  const over = gap?.writers?.length === 0
  const topics = new Set<string>()
  let missing = gap
  let to = horizon
  for (const { position, topic } of rows) {
    if (position === null) break
    if (missing && over && missing.from <= to + 1 && to < missing.to) to = Math.min(missing.to, position - 1)
    if (to + 1 < position) {
      if (missing?.from !== to + 1) missing = { from: to + 1, to: position - 1 }
      break
    }
    to = position
    topics.add(topic)
  }
  if (missing && missing.to <= to) return { to, topics, gap: undefined }
  const writing = rows[0]!.writers
  if (!missing || !writing) return { to, topics, gap: missing }
  const writers = missing.writers?.filter(writer => writing.includes(writer)) ?? writing
  return { to, topics, gap: { ...missing, writers } }
}
