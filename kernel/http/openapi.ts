import { STATUS_CODES } from 'node:http'
import swagger from '@fastify/swagger'
import type { FastifyInstance, RouteOptions } from 'fastify'
import { scopeFor } from '../../contracts/shared.ts'
import { problemType, titleOf } from '../problem.ts'
import { version } from '../version.ts'
import type { RouteSchema } from './http.ts'
import { exampleOf } from './examples.ts'
import { anywhere, codesOf, type KnownProblem } from './problems.ts'

/** JSON of any depth, as OpenAPI has it; a validator of others holds the documents to that. */
type Json = Record<string, any>

type Kind = 'securitySchemes' | 'schemas' | 'responses' | 'examples'

export interface ApiDocument {
  readonly openapi: string
  readonly info: Json
  readonly servers: readonly { url: string }[]
  readonly tags: readonly { name: string; description: string }[]
  readonly paths: Record<string, Json>
  readonly components: Record<Kind, Json>
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Sentences about tags, in the order of the product. */
    readonly tags: Map<string, string>
  }
}

/**
 * Lets `openapi` describe all routes that are added from now on. Schemas are JSON Schema 2020-12 as they stand; those
 * of answers with a `title` are named by it.
 */
export async function describeRoutes(app: FastifyInstance, base: string): Promise<void> {
  app.decorate('tags', new Map())
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info, servers: [{ url: base || '/' }], components: { securitySchemes } },
    convertConstToEnum: false,
    transform: ({ schema, url, route }) => ({
      url,
      schema: (schema && !schema.hide && !route.config?.isAlias
        ? operationOf(route, schema as unknown as RouteSchema, app.problems)
        : { hide: true }) as never,
    }),
    transformObject: document => complete((document as { openapiObject: Json }).openapiObject, app) as never,
  })
}

/** Tells `undeclared` of a status and a header that a route answers and its operation does not name, or the reverse. */
export function holdAnswers(app: FastifyInstance, undeclared: (answer: string) => void): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { url, config } = request.routeOptions
    const schema = request.routeOptions.schema as RouteSchema | undefined
    const { statusCode: status } = reply
    // Of a client that went away there is no answer.
    const answered = reply.raw.headersSent && request.method !== 'HEAD' && status < 500
    if (url && answered && schema && !schema.hide) {
      const success = answers(schema)
      const refused = [...(config.codes ?? []), ...anywhere].map(code => app.problems.get(code)!.status)
      const silent = status < 300 && !schema.response && !schema.produces
      if (!success[status] && !refused.includes(status) && !silent)
        undeclared(`${request.method} ${url} answers ${status}`)
      for (const name of ['ETag', 'Location']) {
        const named = success[status]?.headers?.[name] !== undefined
        if (status < 400 && !silent && reply.hasHeader(name) !== named)
          undeclared(`${request.method} ${url} answers ${status} ${named ? 'without' : 'with'} ${name}`)
      }
    }
    done()
  })
}

/** The OpenAPI 3.1 document of the routes here, the same for the same routes in any order, once the app is ready. */
export const openapi = (app: FastifyInstance): ApiDocument => app.swagger() as unknown as ApiDocument

const info = {
  title: 'Ohmnibus',
  version,
  description:
    'The open back end of electric mobility. Sign in at `/api/auth/login` and send the access token as bearer token; ' +
    'browsers have it as cookie. ' +
    'Refusals are problem details (RFC 9457) with a stable `code`; `type` leads to what it means. ' +
    'Lists come in pages: give `nextCursor` back as `after`.',
  license: { name: 'MIT', identifier: 'MIT' },
}

const securitySchemes = {
  bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  cookieAuth: {
    type: 'apiKey',
    in: 'cookie',
    name: 'ohmnibus-access',
    description: 'Set by signing in; over HTTPS it is called `__Host-ohmnibus-access`.',
  },
} as const

/** What the plugin is to take for the schema of a route. */
function operationOf(route: RouteOptions, schema: RouteSchema, problems: ReadonlyMap<string, KnownProblem>): Json {
  const { summary, description, tags, params, querystring, headers, body, form, consumes, honours = [] } = schema
  const access = route.config!.access!
  const { aliases = [], service } = route.config ?? {}
  const honoured = honours.map(name => [name, conventions[name]])
  return {
    summary,
    description: [description, `Access: ${access.name}.`].filter(Boolean).join('\n\n'),
    operationId: nameOf(String(route.method).toLowerCase(), route.url),
    tags,
    security: access.admits === 'public' ? [] : [{ bearerAuth: [] }, { cookieAuth: [] }],
    'x-access': access.admits,
    'x-scope':
      access.admits === 'public' ? undefined : (scopeFor(service ?? 'operations', [route.method].flat()[0]!) ?? null),
    ...(aliases.length > 0 && { 'x-aliases': aliases }),
    params,
    querystring,
    ...((headers || honours.length > 0) && {
      headers: { ...headers, properties: { ...(headers as Json)?.properties, ...Object.fromEntries(honoured) } },
    }),
    consumes,
    body: body ?? form ?? (consumes && { anyOf: [{ type: 'object' }, { type: 'null' }], examples: [{}] }),
    response: { ...answers(schema), ...refusals(route, schema, problems) },
  }
}

