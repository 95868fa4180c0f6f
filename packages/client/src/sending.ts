import { retryAfterOf } from './problem.ts'
import type { Tokens } from './tokens.ts'

/** How what fails for now is tried again. */
export interface Retries {
  /** Tries behind the first; 4 unless given, 0 for none. */
  retries?: number
  /** The longest pause, milliseconds; 20,000 unless given. What asks for longer is given up. */
  longestPauseMs?: number
}

/** That may pass: too many requests, a service that is away or starting, a proxy that found nobody. */
const passing = new Set([429, 502, 503, 504])
const harmless = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])

/** Whether doing it twice is as good as once. */
const mayRepeat = (request: Request): boolean => harmless.has(request.method) || request.headers.has('idempotency-key')

/** Twice as long each time, and never the same for two who failed together. */
const backoffMs = (tried: number): number => Math.random() * 250 * 2 ** tried

/** Waits, unless whoever asked gives up. */
export const pause = (ms: number, signal?: AbortSignal | null): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })

/** Sends with a token, once more with another where that was refused, and again what fails for now. */
export function sendingBy(
  fetch: typeof globalThis.fetch,
  tokens: Tokens,
  { retries = 4, longestPauseMs = 20_000 }: Retries,
): (request: Request) => Promise<Response> {
  return async request => {
    let renewed = false
    for (let tried = 0; ; tried++) {
      const token = await tokens.get()
      // A request is read once; each try has its own.
      const attempt = request.clone()
      if (token && !attempt.headers.has('authorization')) attempt.headers.set('authorization', `Bearer ${token}`)
      const again = tried < retries && mayRepeat(request)
      let waitMs: number
      try {
        const response = await fetch(attempt)
        if (response.status === 401 && token && !renewed && tokens.spoil(token)) {
          // Nothing was done, so it is no second time.
          renewed = true
          await response.body?.cancel()
          continue
        }
        const asked = retryAfterOf(response)
        waitMs = Math.max((asked ?? 0) * 1000, backoffMs(tried))
        if (!passing.has(response.status) || !again || waitMs > longestPauseMs) return response
        await response.body?.cancel()
      } catch (error) {
        if (request.signal.aborted || !again) throw error
        waitMs = backoffMs(tried)
      }
      await pause(waitMs, request.signal)
    }
  }
}
