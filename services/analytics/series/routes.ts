import Type, { type Static } from 'typebox'
import { Grouping, Interval, Measure } from '#contracts/analytics'
import { ChargerId, Currency, Id, Instant } from '#contracts/shared'
import { Problem, type Actor } from '#kernel'
import { operators, ownersFor } from '../access.ts'
import { shown } from '../generations.ts'
import type { AnalyticsHost } from '../host.ts'
import type { Scope } from './figures.ts'
import { isOfSessions, measures } from './measures.ts'
import { linesOf } from './series.ts'
import { bucketsOf, spanQuery, spanRefusals } from './span.ts'

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const scopeQuery = {
  stationId: Type.Optional(Id),
  siteId: Type.Optional(Id),
  operatorId: Type.Optional({ ...Id, description: 'A person or an organisation' }),
  chargerId: Type.Optional(ChargerId),
  tariffId: Type.Optional(Id),
}
type ScopeQuery = Static<ReturnType<typeof Type.Object<typeof scopeQuery>>>

export const scopeOf = (actor: Actor, query: ScopeQuery): Scope => ({
  owners: ownersFor(actor),
  stationId: query.stationId,
  siteId: query.siteId,
  operatorId: query.operatorId,
  chargerId: query.chargerId,
  tariffId: query.tariffId,
})

export const Unit = Type.Enum(['Wh', 's', 'minor', 'count', 'ratio'], {
  description: '`minor`: in the minor unit of the currency; `ratio`: 1 is all, or one for each session',
  examples: ['Wh'],
})
const GroupName = nullable(
  Type.String({ description: 'Where it has one: stations and tariffs', examples: ['Market square'] }),
)
export const groupFields = {
  key: nullable(
    Type.String({
      description: 'Null for what belongs to no group, and for the whole',
      examples: ['IEC_62196_T2_COMBO'],
    }),
  ),
  name: GroupName,
  others: Type.Boolean({ description: 'All groups beyond `limit`', examples: [false] }),
  currency: nullable(Currency),
}

const Value = nullable(Type.Number({ description: 'Null where it means nothing', examples: [18_400] }))
const SeriesView = Type.Object(
  {
    measure: Measure,
    unit: Unit,
    interval: Interval,
    timeZone: Type.String({ examples: ['Europe/Berlin'] }),
    from: Instant,
    to: Instant,
    buckets: Type.Array(Instant, { description: 'When each interval begins; every one is there' }),
    series: Type.Array(Type.Object({ ...groupFields, total: Value, values: Type.Array(Value) })),
  },
  { title: 'FigureSeries' },
)
const TopView = Type.Object(
  {
    measure: Measure,
    unit: Unit,
    from: Instant,
    to: Instant,
    items: Type.Array(Type.Object({ ...groupFields, value: Value })),
  },
  { title: 'TopFigures' },
)

export const Limit = Type.Integer({ minimum: 1, maximum: 50, default: 10, description: 'How many groups at most' })

/** Fails with `group_not_measured`. */
export function requireMeasured(measure: Measure, grouping: Grouping | undefined, scope: Scope): void {
  if (isOfSessions(measure)) return
  if (grouping === 'tariff' || scope.tariffId !== undefined)
    throw new Problem('unprocessable', 'group_not_measured', {
      errors: [{ pointer: grouping === 'tariff' ? '/groupBy' : '/tariffId', detail: `${measure} is of no tariff` }],
    })
}

/** Figures as lines to be plotted, and who has the most. */
export function seriesRoutes({ http, db, now }: AnalyticsHost): void {
  http.get(
    '/series',
    {
      config: { access: operators },
      schema: {
        summary: 'Figures of charging by hour, day or month, ready to be plotted',
        description:
          'Operators see what is theirs, admins all. Energy and time of a session are spread over the half hours it ' +
          'lasted through, by its readings and evenly between two; sessions count when they begin, revenue when they end.',
        refuses: [...spanRefusals, 'group_not_measured'],
        querystring: Type.Object(
          {
            measure: Measure,
            interval: Type.Optional(Interval),
            groupBy: Type.Optional(Grouping),
            limit: Limit,
            ...spanQuery,
            ...scopeQuery,
          },
          { additionalProperties: false },
        ),
        response: { 200: SeriesView },
      },
    },
    async ({ actor, query }) => {
      const { measure, interval = 'day', groupBy: grouping, limit } = query
      const scope = scopeOf(actor, query)
      requireMeasured(measure, grouping, scope)
      const generation = await shown(db)
      const buckets = bucketsOf({ ...query, interval }, generation, now())
      const lines = await linesOf(db, measure, { generation, buckets, scope, grouping, now: now() }, limit)
      return {
        measure,
        unit: measures[measure].unit,
        interval,
        timeZone: buckets.timeZone,
        from: instantOf(buckets.starts[0]!),
        to: instantOf(buckets.to),
        buckets: buckets.starts.map(instantOf),
        series: lines.map(line => ({ ...line, values: [...line.values] })),
      }
    },
  )

  http.get(
    '/top',
    {
      config: { access: operators },
      schema: {
        summary: 'Who has the most of a figure: stations, or other groups',
        refuses: [...spanRefusals, 'group_not_measured'],
        querystring: Type.Object(
          { measure: Measure, groupBy: Type.Optional(Grouping), limit: Limit, ...spanQuery, ...scopeQuery },
          { additionalProperties: false },
        ),
        response: { 200: TopView },
      },
    },
    async ({ actor, query }) => {
      const { measure, groupBy: grouping = 'station', limit } = query
      const scope = scopeOf(actor, query)
      requireMeasured(measure, grouping, scope)
      const generation = await shown(db)
      const buckets = bucketsOf({ ...query, interval: 'day' }, generation, now())
      const lines = await linesOf(db, measure, { generation, buckets, scope, grouping, now: now() }, limit)
      return {
        measure,
        unit: measures[measure].unit,
        from: instantOf(buckets.starts[0]!),
        to: instantOf(buckets.to),
        items: lines.flatMap(({ values: _, total, ...line }) => (line.others ? [] : [{ ...line, value: total }])),
      }
    },
  )
}

export const instantOf = (at: number): string => new Date(at).toISOString()
