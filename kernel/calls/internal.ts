import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { EventActor } from '../../contracts/shared.ts'
import { anyone } from '../access/access.ts'
import { mount } from '../http/http.ts'
import { Problem } from '../problem.ts'
import { within } from '../telemetry/context.ts'
import { inTime } from '../waiting.ts'
import type { Peers } from './peers.ts'
import { clientHeader, serviceToken } from './service-token.ts'

/** From the first try to the last, in milliseconds. */
export const deadlineMs = 5_000
/** How many of them are left to who is asked. */
export const deadlineHeader = 'x-ohmnibus-deadline'

/**
 * What other processes ask this one, with a token that only they can make: what it serves, and the calls that `answer`
 * answers. They are also believed who the client is.
 */
export function serveInternally(
  app: FastifyInstance,
  peers: Peers,
  answer: (name: string, question: unknown) => Promise<unknown>,
): void {
  const internal = mount(app, ['/internal'])
  const actors = new WeakMap<FastifyRequest, EventActor>()
  app.addHook('onRequest', (request, _reply, done) => {
    const client = request.headers[clientHeader] && peers.introduced(request.headers[clientHeader])
    if (client) Object.defineProperty(request, 'ip', { value: client })
    done()
  })

  internal.get(
    '/routes',
    {
      config: { access: anyone },
      schema: { summary: 'What is served here', refuses: ['service_token_invalid'], hide: true },
    },
    async ({ headers }) => {
      await peers.actorOf(headers[serviceToken], 'routes')
      // All but what takes everything, which is for nobody in particular.
      const own = app.documented.filter(({ url, config }) => config?.service && url !== '/*')
      return own.flatMap(({ method, url, config }) =>
        [method].flat().map(name => ({ method: name, url, service: config!.service })),
      )
    },
  )

  internal.scope((scope, internal) => {
    // Before the body is read, which may be a large one.
    scope.addHook('onRequest', async request => {
      const { name = '' } = request.params as { name?: string }
      actors.set(request, await peers.actorOf(request.headers[serviceToken], name))
    })
    internal.post(
      '/calls/:name',
      {
        config: { access: anyone },
        schema: {
          summary: 'Ask a service',
          refuses: 'any',
          params: Type.Object({ name: Type.String({ maxLength: 100 }) }),
          body: Type.Unknown(),
          hide: true,
        },
        bodyLimit: 1_048_576,
      },
      async request => {
        const { params, body, headers } = request
        const { name } = params
        const left = Math.min(Math.max(1, Number(headers[deadlineHeader]) || deadlineMs), deadlineMs)
        const late = () => new Problem('unavailable', 'call_late', { detail: `${name} took longer than ${left} ms.` })
        return await within({ actor: actors.get(request)!, deadline: performance.now() + left }, () =>
          inTime(left, () => answer(name, body), late),
        )
      },
    )
  })
}
