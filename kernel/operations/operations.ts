import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Id, Instant } from '../../contracts/shared.ts'
import { anyone, withRole } from '../access/access.ts'
import type { Config } from '../config/config.ts'
import type { EventLog } from '../events/events.ts'
import { mount } from '../http/http.ts'
import { cursorOf, isCount, isText, Page, page, pageQuery } from '../http/pagination.ts'
import { readNote } from '../telemetry/context.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { Problem } from '../problem.ts'

const Health = Type.Object(
  {
    status: Type.Enum(['ok', 'failing', 'stopping'], { examples: ['ok'] }),
    services: Type.Record(Type.String(), Type.String(), { examples: [{ identity: 'ok' }] }),
    engines: Type.Record(Type.String(), Type.String(), { examples: [{ database: 'ok', files: 'ok', mail: 'ok' }] }),
  },
  { title: 'Health' },
)

const DeadLetter = Type.Object(
  {
    id: Id,
    subscription: Type.String({ examples: ['notifications: tell (passport.created)'] }),
    service: Type.String({ examples: ['notifications'] }),
    topic: Type.String({ examples: ['passport.created'] }),
    key: Type.String({ description: 'The aggregate the event is about' }),
    eventId: Id,
    traceId: Type.String({ examples: ['0af7651916cd43dd8448eb211c80319c'] }),
    state: Type.Enum(['retrying', 'dead', 'waiting'], {
      examples: ['dead'],
      description: '`waiting` stand behind an earlier event of their key',
    }),
    attempts: Type.Integer({ examples: [5] }),
    error: Type.Union([Type.String(), Type.Null()]),
    publishedAt: Instant,
    failedAt: Type.Unsafe<string>({ ...Instant, description: 'The last try; of one that waits, when it came' }),
  },
  { title: 'DeadLetter' },
)

const Subscription = Type.Object(
  {
    subscription: Type.String({ examples: ['notifications: tell (passport.created)'] }),
    service: Type.String({ examples: ['notifications'] }),
    topic: Type.String({ examples: ['passport.created'] }),
    id: Type.Union([Type.String(), Type.Null()], { examples: ['tell'] }),
    purpose: Type.Union([Type.String(), Type.Null()], { examples: ['tell people'] }),
    movedAt: Type.Union([Instant, Type.Null()], { description: 'When it last handled something' }),
    orphanedAt: Type.Union([Instant, Type.Null()], { description: 'Since when no code has it any more' }),
  },
  { title: 'Subscription' },
)

const sharedMs = 2_000

/**
 * What operators and their tools ask: health, metrics, dead letters. `enter` and `leave` say whether this process takes
 * work.
 */
