import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { databaseProblem } from '../database/database.ts'
import { Problem, problemType, statusOf, type Fault } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'

/** What went wrong as the client hears of it: a refusal with its code, or the platform's own fault, which is logged. */
export const answersErrors = (log: Log) => (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
  // Of a body that was not read to its end: with HTTP/2 it is the stream that ends, not the connection.
  if (request.raw.httpVersionMajor === 2) reply.removeHeader('connection')
  reply.type('application/problem+json')
  const problem = asProblem(error)
  if (!problem) {
    const about = { err: error, traceId: request.id, method: request.method, route: request.routeOptions.url }
    // What breaks because nobody is there any more is no fault of ours.
    if ((request.raw.aborted || reply.raw.destroyed) && isCutOff(error)) log.debug(about, 'the client went away')
    else log.error(about, 'a bug answered 500')
    return reply.code(500).send(JSON.stringify(bug(request.id)))
  }
  if (problem.details.retryAfter) reply.header('retry-after', Math.ceil(problem.details.retryAfter))
  if (problem.kind === 'unauthenticated') reply.header('www-authenticate', 'Bearer')
  return reply.code(problem.status).send(JSON.stringify(problem.toJSON(request.id)))
}

const bug = (traceId: string) => ({
  type: problemType('internal_error'),
  title: 'Internal server error',
  status: 500,
  code: 'internal_error',
  traceId,
  detail: 'This is a fault of the platform. It is logged under the trace id.',
})

/** Nothing is here (404), or not by this method (405); `methodsAt` tells those that a path takes. */
export const answersStrays =
  (methodsAt: (path: string) => string[]) =>
  (request: FastifyRequest, reply: FastifyReply): never => {
    const path = request.url.split('?', 1)[0]!
    const allowed = methodsAt(path)
    if (allowed.length === 0)
      throw new Problem('not_found', 'route_unknown', {
        detail: `There is nothing at ${request.method} ${path.slice(0, 200)}. The reference is at /docs.`,
      })
    reply.header('allow', allowed.join(', '))
    throw new Problem('not_allowed', 'method_not_allowed', {
      detail: `${path.slice(0, 200)} takes ${allowed.join(', ')}.`,
    })
  }

/** What went wrong as a refusal, or undefined for a bug. */
function asProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error
  const { code = '', statusCode, validation, message } = (error ?? {}) as FastifyError
  const faults = (error as { faults?: Fault[] } | undefined)?.faults
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
