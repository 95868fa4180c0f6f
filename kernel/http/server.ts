import { createPrivateKey, X509Certificate } from 'node:crypto'
import { watch, type FSWatcher } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import { constants, type Http2SecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { FastifyServerOptions } from 'fastify'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { StartError } from '../problem.ts'

/** PEM files of a certificate with its chain and of its key. */
export interface TlsFiles {
  readonly cert: string
  readonly key: string
}

export interface ListenerOptions {
  /** HTTPS; plain HTTP without it. */
  tls?: TlsFiles
  log: Log
  metrics: Metrics
  now?: () => Date
  /** How long a head, or the greeting of TLS, may take to arrive, in milliseconds; 20 s unless given. */
  headersTimeout?: number
  /** How long a whole request may take, in milliseconds; 10 min unless given. */
  requestTimeout?: number
  /**
   * How often the certificate is looked at, in milliseconds, where no change of its files is told; 30 s unless given.
   */
  lookEvery?: number
}

/** How the platform listens: with plain HTTP, or with HTTPS, where HTTP/2 and 1.1 are chosen by ALPN. */
export interface Listener {
  /** For the Fastify instance that is to listen so. */
  readonly options: FastifyServerOptions
  /** Once for its server: answers what Node would refuse by itself, and takes new certificates. */
  attend(server: Server): void
  close(): void
}

const day = 86_400_000
const limits = {
  keepAliveTimeout: 72_000,
  headerBytes: 16_384,
  /** Requests at once over one connection of HTTP/2. */
  streams: 100,
}

/**
 * What browsers of the last ten years speak; forward secret and authenticated, and none that HTTP/2 forbids (RFC 9113,
 * appendix A).
 */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  ...['ECDSA', 'RSA'].flatMap(kind =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map(rest => `ECDHE-${kind}-${rest}`),
  ),
].join(':')

/** Fails with `StartError` when the certificate cannot be used. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { tls, headersTimeout = 20_000, requestTimeout = 600_000 } = options
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
    clientErrorHandler: malformed,
  } as const
  if (!tls) return { options: { ...shared, http: http1 } as FastifyServerOptions, attend: answerOddities, close() {} }

  const certificate = await openCertificate({ ...options, tls })
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
      answerOddities(server)
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

interface Pair {
  readonly cert: Buffer
  readonly key: Buffer
  readonly endsAt: Date
}

/**
 * A certificate that follows its files: whether they are written again, replaced, or a link on the way leads elsewhere.
 */
