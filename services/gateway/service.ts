import replyFrom from '@fastify/reply-from'
import { anyone, clientHeader, defineService, Problem, serviceToken, Setting, traceparent, type Host, type Reply } from '#kernel'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { openDirectory } from './directory.ts'

const settings = Type.Object({
  GATEWAY_RATE_LIMIT: Setting.integer('Requests a minute and address that the gateway passes on to other processes.', {
    default: 3_000,
    minimum: 1,
  }),
})

export type GatewayHost = Host<'gateway', never, typeof settings>

const safe = new Set(['GET', 'HEAD'])
/** Longer than the slowest answer of ours begins; what is streamed may take its time. */
const answerMs = 120_000

/** One entry for all: what this process does not serve itself goes to the process that does. */
export const gateway = defineService({
  name: 'gateway',
  folder: import.meta.dirname,
  settings,
  async start(host: GatewayHost) {
    const { peers, metrics } = host
    if (peers.services().length === 0) return
    const directory = openDirectory(host)
    host.onStop(directory.close)
    const limit = host.cache.limit('gateway', { points: host.settings.GATEWAY_RATE_LIMIT, seconds: 60 })
    const passed = metrics.counter('ohmnibus_gateway_requests_total', 'Requests passed on to other processes', ['service', 'status'])

    /** To one address after the other, as long as nothing can have happened at any. */
    const passOn = (request: FastifyRequest, reply: Reply, service: string, tried: ReadonlySet<string>): void => {
      const address = peers.pick(service, tried)
      if (!address) throw unavailable()
      const again = new Set([...tried, address])
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      reply.from(address + request.url, {
        retriesCount: 0,
        rewriteRequestHeaders: (_, headers) => ({ ...withoutOurs(headers), ...introduction(request) }),
        onResponse(_, response, upstream) {
          const { stream } = upstream as unknown as { stream: NodeJS.ReadableStream }
          passed.inc({ service, status: response.statusCode })
          // One that stops, or has no database, is not asked for a while.
          if (response.statusCode === 503) reject(new Error('503'))
          else resolve()
          response.send(stream)
        },
        onError(_, { error }) {
          reject(error)
          passed.inc({ service, status: 'failed' })
          const harmless = safe.has(request.method) || (error as { code?: string }).code === 'ECONNREFUSED'
          const more = peers.addressesOf(service).some(known => !again.has(known))
          if (harmless && more && !request.raw.readableDidRead) return passOn(request, reply, service, again)
          const problem = unavailable()
          void reply
            .code(503)
            .headers({ 'retry-after': '1', 'content-type': 'application/problem+json' })
            .send(JSON.stringify(problem.toJSON(request.id)))
        },
      })
      peers.at(address, () => promise).catch(() => {})
    }

    const introduction = (request: FastifyRequest): Record<string, string> => ({
      ...peers.introduce(request.ip),
      'x-forwarded-for': request.ip,
      'x-forwarded-proto': request.protocol,
      'x-forwarded-host': request.host,
      traceparent: traceparent(),
      host: request.host,
    })

    host.site.scope(app => {
      // Bodies go through as they come.
      app.removeAllContentTypeParsers()
      app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
      void app.register(replyFrom, {
        disableCache: true,
        undici: { connections: 256, pipelining: 1, headersTimeout: answerMs, bodyTimeout: 0, keepAliveTimeout: 30_000 },
      })
      app.route({
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        url: '/*',
        config: { access: anyone },
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: { hide: true } as never,
        async handler(request, reply) {
          const service = directory.serviceFor(request.method, request.url)
          const left = await limit.take(request.ip)
          if (left) reply.headers({ 'ratelimit-limit': left.limit, 'ratelimit-remaining': left.remaining, 'ratelimit-reset': left.seconds })
          passOn(request, reply, service, new Set())
          return reply
        },
      })
    })
    await directory.open()
  },
})

const unavailable = (): Problem =>
  new Problem('unavailable', 'service_unavailable', { detail: 'A part of the platform does not answer. Try again.', retryAfter: 1 })

/** Only we say who the client is and that we are one of us. */
const withoutOurs = (headers: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => ![clientHeader, serviceToken].includes(name))) as Record<string, string>
