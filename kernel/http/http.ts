import { createHash } from 'node:crypto'
import cookie from '@fastify/cookie'
import cors from '@fastify/cors'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import helmet from 'helmet'
import type { Static, TSchema } from 'typebox'
import { judgedElsewhere, refuseForgery, type Access, type AccessRule, type Visitor } from '../access/access.ts'
import { context, newTraceId, readTraceparent, within } from '../telemetry/context.ts'
import { databaseProblem, type Once } from '../database/database.ts'
import { parseJson } from './strict-json.ts'
import { openListener, type ListenerOptions } from './server.ts'
import { collectRoutes } from './openapi.ts'
import { Problem, statusOf } from '../problem.ts'
import { traceOf, traceRequests } from '../telemetry/tracing.ts'
import { compileFor, faultsOf } from './validation.ts'

/** What a route takes and gives. Response schemas also strip what must not leave. */
export interface RouteSchema {
  summary: string
  description?: string
  tags?: string[]
  body?: TSchema
  querystring?: TSchema
  params?: TSchema
  headers?: TSchema
  response?: Record<number, TSchema>
  /** Headers the route understands beside its own. */
  honours?: readonly ('If-Match' | 'If-None-Match' | 'Idempotency-Key' | 'Range')[]
  /** Codes of problems that it answers, beside those that follow from what it takes and who may use it. */
  refuses?: readonly string[]
  consumes?: string[]
  /** Media types of a 200 that is not JSON, or not always. */
  produces?: string[]
  /** Fields of a form, for the API document: forms are read by their route. */
  form?: TSchema
  /** Left out of the API document. */
  hide?: boolean
}

export interface RouteOptions<S extends RouteSchema> {
  config: { access: AccessRule }
  schema: S
  /** Bytes; 1 MiB unless given. */
  bodyLimit?: number
}

type Of<S extends RouteSchema, Part extends keyof RouteSchema> = S[Part] extends TSchema ? Static<S[Part]> : unknown

/** A request whose parts have the types of the schema. */
export type Request<S extends RouteSchema = RouteSchema> = FastifyRequest<{
  Body: Of<S, 'body'>
  Querystring: Of<S, 'querystring'>
  Params: Of<S, 'params'>
  Headers: Of<S, 'headers'>
}> &
  Once

export type Reply = FastifyReply
export type Handler<S extends RouteSchema> = (request: Request<S>, reply: Reply) => Promise<unknown> | unknown
type Route = <const S extends RouteSchema>(path: string, options: RouteOptions<S>, handler: Handler<S>) => void

/** Where a service puts its routes. */
export interface Http {
  get: Route
  post: Route
  put: Route
  patch: Route
  delete: Route
  /** Fastify itself, inside a scope of its own, for what routes cannot say (multipart, other content types). */
  scope(setup: (app: FastifyInstance, http: Http) => void): void
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Throws 401 when nobody is signed in. */
    readonly actor: Visitor
    /** Who asks, if anybody is signed in. */
    visitor: Visitor | undefined
    /** How the visitor proved it. */
    by: 'bearer' | 'cookie' | undefined
    readonly idempotency: Once['idempotency']
  }
  interface FastifyContextConfig {
    access?: AccessRule
  }
}

/** Name of the cookie that holds an access token; browsers tie `__Host-` names to HTTPS and one host. */
export const accessCookie = (secure: boolean): string => (secure ? '__Host-ohmnibus-access' : 'ohmnibus-access')

/** Beside how it listens. */
export interface HttpOptions extends ListenerOptions {
  access: Access
  corsOrigins: string[]
  publicUrl: string
  trustedProxies?: string[]
  /** Each answer is a line of the log; at level debug it is anyway. */
  accessLog?: boolean
}