async function openCertificate({
  tls,
  log,
  metrics,
  now = () => new Date(),
  lookEvery = 30_000,
}: ListenerOptions & { tls: TlsFiles }) {
  let pair = await read(tls, now()).catch(error => {
    throw new StartError(`HTTPS is not possible with TLS_CERT_FILE and TLS_KEY_FILE: ${error.message}.`)
  })
  let take = (_: SecureContextOptions): void => {}
  let refused: string | undefined
  let remindedAt = 0
  let soon: NodeJS.Timeout | undefined
  const context = (): SecureContextOptions => ({
    cert: pair.cert,
    key: pair.key,
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
  })

  function remind(): void {
    const days = Math.floor((pair.endsAt.getTime() - now().getTime()) / day)
    if (days >= 14 || now().getTime() - remindedAt < day) return
    remindedAt = now().getTime()
    log.warn(
      { endsAt: pair.endsAt, days },
      days < 0 ? 'the certificate for HTTPS has expired' : 'the certificate for HTTPS expires soon',
    )
  }

  async function look(): Promise<void> {
    try {
      const found = await read(tls, now())
      refused = undefined
      if (!found.cert.equals(pair.cert) || !found.key.equals(pair.key)) {
        pair = found
        remindedAt = 0
        take(context())
        log.info({ endsAt: pair.endsAt }, 'took a new certificate for HTTPS')
      }
    } catch (error) {
      const { message } = error as Error
      if (message !== refused)
        log.warn({ cause: message }, 'a new certificate for HTTPS cannot be used; the one before stays')
      refused = message
    }
    remind()
  }

  remind()
  metrics.gauge(
    'ohmnibus_tls_certificate_expiry_timestamp_seconds',
    'When the certificate ends, in seconds since 1970',
    [],
    gauge => gauge.set(pair.endsAt.getTime() / 1000),
  )
  // A moment later, as certificate and key are two files.
  const lookSoon = (): void => {
    clearTimeout(soon)
    soon = setTimeout(() => void look(), 200)
  }
  const watchers = [...new Set([tls.cert, tls.key].map(file => dirname(file)))].flatMap(folder =>
    watching(folder, lookSoon),
  )
  const clock = setInterval(() => void look(), lookEvery).unref()
  return {
    context,
    follow: (taker: typeof take) => void (take = taker),
    close() {
      clearInterval(clock)
      clearTimeout(soon)
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** Where folders cannot be watched, the clock does it alone. */
function watching(folder: string, changed: () => void): FSWatcher[] {
  try {
    return [watch(folder, { persistent: false }, changed).on('error', () => {})]
  } catch {
    return []
  }
}

/** Fails with what is wrong in words that go on after a colon. */
async function read({ cert, key }: TlsFiles, now: Date): Promise<Pair> {
  const load = (file: string) =>
    readFile(file).catch(error => {
      const reasons: Record<string, string> = {
        ENOENT: 'there is no such file',
        EACCES: 'this user may not read it',
        EISDIR: 'it is a folder',
      }
      throw new Error(`${file}: ${reasons[error.code] ?? error.message}`)
    })
  const parsed = <T>(file: string, what: string, parse: () => T): T => {
    try {
      return parse()
    } catch (error) {
      throw new Error(`${file} is no ${what} in PEM that can be used (${(error as Error).message})`, { cause: error })
    }
  }
  const pair = { cert: await load(cert), key: await load(key) }
  if (/ENCRYPTED/.test(pair.key.toString('latin1')))
    throw new Error(`${key} asks for a passphrase; give the key without one`)
  const own = parsed(cert, 'certificate', () => new X509Certificate(pair.cert))
  const secret = parsed(key, 'private key', () => createPrivateKey(pair.key))
  if (!own.checkPrivateKey(secret)) throw new Error(`${key} is not the key of the first certificate in ${cert}`)
  if (own.validToDate <= now) throw new Error(`${cert} expired at ${own.validToDate.toISOString()}`)
  if (own.validFromDate > now)
    throw new Error(`${cert} is valid only from ${own.validFromDate.toISOString()}; look at the clock`)
  parsed(cert, 'certificate', () => createSecureContext(pair))
  return { ...pair, endsAt: own.validToDate }
}

/** Node would refuse these by itself, without a problem. */
function answerOddities(server: Server): void {
  server.on('connect', (request, second: Socket | Http2ServerResponse) => {
    if (!('stream' in request)) return malformed({ code: 'METHOD_CONNECT' }, second as Socket)
    const { status, headers, body } = refusalOf('METHOD_CONNECT')
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

function refusalOf(reason: string | undefined) {
  const [status, title, code] = refusals[reason ?? ''] ?? [400, 'Bad request', 'request_malformed']
  const body = JSON.stringify({ type: `urn:ohmnibus:problem:${code}`, title, status, code, detail: `${title}.` })
  return {
    status,
    title,
    body,
    headers: { 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(body) },
  }
}

/** Bytes that are not HTTP, or heads that are too large or too slow: there is no request to answer, only a socket. */
function malformed(error: { code?: string }, socket: Socket): void {
  const untrusted = /^ERR_(SSL|TLS)_/.test(error.code ?? '')
  if (untrusted || socket.destroyed || !socket.writable) return void socket.destroy()
  const { status, title, body, headers } = refusalOf(error.code)
  const head = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${head.join('')}\r\n${body}`)
}