export function operations(options: {
  app: FastifyInstance
  config: Config
  /** One a database. */
  logs: readonly EventLog[]
  metrics: Metrics
  log: Log
  services: readonly string[]
  /** Those that run elsewhere, for who stands before them: `ok`, or what is wrong. */
  elsewhere?: () => Promise<Record<string, string>>
  checks: Record<string, () => PromiseLike<unknown>>
}): { enter(): void; leave(): void } {
  const { app, config, logs, metrics, log } = options
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  const site = mount(app, [''])
  const admin = mount(app, ['/api/events'])

  /** What the log has been told of an engine: nobody who asks often fills it. */
  const told = new Map<string, string>()
  /** A look costs every engine something. Strangers, who may ask as often as they like, share one for a while. */
  let looked: { at: number; found: ReturnType<typeof look> } | undefined

  async function look() {
    const faults = Object.entries(options.checks).map(
      async ([name, check]) => [name, await faultOf(name, check)] as const,
    )
    return { faults: await Promise.all(faults), elsewhere: await options.elsewhere?.() }
  }

  async function faultOf(name: string, check: () => PromiseLike<unknown>): Promise<string | undefined> {
    const late = new Promise<never>((_, reject) => setTimeout(reject, 2_000, new Error('timed out')).unref())
    try {
      await Promise.race([check(), late])
      told.delete(name)
      return undefined
    } catch (error) {
      const { message } = error as Error
      if (told.get(name) !== message) log.warn({ err: error, engine: name }, 'an engine fails its check')
      told.set(name, message)
      return message
    }
  }

  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const expected = config.METRICS_TOKEN && digest(`Bearer ${config.METRICS_TOKEN}`)
  /**
   * With a token it alone counts: a proxy on this machine that does not say for whom it asks would make strangers of
   * here.
   */
  const isInside = (request: FastifyRequest): boolean => {
    if (!expected) return isLocal(request)
    const { authorization } = request.headers
    return authorization !== undefined && timingSafeEqual(digest(authorization), expected)
  }

  site.get(
    '/health/live',
    {
      config: { access: anyone },
      schema: {
        summary: 'Whether the process runs',
        response: { 200: Type.Object({ status: Type.String({ examples: ['ok'] }) }, { title: 'Liveness' }) },
      },
    },
    () => ({ status: 'ok' }),
  )

  site.get(
    '/health/ready',
    {
      config: { access: anyone },
      schema: {
        summary: 'Whether the process takes work',
        refuses: ['platform_starting', 'platform_stopping'],
        response: { 200: Type.Object({ status: Type.String({ examples: ['ready'] }) }, { title: 'Readiness' }) },
      },
    },
    () => {
      if (state !== 'ready') throw new Problem('unavailable', `platform_${state}`, { retryAfter: 1 })
      return { status: state }
    },
  )

  site.get(
    '/health',
    {
      config: { access: anyone },
      schema: {
        summary: 'Each service and engine',
        description:
          'What is wrong with an engine is told to admins, and to whom /metrics is; others see that it is failing.',
        response: { 200: Health, 503: Health },
      },
    },
    async (request, reply) => {
      const inside = isInside(request) || request.visitor?.role === 'admin'
      if (inside || !looked || performance.now() - looked.at > sharedMs)
        looked = { at: performance.now(), found: look() }
      const { faults, elsewhere } = await looked.found
      const engines = Object.fromEntries(
        faults.map(([name, fault]) => [
          name,
          fault === undefined ? 'ok' : (inside && fault.slice(0, 200)) || 'failing',
        ]),
      )
      const here = Object.fromEntries(options.services.map(name => [name, state === 'ready' ? 'ok' : state]))
      const services = { ...elsewhere, ...here }
      const works = Object.values(engines).every(value => value === 'ok') && !Object.values(services).includes('away')
      const status = state === 'stopping' ? 'stopping' : works ? 'ok' : 'failing'
      return reply.code(status === 'ok' ? 200 : 503).send({ status, services, engines })
    },
  )

  site.get(
    '/metrics',
    {
      config: { access: anyone },
      schema: {
        summary: 'Figures for Prometheus',
        description: 'With METRICS_TOKEN as bearer token, or from this machine where none is set.',
        refuses: ['metrics_local'],
        hide: true,
      },
    },
    async (request, reply) => {
      if (!isInside(request))
        throw new Problem('forbidden', 'metrics_local', {
          detail: 'Metrics are for who sends METRICS_TOKEN as bearer token, or for this machine where none is set.',
        })
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    },
  )

  admin.get(
    '/dead-letters',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Events whose reaction failed',
        refuses: ['database_unavailable'],
        querystring: Type.Object(pageQuery),
        response: { 200: Page(DeadLetter) },
      },
    },
    async ({ query }) => {
      const after = cursorOf(query.after, isText, isCount) as [string, number] | undefined
      const rows = (await Promise.all(logs.map(log => log.deadLetters({ limit: query.limit + 1, after })))).flat()
      return page(
        rows.sort((a, b) =>
          a.subscription < b.subscription ? -1 : a.subscription > b.subscription ? 1 : a.position - b.position,
        ),
        query.limit,
        row => [row.subscription, row.position],
        ({ event_id: eventId, trace_id, published_at, failed_at, position: _, ...row }) => ({
          ...row,
          eventId,
          traceId: readNote(trace_id).traceId,
          publishedAt: published_at.toISOString(),
          failedAt: failed_at.toISOString(),
        }),
      )
    },
  )

  admin.post(
    '/dead-letters/:id/replay',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Try a dead letter again',
        refuses: ['dead_letter_unknown', 'database_unavailable'],
        params: Type.Object({ id: Id }),
        response: { 202: Type.Object({ id: Id }, { title: 'DeadLetterReplay' }) },
      },
    },
    async ({ params }, reply) => {
      if (!(await Promise.all(logs.map(log => log.replay(params.id)))).includes(true))
        throw new Problem('not_found', 'dead_letter_unknown')
      return reply.code(202).send({ id: params.id })
    },
  )

  admin.delete(
    '/dead-letters/:id',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Give a dead letter up',
        description: 'Its reaction never happens; what waits behind it goes on. It is logged who gave up what.',
        refuses: ['dead_letter_unknown', 'database_unavailable'],
        params: Type.Object({ id: Id }),
        response: { 204: Type.Null() },
      },
    },
    async ({ params, actor }, reply) => {
      const given = (await Promise.all(logs.map(log => log.giveUp(params.id)))).find(Boolean)
      if (!given) throw new Problem('not_found', 'dead_letter_unknown')
      log.warn({ ...given, userId: actor.userId }, 'a dead letter was given up')
      return reply.code(204).send()
    },
  )

  admin.get(
    '/subscriptions',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Who reacts to what',
        refuses: ['database_unavailable'],
        querystring: Type.Object(pageQuery),
        response: { 200: Page(Subscription) },
      },
    },
    async ({ query }) => {
      const [after] = (cursorOf(query.after, isText) as [string] | undefined) ?? []
      const rows = (await Promise.all(logs.map(log => log.subscriptions({ limit: query.limit + 1, after })))).flat()
      return page(
        rows.sort((a, b) => (a.subscription < b.subscription ? -1 : 1)),
        query.limit,
        row => [row.subscription],
        ({ moved_at, orphaned_at, ...row }) => ({
          ...row,
          movedAt: moved_at?.toISOString() ?? null,
          orphanedAt: orphaned_at?.toISOString() ?? null,
        }),
      )
    },
  )

  admin.post(
    '/subscriptions/replay',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'Let a subscription handle events again',
        description:
          'All there are, or those published at `from` and later. New events go on beside it, behind those of their key.',
        refuses: ['subscription_unknown', 'database_unavailable'],
        body: Type.Object({
          subscription: Type.String({
            minLength: 1,
            maxLength: 300,
            examples: ['notifications: tell (passport.created)'],
          }),
          from: Type.Optional(Instant),
        }),
        response: { 202: Type.Object({ subscription: Type.String() }, { title: 'SubscriptionReplay' }) },
      },
    },
    async ({ body }, reply) => {
      const from = body.from === undefined ? undefined : new Date(body.from)
      if (!(await Promise.all(logs.map(log => log.rewind(body.subscription, from)))).includes(true))
        throw new Problem('not_found', 'subscription_unknown')
      return reply.code(202).send({ subscription: body.subscription })
    },
  )

  return {
    enter: () => void (state = 'ready'),
    leave: () => void (state = 'stopping'),
  }
}

/** From this machine, and not through a proxy on it, which speaks for everybody. */
const isLocal = ({ socket, headers }: FastifyRequest): boolean =>
  ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(socket.remoteAddress ?? '') &&
  !(headers['x-forwarded-for'] ?? headers.forwarded)
