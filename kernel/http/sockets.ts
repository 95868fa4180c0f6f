import { ServerResponse, type IncomingMessage, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from '../problem.ts'

/** A connection whose client wants to speak WebSocket; whoever takes it writes the answer. */
export interface Knock {
  readonly socket: Socket
  /** What came behind the head already. */
  readonly head: Buffer
}

/** Connections that leave HTTP for WebSocket, at the paths that take them. */
export interface Sockets {
  /** `takes` says at which paths; `leave` runs while the platform stops, before what is still open is cut. */
  add(takes: (path: string) => boolean, leave?: () => Promise<void>): void
  /** The connection of a request that wants to leave HTTP: it is the caller's from here on. */
  take(request: FastifyRequest, reply: FastifyReply): Knock
  /** Whether a request wants to. */
  knocks(request: FastifyRequest): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly sockets: Sockets
  }
}

/**
 * Who knocks passes through the same routes, hooks and refusals as every request: only the answer is another one.
 * Elsewhere the wish is ignored, as HTTP lets us (RFC 9110 §7.8).
 */
export function openSockets(app: FastifyInstance): Sockets {
  const knocking = new WeakMap<IncomingMessage, Knock>()
  const doors: ((path: string) => boolean)[] = []
  const leaving: (() => Promise<void>)[] = []
  const open = new Set<Socket>()
  const server = app.server as Server & { shouldUpgradeCallback: (request: IncomingMessage) => boolean }
  server.shouldUpgradeCallback = ({ url = '', headers }) =>
    headers.upgrade?.toLowerCase() === 'websocket' && doors.some(takes => takes(url))
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    // Who is gone before there is an answer is nobody's fault.
    socket.on('error', () => socket.destroy())
    knocking.set(request, { socket, head })
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => socket.end())
    app.routing(request, response)
  })
  app.addHook('preClose', async () => {
    await Promise.allSettled(leaving.map(leave => leave()))
    for (const socket of open) socket.destroy()
  })
  return {
    add(takes, leave) {
      doors.push(takes)
      if (leave) leaving.push(leave)
    },
    knocks: request => knocking.has(request.raw),
    take(request, reply) {
      const knock = knocking.get(request.raw)
      if (!knock)
        throw new Problem('upgrade', 'upgrade_required', {
          detail: 'This address speaks WebSocket.',
          upgrade: 'websocket',
        })
      knocking.delete(request.raw)
      reply.hijack()
      reply.raw.removeAllListeners('finish')
      reply.raw.detachSocket(knock.socket)
      return knock
    },
  }
}
