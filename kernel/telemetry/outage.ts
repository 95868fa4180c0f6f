import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

const lull = 60_000

/**
 * Tells operators of an engine that fails, and does not flood them: every failure counts, a line at the first, one a
 * minute while it lasts, one when it is over.
 */
export interface Outage {
  failed(operation: string, error: unknown): void
  worked(): void
}

/** Counts into `ohmnibus_<engine>_failures_total`; `consequence` says what an outage means for users. */
export function openOutage(options: { engine: string; consequence: string; log: Log; metrics: Metrics }): Outage {
  const { engine, consequence, log } = options
  const counter = options.metrics.counter(
    `ohmnibus_${engine}_failures_total`,
    `What failed as ${engine} did not work`,
    ['operation'],
  )
  let since: number | undefined
  let toldAt = -Infinity
  let untold = 0
  return {
    failed(operation, error) {
      counter.inc({ operation })
      untold++
      const now = performance.now()
      since ??= now
      if (now - toldAt < lull) return
      log.warn(
        { engine, operation, failures: untold, cause: innermost(error) },
        `an engine does not work: ${consequence}`,
      )
      toldAt = now
      untold = 0
    },
    worked() {
      if (since === undefined) return
      log.info({ engine, seconds: Math.round((performance.now() - since) / 1000) }, 'an engine works again')
      since = undefined
      toldAt = -Infinity
      untold = 0
    },
  }
}

/** What is the matter in one line: drivers wrap it. Of several attempts the first. */
export function innermost(error: unknown): string {
  const { name, message, code, cause, errors } = error as Error & { code?: string; errors?: unknown[] }
  if (cause) return innermost(cause)
  if (errors?.[0]) return innermost(errors[0])
  return (message || code || name || String(error)).split('\n', 1)[0]!
}
