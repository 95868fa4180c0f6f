import Type from 'typebox'
import { Currency, Id, Instant } from '#contracts/shared'
import { signedIn } from '#kernel'
import { ownersFor } from './access.ts'
import { shown } from './generations.ts'
import type { AnalyticsHost } from './host.ts'
import { instantOf } from './series/routes.ts'
import { bucketsOf, spanQuery } from './series/span.ts'

const Amounts = Type.Array(Type.Integer({ examples: [12_900] }))
const SeriesView = Type.Object(
  {
    interval: Type.Enum(['day', 'month'], { examples: ['day'] }),
    timeZone: Type.String({ examples: ['UTC'] }),
    from: Instant,
    to: Instant,
    buckets: Type.Array(Instant),
    series: Type.Array(
      Type.Object({
        currency: Currency,
        orders: Type.Array(Type.Integer({ examples: [3] }), { description: 'That were paid' }),
        pieces: Type.Array(Type.Integer({ examples: [4] })),
        totalMinor: { ...Amounts, description: 'What was paid, with tax and shipping' },
        taxMinor: Amounts,
        refundedMinor: { ...Amounts, description: 'What went back, when it did' },
        commissionMinor: { ...Amounts, description: 'What the platform keeps, without what it gave back' },
      }),
    ),
  },
  { title: 'ShopSeries' },
)

interface Row {
  readonly currency: string
  readonly bucket: number
  readonly orders: number
  readonly pieces: number
  readonly totalMinor: number
  readonly taxMinor: number
  readonly refundedMinor: number
  readonly commissionMinor: number
}

/** What the shop brings in: to admins all of it, to vendors what is theirs. */
export function shopRoutes({ http, db, now }: AnalyticsHost): void {
  http.get(
    '/orders/series',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What the shop sold and what went back, by day or month',
        description:
          'Days of the time zone of the platform. An order of several vendors counts once for each currency.',
        refuses: ['span_invalid', 'span_too_long'],
        querystring: Type.Object(
          {
            interval: Type.Optional(Type.Enum(['day', 'month'], { examples: ['day'] })),
            vendorId: Type.Optional({ ...Id, description: 'Only what this vendor sold' }),
            from: spanQuery.from,
            to: spanQuery.to,
          },
          { additionalProperties: false },
        ),
        response: { 200: SeriesView },
      },
    },
    async ({ actor, query }) => {
      const { interval = 'day', vendorId, from, to: until } = query
      const generation = await shown(db)
      const owners = ownersFor(actor)
      const span = { ...(from !== undefined && { from }), ...(until !== undefined && { to: until }) }
      const buckets = bucketsOf({ ...span, interval }, generation, now())
      const { days, starts, to, timeZone, untilDay } = buckets
      const rows = await db<Row[]>`
        select m.currency, width_bucket(m.day, (select ${days as string[]}::text[]::date[])) - 1 as bucket,
          count(distinct m.order_id) filter (where m.total_minor > 0 or m.pieces > 0)::int as orders,
          sum(m.pieces)::int as pieces, sum(m.total_minor)::float8 as "totalMinor", sum(m.tax_minor)::float8 as "taxMinor",
          sum(m.refunded_minor)::float8 as "refundedMinor", sum(m.commission_minor)::float8 as "commissionMinor"
        from shop_moves m
        where m.generation = ${generation.number} and m.day >= ${days[0]!}::text::date and m.day < ${untilDay}::text::date
          ${vendorId === undefined ? db`` : db`and m.vendor_id = ${vendorId}`}
          ${
            owners === undefined
              ? db``
              : db`and exists (select from shop_vendors v where v.generation = m.generation
                  and v.vendor_id = m.vendor_id and v.owner_id = any(${owners}::uuid[]))`
          }
        group by 1, 2 order by 1, 2`
      const series = [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, of]) => {
        const byBucket = new Map(of.map(row => [row.bucket, row]))
        const values = (name: Exclude<keyof Row, 'currency'>) =>
          starts.map((_, index) => byBucket.get(index)?.[name] ?? 0)
        return {
          currency,
          orders: values('orders'),
          pieces: values('pieces'),
          totalMinor: values('totalMinor'),
          taxMinor: values('taxMinor'),
          refundedMinor: values('refundedMinor'),
          commissionMinor: values('commissionMinor'),
        }
      })
      const ends = { from: instantOf(starts[0]!), to: instantOf(to) }
      return { interval, timeZone, ...ends, buckets: starts.map(instantOf), series }
    },
  )
}
