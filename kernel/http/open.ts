import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { judgedElsewhere, type Access } from '../access/access.ts'
import type { Door, Notice } from '../pages/pages.ts'
import { context, newTraceId, readTraceparent, within } from '../telemetry/context.ts'
import { traceOf, traceRequests } from '../telemetry/tracing.ts'
import { admitVisitors } from './admission.ts'
import { answersErrors } from './errors.ts'
import { refuseByHead } from './heads.ts'
import { readLeftovers } from './leftovers.ts'
import { idempotencyOf } from './preconditions.ts'
import { basePath } from './http.ts'
import { describeRoutes, holdAnswers } from './openapi.ts'
import { holdToDeclared } from './problems.ts'
import { collectRoutes, methods, plain, routing } from './routes.ts'
import { openListener, type ListenerOptions } from './server.ts'
import { openSockets } from './sockets.ts'
import { openStreams } from './stream.ts'
import { parseJson } from './strict-json.ts'
import { compileFor, faultsOf, serializeFor } from './validation.ts'

/** Beside how it listens. */
export interface HttpOptions extends ListenerOptions {
  access: Access
  corsOrigins: string[]
  publicUrl: string
  trustedProxies?: string[]
  doors?: readonly Door[]
  notice?: { in: Notice; load(): Promise<void>; close(): Promise<void> }
  /** Each answer is a line of the log; at level debug it is anyway. */
  accessLog?: boolean
  /** How long what follows an early answer is read, in milliseconds; 30 s unless given. */
  patience?: number
  /** Is told what a route answers beside what it declares. */
  undeclared?: (answer: string) => void
}

/** The Fastify instance all services share: limits, access rules, problems, request ids, metrics. */
export async function openHttp(options: HttpOptions): Promise<FastifyInstance> {
  const { access, log, corsOrigins } = options
  const secure = options.publicUrl.startsWith('https:')
  const guarding = guards(secure)
  const base = basePath(options.publicUrl)
  const answerError = answersErrors(log, base)

  const listener = await openListener({ ...options, headers: guarding, base })
  const app = fastify({
    ...listener.options,
    logger: false,
    bodyLimit: 1_048_576,
    trustProxy: options.trustedProxies?.length ? options.trustedProxies : false,
    genReqId: request => readTraceparent(request.headers.traceparent)?.traceId ?? newTraceId(),
    routerOptions: routing,
    // Before any hook has run: what they set on every answer is set here.
    frameworkErrors: (error, request, reply) => {
      reply.headers(guarding).header('x-request-id', request.id)
      answerError(error, request as never, reply as never)
    },
  }) as unknown as FastifyInstance
  listener.attend(app.server)
  app.addHook('onClose', async () => listener.close())
  const streams = openStreams({ now: () => new Date(), ...options })
  app.decorate('streams', streams)
  app.decorate('base', base)
  app.decorate('doors', options.doors ?? [])
  app.decorate('notice', options.notice?.in ?? (() => ''))
  if (options.notice) app.addHook('onListen', options.notice.load).addHook('onClose', options.notice.close)
  app.decorate('sockets', openSockets(app))
  if (base) leadBelow(app, base)
  app.addHook('preClose', async () => streams.stop())

  readBodies(app)
  app.decorateRequest('idempotency', {
    getter() {
      return idempotencyOf(this)
    },
  })
  traceRequests(app)
  await app.register(cookie)
  if (corsOrigins.length > 0)
    await app.register(cors, {
      origin: corsOrigins,
      credentials: true,
      methods: ['HEAD', ...methods],
      strictPreflight: false,
      exposedHeaders: told,
      maxAge: 600,
    })

  collectRoutes(app)
  holdToDeclared(
    app,
    options.undeclared ?? (answer => log.debug({ answer }, 'a route answers what it does not declare')),
  )
  await describeRoutes(app, base)
  if (options.undeclared) holdAnswers(app, options.undeclared)
  readLeftovers(app, options.patience)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(guarding).header('x-request-id', request.id)
    done()
  })
  refuseByHead(app)
  admitVisitors(app, {
    access,
    publicUrl: options.publicUrl,
    origins: [new URL(options.publicUrl).origin, ...corsOrigins],
  })
  // With a callback, so that everything after it runs in the request's context.
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const { userId, role, actedBy: by } = request.visitor ?? {}
    const actor = userId && role ? { userId, role, ...(by && { by }) } : context().actor
    within({ actor, ...traceOf(request) }, () => done())
  })
  measure(app, options)
  app.setErrorHandler(answerError)
  app.setNotFoundHandler(({ method, url }) => {
    throw app.strays.stray(method, plain(url))
  })
  return app
}

/** Where an answer leads to is told as people see it; what others answered says so already. */
function leadBelow(app: FastifyInstance, base: string): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const location = String(reply.getHeader('location') ?? '')
    if (/^\/(?!\/)/.test(location) && request.routeOptions.config.access !== judgedElsewhere)
      reply.header('location', base + location)
    return payload
  })
}

/** What pages elsewhere may read of an answer, beside what browsers show everybody. */
const told = (
  'accept-ranges allow content-disposition content-range etag location ratelimit ratelimit-limit ratelimit-policy ' +
  'ratelimit-remaining ratelimit-reset retry-after www-authenticate x-request-id'
).split(' ')

/**
 * What every answer tells a browser: run nothing, embed nothing, guess nothing, tell nobody where you came from, and keep
 * nothing, unless its route says otherwise.
 */
const guards = (secure: boolean): Record<string, string> => ({
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none';frame-ancestors 'none';base-uri 'none';form-action 'self'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-site',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  ...(secure && { 'strict-transport-security': 'max-age=31536000; includeSubDomains' }),
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
})

/** Bodies are JSON and held to their schema, unless a scope takes others. */
function readBodies(app: FastifyInstance): void {
  app.setValidatorCompiler(compileFor)
  app.setSerializerCompiler(serializeFor)
  app.setSchemaErrorFormatter((errors, part) => Object.assign(new Error('invalid'), { faults: faultsOf(errors, part) }))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    // Clients that send the header with everything also send it with nothing.
    body.length === 0 && mayLack(request.routeOptions.schema?.body) ? undefined : parseJson(body),
  )
}

const mayLack = (body: unknown): boolean =>
  !body || Boolean((body as { anyOf?: { type?: string }[] }).anyOf?.some(({ type }) => type === 'null'))

/** Each answer counts, and is a line of the log where that is wanted. */
function measure(app: FastifyInstance, { log, metrics, accessLog }: HttpOptions): void {
  const level = accessLog ? 'info' : 'debug'
  const labels = ['method', 'route', 'status']
  const durations = metrics.histogram('ohmnibus_http_request_seconds', 'Time to answer a request', labels)
  app.addHook('onResponse', (request, { statusCode: status, elapsedTime }, done) => {
    const { method, id: traceId } = request
    const route = request.routeOptions.url ?? 'unknown'
    durations.observe({ method, route, status }, elapsedTime / 1000)
    if (log.isLevelEnabled(level))
      log[level]({ method, route, status, ms: Math.round(elapsedTime), traceId }, 'answered')
    done()
  })
}
