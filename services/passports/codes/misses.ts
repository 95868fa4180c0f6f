import { placeOf, type Cache } from '#kernel'

/**
 * Notes that somebody opened a code of no battery, and fails with `too_many_requests` where a place does so too often: who
 * tries out serials. What exists opens for everybody at any time, as behind one address there may be many.
 */
export function openMisses(cache: Pick<Cache, 'limit'>): (ip: string) => Promise<void> {
  const misses = cache.limit('missed codes by place', { points: 60, seconds: 60 })
  return async ip => void (await misses.take(placeOf(ip)))
}
