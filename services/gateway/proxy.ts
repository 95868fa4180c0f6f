import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import replyFrom from '@fastify/reply-from'
import { resultOf, type Refusal } from '#contracts/passports'
import { clientHeader, judgedElsewhere, placeOf, Problem, type Reply, serviceToken, traceparent } from '#kernel'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Directory, Server } from './directory.ts'
import { openFrozen } from './frozen.ts'
import type { GatewayHost } from './host.ts'
import { passSocket } from './sockets.ts'

const safe = new Set(['GET', 'HEAD'])
/** Longer than the slowest answer of ours begins; what is streamed may take its time. Who lives and is slow may be at work: nobody else is asked to do it too. */
const answerMs = 120_000
/** What is passed on in one piece. */
const shortBytes = 16_384
/** The body of an answer, as undici gives it. */
type Answer = NodeJS.ReadableStream & { bytes(): Promise<Uint8Array> }
/** Nobody was there to begin anything. */
const refused = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'])
/** Somebody was, or somebody who never answers. */
const broken = new Set([...refused, 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET'])

/** Where a request goes. */
interface Goal extends Server {
  readonly path: string
}

/** What this process does not serve itself goes to the process that does. */
export function proxy(host: GatewayHost, directory: Directory): void {
  const count = counting(host)
  const passOn = passing(host)
  const goals = new WeakMap<FastifyRequest, Goal>()
  host.site.scope(app => {
    const { stray } = app.strays
    app.strays.stray = (method, path) => {
      const here = stray(method, path)
      return here.kind === 'not_allowed' ? here : directory.stray(method, path)
    }
    // Bodies go through as they come.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    void app.register(replyFrom, {
      disableCache: true,
      disableRequestLogging: true,
      destroyAgent: true,
      undici: {
        connections: 256,
        pipelining: 1,
        headersTimeout: answerMs,
        bodyTimeout: 0,
        keepAliveTimeout: 30_000,
        // The library would take anybody's certificate.
        connect: { rejectUnauthorized: true },
      },
    })
    app.sockets.add(url => isServed(directory, url))
    refuseAsStandard(app, host.now)
    // Before a body is looked at.
    app.addHook('onRequest', async (request, reply) => {
      // Who is behind them counts connections: thousands may come from one address after an outage.
      if (!app.sockets.knocks(request)) await count(request, reply)
      const path = pathOf(request.url)
      const { service, lacking } = directory.serverOf(request.method, path)
      goals.set(request, { service, lacking, path })
    })
    app.route({
      method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url: '/*',
      config: { access: judgedElsewhere },
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: { refuses: 'any', hide: true } as never,
      async handler(request, reply) {
        const goal = goals.get(request)!
        if (app.sockets.knocks(request)) {
          const headers = Object.assign(passable(request.headers, true), introduction(host.peers, request))
          await passSocket(host, request, reply, { ...goal, headers }, () => app.sockets.take(request, reply))
        } else passOn(request, reply, goal, goal.lacking, { isAnswered: false })
        return reply
      },
    })
  })
}

/**
 * What is refused here of the interface of EN 18222 is said as its own service says it. Answers of others go through as
 * they come.
 */
function refuseAsStandard(app: FastifyInstance, now: () => Date): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const isProblem = String(reply.getHeader('content-type')).startsWith('application/problem+json')
    if (!isProblem || typeof payload !== 'string' || !/^\/v1(\/|\?|$)/.test(request.url)) return payload
    const { status, body } = resultOf(JSON.parse(payload) as Refusal, now())
    reply.code(status).type('application/json; charset=utf-8').removeHeader('content-length')
    return body
  })
}

/** Whether somebody serves a path: where nobody does, whoever wants to leave HTTP there is told so over HTTP. */
function isServed(directory: Directory, url: string): boolean {
  try {
    return directory.serverOf('GET', pathOf(url)) !== undefined
  } catch {
    return false
  }
}

/**
 * Counts a request, and tells how many more there may be: as draft-ietf-httpapi-ratelimit-headers has it now, and as it did when
 * most clients learnt it.
 */
function counting({ cache, settings }: GatewayHost) {
  const rate = { points: settings.GATEWAY_RATE_LIMIT, seconds: 60 }
  const limit = cache.limit('gateway', rate)
  const policy = `"gateway";q=${rate.points};w=${rate.seconds}`
  return async (request: FastifyRequest, reply: Reply): Promise<void> => {
    const tell = (remaining: number, seconds: number): void =>
      void reply.headers({ 'ratelimit-policy': policy, ratelimit: `"gateway";r=${remaining};t=${seconds}` })
    const left = await limit.take(placeOf(request.ip)).catch((error: Problem) => {
      tell(0, Number(error.details?.retryAfter ?? 1))
      throw error
    })
    if (!left) return
    tell(left.remaining, left.seconds)
    reply.headers({
      'ratelimit-limit': left.limit,
      'ratelimit-remaining': left.remaining,
      'ratelimit-reset': left.seconds,
    })
  }
}

