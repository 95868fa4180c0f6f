import { readFileSync, watchFile, unwatchFile } from 'node:fs'
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { Problem, StartError } from '#kernel'
import { fingerprintOf, type Authority } from '../certificates/authority.ts'
import type { OcppHost } from '../host.ts'
import type { Gateway } from './gateway.ts'
import type { Presented } from './handshake.ts'

/** Suites that 2.0.1 asks for (A00.FR.318), two of which the port of browsers has not; older than TLS 1.2 is nothing. */
const suites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
].join(':')

/** Ports for chargers alone: `OCPP_PORT` without TLS, `OCPP_TLS_PORT` with it and for who has a certificate. */
export async function openPorts(host: OcppHost, gateway: Gateway, authority: Authority): Promise<void> {
  const { OCPP_PORT, OCPP_TLS_PORT, OCPP_TLS_CERT_FILES: certs, OCPP_TLS_KEY_FILES: keys } = host.settings
  if (OCPP_TLS_PORT && (certs.length === 0 || certs.length !== keys.length))
    throw new StartError('OCPP_TLS_PORT needs OCPP_TLS_CERT_FILES and as many OCPP_TLS_KEY_FILES.')
  if (OCPP_PORT) await listen(host, gateway, createServer(), 'OCPP_PORT', OCPP_PORT)
  if (OCPP_TLS_PORT)
    await listen(host, gateway, tlsServer(host, await authority.trusted()), 'OCPP_TLS_PORT', OCPP_TLS_PORT)
}

/** Trusts those who sign certificates of chargers, beside the authorities that are configured. */
function tlsServer({ settings, log, onStop }: OcppHost, authorities: readonly string[]): TlsServer {
  const { OCPP_TLS_CERT_FILES: certs, OCPP_TLS_KEY_FILES: keys, OCPP_TLS_CA_FILE: ca } = settings
  // Of two kinds, as chargers of either are: which is presented follows from what they know.
  const read = (): SecureContextOptions => ({
    cert: certs.map(file => readFileSync(file)),
    key: keys.map(file => readFileSync(file)),
    ca: [...authorities, ...(ca ? [readFileSync(ca)] : [])],
    // Each of them is trusted for itself, whoever signed it.
    allowPartialTrustChain: true,
    ciphers: suites,
    minVersion: 'TLSv1.2',
  })
  let files: SecureContextOptions
  try {
    files = read()
  } catch (error) {
    throw new StartError(`The files of OCPP_TLS_PORT cannot be read: ${(error as Error).message}.`)
  }
  // Who has none may prove itself by a password.
  const server = createTlsServer({ ...files, requestCert: true, rejectUnauthorized: false })
  const renew = (): void => {
    try {
      server.setSecureContext(read())
      log.info('chargers are shown the new certificate')
    } catch (error) {
      log.warn({ err: error }, 'the new certificate for chargers cannot be used; the old one stays')
    }
  }
  for (const file of certs) watchFile(file, { interval: 30_000, persistent: false }, renew)
  onStop(() => certs.forEach(file => unwatchFile(file, renew)))
  return server
}

async function listen(
  { settings, platform, onStop }: OcppHost,
  gateway: Gateway,
  server: Server | TlsServer,
  setting: string,
  port: number,
): Promise<void> {
  letIn(gateway, server)
  const address = settings.OCPP_HOST || (platform.mode === 'production' ? '0.0.0.0' : '127.0.0.1')
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve)).catch(
    error => {
      throw new StartError(`${setting}=${port} cannot be listened at: ${error.message}. Choose another port.`)
    },
  )
  onStop(() => void server.close())
}

/** Has chargers come in by a server that nobody else uses. */
export function letIn(gateway: Gateway, server: Server | TlsServer): void {
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const proof = {
      headers: request.headers,
      ip: socket.remoteAddress ?? '',
      certificate: presentedBy(socket),
    }
    gateway.admit(request.url ?? '', proof, () => ({ socket, head }), request).catch(error => refuse(socket, error))
  })
  server.on('request', (_, response) => response.writeHead(426, { upgrade: 'websocket' }).end())
}

/** A certificate that ours or a trusted authority signed. */
function presentedBy(socket: Socket): Presented | undefined {
  const { authorized, getPeerCertificate } = socket as Partial<TLSSocket>
  const certificate = authorized && getPeerCertificate?.call(socket)
  const name = certificate && certificate.subject?.CN
  return name ? { name: String(name), fingerprint: fingerprintOf(certificate) } : undefined
}

function refuse(socket: Socket, error: unknown): void {
  const status = error instanceof Problem ? error.status : 500
  const more = status === 401 ? 'WWW-Authenticate: Basic realm="OCPP"\r\n' : ''
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${more}Content-Length: 0\r\nConnection: close\r\n\r\n`)
}
