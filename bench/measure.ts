import { Agent, request as send } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'

/** What one line of the table says. `met` is undefined where nothing is promised. */
export interface Line {
  readonly work: string
  readonly floor?: string
  readonly ohmnibus: string
  readonly ratio?: Ratio
  readonly budget?: string
  readonly met?: boolean
}

/** Median of the rounds' ratios, with the least and the greatest. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly greatest: number
}

export const quantile = (values: readonly number[], at: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))] ?? Number.NaN
}
export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
export const median = (values: readonly number[]): number => quantile(values, 0.5)

/**
 * Measures both again and again, the one and the other first by turns, so that what else the machine does falls on both
 * alike.
 */
export async function alternate(rounds: number, floor: () => Promise<number>, subject: () => Promise<number>) {
  const floors: number[] = []
  const subjects: number[] = []
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) floors.push(await floor())
    subjects.push(await subject())
    if (round % 2 === 1) floors.push(await floor())
  }
  const ratios = subjects.map((value, round) => value / floors[round]!)
  const ratio: Ratio = { median: median(ratios), least: Math.min(...ratios), greatest: Math.max(...ratios) }
  return { floor: median(floors), subject: median(subjects), ratio }
}

/** A request to be repeated; `body` is asked for each. */
export interface Shot {
  readonly method?: 'GET' | 'POST'
  readonly paths: readonly string[]
  /** Of all, or of each path its own. */
  readonly headers?: Record<string, string> | readonly Record<string, string>[]
  readonly body?: () => string
}

/**
 * Requests a second that `connections` clients get answered, each sending the next when it has its answer. Fails unless
 * all answers are 2xx, or 3xx where those are what is measured.
 */
export async function throughput(
  url: string,
  { method = 'GET', paths, headers, body }: Shot,
  options: { connections?: number; seconds: number; is3xx?: boolean },
) {
  const result = await autocannon({
    url,
    connections: options.connections ?? 20,
    duration: options.seconds,
    requests: paths.map((path, at) => ({
      method,
      path,
      headers: { ...headersAt(headers, at), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { setupRequest: request => ({ ...request, body: body() }) }),
    })),
  })
  const refused = options.is3xx ? result.non2xx - result['3xx'] + result['2xx'] : result.non2xx
  if (refused + result.errors + result.timeouts > 0)
    throw new Error(`${url}${paths[0]}: ${refused} refusals, ${result.errors} errors, ${result.timeouts} time-outs`)
  return result.requests.total / result.duration
}

const headersAt = (headers: Shot['headers'], at: number): Record<string, string> =>
  (Array.isArray(headers) ? headers[at % headers.length] : headers) ?? {}

/** Milliseconds that each of `count` requests took, one after the other. */
export async function latencies(url: string, shot: Shot, count: number): Promise<number[]> {
  using agent = openAgent(1)
  const taken: number[] = []
  for (let at = 0; at < count; at++) taken.push(await once(agent, url, shot, at))
  return taken
}

/** Requests a second, of `count` that `connections` clients send, each the next when it has its answer. */
export async function drain(url: string, shot: Shot, count: number, connections = 20): Promise<number> {
  using agent = openAgent(connections)
  const started = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < count) await once(agent, url, shot, next++)
    }),
  )
  return (count * 1000) / (performance.now() - started)
}

/** Milliseconds from when each request was due to its answer, at `rate` a second whatever the answers take. */
export async function paced(url: string, shot: Shot, options: { rate: number; seconds: number }): Promise<number[]> {
  using agent = openAgent(100)
  const started = performance.now()
  const answers: Promise<number>[] = []
  for (let at = 0; at < options.rate * options.seconds; at++) {
    const due = started + (at * 1000) / options.rate
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    const late = Math.max(0, performance.now() - due)
    answers.push(once(agent, url, shot, at).then(taken => taken + late))
  }
  return await Promise.all(answers)
}

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
