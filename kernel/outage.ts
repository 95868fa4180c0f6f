import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

const lull = 60_000

/** Tells operators of an engine that fails, and does not flood them: every failure counts, a line at the first, one a minute while it lasts, one when it is over. */
export interface Outage {
  failed(operation: string, error: unknown): void
  worked(): void
}

/** Counts into `ohmnibus_<engine>_failures_total`; `consequence` says what an outage means for users. */
export function openOutage(options: { engine: string; consequence: string; log: Log; metrics: Metrics }): Outage {
  const { engine, consequence, log } = options
  const counter = options.metrics.counter(`ohmnibus_${engine}_failures_total`, `What failed as ${engine} did not work`, ['operation'])
  let since: number | undefined
  let toldAt = 0
  let untold = 0
  return {
    failed(operation, error) {
      counter.inc({ operation })
      untold++
      const now = Date.now()
      since ??= now
      if (now - toldAt < lull) return
      const { name, message } = error as Error
      log.warn({ engine, operation, failures: untold, cause: message || name }, `an engine does not work: ${consequence}`)
      toldAt = now
      untold = 0
    },
    worked() {
      if (since === undefined) return
      log.info({ engine, seconds: Math.round((Date.now() - since) / 1000) }, 'an engine works again')
      since = undefined
      toldAt = 0
      untold = 0
    },
  }
}
