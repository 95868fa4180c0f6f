import type { FastifyInstance } from 'fastify'

interface Told {
  status: number
  code: string
  detail: string
  traceId?: string
  errors?: { pointer: string; detail: string }[]
}

/**
 * What is refused below `/v1` is said as EN 18222 does: a Result of messages, with our codes in it. Its table of statuses
 * knows no 422.
 */
export function asResult(app: FastifyInstance, now: () => Date): void {
  app.addHook('onSend', async (_, reply, payload) => {
    if (reply.statusCode < 400 || typeof payload !== 'string') return payload
    const told = JSON.parse(payload) as Partial<Told> & { text?: string }
    const of = (code: string, text: string) => ({
      messageType: reply.statusCode < 500 ? 'Error' : 'Exception',
      text,
      code,
      correlationId: told.traceId ?? reply.request.id,
      timestamp: now().toISOString(),
    })
    const { code = 'internal_error', detail, text = detail ?? code, errors = [] } = told
    if (reply.statusCode === 422) reply.code(400)
    reply.type('application/json; charset=utf-8').removeHeader('content-length')
    const messages = [of(code, text), ...errors.map(one => of(code, `${one.pointer} ${one.detail}`))]
    return JSON.stringify({ messages })
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
