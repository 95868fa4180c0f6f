import { databaseProblem, type Pool } from './database.ts'
import { isFull } from './faults.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openOutage } from '../telemetry/outage.ts'

const lookEveryMs = 5_000

/**
 * Knows when the disk of a database is full: it hears of it from who was refused, and looks by itself whether that is
 * over.
 */
export interface Room {
  /** Of any failure; all others are none of its business. */
  failed(operation: string, error: unknown): void
  /** Fails while there is no room. */
  check(): void
  close(): void
}

export function openRoom({ pool, log, metrics }: { pool: Pool; log: Log; metrics: Metrics }): Room {
  const outage = openOutage({
    engine: 'database',
    consequence: 'it has no room for changes, which are refused until it has',
    log,
    metrics,
  })
  let full: Error | undefined
  let next: NodeJS.Timeout | undefined
  let closed = false

  const lookLater = (): void => {
    if (!closed) next = setTimeout(look, lookEveryMs).unref()
  }
  const look = async (): Promise<void> => {
    try {
      await takeRoom(pool)
    } catch (error) {
      // Where it may not be tried, the next refusal tells.
      if (databaseProblem(error)) return lookLater()
    }
    full = undefined
    outage.worked()
  }
  return {
    failed(operation, error) {
      if (!isFull(error)) return
      if (!full) lookLater()
      full = error
      outage.failed(operation, error)
    },
    check() {
      if (full) throw full
    },
    close() {
      closed = true
      clearTimeout(next)
    },
  }
}

/** Takes as much room as a segment of the write-ahead log, and gives it back. Fails where there is less. */
export async function takeRoom(pool: Pool): Promise<void> {
  await pool.begin(async tx => {
    await tx`create temp table room (filler text storage plain) on commit drop`
    await tx`insert into room select repeat('x', 8000) from generate_series(1, 2048)`
  })
}