/** `POST /api/passports/:id/publish` is `postPassportsByIdPublish`. */
const nameOf = (method: string, path: string): string =>
  method +
  path
    .replace(/^\/api\//, '')
    .replaceAll(':', 'by-')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map(word => word[0]!.toUpperCase() + word.slice(1))
    .join('')

const conventions: Record<string, Json> = {
  'If-Match': {
    type: 'string',
    description: 'The `ETag` of the version the change is meant for; another version is refused.',
    examples: ['"1"'],
  },
  'If-None-Match': {
    type: 'string',
    description: 'The `ETag` of the version at hand; while it is the present one the answer is 304, without a body.',
    examples: ['"1"'],
  },
  Range: { type: 'string', description: 'The part of the file that is wanted.', examples: ['bytes=0-1023'] },
  'Idempotency-Key': {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    pattern: '^[!-~]+$',
    description: 'The same key within a day has the same answer and no second effect.',
    examples: ['0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d'],
  },
}

const sent: Record<string, Json> = {
  ETag: { type: 'string', description: 'Names this version, for `If-Match` and `If-None-Match`' },
  Location: { type: 'string', format: 'uri-reference', description: 'Where the new thing is' },
  'Accept-Ranges': { type: 'string', description: '`bytes`: parts of the file may be asked for' },
  'Content-Range': { type: 'string', description: 'Which part this is, and of how many bytes' },
  'Retry-After': { type: 'integer', description: 'Seconds' },
  'WWW-Authenticate': { type: 'string', description: '`Bearer`, with `max_age` where that is at fault' },
}

const headersOf = (...names: string[]): Json =>
  names.length > 0 ? { headers: Object.fromEntries(names.map(name => [name, sent[name]])) } : {}

/** Headers of a success: what `honours` implies, and what `gives` names. */
export const givenBy = ({ honours = [], gives = [] }: Pick<RouteSchema, 'honours' | 'gives'>): string[] => [
  ...new Set([
    ...(honours.some(name => name === 'If-Match' || name === 'If-None-Match') ? ['ETag'] : []),
    ...gives,
    ...(honours.includes('Range') ? ['Accept-Ranges'] : []),
  ]),
]

/** Statuses of success, each with what the plugin is to take for its schema. */
export function answers(
  schema: Pick<RouteSchema, 'response' | 'produces' | 'honours' | 'gives'>,
): Record<string, Json> {
  const { response = {}, produces = [], honours = [] } = schema
  const raw = Object.fromEntries(produces.map(type => [type, file(type)]))
  const given = givenBy(schema)
  const statuses: [string, Json][] = Object.entries(response)
  if (statuses.length === 0) statuses.push(['200', { type: 'null' }])
  const answer = (status: string, content: Json, ...headers: string[]): Json => ({
    description: STATUS_CODES[status]!,
    ...headersOf(...headers),
    ...(Object.keys(content).length > 0 ? { content } : { type: 'null' }),
  })
  return {
    ...Object.fromEntries(
      statuses.map(([status, body]) => [
        status,
        answer(
          status,
          {
            ...(body.type !== 'null' && { 'application/json': { schema: body, example: exampleOf(body) } }),
            // A page says in every status what there is to see.
            ...((status === '200' || (status > '299' && body.type === 'null')) && raw),
          },
          // What is gone has no version.
          ...(status < '300'
            ? given.filter(name => name !== 'ETag' || body.type !== 'null' || produces.length > 0)
            : []),
        ),
      ]),
    ),
    ...(honours.includes('Range') && { 206: answer('206', raw, ...given, 'Content-Range') }),
    ...(honours.includes('If-None-Match') && { 304: answer('304', {}, 'ETag') }),
  }
}

const file = (type: string): Json => ({
  schema: { type: 'string', ...(!/^text\/|\*$/.test(type) && { contentMediaType: type }) },
  example: examplesByType[type] ?? '…',
})

const examplesByType: Record<string, string> = {
  'text/event-stream': 'id: 42\ndata: {"title":"Passport BP-2024-011 was created"}\n\n',
  'text/html': '<!doctype html>…',
}

const Problem = {
  title: 'Problem',
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri-reference', description: 'Leads to what the code means' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable; for programs' },
    detail: { type: 'string', description: 'For people' },
    traceId: { type: 'string', description: 'Finds the request in the logs' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON pointer of the field' },
          detail: { type: 'string' },
        },
      },
    },
  },
}

