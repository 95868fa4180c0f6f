import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { judgedElsewhere } from '../access/access.ts'
import { Problem } from '../problem.ts'
import { plain } from './routes.ts'

/** Refuses, before anything of a body is read, what the head of a request says cannot be served. */
export function refuseByHead(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { config } = request.routeOptions
    const fault = faultOf(request.raw as IncomingMessage)
    if (fault) return done(fault)
    if (request.is404 || (config.not?.size && config.not.has(plain(request.url))))
      return done(app.strays.stray(request.method, plain(request.url)))
    if (isPacked(request) && config.access !== judgedElsewhere) {
      reply.header('accept-encoding', 'identity')
      return done(
        new Problem('unsupported', 'content_encoding_unsupported', {
          detail: 'Bodies are taken as they are: send it without "Content-Encoding".',
        }),
      )
    }
    done()
  })
}

/** What the parser lets pass and RFC 9112 does not: another version in the first line, and another host beside one. */
function faultOf({ httpVersion, rawHeaders }: IncomingMessage): Problem | undefined {
  if (httpVersion === '2.0' && rawHeaders[0]?.startsWith(':')) return undefined
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return new Problem('invalid', 'request_malformed', { detail: 'The first line must end with HTTP/1.1.' })
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.length === 4 && /^host$/i.test(name)).length
  if (hosts > 1) return new Problem('invalid', 'request_malformed', { detail: 'There may be one Host header only.' })
  return hosts === 0 && httpVersion === '1.1' ? new Problem('invalid', 'host_missing') : undefined
}

const isPacked = ({ method, headers }: FastifyRequest): boolean =>
  method !== 'GET' && method !== 'HEAD' && !/^(identity)?$/i.test(headers['content-encoding'] ?? '')
