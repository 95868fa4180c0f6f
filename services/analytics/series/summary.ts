import Type from 'typebox'
import { Measure } from '#contracts/analytics'
import { Currency, Instant } from '#contracts/shared'
import { operators } from '../access.ts'
import { shown } from '../generations.ts'
import type { AnalyticsHost } from '../host.ts'
import { isOfSessions, measures } from './measures.ts'
import { instantOf, nullable, scopeOf, scopeQuery, Unit } from './routes.ts'
import { linesOfAll, type Line } from './series.ts'
import { bucketsOf, formerOf, spanQuery, spanRefusals } from './span.ts'

const Value = nullable(Type.Number({ examples: [18_400] }))
const Span = Type.Object({ from: Instant, to: Instant })
const SummaryView = Type.Object(
  {
    from: Instant,
    to: Instant,
    timeZone: Type.String({ examples: ['Europe/Berlin'] }),
    former: { ...Span, description: 'As long, right before' },
    figures: Type.Array(
      Type.Object({
        measure: Measure,
        unit: Unit,
        currency: nullable(Currency),
        value: Value,
        former: Value,
        change: nullable(
          Type.Number({ description: 'By what share of the former; null where that is nothing', examples: [0.125] }),
        ),
      }),
    ),
  },
  { title: 'FiguresSummary' },
)
const all = Object.keys(measures) as Measure[]

/** What a dashboard begins with. */
export function summaryRoutes({ http, db, now }: AnalyticsHost): void {
  http.get(
    '/summary',
    {
      config: { access: operators },
      schema: {
        summary: 'All figures of a span of days, beside those of the span before',
        description: 'Of the last thirty days where none is named; whole months are compared with as many months.',
        refuses: spanRefusals,
        querystring: Type.Object({ ...spanQuery, ...scopeQuery }, { additionalProperties: false }),
        response: { 200: SummaryView },
      },
    },
    async ({ actor, query }) => {
      const scope = scopeOf(actor, query)
      const generation = await shown(db)
      const buckets = bucketsOf({ ...query, interval: 'day' }, generation, now())
      const { timeZone } = buckets
      const span = formerOf(buckets)
      const before = bucketsOf(
        { interval: 'day', timeZone, from: instantOf(span.from), to: instantOf(span.to) },
        generation,
        now(),
      )
      const wanted = query.tariffId === undefined ? all : all.filter(isOfSessions)
      const of = (buckets: typeof before) =>
        linesOfAll(db, wanted, { generation, buckets, scope, grouping: undefined, now: now() }, 1)
      const [current, former] = await Promise.all([of(buckets), of(before)])
      return {
        from: instantOf(buckets.starts[0]!),
        to: instantOf(buckets.to),
        timeZone,
        former: { from: instantOf(span.from), to: instantOf(span.to) },
        figures: wanted.flatMap(measure => compared(measure, current.get(measure)!, former.get(measure)!)),
      }
    },
  )
}

/** In each currency that there is in either. */
function compared(measure: Measure, current: readonly Line[], former: readonly Line[]) {
  const { unit, money } = measures[measure]
  const currencies = [...new Set([...current, ...former].map(({ currency }) => currency))].sort()
  return currencies.map(currency => {
    const totalIn = (lines: readonly Line[]): number | null =>
      lines.find(line => line.currency === currency)?.total ?? (money ? 0 : null)
    const [value, before] = [totalIn(current), totalIn(former)]
    const change = value === null || !before ? null : Math.round(((value - before) / before) * 10_000) / 10_000
    return { measure, unit, currency, value, former: before, change }
  })
}