/** The Fastify instance all services share: limits, access rules, problems, request ids, metrics. */
export async function openHttp(options: HttpOptions) {
  const { access, log, metrics } = options
  const secure = options.publicUrl.startsWith('https:')
  const origins = [new URL(options.publicUrl).origin, ...options.corsOrigins]
  const accessLevel = options.accessLog ? 'info' : 'debug'
  const durations = metrics.histogram('ohmnibus_http_request_seconds', 'Time to answer a request', [
    'method',
    'route',
    'status',
  ])

  const listener = await openListener(options)
  const app = fastify({
    ...listener.options,
    logger: false,
    bodyLimit: 1_048_576,
    trustProxy: options.trustedProxies?.length ? options.trustedProxies : false,
    genReqId: request => readTraceparent(request.headers.traceparent)?.traceId ?? newTraceId(),
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    // Before any hook has run: what they set on every answer is set here.
    frameworkErrors: (error, request, reply) =>
      answerError(
        error,
        request as FastifyRequest,
        reply.headers(guarding).header('x-request-id', request.id) as FastifyReply,
      ),
  })
  listener.attend(app.server)
  app.addHook('onClose', async () => listener.close())

  app.setValidatorCompiler(compileFor)
  app.setSchemaErrorFormatter((errors, part) => Object.assign(new Error('invalid'), { faults: faultsOf(errors, part) }))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) =>
    // Clients that send the header with everything also send it with nothing.
    body.length === 0 && !request.routeOptions.schema?.body ? undefined : parseJson(body),
  )

  app.decorateRequest('visitor', undefined)
  app.decorateRequest('by', undefined)
  app.decorateRequest('actor', {
    getter(this: FastifyRequest) {
      return (
        this.visitor ??
        (() => {
          throw new Problem('unauthenticated', 'token_missing')
        })()
      )
    },
  })
  app.decorateRequest('idempotency', {
    getter(this: FastifyRequest) {
      return idempotencyOf(this)
    },
  })

  const guarding = headersOf(
    helmet({
      contentSecurityPolicy: {
        directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"], formAction: ["'self'"] },
        useDefaults: false,
      },
      strictTransportSecurity: secure,
      crossOriginResourcePolicy: { policy: 'same-site' },
    }),
  )
  traceRequests(app)
  await app.register(cookie)
  if (options.corsOrigins.length > 0)
    await app.register(cors, {
      origin: options.corsOrigins,
      credentials: true,
      exposedHeaders: ['etag', 'location', 'x-request-id', 'retry-after'],
      maxAge: 600,
    })

  collectRoutes(app)
  app.addHook('onRoute', route => {
    if (!route.config?.access) throw new Error(`${String(route.method)} ${route.url} has no access rule`)
  })

  // With callbacks rather than promises: a token that was seen before costs no turn of the event loop.
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(guarding).header('x-request-id', request.id)
    const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const byCookie = token ? undefined : request.cookies[accessCookie(secure)]
    const rule = request.routeOptions.config.access
    const admit = (visitor?: Visitor): void => {
      request.visitor = visitor
      request.by = visitor && (token ? 'bearer' : 'cookie')
      if (!request.headers.host && request.raw.httpVersion === '1.1') throw new Problem('invalid', 'host_missing')
      if (request.by === 'cookie' && !safeMethods.has(request.method)) refuseForgery(request, origins)
      const refusal = rule?.refuse(visitor)
      if (refusal) throw refusal
    }
    // A stale cookie must not keep anybody from signing in again, nor hide that there is nothing here.
    const turnAway = (error: unknown): void => {
      if (rule && rule.name !== 'public') throw error
      admit()
    }
    const end = (work: () => void): void => {
      try {
        work()
      } catch (error) {
        return done(error as Error)
      }
      done()
    }
    let visitor: Visitor | undefined | Promise<Visitor>
    try {
      visitor = (token || byCookie) && rule !== judgedElsewhere ? access.verify((token ?? byCookie)!) : undefined
    } catch (error) {
      return end(() => turnAway(error))
    }
    if (!(visitor instanceof Promise)) return end(() => admit(visitor))
    visitor.then(
      actor => end(() => admit(actor)),
      error => end(() => turnAway(error)),
    )
  })
  // With a callback, so that everything after it runs in the request's context.
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const actor = request.visitor ? { userId: request.visitor.userId, role: request.visitor.role } : context().actor
    within({ actor, ...traceOf(request) }, () => done())
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown'
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    if (log.isLevelEnabled(accessLevel))
      log[accessLevel](
        {
          method: request.method,
          route,
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime),
          traceId: request.id,
        },
        'answered',
      )
    done()
  })

  function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const problem = asProblem(error)
    // Of a body that was not read to its end: with HTTP/2 it is the stream that ends, not the connection.
    if (request.raw.httpVersionMajor === 2) reply.removeHeader('connection')
    if (!problem) {
      const about = { err: error, traceId: request.id, method: request.method, route: request.routeOptions.url }
      // What breaks because nobody is there any more is no fault of ours.
      if ((request.raw.aborted || reply.raw.destroyed) && isCutOff(error)) log.debug(about, 'the client went away')
      else log.error(about, 'a bug answered 500')
      return reply
        .code(500)
        .type('application/problem+json')
        .send(
          JSON.stringify({
            type: 'about:blank',
            title: 'Internal server error',
            status: 500,
            code: 'internal_error',
            traceId: request.id,
            detail: 'This is a fault of the platform. It is logged under the trace id.',
          }),
        )
    }
    if (problem.details.retryAfter) reply.header('retry-after', Math.ceil(problem.details.retryAfter))
    if (problem.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer')
    return reply
      .code(problem.status)
      .type('application/problem+json')
      .send(JSON.stringify(problem.toJSON(request.id)))
  }
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0]!
    const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter(
      method => app.findRoute({ method, url: path } as never) || matches(app, method, path),
    )
    if (allowed.length === 0)
      throw new Problem('not_found', 'route_unknown', {
        detail: `There is nothing at ${request.method} ${path.slice(0, 200)}. The reference is at /docs.`,
      })
    reply.header('allow', allowed.join(', '))
    throw new Problem('not_allowed', 'method_not_allowed', {
      detail: `${path.slice(0, 200)} takes ${allowed.join(', ')}.`,
    })
  })

  return app
}

