import ipaddr from 'ipaddr.js'
import type { Cache } from '#kernel'

/**
 * Notes that somebody opened a code of no battery, and fails with `too_many_requests` where a place does so too often: who
 * tries out serials. What exists opens for everybody at any time, as behind one address there may be many.
 */
export function openMisses(cache: Pick<Cache, 'limit'>): (ip: string) => Promise<void> {
  const misses = cache.limit('missed codes by place', { points: 60, seconds: 60 })
  return async ip => void (await misses.take(placeOf(ip)))
}

/** An IPv4 address; the /64 of an IPv6 one, because one person has them all. */
function placeOf(ip: string): string {
  const address = ipaddr.isValid(ip) ? ipaddr.process(ip) : undefined
  if (!(address instanceof ipaddr.IPv6)) return address?.toString() ?? 'unknown'
  return `${address.parts
    .slice(0, 4)
    .map(group => group.toString(16))
    .join(':')}::/64`
}
