import { STATUS_CODES } from 'node:http'
import type { RouteSchema } from './http.ts'
import type { DocumentedRoute } from './routes.ts'
import { statusOf, type ProblemKind } from '../problem.ts'

/** JSON of any depth, as OpenAPI has it; a validator of others holds the documents to that. */
type Json = Record<string, any>

/**
 * The OpenAPI 3.1 document of these routes, the same for the same routes in any order. Schemas are JSON Schema 2020-12
 * as they stand.
 */
export function openapi(routes: readonly DocumentedRoute[], about: { version: string; server: string }) {
  const operations = routes
    .filter(({ method, schema }) => method !== 'HEAD' && schema && !(schema as RouteSchema).hide)
    .map(route => ({
      ...route,
      method: String(route.method).toLowerCase(),
      path: route.url.replace(/:(\w+)/g, '{$1}'),
    }))
    .sort((a, b) =>
      a.path === b.path ? methods.indexOf(a.method) - methods.indexOf(b.method) : a.path < b.path ? -1 : 1,
    )
  const paths: Record<string, Json> = {}
  for (const route of operations) (paths[route.path] ??= {})[route.method] = operation(route)
  const tags = [...new Set(operations.flatMap(({ schema }) => (schema as RouteSchema).tags ?? []))].sort()
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ohmnibus',
      version: about.version,
      description:
        'The open back end of electric mobility. Sign in at `/api/auth/login` and send the access token as bearer token; browsers have it as cookie. ' +
        'Refusals are problem details (RFC 9457) with a stable `code`. Lists come in pages: give `nextCursor` back as `after`.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: about.server }],
    tags: tags.map(name => ({ name })),
    paths,
    components: {
      securitySchemes: {
        bearerAuth: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        cookieAuth: {
          type: 'apiKey',
          in: 'cookie',
          name: 'ohmnibus-access',
          description: 'Set by signing in; over HTTPS it is called `__Host-ohmnibus-access`.',
        },
      },
      schemas: { Problem },
      responses: Object.fromEntries(
        Object.entries(refusals).map(([kind, refusal]) => [kind, refusalOf(kind as Refusal, refusal)]),
      ),
    },
  }
}

const methods = ['get', 'put', 'post', 'patch', 'delete']

function operation({ method, path, ...route }: DocumentedRoute & { method: string; path: string }): Json {
  const schema = route.schema as RouteSchema
  const access = route.config?.access?.name ?? 'public'
  const body = bodyOf(schema)
  return {
    tags: schema.tags,
    summary: schema.summary,
    description: [schema.description, `Access: ${access}.`].filter(Boolean).join('\n\n'),
    operationId: nameOf(method, path),
    security: access === 'public' ? [] : [{ bearerAuth: [] }, { cookieAuth: [] }],
    ...withAny('parameters', [
      ...parameters('path', schema.params),
      ...parameters('query', schema.querystring),
      ...parameters('header', schema.headers),
      ...conventions
        .filter(({ name }) => honours(schema, name))
        .map(({ name, ...rest }) => ({ name, in: 'header', required: false, ...rest })),
    ]),
    ...(body && { requestBody: body }),
    responses: { ...answers(schema), ...refusalsOf(method, access, schema) },
  }
}

/** `POST /api/passports/{id}/publish` is `postPassportsByIdPublish`. */
const nameOf = (method: string, path: string): string =>
  method +
  path
    .replace(/^\/api\//, '')
    .replaceAll('{', 'by-')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
    .map(word => word[0]!.toUpperCase() + word.slice(1))
    .join('')

const honours = ({ honours = [] }: RouteSchema, header: string): boolean => honours.some(name => name === header)

const conventions = [
  {
    name: 'If-Match',
    description: 'The `ETag` of the version the change is meant for; another version is refused.',
    schema: { type: 'string' },
    example: '"1"',
  },
  {
    name: 'If-None-Match',
    description: 'The `ETag` of the version at hand; while it is the present one the answer is 304, without a body.',
    schema: { type: 'string' },
    example: '"1"',
  },
  {
    name: 'Range',
    description: 'The part of the file that is wanted.',
    schema: { type: 'string' },
    example: 'bytes=0-1023',
  },
  {
    name: 'Idempotency-Key',
    description: 'The same key within a day has the same answer and no second effect.',
    schema: { type: 'string', maxLength: 255 },
    example: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  },
]

const parameters = (at: 'path' | 'query' | 'header', schema: Json | undefined): Json[] =>
  Object.entries<Json>(schema?.properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: at,
    required: at === 'path' || (schema!.required?.includes(name) && rest.default === undefined) || false,
    ...(description && { description }),
    schema: rest,
    ...((rest.examples || at === 'path') && { example: exampleOf(rest) }),
  }))

function bodyOf({ body, form, consumes }: RouteSchema): Json | undefined {
  if (body) {
    const optional = (body as Json).anyOf?.some(({ type }: Json) => type === 'null') ?? false
    return { required: !optional, content: { [consumes?.[0] ?? 'application/json']: content(body) } }
  }
  if (!consumes) return undefined
  return {
    required: Boolean(form),
    content: { [consumes[0]!]: form ? content(form) : { schema: { type: 'object' }, example: {} } },
  }
}

const content = (schema: Json): Json => ({ schema, example: exampleOf(schema) })

