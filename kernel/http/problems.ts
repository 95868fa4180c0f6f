import type { FastifyInstance, RouteOptions } from 'fastify'
import { permissionFor } from '../../contracts/shared.ts'
import { anyone, anyoneAsThemselves, signedInBeforeTerms, signedInSomehow } from '../access/access.ts'
import { Problem, statusOf, type ProblemKind } from '../problem.ts'
import type { RouteSchema } from './http.ts'

/** Codes of problems, each with its kind and a sentence that says what it means for who gets it. */
export type Problems = Readonly<Record<string, readonly [kind: ProblemKind, sentence: string]>>

export interface KnownProblem {
  readonly status: number
  readonly sentence: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What every code means that somebody here may answer. */
    readonly problems: Map<string, KnownProblem>
  }
  interface FastifyContextConfig {
    /** Codes that the route may answer. */
    codes?: ReadonlySet<string>
  }
}

/** What the kernel answers for everybody. */
const ofKernel: Problems = {
  request_invalid: ['invalid', 'Something in the request is not as it must be; `errors` names the fields.'],
  json_invalid: ['invalid', 'The body is not JSON that can be kept as it is.'],
  text_invalid: ['invalid', 'A text holds a character that cannot be kept.'],
  cursor_invalid: ['invalid', '`after` is not the `nextCursor` of a page of this list with these filters.'],
  idempotency_key_invalid: ['invalid', 'Idempotency-Key takes 1 to 255 visible ASCII characters.'],
  call_invalid: ['invalid', 'A process asks another one what that does not understand.'],
  request_malformed: ['invalid', 'What arrived is not HTTP, or not as HTTP/1.1 has to be.'],
  host_missing: ['invalid', 'HTTP/1.1 asks for a Host header.'],
  token_missing: ['unauthenticated', 'Nobody is signed in.'],
  token_invalid: ['unauthenticated', 'The access token is not valid (any more). Refresh it or sign in.'],
  service_token_invalid: ['unauthenticated', 'This address is for the processes of the platform.'],
  fresh_sign_in_required: ['unauthenticated', 'Too long ago proven to be it: `POST /api/auth/step-up`; RFC 9470.'],
  second_factor_missing: ['forbidden', 'The role needs a second factor, which has to be set up first.'],
  terms_open: ['forbidden', 'Terms wait for an answer; data can be taken along and the account deleted without one.'],
  acting_for_another: ['forbidden', 'An admin who acts in the place of somebody may not do this.'],
  feature_off: ['forbidden', 'Admins have switched this off, for all or for who asks.'],
  role_insufficient: ['forbidden', 'Another role is needed.'],
  scope_insufficient: ['forbidden', 'The key or token of a program was not let do this.'],
  permission_missing: ['forbidden', 'The role that the organisation has given them does not let them do this.'],
  editor_required: ['forbidden', 'One may read this, but only editors of its owner may change it.'],
  origin_not_allowed: ['forbidden', 'A change by cookie comes from a site that is not allowed to make it.'],
  metrics_local: ['forbidden', 'Figures are for who sends METRICS_TOKEN, or asks by METRICS_PORT.'],
  link_invalid: ['forbidden', 'The link was changed or is not whole. Ask for a new one.'],
  link_expired: ['forbidden', 'The link has expired. Ask for a new one.'],
  route_unknown: ['not_found', 'There is nothing at this address.'],
  problem_unknown: ['not_found', 'There is no problem of this code.'],
  call_unknown: ['not_found', 'A process asks what nobody here answers.'],
  dead_letter_unknown: ['not_found', 'There is no such dead letter.'],
  subscription_unknown: ['not_found', 'There is no such subscription.'],
  file_missing: ['not_found', 'The file is not there. Operators have been told.'],
  method_not_allowed: ['not_allowed', 'There is something at this address, but it does not take this method.'],
  form_invalid: ['invalid', 'The form is not whole, or a field of it is not as it must be.'],
  too_many_uploads: ['limited', 'Too many uploads of one person, or from one place, are under way.'],
  request_too_slow: ['slow', 'The request took too long to arrive.'],
  idempotency_key_in_flight: ['conflict', 'The first request with this Idempotency-Key is still under way.'],
  version_stale: ['stale', 'There is a newer version than `If-Match` names.'],
  body_too_large: ['too_large', 'The body is larger than this route takes.'],
  file_too_large: ['too_large', 'The file is larger than files may be.'],
  content_type_unsupported: ['unsupported', 'The body has a content type that this route does not take.'],
  content_encoding_unsupported: ['unsupported', 'The body is packed, and bodies are taken as they are.'],
  range_unsatisfiable: ['range', 'The file ends before the wanted part begins.'],
  idempotency_key_reused: ['unprocessable', 'The Idempotency-Key was used with another request.'],
  upgrade_required: ['upgrade', 'The address speaks WebSocket.'],
  mail_refused: ['unprocessable', 'The mail server does not take this mail.'],
  too_many_requests: ['limited', 'Too many attempts; `Retry-After` says when to come back.'],
  too_many_streams: ['limited', 'Too many streams are open already.'],
  database_unavailable: ['unavailable', 'The database does not answer. Try again.'],
  database_read_only: ['unavailable', 'The database takes no changes at the moment. Try again.'],
  database_full: ['unavailable', 'The database has no room for changes. Operators have been told.'],
  service_unavailable: ['unavailable', 'A part of the platform does not answer. Try again.'],
  revocations_unknown: ['unavailable', 'Whether the access token was revoked is not known yet. Try again.'],
  service_mismatched: ['unavailable', 'Two parts of the platform do not understand each other. Try again.'],
  call_late: ['unavailable', 'A part of the platform took too long. Try again.'],
  presence_unavailable: ['unavailable', 'Who is there cannot be said at the moment. Try again.'],
  files_unavailable: ['unavailable', 'The file storage does not answer. Try again.'],
  files_held: ['unavailable', 'A back-up is under way. Try again.'],
  file_damaged: ['unavailable', 'The file is damaged. Operators have been told.'],
  file_storage_full: ['unavailable', 'There is no room for the file. Operators have been told.'],
  mail_unavailable: ['unavailable', 'The mail server does not answer. Try again.'],
  kafka_unavailable: ['unavailable', 'The event log does not answer. Try again.'],
  platform_starting: ['unavailable', 'The platform starts. Try again.'],
  platform_stopping: ['unavailable', 'The platform stops; another process of it takes over.'],
}

