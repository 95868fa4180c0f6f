import { once as first } from 'node:events'
import { Worker } from 'node:worker_threads'
import autocannon from 'autocannon'
import { headersAt, once, openAgent, type Shot } from './client.ts'

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

/**
 * Milliseconds from when each request was due to its answer, at `rate` a second whatever the answers take. A thread of
 * its own sends them: to clear up what else is in the memory of who measures takes time that would seem the server's.
 */
export async function paced(
  url: string,
  { body, ...shot }: Shot,
  options: { rate: number; seconds: number },
): Promise<number[]> {
  const bodies = body && Array.from({ length: options.rate * options.seconds }, body)
  const thread = new Worker(new URL('paced.ts', import.meta.url), { workerData: { url, shot, bodies, options } })
  const [taken] = await first(thread, 'message')
  return taken
}
