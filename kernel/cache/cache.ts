import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import { Problem } from '../problem.ts'

/**
 * Short-lived memory shared by all who serve: here this process's, Redis's at scale. Losing it costs time, never truth:
 * values go, and while Redis is away there are none, limits let everybody through, and only who asks for presence is
 * refused.
 */
export interface Cache {
  get<T>(key: string): Promise<T | undefined>
  set(key: string, value: unknown, ttlMs: number): Promise<void>
  /** May be lost in an outage: a value lives no longer than it may be wrong. */
  delete(key: string): Promise<void>
  /** A limit of `points` in `seconds`, by whatever key it is asked; whoever asks for the same name shares it. */
  limit(name: string, rate: Rate): Limit
  /**
   * Takes `key` for `holder`, or keeps it on; false while another has it. Ends by itself after `ttlMs`. Fails with
   * `presence_unavailable`, and may hold all the same then.
   */
  hold(key: string, holder: string, ttlMs: number): Promise<boolean>
  /** Who has `key` now, if anybody. Fails with `presence_unavailable`. */
  holder(key: string): Promise<string | undefined>
  /** Gives `key` back; nothing happens to what another has. Fails with `presence_unavailable`. */
  release(key: string, holder: string): Promise<void>
}

export interface Rate {
  readonly points: number
  readonly seconds: number
}

/** What a limit has left. */
export interface Taken {
  readonly limit: number
  readonly remaining: number
  /** Until it is whole again. */
  readonly seconds: number
}

export interface Limit {
  /**
   * Takes points and tells what is left; fails with `too_many_requests` (429, `retryAfter`) when nothing is. Undefined
   * while nobody counts.
   */
  take(key: string, points?: number): Promise<Taken | undefined>
  /** Forgets what was taken, as after a success. */
  reset(key: string): Promise<void>
}

/** Keeps at most `maxEntries`; the oldest go first. */
export function memoryCache(options: { factor: number; maxEntries?: number }): Cache {
  const entries = new Map<string, { value: string; expires: number }>()
  const maxEntries = options.maxEntries ?? 100_000
  const limits = new Map<string, Limit>()
  const holds = new Map<string, { holder: string; expires: number }>()
  let tidyAt = 1_000
  const held = (key: string): string | undefined => {
    const hold = holds.get(key)
    return hold && hold.expires > performance.now() ? hold.holder : undefined
  }
  /** What nobody gave back goes when there has come as much again as there was. */
  const tidy = (): void => {
    if (holds.size < tidyAt) return
    for (const key of holds.keys()) if (!held(key)) holds.delete(key)
    tidyAt = Math.max(1_000, holds.size * 2)
  }
  return {
    async get<T>(key: string) {
      const entry = entries.get(key)
      if (!entry) return undefined
      if (entry.expires > performance.now()) return JSON.parse(entry.value) as T
      entries.delete(key)
      return undefined
    },
    async set(key, value, ttlMs) {
      entries.delete(key)
      entries.set(key, { value: JSON.stringify(value), expires: performance.now() + ttlMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
    async delete(key) {
      entries.delete(key)
    },
    limit(name, rate) {
      const limit =
        limits.get(name) ?? limitOver(new RateLimiterMemory({ keyPrefix: name, ...scaled(rate, options.factor) }))
      limits.set(name, limit)
      return limit
    },
    async hold(key, holder, ttlMs) {
      if ((held(key) ?? holder) !== holder) return false
      tidy()
      holds.set(key, { holder, expires: performance.now() + ttlMs })
      return true
    },
    holder: async key => held(key),
    async release(key, holder) {
      if (held(key) === holder) holds.delete(key)
    },
  }
}

/** A rate times `RATE_LIMIT_FACTOR`, as the library calls it. */
export const scaled = ({ points, seconds }: Rate, factor: number): { points: number; duration: number } => ({
  points: Math.max(1, Math.round(points * factor)),
  duration: seconds,
})

/** A limiter of the library as a `Limit`. */
export const limitOver = (limiter: RateLimiterAbstract): Limit => ({
  async take(key, points = 1) {
    try {
      const { remainingPoints, msBeforeNext } = await limiter.consume(key, points)
      return { limit: limiter.points, remaining: remainingPoints, seconds: Math.ceil(msBeforeNext / 1000) }
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      throw new Problem('limited', 'too_many_requests', {
        retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
      })
    }
  },
  async reset(key) {
    await limiter.delete(key)
  },
})
