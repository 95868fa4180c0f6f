import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { anyone } from '../access/access.ts'
import type { Http } from '../http/http.ts'
import { Problem } from '../problem.ts'
import type { Log } from '../telemetry/log.ts'
import { innermost } from '../telemetry/outage.ts'
import { inTime } from '../waiting.ts'

const Health = Type.Object(
  {
    status: Type.Enum(['ok', 'failing', 'stopping'], { examples: ['ok'] }),
    services: Type.Record(Type.String(), Type.String(), { examples: [{ identity: 'ok' }] }),
    engines: Type.Record(Type.String(), Type.String(), { examples: [{ database: 'ok', files: 'ok', mail: 'ok' }] }),
  },
  { title: 'Health' },
)

/** What is known of the process and all it stands on. */
export interface HealthOptions {
  state: () => 'starting' | 'ready' | 'stopping'
  services: readonly string[]
  /** Those that run elsewhere, for who stands before them: `ok`, or what is wrong. */
  elsewhere?: (() => Promise<Record<string, string>>) | undefined
  /** By engine; each fails with what is wrong. */
  checks: Record<string, () => PromiseLike<unknown>>
  /** Who may hear what is wrong with an engine. */
  isInside: (request: FastifyRequest) => boolean
  log: Log
}

const sharedMs = 2_000
const patienceMs = 2_000

/** Answers what looks at engines by name, and tells the log of those that fail. */
export function serveHealth(site: Http, { state, services: own, isInside, ...options }: HealthOptions) {
  const look = looking(options)
  /** A look costs every engine something. Strangers, who may ask as often as they like, share one for a while. */
  let looked: { at: number; found: ReturnType<typeof look> } | undefined

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
      const status = state()
      if (status !== 'ready') throw new Problem('unavailable', `platform_${status}`, { retryAfter: 1 })
      return { status }
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
      const here = Object.fromEntries(own.map(name => [name, state() === 'ready' ? 'ok' : state()]))
      const services = { ...elsewhere, ...here }
      const works = Object.values(engines).every(value => value === 'ok') && !Object.values(services).includes('away')
      const status = state() === 'stopping' ? 'stopping' : works ? 'ok' : 'failing'
      return reply.code(status === 'ok' ? 200 : 503).send({ status, services, engines })
    },
  )
  return look
}

/** Asks every engine and every service elsewhere at once. */
function looking({ checks, elsewhere, log }: Pick<HealthOptions, 'checks' | 'elsewhere' | 'log'>) {
  /** What the log has been told of an engine: nobody who asks often fills it. */
  const told = new Map<string, string>()

  async function faultOf(name: string, check: () => PromiseLike<unknown>): Promise<string | undefined> {
    try {
      await inTime(patienceMs, check, () => new Error(`no answer in ${patienceMs / 1000} s`))
      told.delete(name)
      return undefined
    } catch (error) {
      const message = innermost(error)
      if (told.get(name) !== message) log.warn({ err: error, engine: name }, 'an engine fails its check')
      told.set(name, message)
      return message
    }
  }

  return async (engines = Object.keys(checks)) => {
    const faults = engines.map(async name => [name, await faultOf(name, checks[name]!)] as const)
    return { faults: await Promise.all(faults), elsewhere: await elsewhere?.() }
  }
}
