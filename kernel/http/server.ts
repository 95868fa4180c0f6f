import type { Server } from 'node:http'
import { constants, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import type { FastifyServerOptions } from 'fastify'
import { openCertificate, type CertificateOptions, type TlsFiles } from './certificate.ts'
import { problemType } from '../problem.ts'
import { newTraceId } from '../telemetry/context.ts'
import type { Log } from '../telemetry/log.ts'
import { methods } from './routes.ts'

export interface ListenerOptions extends CertificateOptions {
  /** HTTPS; plain HTTP without it. */
  tls?: TlsFiles
  /** How long a head, or the greeting of TLS, may take to arrive, in milliseconds; 20 s unless given. */
  headersTimeout?: number
  /** How long a whole request may take, in milliseconds; 10 min unless given. */
  requestTimeout?: number
  /** On every answer. */
  headers?: Record<string, string>
  /** Before every path that a client is told of. */
  base?: string
}

/** How the platform listens: with plain HTTP, or with HTTPS, where HTTP/2 and 1.1 are chosen by ALPN. */
export interface Listener {
  /** For the Fastify instance that is to listen so. */
  readonly options: FastifyServerOptions
  /** Once for its server: answers what Node would refuse by itself, and takes new certificates. */
  attend(server: Server): void
  close(): void
}

const limits = {
  keepAliveTimeout: 72_000,
  headerBytes: 16_384,
  /** Requests at once over one connection of HTTP/2. */
  streams: 100,
}

/** Fails with `StartError` when the certificate cannot be used. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { tls, headersTimeout = 20_000, requestTimeout = 600_000, headers = {}, base = '', log } = options
  const refuse = refusing(headers, base, log)
  const { keepAliveTimeout, headerBytes } = limits
  const http1 = {
    maxHeaderSize: headerBytes,
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval: headersTimeout / 4,
    requireHostHeader: false,
  }
  const shared = {
    requestTimeout,
    keepAliveTimeout,
    connectionTimeout: 0,
    forceCloseConnections: 'idle',
    // Who comes over an open connection while the platform stops is served like any other.
    return503OnClosing: false,
    clientErrorHandler: refuse.socket,
  } as const
  const attend = (server: Server): void => answerOddities(server, refuse)
  if (!tls) return { options: { ...shared, http: http1 } as FastifyServerOptions, attend, close() {} }

  const certificate = await openCertificate(tls, options)
  return {
    options: {
      ...shared,
      http2: true,
      http2SessionTimeout: keepAliveTimeout,
      https: {
        ...certificate.context(),
        allowHTTP1: true,
        http1Options: http1,
        handshakeTimeout: headersTimeout,
        settings: { maxConcurrentStreams: limits.streams, maxHeaderListSize: headerBytes, enablePush: false },
      },
    } as FastifyServerOptions,
    attend(server) {
      attend(server)
      // That it speaks TLS was decided above, where no type follows.
      const secure = server as unknown as Http2SecureServer & Pick<Server, 'closeAllConnections'>
      certificate.follow(context => secure.setSecureContext(context))
      // What the server of HTTP/1.1 has of its own.
      const sockets = new Set<Socket>()
      secure.on('connection', socket => sockets.add(socket.once('close', () => sockets.delete(socket))))
      secure.closeAllConnections = () => sockets.forEach(socket => socket.destroy())
      secure.on('stream', (stream, _, flags) => {
        if (flags & constants.NGHTTP2_FLAG_END_STREAM) return
        const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeout)
        const inTime = () => clearTimeout(late)
        stream.once('end', inTime).once('close', inTime)
      })
    },
    close: certificate.close,
  }
}

/** Node would refuse these by itself, without a problem. */
function answerOddities(server: Server, refuse: ReturnType<typeof refusing>): void {
  server.on('connect', (request, second: Socket | Http2ServerResponse) => {
    if (!('stream' in request)) return refuse.socket({ code: 'METHOD_CONNECT' }, second as Socket)
    const { status, headers, body } = refuse.answer('METHOD_CONNECT')
    // The types of Node know CONNECT over HTTP/1.1 alone.
    ;(request as unknown as Http2ServerRequest).resume()
    ;(second as Http2ServerResponse).writeHead(status, headers).end(body)
  })
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
}

const refusals: Record<string, [status: number, title: string, code: string]> = {
  HPE_HEADER_OVERFLOW: [431, 'Request header fields too large', 'headers_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request timeout', 'request_too_slow'],
  METHOD_CONNECT: [405, 'Method not allowed', 'method_not_allowed'],
}

/** Refusals where there is no request to answer, with all that others have too. */
function refusing(everywhere: Record<string, string>, base: string, log: Log) {
  function answer(reason: string | undefined) {
    const [status, title, code] = refusals[reason ?? ''] ?? [400, 'Bad request', 'request_malformed']
    const traceId = newTraceId()
    log.debug({ traceId, status, code, reason }, 'what arrived was not taken')
    const body = JSON.stringify({ type: base + problemType(code), title, status, code, detail: `${title}.`, traceId })
    const headers = {
      ...everywhere,
      'x-request-id': traceId,
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      ...(status === 405 && { allow: methods.join(', ') }),
    }
    return { status, title, body, headers }
  }
  return {
    answer,
    /** Bytes that are not HTTP, or heads that are too large or too slow: there is only a socket. */
    socket(error: { code?: string }, socket: Socket): void {
      const untrusted = /^ERR_(SSL|TLS)_/.test(error.code ?? '')
      if (untrusted || socket.destroyed || !socket.writable) return void socket.destroy()
      const { status, title, body, headers } = answer(error.code)
      const head = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.end(`HTTP/1.1 ${status} ${title}\r\n${head.join('')}\r\n${body}`)
    },
  }
}
