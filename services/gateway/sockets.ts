import { request as overHttp, type IncomingMessage } from 'node:http'
import { request as overHttps } from 'node:https'
import type { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import { Problem, type FrontHost, type Knock, type Reply } from '#kernel'
import type { Server } from './directory.ts'

/** How long the other side may take to answer a handshake. */
const patienceMs = 10_000

/**
 * Passes a handshake on, and what follows it both ways, as it comes. Tries one address after the other while none has
 * taken it; resolves once it was answered. Fails with `service_unavailable`.
 */
export async function passSocket(
  { peers }: FrontHost,
  request: FastifyRequest,
  reply: Reply,
  to: Server & { path: string; headers: Record<string, string> },
  knock: () => Knock,
): Promise<void> {
  const tried = new Set(to.lacking)
  for (let address = peers.pick(to.service, tried); address; address = peers.pick(to.service, tried)) {
    tried.add(address)
    const answer = await peers.at(address, () => shakeHands(address!, request, to)).catch(() => undefined)
    if (!answer) continue
    if ('upstream' in answer) return join(answer, knock())
    // Refused, as by who was asked.
    const { response } = answer
    const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...headers } = response.headers
    await reply.code(response.statusCode!).headers(headers).send(response)
    return
  }
  throw new Problem('unavailable', 'service_unavailable', {
    detail: 'A part of the platform does not answer. Try again.',
    retryAfter: 1,
  })
}

interface Taken {
  readonly response: IncomingMessage
  readonly upstream: Socket
  readonly first: Buffer
}

function shakeHands(
  address: string,
  { raw }: FastifyRequest,
  { path, headers }: { path: string; headers: Record<string, string> },
): Promise<Taken | { response: IncomingMessage }> {
  const url = new URL(path, address)
  const send = url.protocol === 'https:' ? overHttps : overHttp
  return new Promise((resolve, reject) => {
    const asked = send(url, {
      // The path as it came: a URL would decode what an identity has encoded.
      path: raw.url!,
      headers: { ...headers, connection: 'Upgrade', upgrade: 'websocket' },
      timeout: patienceMs,
    })
    asked.once('timeout', () => asked.destroy(new Error('no answer to a handshake')))
    asked.once('error', reject)
    asked.once('response', response => resolve({ response }))
    asked.once('upgrade', (response, upstream, first) => resolve({ response, upstream, first }))
    asked.end()
  })
}

function join({ response, upstream, first }: Taken, { socket, head }: Knock): void {
  const lines = [`HTTP/1.1 ${response.statusCode} ${response.statusMessage}`]
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    lines.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (first.length > 0) socket.write(first)
  if (head.length > 0) upstream.write(head)
  for (const end of [socket, upstream]) end.setNoDelay(true).setTimeout(0).setKeepAlive(true, 60_000)
  upstream.on('error', () => socket.destroy())
  socket.on('error', () => upstream.destroy())
  upstream.on('close', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
  upstream.pipe(socket)
  socket.pipe(upstream)
}
