import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible'
import { Problem } from '../problem.ts'
import type { Cache, Limit, Rate } from './cache.ts'

/**
 * `Cache.limit` over limiters of the library, with rates times `factor`. One name has one rate: whoever asks for
 * another would be believed here and ignored there.
 */
export function limitsOver(
  open: (name: string, rate: { points: number; duration: number }) => RateLimiterAbstract,
  factor: number,
): Cache['limit'] {
  const known = new Map<string, { rate: Rate; limit: Limit }>()
  return (name, rate) => {
    const { rate: first, limit } = known.get(name) ?? { rate, limit: limitOver(name, open(name, scaled(rate, factor))) }
    if (first.points !== rate.points || first.seconds !== rate.seconds)
      throw new Error(
        `the limit "${name}" has ${first.points} points in ${first.seconds} s, and cannot have another rate`,
      )
    known.set(name, { rate, limit })
    return limit
  }
}

const scaled = ({ points, seconds }: Rate, factor: number): { points: number; duration: number } => ({
  points: Math.max(1, Math.round(points * factor)),
  duration: seconds,
})

const limitOver = (name: string, limiter: RateLimiterAbstract): Limit => ({
  async take(key, points = 1) {
    try {
      const { remainingPoints, msBeforeNext } = await limiter.consume(key, points)
      return { limit: limiter.points, remaining: remainingPoints, seconds: Math.ceil(msBeforeNext / 1000) }
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal
      throw new Problem('limited', 'too_many_requests', {
        retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)),
        limit: name,
        points: limiter.points,
      })
    }
  },
  async reset(key) {
    await limiter.delete(key)
  },
})