/** Refusals by status, with every code the route may answer; where a status has a schema of its own, that stands. */
function refusals(route: RouteOptions, schema: RouteSchema, problems: ReadonlyMap<string, KnownProblem>): Json {
  const byStatus = Map.groupBy(codesOf(route), code => problems.get(code)!.status)
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !schema.response?.[status])
      .map(([status, codes]) => [
        status,
        {
          description: codes.map(code => `\`${code}\`: ${problems.get(code)!.sentence}`).join('\n\n'),
          ...headersOf(
            ...(status === 429 || status === 503 ? ['Retry-After'] : []),
            ...(status === 401 ? ['WWW-Authenticate'] : []),
          ),
          content: {
            'application/problem+json': { schema: Problem, 'x-codes': codes.toSorted() },
          },
        },
      ]),
  )
}

function exampleProblem(code: string, { status, sentence }: KnownProblem, base: string): Json {
  return {
    summary: sentence,
    value: {
      type: base + problemType(code),
      title: titleOf(code),
      status,
      code,
      detail: sentence,
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      ...(code === 'request_invalid' && { errors: [{ pointer: '/data', detail: 'is required' }] }),
    },
  }
}

const methods = ['get', 'put', 'post', 'patch', 'delete']
const places = ['path', 'query', 'header']

/** Gives the plugin's document what it has no place for: examples, names for what repeats, an order. */
function complete(document: Json, app: FastifyInstance): ApiDocument {
  const schemas: Json = {}
  const responses: Json = {}
  const codes = new Set<string>()
  const named = (value: any): any => {
    if (Array.isArray(value)) return value.map(named)
    if (value === null || typeof value !== 'object') return value
    const copy = Object.fromEntries(
      Object.entries<any>(value).map(([key, part]) => [key, /^examples?$/.test(key) ? part : named(part)]),
    )
    if (typeof copy.title !== 'string') return copy
    const { title } = copy
    if (schemas[title] && JSON.stringify(schemas[title]) !== JSON.stringify(copy))
      throw new Error(`Two different schemas are called ${title}`)
    schemas[title] = copy
    return { $ref: `#/components/schemas/${title}` }
  }
  const shared = (response: Json): Json => {
    const media = response.content?.['application/problem+json']
    if (!media?.['x-codes']) return named(response)
    const own: string[] = media['x-codes']
    for (const code of own) codes.add(code)
    const examples = Object.fromEntries(own.map(code => [code, { $ref: `#/components/examples/${code}` }]))
    responses[own.join('.')] = {
      ...response,
      content: { 'application/problem+json': { schema: named(media.schema), examples } },
    }
    return { $ref: `#/components/responses/${own.join('.')}` }
  }
  const paths = sorted<Json>(document.paths, compare).map(([path, operations]): [string, Json] => [
    path,
    Object.fromEntries(
      sorted<Json>(operations, (a, b) => methods.indexOf(a) - methods.indexOf(b)).map(([method, operation]) => [
        method,
        {
          ...operation,
          ...(operation.parameters && { parameters: parametersOf(operation.parameters) }),
          ...(operation.requestBody && { requestBody: bodyOf(operation.requestBody) }),
          responses: Object.fromEntries(
            Object.entries<Json>(operation.responses).map(([status, response]) => [status, shared(response)]),
          ),
        },
      ]),
    ),
  ])
  const used = new Set(paths.flatMap(([, operations]) => Object.values<Json>(operations).flatMap(({ tags }) => tags)))
  return {
    ...(document as ApiDocument),
    tags: [...app.tags].filter(([name]) => used.has(name)).map(([name, description]) => ({ name, description })),
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes,
      schemas: Object.fromEntries(sorted(schemas, compare)),
      responses: Object.fromEntries(sorted(responses, compare)),
      examples: Object.fromEntries(
        [...codes].sort().map(code => [code, exampleProblem(code, app.problems.get(code)!, app.base)]),
      ),
    },
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const sorted = <T>(object: Record<string, T>, by: (a: string, b: string) => number): [string, T][] =>
  Object.entries(object).sort(([a], [b]) => by(a, b))

/** What is optional has its example in words: a reference that sends a value in every field finds nothing. */
const parametersOf = (parameters: Json[]): Json[] =>
  parameters
    .toSorted((a, b) => places.indexOf(a.in) - places.indexOf(b.in))
    .map(({ name, in: at, required, description, example, schema }) => {
      const optional = at !== 'path' && (!required || schema.default !== undefined)
      const words = [description, optional && example !== undefined && `for example \`${example}\``]
      const text = words.filter(Boolean).join(', ')
      return {
        name,
        in: at,
        required: !optional,
        ...(text && { description: text }),
        schema,
        ...(!optional && { example: example ?? exampleOf(schema) }),
      }
    })

const bodyOf = ({ content }: Json): Json => ({
  required: !Object.values<Json>(content).some(({ schema }) => schema.anyOf?.some(({ type }: Json) => type === 'null')),
  content: Object.fromEntries(
    Object.entries<Json>(content).map(([type, { schema, example = exampleOf(schema) }]) => [type, { schema, example }]),
  ),
})