function answers(schema: RouteSchema): Json {
  const { response = {}, produces = [] } = schema
  const raw = Object.fromEntries(
    produces.map(type => [
      type,
      {
        schema: { type: 'string', ...(!type.startsWith('text/') && { contentMediaType: type }) },
        example: examplesByType[type] ?? '…',
      },
    ]),
  )
  const statuses = Object.entries(response)
  if (statuses.length === 0) statuses.push(['200', { type: 'null' }])
  const answer = (status: string, types: Json) => ({
    description: STATUS_CODES[status]!,
    ...(Object.keys(types).length > 0 && { content: types }),
  })
  return {
    ...Object.fromEntries(
      statuses.map(([status, body]) => [
        status,
        answer(status, {
          ...((body as Json).type !== 'null' && { 'application/json': content(body) }),
          ...(Number(status) === 200 && raw),
        }),
      ]),
    ),
    ...(honours(schema, 'Range') && { 206: answer('206', raw) }),
    ...(honours(schema, 'If-None-Match') && { 304: answer('304', {}) }),
  }
}

const examplesByType: Record<string, string> = {
  'text/event-stream': 'id: 42\ndata: {"title":"Passport BP-2024-011 was created"}\n\n',
  'text/html': '<!doctype html>…',
}

type Refusal = Exclude<ProblemKind, 'not_allowed'>

const refusals: Record<Refusal, { code: string; description: string }> = {
  invalid: {
    code: 'request_invalid',
    description: 'Something in the request is not as it must be; `errors` names the fields.',
  },
  unauthenticated: { code: 'token_invalid', description: 'Nobody is signed in, or what should prove it does not.' },
  forbidden: { code: 'role_insufficient', description: 'Who is signed in may not do this.' },
  not_found: { code: 'passport_unknown', description: 'There is no such thing, or it is not for who asks.' },
  conflict: { code: 'identifier_taken', description: 'It does not go together with how things stand.' },
  stale: { code: 'version_stale', description: 'There is a newer version than `If-Match` names.' },
  too_large: { code: 'body_too_large', description: 'The body is larger than this route takes.' },
  unsupported: {
    code: 'content_type_unsupported',
    description: 'The body has a content type that this route does not take.',
  },
  range: { code: 'range_unsatisfiable', description: 'The file ends before the wanted part begins.' },
  unprocessable: { code: 'idempotency_key_reused', description: 'The Idempotency-Key was used with another request.' },
  limited: { code: 'too_many_requests', description: 'Too many attempts; `Retry-After` says when to come back.' },
  unavailable: { code: 'database_unavailable', description: 'Not now; try again after `Retry-After` seconds.' },
}

const Problem = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string', description: '`urn:ohmnibus:problem:` and the code' },
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

function refusalOf(kind: Refusal, { code, description }: { code: string; description: string }): Json {
  const words = code.replaceAll('_', ' ')
  const title = words[0]!.toUpperCase() + words.slice(1)
  const example = {
    type: `urn:ohmnibus:problem:${code}`,
    title,
    status: statusOf[kind],
    code,
    detail: title,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    ...(kind === 'invalid' && { errors: [{ pointer: '/data', detail: 'is required' }] }),
  }
  const retry = { 'Retry-After': { description: 'Seconds', schema: { type: 'integer' } } }
  return {
    description,
    ...((kind === 'limited' || kind === 'unavailable') && { headers: retry }),
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' }, example } },
  }
}

/** Refusals that follow from what a route takes and who may use it. */
function refusalsOf(method: string, access: string, schema: RouteSchema): Json {
  const changes = method !== 'get'
  const takesBody = Boolean(schema.body ?? schema.consumes)
  const open = access === 'public'
  const streams = schema.produces?.includes('text/event-stream')
  const applies: Record<Refusal, unknown> = {
    invalid: takesBody || schema.querystring || schema.params,
    unauthenticated: !open || changes,
    forbidden: changes || (!open && access !== 'signed in'),
    not_found: schema.params,
    conflict: changes && !open,
    stale: honours(schema, 'If-Match'),
    too_large: takesBody,
    unsupported: takesBody,
    range: honours(schema, 'Range'),
    unprocessable: honours(schema, 'Idempotency-Key'),
    limited: (open && changes) || streams,
    unavailable: true,
  }
  const kinds = (Object.keys(applies) as Refusal[]).filter(kind => applies[kind] && !schema.response?.[statusOf[kind]])
  return Object.fromEntries(kinds.map(kind => [statusOf[kind], { $ref: `#/components/responses/${kind}` }]))
}

const formats: Record<string, string> = {
  uuid: '0198f6a2-7c1e-7d43-9b60-5f0e3c1a2b4d',
  'date-time': '2027-02-18T08:30:00.000Z',
  date: '2027-02-18',
  email: 'ada@example.com',
  uri: 'https://example.com/',
  binary: '(the bytes of the file)',
}

/** An example of a schema: its own, or one composed of those inside it. */
export function exampleOf(schema: Json): unknown {
  if (schema.examples?.length) return schema.examples[0]
  if ('default' in schema) return schema.default
  if ('const' in schema) return schema.const
  if (schema.enum) return schema.enum[0]
  const choices: Json[] | undefined = schema.anyOf ?? schema.oneOf
  if (choices) {
    const [first] = choices.filter(({ type }) => type !== 'null')
    // Nothing is known of it: then nothing is the better example.
    return !first || (choices.length > 1 && first.type === 'string' && !first.examples && !first.format)
      ? null
      : exampleOf(first)
  }
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries<Json>(schema.properties ?? {}).map(([name, field]) => [name, exampleOf(field)]),
      )
    case 'array':
      return schema.items ? [exampleOf(schema.items)] : []
    case 'string':
      return formats[schema.format] ?? 'text'
    case 'integer':
    case 'number':
      return schema.minimum ?? 1
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return {}
  }
}

const withAny = <T>(name: string, list: T[]): Record<string, T[]> => (list.length > 0 ? { [name]: list } : {})
