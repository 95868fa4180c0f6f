import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import { Problem } from './problem.ts'

/** Short-lived memory shared by all who serve: here this process's, Redis's at scale. Losing it costs time, never truth. */
export interface Cache {
  get<T>(key: string): Promise<T | undefined>
  set(key: string, value: unknown, ttlMs: number): Promise<void>
  delete(key: string): Promise<void>
  /** A limit of `points` in `seconds`, by whatever key it is asked. */
  limit(name: string, rate: { points: number; seconds: number }): Limit
}

export interface Limit {
  /** Takes points; fails with `too_many_requests` (429, `retryAfter`) when none are left. */
  take(key: string, points?: number): Promise<void>
  /** Forgets what was taken, as after a success. */
  reset(key: string): Promise<void>
}

/** Keeps at most `maxEntries`; the oldest go first. */
export function memoryCache(options: { factor: number; maxEntries?: number }): Cache {
  const entries = new Map<string, { value: string; expires: number }>()
  const maxEntries = options.maxEntries ?? 100_000
  return {
    async get<T>(key: string) {
      const entry = entries.get(key)
      if (!entry) return undefined
      if (entry.expires > Date.now()) return JSON.parse(entry.value) as T
      entries.delete(key)
      return undefined
    },
    async set(key, value, ttlMs) {
      entries.delete(key)
      entries.set(key, { value: JSON.stringify(value), expires: Date.now() + ttlMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
    async delete(key) {
      entries.delete(key)
    },
    limit: (name, { points, seconds }) =>
      limitOver(new RateLimiterMemory({ keyPrefix: name, points: Math.max(1, Math.round(points * options.factor)), duration: seconds })),
  }
}

/** A limiter of the library as a `Limit`. */
export const limitOver = (limiter: RateLimiterAbstract): Limit => ({
  async take(key, points = 1) {
    try {
      await limiter.consume(key, points)
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      throw new Problem('limited', 'too_many_requests', { retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) })
    }
  },
  async reset(key) {
    await limiter.delete(key)
  },
})
