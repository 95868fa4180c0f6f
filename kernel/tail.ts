import { randomUUID } from 'node:crypto'
import type { Pool } from './database.ts'
import type { Log } from './log.ts'

/** How far the log can be read without missing anything. */
export interface Tail {
  /** Every position up to here is committed or will never be. */
  readonly horizon: number
  committed(topics: readonly string[]): void
  /** Reads until nothing new is there. */
  catchUp(): Promise<void>
  start(): Promise<void>
  stop(): Promise<void>
}

const channel = 'ohmnibus_events'
const pollMs = 1_000

/**
 * Follows the end of the log. Positions come from a sequence, so a transaction that is still open leaves a gap that may be filled later, and a
 * cursor must not pass it. A gap is given up once every transaction has ended that ran when it was seen: what has not come by then was rolled back.
 * Long transactions do not hold it up unless they have published already, and publishing is the last thing a transaction does.
 */
export function openTail(options: {
  pool: Pool
  log: Log
  /** Positions `from` (exclusive) to `to` can be read now; they are of these topics. */
  advanced(topics: Set<string>, from: number, to: number): Promise<void>
}): Tail {
  const { pool, log } = options
  const self = randomUUID()
  let horizon = -1
  /** Missing positions, and the transaction id below which all must have ended before they count as rolled back. */
  let gap: { from: number; to: number; until: bigint } | undefined
  let reading: Promise<void> | undefined
  let again = false
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let unlisten: (() => Promise<void>) | undefined
  let told = new Set<string>()
  let telling: NodeJS.Timeout | undefined

  const read = (): Promise<void> => {
    again = true
    return (reading ??= follow().finally(() => (reading = undefined)))
  }

  async function follow(): Promise<void> {
    let idle = 0
    while (again && !stopped) {
      again = false
      try {
        const before = horizon
        const more = await step()
        if (more) again = true
        else if (gap) {
          // Somebody is about to commit: look again soon.
          idle = horizon > before ? 0 : idle + 1
          await new Promise(resolve => setTimeout(resolve, Math.min(50, 1 + idle)))
          again = true
        }
      } catch (error) {
        if (stopped) return
        log.warn({ err: error }, 'the event log cannot be read; trying again')
        await new Promise(resolve => setTimeout(resolve, 250))
        again = true
      }
    }
  }

  /** One look at the log; true when there may be more. */
  async function step(): Promise<boolean> {
    const rows = await pool<{ position: number | null; topic: string; xmin: bigint; xmax: bigint }[]>`
      select l.position::float8 as position, l.topic, pg_snapshot_xmin(s)::text::bigint as xmin, pg_snapshot_xmax(s)::text::bigint as xmax
      from pg_current_snapshot() s
      left join lateral (select position, topic from kernel.log where position > ${horizon} order by position limit 1000) l on true`
    const { xmin, xmax } = rows[0]!
    const from = horizon
    let to = horizon
    const topics = new Set<string>()
    for (const { position, topic } of rows) {
      if (position === null) break
      while (to + 1 < position && gap && gap.from <= to + 1 && to + 1 <= gap.to && xmin >= gap.until) to++
      if (to + 1 < position) {
        if (gap?.from !== to + 1) gap = { from: to + 1, to: position - 1, until: xmax }
        break
      }
      to = position
      topics.add(topic)
    }
    if (gap && gap.to <= to) gap = undefined
    horizon = to
    if (to > from) await options.advanced(topics, from, to)
    return to > from && rows.length === 1000
  }

  /** Other processes hear of it too. Not in the publishing transaction: NOTIFY there makes commits wait for each other. */
  function tell(topics: readonly string[]): void {
    for (const topic of topics) told.add(topic)
    telling ??= setTimeout(() => {
      telling = undefined
      told = new Set()
      if (!stopped) pool`select pg_notify(${channel}, ${self})`.catch(() => {})
    }, 5)
  }

  return {
    get horizon() {
      return horizon
    },
    committed(topics) {
      if (horizon < 0) return
      void read()
      tell(topics)
    },
    catchUp: read,
    async start() {
      const [end] = await pool<{ position: number; xmax: bigint }[]>`
        select coalesce(max(position), 0)::float8 as position, pg_snapshot_xmax(pg_current_snapshot())::text::bigint as xmax from kernel.log`
      // Whatever was being written when we came is waited for once; older gaps are none of our business.
      const deadline = Date.now() + 60_000
      for (;;) {
        const [now] = await pool<{ xmin: bigint }[]>`select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as xmin`
        if (now!.xmin >= end!.xmax || Date.now() > deadline || stopped) break
        await new Promise(resolve => setTimeout(resolve, 5))
      }
      horizon = end!.position
      const listening = await pool.listen(
        channel,
        from => void (from !== self && read()),
        () => void read(),
      )
      unlisten = () => listening.unlisten()
      timer = setInterval(read, pollMs)
      await read()
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      clearTimeout(telling)
      await unlisten?.().catch(() => {})
      await reading
    },
  }
}
