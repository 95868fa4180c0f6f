import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { anyone, bearerOf } from '../access/access.ts'
import type { Calls } from '../calls/calls.ts'
import type { EventLog } from '../events/events.ts'
import { mount, type Http } from '../http/http.ts'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { telling } from './acts.ts'
import { serveDeadLetters } from './dead-letters.ts'
import { serveHealth, type HealthOptions } from './health.ts'
import { serveSubscriptions } from './subscriptions.ts'

/** Who hears everything; `open` is for tests, where nothing else says it. */
type Private = { token: string | undefined; port: number | undefined; open: boolean }

/**
 * What operators and their tools ask: health, metrics, dead letters. `enter` and `leave` say whether this process takes
 * work; `listen` opens the private port.
 */
export function operations(
  options: Pick<HealthOptions, 'services' | 'elsewhere' | 'checks'> & {
    app: FastifyInstance
    inside: Private
    /** One a database. */
    eventLogs: readonly EventLog[]
    calls: Calls
    metrics: Metrics
    log: Log
  },
): { enter(): void; leave(): void; listen(host: string): Promise<() => void> } {
  const { app, inside, eventLogs, calls, metrics, log, ...health } = options
  let state: 'starting' | 'ready' | 'stopping' = 'starting'
  const isInside = insideBy(inside)
  const site = mount(app, [''])
  const admin = mount(app, ['/api/events'])
  const look = serveHealth(site, { ...health, state: () => state, isInside, log })
  serveMetrics(site, metrics, isInside)
  const told = telling(calls, log)
  serveDeadLetters(admin, eventLogs, told)
  serveSubscriptions(admin, eventLogs, told)
  return {
    enter() {
      state = 'ready'
      // The others tell of themselves when they start; nobody waits for these.
      void look(Object.keys(health.checks).filter(engine => !/^(database|kafka|relay|files)\b/.test(engine)))
    },
    leave: () => void (state = 'stopping'),
    listen: async host => (inside.port === undefined ? () => {} : await listenPrivately(app, inside.port, host)),
  }
}

function serveMetrics(site: Http, metrics: Metrics, isInside: (request: FastifyRequest) => boolean): void {
  site.get(
    '/metrics',
    {
      config: { access: anyone },
      schema: {
        summary: 'Figures for Prometheus',
        description: 'With METRICS_TOKEN as bearer token, or by METRICS_PORT.',
        refuses: ['metrics_local'],
        hide: true,
      },
    },
    async (request, reply) => {
      if (!isInside(request)) throw new Problem('forbidden', 'metrics_local')
      return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
    },
  )
}

/**
 * Who sends the token, or asks by the private port. Where somebody asks from tells nothing: a proxy on this machine that
 * does not say for whom it asks would make strangers of here.
 */
function insideBy({ token, port, open }: Private): (request: FastifyRequest) => boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const expected = token && digest(token)
  const isProven = ({ headers: { authorization } }: FastifyRequest): boolean =>
    expected ? timingSafeEqual(digest(bearerOf(authorization) ?? ''), expected) : open && !port
  return request => (port !== undefined && request.socket.localPort === port) || isProven(request)
}

/** Serves what operators ask, and nothing else, by the private port. Resolves with what closes it. */
async function listenPrivately(app: FastifyInstance, port: number, host: string): Promise<() => void> {
  const server = createServer({ headersTimeout: 20_000, requestTimeout: 30_000 }, (request, response) => {
    if (!/^\/(metrics|health(\/\w+)?)(\?|$)/.test(request.url!)) return void response.writeHead(404).end()
    app.routing(request, response)
  })
  server.listen(port, host)
  await once(server, 'listening')
  return () => server.close().closeAllConnections()
}
