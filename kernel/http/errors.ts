import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { databaseProblem } from '../database/database.ts'
import { isLost, sendLost } from '../pages/pages.ts'
import { Problem, problemType, statusOf, type Fault } from '../problem.ts'
import type { RouteSchema } from './http.ts'
import { invalid } from './validation.ts'
import type { Log } from '../telemetry/log.ts'

/** What went wrong as the client hears of it: a refusal with its code, or the platform's own fault, which is logged. */
export const answersErrors =
  (log: Log, base: string) => (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    // The library would end the connection: what is left of a body is read all the same.
    reply.removeHeader('connection')
    reply.type('application/problem+json')
    const problem = asProblem(error, (request.routeOptions.schema as RouteSchema | undefined)?.consumes)
    if (!problem) {
      const about = { err: error, traceId: request.id, method: request.method, route: request.routeOptions.url }
      // What breaks because nobody is there any more is no fault of ours.
      if ((request.raw.aborted || reply.raw.destroyed) && isCutOff(error)) log.debug(about, 'the client went away')
      else log.error(about, 'a bug answered 500')
      return reply.code(500).send(JSON.stringify(bug(request.id, base)))
    }
    if (problem.code === 'route_unknown' && isLost(request)) return sendLost(request, reply)
    if (problem.details.retryAfter) reply.header('retry-after', Math.ceil(problem.details.retryAfter))
    const { points, retryAfter } = problem.details
    if (points)
      reply.headers({ 'ratelimit-limit': points, 'ratelimit-remaining': 0, 'ratelimit-reset': retryAfter ?? 1 })
    if (problem.details.allow) reply.header('allow', problem.details.allow.join(', '))
    const { maxAge } = problem.details
    const stale = maxAge === undefined ? '' : ` error="insufficient_user_authentication", max_age="${Number(maxAge)}"`
    if (problem.kind === 'unauthenticated') reply.header('www-authenticate', `Bearer${stale}`)
    return reply.code(problem.status).send(JSON.stringify(problem.toJSON(request.id, base)))
  }

const bug = (traceId: string, base: string) => ({
  type: base + problemType('internal_error'),
  title: 'Internal server error',
  status: 500,
  code: 'internal_error',
  traceId,
  detail: 'This is a fault of the platform. It is logged under the trace id.',
})

/** What went wrong as a refusal, or undefined for a bug. */
function asProblem(error: unknown, takes = ['application/json']): Problem | undefined {
  if (error instanceof Problem) return error
  const { code = '', statusCode, validation, message } = (error ?? {}) as FastifyError
  const faults = (error as { faults?: Fault[] } | undefined)?.faults
  if (faults ?? validation) return invalid(faults ?? [])
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Problem('too_large', 'body_too_large', { detail: 'The body is larger than this route takes.' })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new Problem('unsupported', 'content_type_unsupported', {
      detail: `Send ${takes.map(type => `"Content-Type: ${type}"`).join(' or ')}.`,
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