/** Instead of an answer of some route, so no operation names them. */
const outside: Record<string, KnownProblem> = {
  internal_error: { status: 500, sentence: 'A fault of the platform. It is logged under the trace id.' },
  headers_too_large: { status: 431, sentence: 'The head of the request is larger than 16 KiB.' },
}

/**
 * Before a route is asked, of a body that it does not take or a head that no client sends; and while processes of two
 * versions run.
 */
export const anywhere: ReadonlySet<string> = new Set([
  'request_malformed',
  'host_missing',
  'method_not_allowed',
  'content_encoding_unsupported',
  'json_invalid',
  'body_too_large',
  'content_type_unsupported',
  'service_mismatched',
  'call_late',
])

/** Adds codes that routes may refuse with; the same code always has the same status. */
export function addProblems(app: FastifyInstance, problems: Problems): void {
  for (const [code, [kind, sentence]] of Object.entries(problems)) {
    const known = app.problems.get(code)
    if (known && known.status !== statusOf[kind])
      throw new Error(`${code} is ${known.status} elsewhere, and cannot be ${statusOf[kind]} here`)
    if (!known) app.problems.set(code, { status: statusOf[kind], sentence })
  }
}

/** Codes that follow from what a route takes, honours and who may use it, then those it declares. */
export function codesOf({ method, config, schema = {} }: Pick<RouteOptions, 'method' | 'config' | 'schema'>): string[] {
  const { honours = [], refuses = [], consumes, body, querystring, params, headers } = schema as Partial<RouteSchema>
  const admits = config?.access?.admits ?? 'public'
  const changes = method !== 'GET' && method !== 'HEAD'
  const knows = admits !== 'public' || (!changes && config?.access === anyoneAsThemselves)
  const { properties: queries = {} } = (querystring ?? {}) as { properties?: object }
  const input = body ?? consumes ?? querystring ?? params ?? headers
  const codes: Record<string, unknown> = {
    request_invalid: input,
    json_invalid: body,
    text_invalid: body ?? consumes ?? params ?? headers ?? Object.keys(queries).length > 0,
    cursor_invalid: 'after' in queries,
    idempotency_key_invalid: honours.includes('Idempotency-Key'),
    token_missing: admits !== 'public',
    token_invalid: knows,
    revocations_unknown: knows,
    scope_insufficient: admits !== 'public',
    permission_missing: admits !== 'public' && permissionFor(config?.service ?? '', [method].flat()[0]!),
    fresh_sign_in_required: config?.access?.maxAge,
    second_factor_missing: admits !== 'public' && config?.access !== signedInSomehow,
    terms_open: admits !== 'public' && ![signedInSomehow, signedInBeforeTerms].includes(config!.access!),
    acting_for_another:
      config?.access?.maxAge ??
      (config?.service === 'identity' && changes && admits !== 'public' && !config.access?.evenActing),
    role_insufficient: Array.isArray(admits),
    origin_not_allowed: changes && config?.access !== anyone,
    idempotency_key_in_flight: honours.includes('Idempotency-Key'),
    version_stale: honours.includes('If-Match'),
    body_too_large: body ?? consumes,
    content_type_unsupported: body ?? consumes,
    range_unsatisfiable: honours.includes('Range'),
    idempotency_key_reused: honours.includes('Idempotency-Key'),
    database_unavailable: config?.service,
    database_read_only: config?.service && changes,
    database_full: config?.service && changes,
    service_unavailable: config?.service,
  }
  return [...new Set([...Object.keys(codes).filter(code => codes[code]), ...(refuses === 'any' ? [] : refuses)])]
}

/**
 * Holds routes to what they declare: a code they refuse with has to be known, and what they answer beside it is told
 * to `undeclared`.
 */
export function holdToDeclared(app: FastifyInstance, undeclared: (answer: string) => void): void {
  const problems = new Map(Object.entries(outside))
  app.decorate('problems', problems)
  addProblems(app, ofKernel)
  app.addHook('onRoute', route => {
    const codes = codesOf(route)
    const unknown = codes.filter(code => !problems.has(code))
    if (unknown.length > 0)
      throw new Error(
        `${String(route.method)} ${route.url} refuses ${unknown.join(', ')}, and nothing says what that is`,
      )
    route.config = { ...route.config, codes: new Set(codes) } as never
  })
  app.addHook('onError', (request, _reply, error: unknown, done) => {
    const { url, config, schema } = request.routeOptions
    if (url && error instanceof Problem && (schema as Partial<RouteSchema> | undefined)?.refuses !== 'any') {
      const { code, status } = error
      if (!(config.codes?.has(code) || anywhere.has(code)) || problems.get(code)?.status !== status)
        undeclared(`${request.method} ${url} answers ${status} ${code}`)
    }
    done()
  })
}
