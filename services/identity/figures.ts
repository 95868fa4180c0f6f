import { hostname } from 'node:os'
import Type, { type Static } from 'typebox'
import { Instant } from '#contracts/shared'
import { Problem, withRole } from '#kernel'
import type { IdentityHost } from './host.ts'

const methods = ['login', 'factor', 'passkey', 'logout', 'refresh', 'register', 'otp', 'reset'] as const
type Method = (typeof methods)[number]

/** Seconds; fine where people wait, so that quantiles out of them say something. */
const bounds = [
  0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 30,
]

const Seconds = Type.Union([Type.Number({ examples: [0.041] }), Type.Null()])

const Quantiles = Type.Object({ p50: Seconds, p95: Seconds, p99: Seconds })

const MethodFigures = Type.Object({
  attempts: Type.Integer({ examples: [120] }),
  succeeded: Type.Integer({ examples: [114] }),
  refused: Type.Record(Type.String(), Type.Integer(), {
    description: 'By code of the problem',
    examples: [{ credentials_invalid: 6 }],
  }),
  failed: Type.Integer({ description: 'Ended in a fault of the platform', examples: [0] }),
  successRate: Type.Union([Type.Number({ examples: [0.95] }), Type.Null()], {
    description: 'Of all attempts; null where there were none',
  }),
  seconds: Type.Object(
    { p50: Seconds, p95: Seconds, p99: Seconds },
    { description: 'How long attempts took, however they ended; estimated between the bounds of the histogram' },
  ),
  secondsBy: Type.Object(
    {
      succeeded: Quantiles,
      refused: Type.Record(Type.String(), Quantiles, {
        description: 'By code of the problem',
        examples: [{ credentials_invalid: { p50: 0.038, p95: 0.06, p99: 0.069 } }],
      }),
      failed: Quantiles,
    },
    { description: 'The same by how they ended and why' },
  ),
})

const FiguresView = Type.Object(
  {
    covers: Type.Object(
      {
        process: Type.String({ examples: ['ohmnibus-1 (pid 17)'] }),
        since: Instant,
      },
      {
        description:
          'The figures are of this one process since its start. Where several serve, add up what Prometheus reads of each at /metrics',
      },
    ),
    methods: Type.Object(
      Object.fromEntries(methods.map(method => [method, MethodFigures])) as Record<Method, typeof MethodFigures>,
    ),
  },
  { title: 'SignInFigures' },
)

/** Counts how attempts to prove who one is end and how long they take; who it was is in none of the figures. */
export function openFigures({ metrics, now }: IdentityHost) {
  const since = now().toISOString()
  const attempts = metrics.counter('ohmnibus_identity_attempts_total', 'How attempts to prove who one is ended', [
    'method',
    'outcome',
    'reason',
  ])
  const durations = metrics.histogram(
    'ohmnibus_identity_attempt_seconds',
    'How long attempts to prove who one is took',
    ['method', 'outcome', 'reason'],
    bounds,
  )

  /** What it takes does not matter, hence `any`: the type stays that of the handler. */
  function counted<H extends (...parameters: any[]) => Promise<unknown>>(method: Method, handler: H): H {
    return (async (...parameters: unknown[]) => {
      const took = durations.startTimer({ method })
      const ended = (outcome: string, reason: string) => {
        attempts.inc({ method, outcome, reason })
        took({ outcome, reason })
      }
      try {
        const answer = await handler(...parameters)
        ended('succeeded', '')
        return answer
      } catch (error) {
        if (error instanceof Problem) ended('refused', error.code)
        else ended('failed', 'internal_error')
        throw error
      }
    }) as H
  }

  async function read(): Promise<Static<typeof FiguresView>> {
    const [counts, buckets] = [(await attempts.get()).values, (await durations.get()).values]
    const of = (method: Method): Static<typeof MethodFigures> => {
      const own = counts.filter(({ labels }) => labels.method === method)
      const sum = (outcome: string) =>
        own.filter(({ labels }) => labels.outcome === outcome).reduce((total, { value }) => total + value, 0)
      const total = own.reduce((all, { value }) => all + value, 0)
      const took = buckets.filter(
        ({ labels, metricName }) => labels.method === method && metricName?.endsWith('_bucket'),
      )
      /** Of those that ended so. */
      const secondsOf = (outcome?: string, reason?: string): Static<typeof Quantiles> => {
        const cumulative = [...bounds, Infinity].map(bound => ({
          bound,
          count: took
            .filter(({ labels }) => outcome === undefined || labels.outcome === outcome)
            .filter(({ labels }) => reason === undefined || labels.reason === reason)
            .filter(({ labels }) => boundOf(labels) === bound)
            .reduce((all, { value }) => all + value, 0),
        }))
        return { p50: quantile(cumulative, 0.5), p95: quantile(cumulative, 0.95), p99: quantile(cumulative, 0.99) }
      }
      const refused = own
        .filter(({ labels }) => labels.outcome === 'refused')
        .map(({ labels, value }) => [String(labels.reason), value] as const)
      return {
        attempts: total,
        succeeded: sum('succeeded'),
        refused: Object.fromEntries(refused),
        failed: sum('failed'),
        successRate: total === 0 ? null : sum('succeeded') / total,
        seconds: secondsOf(),
        secondsBy: {
          succeeded: secondsOf('succeeded'),
          refused: Object.fromEntries(refused.map(([reason]) => [reason, secondsOf('refused', reason)])),
          failed: secondsOf('failed'),
        },
      }
    }
    return {
      covers: { process: `${hostname()} (pid ${process.pid})`, since },
      methods: Object.fromEntries(methods.map(method => [method, of(method)])) as Record<
        Method,
        Static<typeof MethodFigures>
      >,
    }
  }

  return { counted, read }
}

export type Figures = ReturnType<typeof openFigures>

/** The library's types do not know the label it gives to buckets. */
const boundOf = (labels: object): number => {
  const { le } = labels as { le?: number | string }
  return le === '+Inf' ? Infinity : Number(le)
}

/** As Prometheus estimates it: evenly spread within a bucket; the last bound where it lies beyond. */
function quantile(cumulative: readonly { bound: number; count: number }[], share: number): number | null {
  const total = cumulative.at(-1)!.count
  if (total === 0) return null
  const rank = share * total
  const at = cumulative.findIndex(({ count }) => count >= rank)
  const [below, found] = [cumulative[at - 1] ?? { bound: 0, count: 0 }, cumulative[at]!]
  if (found.bound === Infinity) return below.bound
  return below.bound + ((found.bound - below.bound) * (rank - below.count)) / (found.count - below.count)
}

export function figureRoutes({ host, figures }: { host: IdentityHost; figures: Figures }): void {
  host.http.get(
    '/metrics',
    {
      config: { access: withRole('admin') },
      schema: {
        summary: 'How signing in goes: counts, success rates and times of this process',
        description: 'Prometheus reads the same at `/metrics`, of every process by itself.',
        response: { 200: FiguresView },
      },
    },
    () => figures.read(),
  )
}
