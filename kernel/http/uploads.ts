import type { FastifyRequest } from 'fastify'
import { Problem } from '../problem.ts'
import { placeOf } from './places.ts'

const lookMs = 400
const windowMs = 20_000
/** Bytes a second that somebody who uploads sends at the least, on the average of a window; chargers may be slower. */
const usualRate = 1_024
const mostByPerson = 20
const mostByPlace = 60

/** How a body comes in. */
export interface Pace {
  /** Resolves with what its reader gives next. Fails with `form_invalid` and `request_too_slow`. */
  wait<T>(next: Promise<T>): Promise<T>
  /** What is left of a stream, waited for so. */
  over(source: AsyncIterator<Buffer>): AsyncGenerator<Buffer, void>
}

/**
 * Reads a body that is streamed, watched while we wait for more of it: one whose sender has as good as stopped, and a form
 * that is all here and of which its reader makes nothing, as of some malformed ones, are given up. Fails with what `read`
 * fails with, in our words where the form reader says it.
 */
export async function paced<T>(
  request: FastifyRequest,
  read: (pace: Pace) => Promise<T>,
  leastRate = usualRate,
): Promise<T> {
  const pace = openPace(request, leastRate)
  try {
    return await read(pace)
  } catch (error) {
    throw formProblem(error)
  } finally {
    pace.end()
  }
}

function openPace(request: FastifyRequest, leastRate: number): Pace & { end(): void } {
  const { raw } = request
  const isForm = /^multipart\//i.test(request.headers['content-type'] ?? '')
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
    const stands = raw.readableEnded || (isForm && raw.readableFlowing === false)
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
  async function wait<T>(next: Promise<T>): Promise<T> {
    // Not before the reader listens: a listener sets a body flowing.
    if (waits++ === 0) raw.on('data', count)
    waiting = true
    try {
      return await Promise.race([next, givenUp])
    } finally {
      waiting = false
    }
  }
  return {
    wait,
    async *over(source) {
      for (let next = await wait(source.next()); !next.done; next = await wait(source.next())) yield next.value
    },
    end() {
      clearInterval(timer)
      raw.off('data', count)
    },
  }
}

/** Counts the uploads of a kind that are under way here: one person, or one place, does not take all connections there are. */
export function openTurns() {
  const taken = new Map<string, number>()
  const add = (key: string, one: 1 | -1): void => {
    const count = (taken.get(key) ?? 0) + one
    if (count > 0) taken.set(key, count)
    else taken.delete(key)
  }
  /** Resolves with what `upload` does. Fails with `too_many_uploads`. */
  return async <T>({ visitor, ip }: FastifyRequest, upload: () => Promise<T>): Promise<T> => {
    const [person, place] = [visitor?.userId, placeOf(ip)]
    if ((person && (taken.get(person) ?? 0) >= mostByPerson) || (taken.get(place) ?? 0) >= mostByPlace)
      throw new Problem('limited', 'too_many_uploads', {
        detail: `At most ${mostByPerson} uploads of one person, and ${mostByPlace} from one place, are taken at once.`,
        retryAfter: 5,
      })
    const keys = [...(person ? [person] : []), place]
    keys.forEach(key => add(key, 1))
    try {
      return await upload()
    } finally {
      keys.forEach(key => add(key, -1))
    }
  }
}

/** What the form reader says, and a client that went away, in our words. */
function formProblem(error: unknown): unknown {
  if (error instanceof Problem) return error
  const { code = '', message } = error as { code?: string; message: string }
  if (/LIMIT|TRUNCATED/.test(code))
    return new Problem('invalid', 'form_invalid', {
      detail: 'The form has too many parts or fields that are too long.',
    })
  if (/needle/.test(message))
    return new Problem('invalid', 'form_invalid', {
      detail: 'The boundary of the form is longer than 252 characters; 70 are allowed (RFC 2046, 5.1.1).',
    })
  if (
    /^FST_|ECONNRESET|PREMATURE|ABORT/.test(code) ||
    /aborted|multipart|boundary|unexpected end|premature|malformed/i.test(message)
  )
    return new Problem('invalid', 'form_invalid', { detail: `The form is not whole: ${message.slice(0, 200)}.` })
  return error
}
