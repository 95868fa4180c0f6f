import { IncomingMessage } from 'node:http'
import { constants, type Http2ServerRequest } from 'node:http2'
import type { FastifyInstance } from 'fastify'

/** As long as nginx lingers by default. */
const patienceMs = 30_000

/**
 * What is left of a body once its answer is out is read and dropped: who still sends gets to see the answer, and the
 * connection serves its next request. Who sends on for longer than `patience` is cut off.
 */
export function readLeftovers(app: FastifyInstance, patience = patienceMs): void {
  app.addHook('onRequest', ({ raw, method }, reply, done) => {
    if (method !== 'GET' && !reply.raw.shouldKeepAlive && raw instanceof IncomingMessage) closeGently(raw)
    done()
  })
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    if (raw.complete === false && !raw.destroyed) drop(raw, patience)
    done()
  })
}

/** Of a connection that ends with its answer: Node would break it off under who still sends, answer and all. */
function closeGently(request: IncomingMessage): void {
  const { socket } = request
  const close = socket.destroySoon.bind(socket)
  socket.destroySoon = () => {
    if (request.complete) return close()
    socket.end()
    request.once('end', close)
  }
}

function drop(request: IncomingMessage | Http2ServerRequest, patience: number): void {
  const late = setTimeout(() => {
    if ('stream' in request) request.stream.close(constants.NGHTTP2_NO_ERROR)
    else request.socket.destroy()
  }, patience).unref()
  request.once('end', () => clearTimeout(late)).once('close', () => clearTimeout(late))
  request.unpipe()
  request.removeAllListeners('readable').removeAllListeners('data')
  request.on('data', () => {}).resume()
}
