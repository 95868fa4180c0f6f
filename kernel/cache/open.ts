import type { Config } from '../config/config.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Cache } from './cache.ts'
import { memoryCache } from './memory.ts'

/** Counters, cache and presence: memory, or Redis where the settings name one. */
export async function openCache({ config, log, metrics }: { config: Config; log: Log; metrics: Metrics }): Promise<{
  cache: Cache
  check(): Promise<unknown>
  close(): Promise<void>
}> {
  const { redisUrl: url, REDIS_PREFIX: prefix, RATE_LIMIT_FACTOR: factor } = config
  // The clients of engines are only loaded where there is one.
  if (url) return (await import('./redis.ts')).redisCache({ url, prefix, factor, log, metrics })
  return { cache: memoryCache({ factor }), check: async () => {}, close: async () => {} }
}
