import { Problem, type Request } from '#kernel'
import ipaddr from 'ipaddr.js'

const lookMs = 400
const windowMs = 20_000
/** Bytes a second that somebody who uploads sends at the least, on the average of a window. */
const leastRate = 1_024
const mostByPerson = 20
const mostByPlace = 60

/** How a form comes in. */
export interface Pace {
  /** Resolves with what the form reader gives next. Fails with `form_invalid` and `request_too_slow`. */
  wait<T>(next: Promise<T>): Promise<T>
  end(): void
}

/**
 * Watches a form while we wait for more of it: one whose sender has as good as stopped, and one that is all here and of
 * which the reader makes nothing, as of some malformed ones, are given up.
 */
export function openPace({ raw }: Request): Pace {
  const { promise: givenUp, reject } = Promise.withResolvers<never>()
  givenUp.catch(() => {})
  let bytes = 0
  let waiting = false
  let waits = 0
  let waitedMs = 0
  let stuck = { in: 0, looks: 0 }
  const count = (chunk: Buffer): void => void (bytes += chunk.length)

  function look(): void {
    if (!waiting) return
    // Nothing more comes, or nothing is taken, and yet we wait.
    const stands = raw.readableEnded || raw.readableFlowing === false
    stuck = { in: waits, looks: stands && stuck.in === waits ? stuck.looks + 1 : 0 }
    if (stuck.looks > 1)
      reject(new Problem('invalid', 'form_invalid', { detail: 'The form is not whole: it does not end as it must.' }))
    waitedMs += lookMs
    if (waitedMs < windowMs) return
    if (bytes < (leastRate * windowMs) / 1000)
      reject(
        new Problem('slow', 'request_too_slow', {
          detail: `Less than ${leastRate} bytes a second arrived in the last ${windowMs / 1000} seconds.`,
        }),
      )
    bytes = 0
    waitedMs = 0
  }

  const timer = setInterval(look, lookMs)
  return {
    async wait(next) {
      // Not before the reader listens: a listener sets a body flowing.
      if (waits++ === 0) raw.on('data', count)
      waiting = true
      try {
        return await Promise.race([next, givenUp])
      } finally {
        waiting = false
      }
    },
    end() {
      clearInterval(timer)
      raw.off('data', count)
    },
  }
}

/** Counts the uploads that are under way here: one person, or one place, does not take all connections there are. */
export function openTurns() {
  const taken = new Map<string, number>()
  const add = (key: string, one: 1 | -1): void => {
    const count = (taken.get(key) ?? 0) + one
    if (count > 0) taken.set(key, count)
    else taken.delete(key)
  }
  /** Resolves with what `upload` does. Fails with `too_many_uploads`. */
  return async <T>({ actor, ip }: Pick<Request, 'actor' | 'ip'>, upload: () => Promise<T>): Promise<T> => {
    const place = placeOf(ip)
    if ((taken.get(actor.userId) ?? 0) >= mostByPerson || (taken.get(place) ?? 0) >= mostByPlace)
      throw new Problem('limited', 'too_many_uploads', {
        detail: `At most ${mostByPerson} uploads of one person, and ${mostByPlace} from one place, are taken at once.`,
        retryAfter: 5,
      })
    const keys = [actor.userId, place]
    keys.forEach(key => add(key, 1))
    try {
      return await upload()
    } finally {
      keys.forEach(key => add(key, -1))
    }
  }
}

/** An address of IPv4; the /64 of one of IPv6, because one person has them all. */
function placeOf(ip: string): string {
  const address = ipaddr.isValid(ip) ? ipaddr.process(ip) : undefined
  return address instanceof ipaddr.IPv6 ? address.parts.slice(0, 4).join(':') : String(address)
}