/** Passes a request to one address after the other, as long as nothing can have happened at any. */
function passing({ peers, metrics, onStop }: GatewayHost) {
  const passed = metrics.counter('ohmnibus_gateway_requests_total', 'Requests passed on to other processes', [
    'service',
    'status',
  ])

  const watch = openFrozen({ onStop })

  function passOn(
    request: FastifyRequest,
    reply: Reply,
    goal: Goal,
    tried: ReadonlySet<string>,
    outcome: { isAnswered: boolean },
  ): void {
    const { service, path } = goal
    const address = peers.pick(service, tried)
    if (!address) throw unavailable()
    const again = new Set([...tried, address])
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const isSafe = safe.has(request.method)
    const more = (): boolean => peers.addressesOf(service).some(known => !again.has(known))
    const refuse = (): void => {
      outcome.isAnswered = true
      void reply
        .code(503)
        .headers({ 'retry-after': '1', 'content-type': 'application/problem+json' })
        .send(JSON.stringify(unavailable().toJSON(request.id, reply.server.base)))
    }
    let isLetGo = false
    const answered = watch(address, () => {
      isLetGo = true
      reject(new Error('frozen'))
      passed.inc({ service, status: 'frozen' })
      // Should it answer after all, whoever answers first is heard.
      if (isSafe && more()) passOn(request, reply, goal, again, outcome)
      else refuse()
    })
    // The request itself stays whole when an address is not there: it may go to the next one.
    if (request.body) request.body = Readable.from(chunksOf(request.raw), { objectMode: false })
    reply.from(address + path, {
      // Another try is for us to decide.
      retryDelay: () => null,
      rewriteRequestHeaders: (_, headers) => Object.assign(passable(headers, isSafe), introduction(peers, request)),
      onResponse(_, response, upstream) {
        const { stream } = upstream as unknown as { stream: Answer & { destroy(error?: Error): void } }
        answered()
        if (outcome.isAnswered) return stream.on('error', () => {}).destroy()
        outcome.isAnswered = true
        // What began may stop half-way: who gets it is told so by its breaking off.
        reply.raw.once(
          'close',
          watch(address, () => stream.destroy(new Error('frozen'))),
        )
        passed.inc({ service, status: response.statusCode })
        // One that stops, or has no database, is not asked for a while.
        if (response.statusCode === 503) reject(new Error('503'))
        else resolve()
        // How the connection behind us goes on says nothing about the one before us.
        response.removeHeader('connection').removeHeader('keep-alive')
        // A short answer goes on in one piece: a stream takes longer to set up than to empty.
        if (request.method === 'HEAD' || !(Number(response.getHeader('content-length')) <= shortBytes))
          return response.send(stream)
        stream.bytes().then(
          body => response.send(body),
          () => response.raw.destroy(),
        )
      },
      onError(_, { error }) {
        answered()
        // What became of it was said, or is asked elsewhere.
        if (outcome.isAnswered || isLetGo) return
        const { code = '' } = (error.cause ?? error) as { code?: string }
        // Who hangs up or sends what is not HTTP says nothing about who was to answer.
        if (request.raw.aborted || !(broken.has(code) || code === 'UND_ERR_HEADERS_TIMEOUT')) resolve()
        else reject(error)
        passed.inc({ service, status: 'failed' })
        const harmless = refused.has(code) || (isSafe && broken.has(code))
        if (harmless && more() && !request.raw.readableDidRead) passOn(request, reply, goal, again, outcome)
        else refuse()
      },
    })
    // An address that is left alone does not wait for the outcome.
    promise.catch(() => {})
    peers.at(address, () => promise).catch(() => {})
  }
  return passOn
}

/** Where an address breaks off, or answers before the end, that is no fault of who sends: their connection stays. */
async function* chunksOf(body: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of body.iterator({ destroyOnReturn: false })) yield chunk
}

/** Who asks, as only we can tell it. */
const introduction = (peers: GatewayHost['peers'], request: FastifyRequest): Record<string, string> => ({
  ...peers.introduce(request.ip),
  'x-forwarded-for': request.ip,
  'x-forwarded-proto': request.protocol,
  'x-forwarded-host': request.host,
  traceparent: traceparent(),
  host: request.host,
})

const unavailable = (): Problem =>
  new Problem('unavailable', 'service_unavailable', {
    detail: 'A part of the platform does not answer. Try again.',
    retryAfter: 1,
  })

/** The path, with nothing in it that an address would read as a step upwards or as another host. */
function pathOf(url: string): string {
  const path = url
    .split('?', 1)[0]!
    .replace(/^https?:\/\/[^/]*/i, '')
    .replaceAll('\\', '%5C')
  if (!path.startsWith('/') || path.split('/').some(segment => /^(\.|%2e){1,2}$/i.test(segment)))
    throw new Problem('invalid', 'path_invalid', { detail: 'The path must be absolute and without "." and "..".' })
  return path
}

/** Between two hops only; `expect` has been answered here. */
const hop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'expect',
]
/** Only we say who the client is and that we are one of us. */
const ours = [clientHeader, serviceToken, 'forwarded']
const withheld = new Set([...hop, ...ours])

function passable(headers: IncomingHttpHeaders, bodiless: boolean): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const name in headers)
    if (!withheld.has(name) && !(bodiless && name === 'content-length')) passed[name] = headers[name] as string
  return passed
}
