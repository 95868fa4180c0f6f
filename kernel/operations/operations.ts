import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { anyone, bearerOf } from '../access/access.ts'
import type { EventLog } from '../events/events.ts'
import { mount, type Http } from '../http/http.ts'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { serveDeadLetters } from './dead-letters.ts'
import { serveHealth, type HealthOptions } from './health.ts'
import { serveSubscriptions } from './subscriptions.ts'

/**
 * What operators and their tools ask: health, metrics, dead letters. `enter` and `leave` say whether this process takes
 * work.
 */
export function operations(
  options: Pick<HealthOptions, 'services' | 'elsewhere' | 'checks'> & {
    app: FastifyInstance
    metricsToken: string | undefined
    /** One a database. */
    eventLogs: readonly EventLog[]
    metrics: Metrics
    log: Log
  },
): { enter(): void; leave(): void } {
  const { app, metricsToken, eventLogs, metrics, log, ...health } = options
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  const isInside = insideBy(metricsToken)
  const site = mount(app, [''])
  const admin = mount(app, ['/api/events'])
  serveHealth(site, { ...health, state: () => state, isInside, log })
  serveMetrics(site, metrics, isInside)
  serveDeadLetters(admin, eventLogs, log)
  serveSubscriptions(admin, eventLogs)
  return {
    enter: () => void (state = 'ready'),
    leave: () => void (state = 'stopping'),
  }
}

function serveMetrics(site: Http, metrics: Metrics, isInside: (request: FastifyRequest) => boolean): void {
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
}

/**
 * Who sends the token, or asks from this machine where there is none. With a token it alone counts: a proxy on this
 * machine that does not say for whom it asks would make strangers of here.
 */
function insideBy(token: string | undefined): (request: FastifyRequest) => boolean {
  if (!token) return isLocal
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const expected = digest(token)
  return ({ headers: { authorization } }) => timingSafeEqual(digest(bearerOf(authorization) ?? ''), expected)
}

/** From this machine, and not through a proxy on it, which speaks for everybody. */
const isLocal = ({ socket, headers }: FastifyRequest): boolean =>
  ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(socket.remoteAddress ?? '') &&
  !(headers['x-forwarded-for'] ?? headers.forwarded)
