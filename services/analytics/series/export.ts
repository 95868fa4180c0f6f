import Type from 'typebox'
import { Grouping, Interval, type Measure } from '#contracts/analytics'
import { cellOf, Problem } from '#kernel'
import { operators } from '../access.ts'
import { shown } from '../generations.ts'
import type { AnalyticsHost } from '../host.ts'
import { isOfSessions, measures } from './measures.ts'
import { instantOf, scopeOf, scopeQuery } from './routes.ts'
import { linesOfAll } from './series.ts'
import { bucketsOf, spanQuery, spanRefusals, type Buckets } from './span.ts'

const mostFigures = 500_000

/** A figure by itself: what tables are made of elsewhere. */
interface Figure {
  readonly from: Date
  readonly to: Date
  readonly group: string | null
  readonly name: string | null
  readonly measure: string
  readonly unit: string
  readonly currency: string | null
  readonly value: number | null
}

/** Figures as files for spreadsheets and data tools. */
export function exportRoutes({ http, db, now }: AnalyticsHost): void {
  http.get(
    '/export',
    {
      config: { access: operators },
      schema: {
        summary: 'All figures of charging as a file, a line each: CSV or Parquet',
        description: `In the columns from, to, group, name, measure, unit, currency, value; ${mostFigures} lines at most.`,
        produces: ['text/csv', 'application/vnd.apache.parquet'],
        refuses: [...spanRefusals, 'too_many_figures'],
        querystring: Type.Object(
          {
            format: Type.Optional(Type.Enum(['csv', 'parquet'], { default: 'csv', examples: ['csv'] })),
            interval: Type.Optional(Interval),
            groupBy: Type.Optional(Grouping),
            ...spanQuery,
            ...scopeQuery,
          },
          { additionalProperties: false },
        ),
      },
    },
    async ({ actor, query }, reply) => {
      const { format = 'csv', interval = 'day', groupBy: grouping } = query
      const scope = scopeOf(actor, query)
      const generation = await shown(db)
      const buckets = bucketsOf({ ...query, interval }, generation, now())
      const isByTariff = grouping === 'tariff' || query.tariffId !== undefined
      const wanted = (Object.keys(measures) as Measure[]).filter(measure => !isByTariff || isOfSessions(measure))
      const lines = await linesOfAll(db, wanted, { generation, buckets, scope, grouping, now: now() }, mostFigures)
      const count = lines.values().reduce((sum, of) => sum + of.length * buckets.starts.length, 0)
      if (count > mostFigures) throw new Problem('unprocessable', 'too_many_figures')
      const figures = [...lines].flatMap(([measure, of]) =>
        of.flatMap(({ key, name, currency, values }) =>
          values.map((value, index) => ({
            ...spanOf(buckets, index),
            group: key,
            name,
            measure,
            unit: measures[measure].unit,
            currency,
            value,
          })),
        ),
      )
      const { type, bytes } = format === 'csv' ? csv(figures) : await parquet(figures)
      return reply
        .type(type)
        .header('content-disposition', `attachment; filename="figures.${format}"`)
        .header('cache-control', 'private, no-store')
        .send(bytes)
    },
  )
}

const spanOf = ({ starts, to }: Buckets, index: number) => ({
  from: new Date(starts[index]!),
  to: new Date(starts[index + 1] ?? to),
})

function csv(figures: readonly Figure[]) {
  const lines = figures.map(({ from, to, name, ...figure }) => ({
    from: instantOf(from.getTime()),
    to: instantOf(to.getTime()),
    group: figure.group,
    // Nobody calls a number so: whatever begins like a formula is kept from being one.
    name: name !== null && /^[+-]/.test(name) ? `'${name}` : name,
    measure: figure.measure,
    unit: figure.unit,
    currency: figure.currency,
    value: figure.value,
  }))
  const head = 'from,to,group,name,measure,unit,currency,value\r\n'
  const text = lines.map(line => `${Object.values(line).map(cellOf).join(',')}\r\n`)
  return { type: 'text/csv; charset=utf-8', bytes: Buffer.from(head + text.join('')) }
}

async function parquet(figures: readonly Figure[]) {
  // Loaded by who wants one.
  const { parquetWriteBuffer } = await import('hyparquet-writer')
  const column = (name: keyof Figure, type: 'STRING' | 'TIMESTAMP' | 'DOUBLE', nullable: boolean) => ({
    name,
    type,
    nullable,
    data: figures.map(figure => figure[name]),
  })
  const columnData = [
    column('from', 'TIMESTAMP', false),
    column('to', 'TIMESTAMP', false),
    column('group', 'STRING', true),
    column('name', 'STRING', true),
    column('measure', 'STRING', false),
    column('unit', 'STRING', false),
    column('currency', 'STRING', true),
    column('value', 'DOUBLE', true),
  ]
  const bytes = Buffer.from(parquetWriteBuffer({ columnData }))
  return { type: 'application/vnd.apache.parquet', bytes }
}
