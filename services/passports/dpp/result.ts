import type { FastifyInstance } from 'fastify'
import { resultOf, type Refusal } from '#contracts/passports'

/** What is refused below `/v1` is said as EN 18222 does. */
export function asResult(app: FastifyInstance, now: () => Date): void {
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode < 400 || typeof payload !== 'string') return payload
    const { text, ...told } = JSON.parse(payload) as Partial<Refusal> & { text?: string }
    const refusal = { traceId: request.id, ...told, ...(text && { detail: text }), status: reply.statusCode }
    const { status, body } = resultOf(refusal, now())
    reply.code(status).type('application/json; charset=utf-8').removeHeader('content-length')
    return body
  })
  // So is that there is no such address, or that it does not take a method.
  void app.register(
    async below =>
      below.setNotFoundHandler(({ method, url }) => {
        throw app.strays.stray(method, url.replace(/\?.*$/s, '').replace(/\/$/, ''))
      }),
    { prefix: '/v1' },
  )
}
