import { Agent, request as send } from 'node:http'

/** A request to be repeated; `body` is asked for each. */
export interface Shot {
  readonly method?: 'GET' | 'POST'
  readonly paths: readonly string[]
  /** Of all, or of each path its own. */
  readonly headers?: Record<string, string> | readonly Record<string, string>[]
  readonly body?: () => string
}

export const headersAt = (headers: Shot['headers'], at: number): Record<string, string> =>
  (Array.isArray(headers) ? headers[at % headers.length] : headers) ?? {}

/** Connections to one server, at most so many, that stay open between requests. */
export const openAgent = (sockets: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets, timeout: 60_000 })
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() })
}

/** Milliseconds that one request took, the one at `at`. Fails unless the answer is 2xx and there within a minute. */
export function once(
  agent: Agent,
  url: string,
  { method = 'GET', paths, headers, body }: Shot,
  at: number,
): Promise<number> {
  const text = body?.()
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const path = paths[at % paths.length]!
    const request = send(
      `${url}${path}`,
      { agent, method, headers: { ...(text && { 'content-type': 'application/json' }), ...headersAt(headers, at) } },
      answer => {
        answer
          .on('error', reject)
          .resume()
          .on('end', () => {
            if (answer.statusCode! < 300) resolve(performance.now() - started)
            else reject(new Error(`${url}${path}: ${answer.statusCode}`))
          })
      },
    )
    request.on('timeout', () => request.destroy(new Error(`${url}${path}: no answer within a minute`)))
    request.on('error', reject).end(text)
  })
}
