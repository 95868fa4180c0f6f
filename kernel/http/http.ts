import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type, { type Static, type TSchema } from 'typebox'
import type { AccessRule, Visitor } from '../access/access.ts'
import type { Once } from '../database/database.ts'
import type { Knock } from './sockets.ts'
import type { Feed, Live, Streams } from './stream.ts'
import { nameAnswer } from './preconditions.ts'
import { closed } from './validation.ts'

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
  /** Headers of its success, beside the `ETag` that goes with `If-Match` and `If-None-Match`. */
  gives?: readonly ('ETag' | 'Location')[]
  /**
   * Codes of problems that it answers, beside those that follow from what it takes and who may use it; `any` for who
   * passes on what others answer.
   */
  refuses?: readonly string[] | 'any'
  consumes?: string[]
  /** Media types of a 200 that is not JSON, or not always; also ranges of them, as `image/*`. */
  produces?: string[]
  /** Fields of a form, for the API document: forms are read by their route. */
  form?: TSchema
  /** Left out of the API document. */
  hide?: boolean
}

export interface RouteOptions<S extends RouteSchema> {
  config: { access: AccessRule; aliases?: readonly string[] }
  schema: S
  /** Bytes; unless given 1 MiB, and 64 KiB from those who need not be signed in. */
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
  /**
   * Server-sent events of what `feedOf` a request tells: live, on behind `Last-Event-ID`, `gap` where that is not
   * possible. They end with the access token, with its session, and with the platform, and `end` says why.
   */
  stream<const S extends RouteSchema>(
    path: string,
    options: RouteOptions<S>,
    feedOf: (request: Request<S>) => Feed | Promise<Feed>,
  ): Live
  /**
   * A path whose last part is a parameter and where clients speak WebSocket: `take` has the connection from then on,
   * `leave` says goodbye to all while the platform stops. Others get `upgrade_required`.
   */
  socket<const S extends RouteSchema>(
    path: string,
    options: RouteOptions<S>,
    take: (request: Request<S>, knock: () => Knock) => Promise<unknown> | unknown,
    leave: () => Promise<void>,
  ): void
  /** Fastify itself, inside a scope of its own, for what routes cannot say (multipart, other content types). */
  scope(setup: (app: FastifyInstance, http: Http) => void): void
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly streams: Streams
    /** Before every path that a client is told of. */
    readonly base: string
  }
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

/** The path of the address people use, without a slash at the end: a proxy takes it off before we see it. */
export const basePath = (publicUrl: string): string => new URL(publicUrl).pathname.replace(/\/$/, '')

/**
 * The cookie that holds an access token. Browsers tie `__Host-` names to HTTPS and one host; below a path others may
 * live on the host, so there it is tied to HTTPS and the path. Others of ours are for `api` alone.
 */
export function accessCookie(publicUrl: string): { name: string; path: string; api: string; secure: boolean } {
  const [base, secure] = [basePath(publicUrl), publicUrl.startsWith('https:')]
  const prefix = secure ? (base ? '__Secure-' : '__Host-') : ''
  return { name: `${prefix}ohmnibus-access`, path: base || '/', api: `${base}/api`, secure }
}

/**
 * Gives a service, or the kernel itself, a corner of the shared instance: every path under every prefix. Those under
 * the second and later ones are aliases, and so are others that a route names itself.
 */
export function mount(app: FastifyInstance, prefixes: readonly string[], service?: string): Http {
  const add =
    (method: string): Route =>
    (path, { config, schema, bodyLimit }, handler) => {
      const paths = [path === '/' ? '' : path, ...(config.aliases ?? [])]
      const { honours = [], gives = [] } = schema
      const isNamed = method === 'GET' && gives.includes('ETag') && !honours.includes('If-None-Match')
      const [first, ...aliases] = prefixes.flatMap(prefix => paths.map(path => `${prefix}${path}` || '/'))
      for (const url of [first!, ...aliases])
        app.route({
          method,
          url,
          config: { ...config, service, ...(url === first ? { aliases } : { isAlias: true }) },
          schema: {
            tags: [service ?? 'operations'],
            ...schema,
            ...(schema.body && { body: closed(schema.body) }),
            ...queryOf(method, schema, service),
            ...(isNamed && { honours: [...honours, 'If-None-Match'] }),
          } as never,
          ...(isNamed && { onSend: nameAnswer }),
          // Who forgot the rule is told when the route is added.
          bodyLimit: bodyLimit ?? (config.access?.admits === 'public' ? 65_536 : undefined),
          handler: handler as never,
        })
    }
  const get = add('GET')
  return {
    get,
    post: add('POST'),
    put: add('PUT'),
    patch: add('PATCH'),
    delete: add('DELETE'),
    stream(path, { schema, ...options }, feedOf) {
      const streams = app.streams.route(`${prefixes[0]}${path}`)
      get(path, { ...options, schema: streaming(schema) }, async (request, reply) =>
        streams.open(request, reply, await feedOf(request as never)),
      )
      return streams
    },
    socket(path, { schema, ...options }, take, leave) {
      const before = `${prefixes[0]}${path}`.split(':')[0]!
      app.sockets.add(url => url.startsWith(before), leave)
      const refuses = schema.refuses === 'any' ? 'any' : ([...(schema.refuses ?? []), 'upgrade_required'] as const)
      // OpenAPI has no words for what follows a 101.
      get(path, { ...options, schema: { ...schema, refuses, hide: true } }, async (request, reply) => {
        await take(request as never, () => app.sockets.take(request, reply))
        return reply
      })
    },
    scope: setup => void app.register(async scoped => setup(scoped, mount(scoped, prefixes, service))),
  }
}

/**
 * A filter nobody knows is refused, lest it seem to hold; but on pages, as programs for mail add to the links they show,
 * and where the platform itself is looked after, as probes add what keeps an answer from being kept.
 */
function queryOf(
  method: string,
  { querystring, produces }: RouteSchema,
  service: string | undefined,
): Pick<RouteSchema, 'querystring'> {
  const isPage = produces?.includes('text/html') ?? false
  if (querystring) return { querystring: isPage ? querystring : closed(querystring) }
  return method === 'GET' && service && !isPage ? { querystring: closed(Type.Object({})) } : {}
}

/** What every stream takes, gives and refuses beside what is its own. */
const streaming = ({ headers, produces = [], refuses = [], ...schema }: RouteSchema): RouteSchema => ({
  ...schema,
  headers: Type.Object({
    ...(headers as { properties?: Record<string, TSchema> } | undefined)?.properties,
    'last-event-id': Type.Optional(Type.String({ examples: ['42'] })),
  }),
  produces: [...produces, 'text/event-stream'],
  refuses: refuses === 'any' ? refuses : [...refuses, 'too_many_streams'],
})
