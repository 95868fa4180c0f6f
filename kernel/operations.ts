import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { Id, Instant } from '../contracts/shared.ts'
import { anyone, withRole } from './access.ts'
import type { Config } from './config.ts'
import type { EventLog } from './events.ts'
import { mount } from './http.ts'
import { cursorOf, isCount, isText, Page, page, pageQuery } from './lists.ts'
import type { Metrics } from './metrics.ts'
import { Problem } from './problem.ts'

const Health = Type.Object({
  status: Type.Enum(['ok', 'failing', 'stopping'], { examples: ['ok'] }),
  services: Type.Record(Type.String(), Type.String(), { examples: [{ identity: 'ok' }] }),
  engines: Type.Record(Type.String(), Type.String(), { examples: [{ database: 'ok', files: 'ok', mail: 'ok' }] }),
})

const DeadLetter = Type.Object({
  id: Id,
  subscription: Type.String({ examples: ['notifications: tell the owner (passport.created)'] }),
  service: Type.String({ examples: ['notifications'] }),
  topic: Type.String({ examples: ['passport.created'] }),
  key: Type.String({ description: 'The aggregate the event is about' }),
  eventId: Id,
  state: Type.Enum(['retrying', 'dead', 'waiting'], {
    examples: ['dead'],
    description: '`waiting` stand behind an earlier event of their key',
  }),
  attempts: Type.Integer({ examples: [5] }),
  error: Type.Union([Type.String(), Type.Null()]),
  publishedAt: Instant,
})

/** What operators and their tools ask: health, metrics, dead letters. `enter` and `leave` say whether this process takes work. */
export function operations(options: {
  app: FastifyInstance
  config: Config
  events: EventLog
  metrics: Metrics
  services: readonly string[]
  checks: Record<string, () => PromiseLike<unknown>>
}): { enter(): void; leave(): void } {
  const { app, config, events, metrics } = options
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  const site = mount(app, [''], 'operations')
  const admin = mount(app, ['/api/events'], 'operations')

  site.get(
    '/health/live',
    {
      config: { access: anyone },
      schema: { summary: 'Whether the process runs', response: { 200: Type.Object({ status: Type.String({ examples: ['ok'] }) }) } },
    },
    () => ({ status: 'ok' }),
  )

  site.get(
    '/health/ready',
    {
      config: { access: anyone },
      schema: {
        summary: 'Whether the process takes work',
        response: { 200: Type.Object({ status: Type.String({ examples: ['ready'] }) }) },
      },
    },
    () => {
      if (state !== 'ready') throw new Problem('unavailable', `platform_${state}`, { retryAfter: 1 })
      return { status: state }
    },
  )

  site.get(
    '/health',
    { config: { access: anyone }, schema: { summary: 'Each service and engine', response: { 200: Health, 503: Health } } },
    async (_, reply) => {
      const engines = Object.fromEntries(
        await Promise.all(
          Object.entries(options.checks).map(async ([name, check]) => {
            const timer = new Promise<never>((_, reject) => setTimeout(reject, 2_000, new Error('timed out')).unref())
            return [
              name,
              await Promise.race([check(), timer]).then(
                () => 'ok',
                error => (error as Error).message.slice(0, 200) || 'failing',
              ),
            ] as const
          }),
        ),
      )
      const status = state === 'stopping' ? 'stopping' : Object.values(engines).every(value => value === 'ok') ? 'ok' : 'failing'
      return reply
        .code(status === 'ok' ? 200 : 503)
        .send({ status, services: Object.fromEntries(options.services.map(name => [name, state === 'ready' ? 'ok' : state])), engines })
    },
  )

  site.get(
    '/metrics',
    {
      config: { access: anyone },
      schema: { summary: 'Figures for Prometheus', description: 'From this machine, or with METRICS_TOKEN as bearer token.', hide: true },
    },
    async (request, reply) => {
      const local = ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(request.ip)
      if (!local && (!config.METRICS_TOKEN || request.headers.authorization !== `Bearer ${config.METRICS_TOKEN}`))
        throw new Problem('forbidden', 'metrics_local', {
          detail: 'Metrics are for this machine, or for who sends METRICS_TOKEN as bearer token.',
        })
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    },
  )

  admin.get(
    '/dead-letters',
    {
      config: { access: withRole('admin') },
      schema: { summary: 'Events whose reaction failed', querystring: Type.Object(pageQuery), response: { 200: Page(DeadLetter) } },
    },
    async ({ query }) => {
      const rows = await events.deadLetters({
        limit: query.limit + 1,
        after: cursorOf(query.after, isText, isCount) as [string, number] | undefined,
      })
      return page(
        rows,
        query.limit,
        row => [row.subscription, row.position],
        ({ event_id: eventId, published_at, position: _, ...row }) => ({ ...row, eventId, publishedAt: published_at.toISOString() }),
      )
    },
  )

  admin.post(
    '/dead-letters/:id/replay',
    {
      config: { access: withRole('admin') },
      schema: { summary: 'Try a dead letter again', params: Type.Object({ id: Id }), response: { 202: Type.Object({ id: Id }) } },
    },
    async ({ params }, reply) => {
      if (!(await events.replay(params.id))) throw new Problem('not_found', 'dead_letter_unknown')
      return reply.code(202).send({ id: params.id })
    },
  )

  return {
    enter: () => void (state = 'ready'),
    leave: () => void (state = 'stopping'),
  }
}
