import http from 'node:http'
import https from 'node:https'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { useAgent } from 'request-filtering-agent'

const patienceMs = 10_000
const mostBytes = 2 * 1024 * 1024
const mostHops = 5
const mostRequests = 120

/** What somebody answered: never more of it than fits. */
export interface Answer {
  readonly url: string
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
  readonly ms: number
}

/** Why there is no answer, in a sentence: what the other side did, or what we do not do. */
export class NoAnswer extends Error {}

export interface Question {
  readonly method?: 'GET' | 'HEAD' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

type Agent = ReturnType<typeof useAgent>

/**
 * Asks one vendor, of whom nothing is believed: addresses of the own network are refused wherever a name or a redirect leads
 * there, unless `local` allows them for the host that one began with; bodies, patience and requests have an end.
 */
export function asking(start: URL, { local, signal }: { local: boolean; signal: AbortSignal }) {
  let requests = 0
  const agentFor = (url: URL): Agent => useAgent(url.href, { allowPrivateIPAddress: local && url.host === start.host })

  async function once(url: URL, question: Question = {}): Promise<Answer> {
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new NoAnswer(`${url.protocol} is not asked`)
    if (url.username || url.password) throw new NoAnswer('an address with a password is not asked')
    if (++requests > mostRequests) throw new NoAnswer(`more than ${mostRequests} requests are not made`)
    return await send(url, question, agentFor(url), signal)
  }

  /** The same after all redirects; `hops` says which. Nothing is followed out of encryption. */
  async function follow(url: URL, question: Question = {}): Promise<Answer & { hops: string[] }> {
    const hops: string[] = []
    for (let next = url; ;) {
      const answer = await once(next, question)
      const { location } = answer.headers
      if (answer.status < 300 || answer.status >= 400 || location === undefined || answer.status === 304)
        return { ...answer, hops }
      const to = URL.canParse(location, next) ? new URL(location, next) : undefined
      if (!to) throw new NoAnswer('it redirects to what is no address')
      if (next.protocol === 'https:' && to.protocol !== 'https:') throw new NoAnswer('it redirects out of encryption')
      if (hops.length === mostHops) throw new NoAnswer(`it redirects more than ${mostHops} times`)
      hops.push(to.href)
      next = to
    }
  }

  return { once, follow, encryption: () => greet(start, agentFor(start), signal), count: () => requests }
}

/** One request and all of its answer that fits. Fails with `NoAnswer`. */
async function send(url: URL, question: Question, agent: Agent, signal: AbortSignal): Promise<Answer> {
  const began = performance.now()
  const late = AbortSignal.timeout(patienceMs)
  const { promise, resolve, reject } = Promise.withResolvers<{ head: http.IncomingMessage; body: Buffer }>()
  const request = (url.protocol === 'https:' ? https : http).request(
    url,
    {
      method: question.method ?? 'GET',
      agent,
      signal: AbortSignal.any([late, signal]),
      headers: {
        'user-agent': 'ohmnibus-probe',
        'accept-encoding': 'identity',
        ...question.headers,
        ...(question.body !== undefined && {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(question.body)),
        }),
      },
    },
    head => {
      const parts: Buffer[] = []
      let bytes = 0
      head.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes <= mostBytes) return void parts.push(part)
        reject(new NoAnswer(`the answer is longer than ${mostBytes} bytes`))
        request.destroy()
      })
      head.on('error', reject)
      head.on('end', () => resolve({ head, body: Buffer.concat(parts) }))
    },
  )
  request.on('error', reject)
  request.end(question.body)
  try {
    const { head, body } = await promise
    const text = unpacked(head.headers['content-encoding'], body).toString()
    return { url: url.href, status: head.statusCode!, headers: head.headers, text, ms: performance.now() - began }
  } catch (error) {
    if (error instanceof NoAnswer) throw error
    if (signal.aborted) throw new NoAnswer('the probe takes too long')
    throw new NoAnswer(late.aborted ? `no answer within ${patienceMs / 1000} seconds` : told(error))
  }
}

/** Which TLS and which HTTP the host speaks, and why its certificate is not believed. */
async function greet(
  start: URL,
  agent: Agent,
  signal: AbortSignal,
): Promise<{ protocol: string; http: string; distrust: string | null }> {
  const late = AbortSignal.any([AbortSignal.timeout(patienceMs), signal])
  // Its addresses are judged by a request before this.
  const address = await addressOf(start, agent, signal)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket: TLSSocket = connectTls(
    {
      host: address,
      port: Number(start.port || 443),
      ...(!/^[\d.:[\]]+$/.test(start.hostname) && { servername: start.hostname }),
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false,
    },
    resolve,
  )
  socket.on('error', reject)
  late.addEventListener('abort', () => socket.destroy(new Error('no greeting in time')), { once: true })
  try {
    await promise
    return {
      protocol: socket.getProtocol() ?? 'unknown',
      http: socket.alpnProtocol === 'h2' ? 'HTTP/2' : 'HTTP/1.1',
      distrust: socket.authorized ? null : String(socket.authorizationError),
    }
  } catch (error) {
    throw new NoAnswer(told(error))
  } finally {
    socket.destroy()
  }
}

/** The address that the agent connected to for this host: the judged one, not what a name says a moment later. */
async function addressOf(url: URL, agent: Agent, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const request = https.request(url, {
    method: 'HEAD',
    agent,
    rejectUnauthorized: false,
    signal: AbortSignal.any([AbortSignal.timeout(patienceMs), signal]),
  })
  request.on('socket', socket => {
    const tell = (): void => (socket.remoteAddress ? resolve(socket.remoteAddress) : reject(new Error('no address')))
    if (socket.remoteAddress) tell()
    else socket.once('connect', tell)
  })
  request.on('error', reject)
  request.end()
  try {
    return await promise
  } catch (error) {
    throw new NoAnswer(told(error))
  } finally {
    request.destroy()
  }
}

const told = (error: unknown): string => (error as Error).message.slice(0, 300)

/** Nobody asked for it to be packed; what unpacks to more than fits is no answer. */
function unpacked(encoding: string | undefined, body: Buffer): Buffer {
  const bounds = { maxOutputLength: mostBytes }
  try {
    if (encoding === 'gzip') return gunzipSync(body, bounds)
    if (encoding === 'br') return brotliDecompressSync(body, bounds)
    if (encoding === 'deflate') return inflateSync(body, bounds)
    return body
  } catch {
    throw new NoAnswer(`its ${encoding} cannot be unpacked, or unpacks to more than ${mostBytes} bytes`)
  }
}
