import type { Log } from '../telemetry/log.ts'

const drivers = /[\\/]node_modules[\\/](graphile-worker|pg|pg-pool|pg-protocol|postgres)[\\/]/
const engine = /\bnode:|\(<anonymous>\)/

/**
 * Whether it failed in the drivers of the database alone. They begin work by themselves, and when the database goes
 * away nobody may listen to the failure of that. A query of ours names our file.
 */
function isDriversOwn(error: unknown): boolean {
  const frames = (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter(line => /^\s+at /.test(line))
  return frames.some(at => drivers.test(at)) && frames.every(at => drivers.test(at) || engine.test(at))
}

/** Ends the process at a failure that nobody waited for, but for those of the drivers' own work. */
export function endOnRejections(log: Log): void {
  process.on('unhandledRejection', error => {
    if (!isDriversOwn(error)) throw error
    log.warn({ err: error }, 'a failure of the database that nobody waited for')
  })
}
