import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Cache } from './cache.ts'
import { limitsOver } from './limits.ts'

/** Keeps at most `maxEntries`; the oldest go first. */
export function memoryCache(options: { factor: number; maxEntries?: number }): Cache {
  const entries = new Map<string, { value: string; expires: number }>()
  const maxEntries = options.maxEntries ?? 100_000
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
      if (value === undefined) return
      entries.set(key, { value: JSON.stringify(value), expires: performance.now() + ttlMs })
      if (entries.size > maxEntries) entries.delete(entries.keys().next().value!)
    },
    async delete(key) {
      entries.delete(key)
    },
    limit: limitsOver((keyPrefix, rate) => new RateLimiterMemory({ keyPrefix, ...rate }), options.factor),
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