/** Gives a service its corner of the shared instance: every path under every prefix. */
export function mount(app: FastifyInstance, prefixes: readonly string[], tag: string): Http {
  const add =
    (method: string): Route =>
    (path, { config, schema, bodyLimit }, handler) => {
      for (const prefix of prefixes) {
        const url = `${prefix}${path === '/' ? '' : path}` || '/'
        app.route({
          method,
          url,
          config,
          schema: { tags: [tag], ...schema, ...(schema.body && { body: closed(schema.body) }) } as never,
          bodyLimit,
          handler: handler as never,
        })
      }
    }
  return {
    get: add('GET'),
    post: add('POST'),
    put: add('PUT'),
    patch: add('PATCH'),
    delete: add('DELETE'),
    scope: setup => void app.register(async scoped => setup(scoped, mount(scoped, prefixes, tag))),
  }
}

/** Objects of a body take no field they do not name, unless they say `additionalProperties` themselves. */
function closed<S extends TSchema>(schema: S): S {
  // A schema is JSON of any depth.
  const each = (at: object, change: (value: any, key: string) => any) =>
    Object.fromEntries(Object.entries(at).map(([key, value]) => [key, change(value, key)]))
  const walk = (at: any): any => {
    if (Array.isArray(at)) return at.map(walk)
    if (at === null || typeof at !== 'object') return at
    const copy = each(at, (value, key) => {
      // Names of fields are no words of the schema.
      if (key === 'properties') return each(value, walk)
      return key === 'examples' || key === 'default' ? value : walk(value)
    })
    return copy.type === 'object' && copy.properties && !('additionalProperties' in copy)
      ? { ...copy, additionalProperties: false }
      : copy
  }
  return walk(schema)
}

/** What helmet sets on an answer; it is the same on every one, so it is asked once. */
function headersOf(middleware: ReturnType<typeof helmet>): Record<string, string> {
  const headers: Record<string, string> = {}
  const response = {
    setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
    removeHeader() {},
  }
  middleware({} as never, response as never, error => {
    if (error) throw error
  })
  return headers
}

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether some route with parameters takes `method` at `path`. */
const matches = (app: FastifyInstance, method: string, path: string): boolean => {
  // `findRoute` takes patterns, not paths; what takes paths stands under a symbol that no type names.
  const router = app as unknown as { [key: symbol]: any }
  const symbol = Object.getOwnPropertySymbols(app).find(s => s.description === 'fastify.router')
  return Boolean(symbol && router[symbol]?.find?.(method, path))
}

function idempotencyOf(request: FastifyRequest): Once['idempotency'] {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key))
    throw new Problem('invalid', 'idempotency_key_invalid', {
      detail: 'Idempotency-Key takes 1 to 255 visible ASCII characters.',
    })
  const fingerprint = createHash('sha256')
    .update(`${request.method} ${request.url}\n${JSON.stringify(request.body ?? null)}`)
    .digest('hex')
  return { key, caller: request.visitor?.userId ?? request.ip, fingerprint }
}

/** What went wrong as a refusal, or undefined for a bug. */
function asProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  const { code = '', statusCode, validation, message } = (error ?? {}) as FastifyError
  const faults = (error as { faults?: Problem['details']['errors'] }).faults
  if (faults ?? validation)
    return new Problem('invalid', 'request_invalid', {
      detail: faults?.map(f => `${f.pointer || 'The body'} ${f.detail}`).join('; '),
      errors: faults,
    })
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Problem('too_large', 'body_too_large', { detail: 'The body is larger than this route takes.' })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new Problem('unsupported', 'content_type_unsupported', {
      detail: 'Send JSON with "Content-Type: application/json".',
    })
  const database = databaseProblem(error)
  if (database) return database
  if (statusCode && statusCode >= 400 && statusCode < 500) {
    const kind = (Object.entries(statusOf).find(([, status]) => status === statusCode)?.[0] ??
      'invalid') as Problem['kind']
    return new Problem(kind, 'request_invalid', { detail: message })
  }
  return undefined
}

/** Of a stream whose other end is gone. */
const isCutOff = (error: unknown): boolean =>
  /^(ECONNRESET|EPIPE|UND_ERR_ABORTED|ERR_STREAM_(PREMATURE_CLOSE|DESTROYED)|ABORT_ERR)$/.test(
    String((error as { code?: unknown } | null)?.code),
  )
