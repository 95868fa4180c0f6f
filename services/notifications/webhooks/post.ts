import http from 'node:http'
import https from 'node:https'
import { useAgent } from 'request-filtering-agent'

const patienceMs = 10_000

/** What became of a try: a status, or why there is none. */
export interface Outcome {
  status: number | null
  error: string | null
  /** Milliseconds. */
  took: number
  /** As the other side asks by `Retry-After`, in seconds. */
  retryAfter: number | null
}

export const hasArrived = ({ status }: Outcome): boolean => status !== null && status >= 200 && status < 300

/**
 * Posts a body, follows no redirect, and reads no answer but its status. Unless `anywhere`, it goes to public addresses
 * alone, judged after the name was looked up, so that nobody reaches what stands beside us.
 */
export async function post(
  url: string,
  headers: Record<string, string>,
  body: string | Buffer,
  { anywhere, signal }: { anywhere: boolean; signal?: AbortSignal },
): Promise<Outcome> {
  const began = performance.now()
  const late = AbortSignal.timeout(patienceMs)
  try {
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>()
    const request = (url.startsWith('https:') ? https : http).request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        signal: signal ? AbortSignal.any([late, signal]) : late,
        ...(anywhere ? {} : { agent: useAgent(url) }),
      },
      resolve,
    )
    request.on('error', reject)
    request.end(body)
    const answer = await promise
    answer.destroy()
    const status = answer.statusCode!
    const retryAfter = Number(answer.headers['retry-after'])
    return {
      status,
      error: status >= 200 && status < 300 ? null : `It answered ${status} ${http.STATUS_CODES[status] ?? ''}`.trim(),
      took: Math.round(performance.now() - began),
      retryAfter: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null,
    }
  } catch (error) {
    return {
      status: null,
      error: late.aborted
        ? `It gave no answer within ${patienceMs / 1000} seconds`
        : (error as Error).message.slice(0, 300),
      took: Math.round(performance.now() - began),
      retryAfter: null,
    }
  }
}
