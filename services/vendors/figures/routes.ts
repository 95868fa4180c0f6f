import Type from 'typebox'
import { Currency, Id, Minor } from '#contracts/shared'
import { Problem, signedIn } from '#kernel'
import type { VendorsHost } from '../host.ts'
import { vendorIdOf } from '../profiles/routes.ts'
import { findProfile } from '../profiles/store.ts'

const Day = Type.String({
  pattern: '^\\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$',
  maxLength: 10,
  examples: ['2099-01-31'],
})
const mostDays = 400
const dayMs = 86_400_000

const sums = {
  currency: Currency,
  orders: Type.Integer({ minimum: 0, examples: [3] }),
  pieces: Type.Integer({ minimum: 0, examples: [4] }),
  totalMinor: { ...Minor, description: 'What buyers paid, less what went back' },
  commissionMinor: { ...Minor, description: 'What of it the platform keeps' },
}
const AnalyticsView = Type.Object(
  {
    from: Day,
    to: Day,
    totals: Type.Array(Type.Object(sums)),
    timeZone: Type.String({ examples: ['Europe/Berlin'], description: 'Of the days: that of the platform' }),
    days: Type.Array(Type.Object({ day: Day, ...sums }), {
      description: 'On which something was sold or went back',
    }),
    topProducts: Type.Array(
      Type.Object({
        productId: Id,
        name: Type.Union([Type.String({ examples: ['Wallbox 11 kW'] }), Type.Null()]),
        currency: Currency,
        pieces: sums.pieces,
        totalMinor: Minor,
      }),
      { description: 'Those that were sold for most, ten at most' },
    ),
  },
  { title: 'VendorAnalytics' },
)

/** What a vendor sold, by day. */
export function analyticsRoutes({ db, http, now, settings }: VendorsHost): void {
  const timeZone = settings.ANALYTICS_TIME_ZONE
  http.get(
    '/analytics',
    {
      config: { access: signedIn },
      schema: {
        summary: 'What one sold, by day and product',
        description: 'The last thirty days unless days are named; 400 at most. Of the vendor that one is.',
        refuses: ['vendor_unknown'],
        querystring: Type.Object(
          { from: Type.Optional(Day), to: Type.Optional({ ...Day, description: 'Included' }) },
          { additionalProperties: false, examples: [{}] },
        ),
        response: { 200: AnalyticsView },
      },
    },
    async ({ actor, query }) => {
      const vendorId = vendorIdOf(actor)
      if (!(await findProfile(db, vendorId))) throw new Problem('not_found', 'vendor_unknown')
      const today = Temporal.Instant.fromEpochMilliseconds(now().getTime()).toZonedDateTimeISO(timeZone).toPlainDate()
      const to = query.to ?? today.toString()
      const from = query.from ?? new Date(Date.parse(to) - 29 * dayMs).toISOString().slice(0, 10)
      if (!(from <= to) || Date.parse(to) - Date.parse(from) >= mostDays * dayMs)
        throw new Problem('invalid', 'request_invalid', { detail: `Name up to ${mostDays} days, the first one first.` })
      const begins = (day: string, after: number) =>
        db`((${day}::date + ${after}::int)::timestamp at time zone ${timeZone})`
      const within = db`m.vendor_id = ${vendorId} and m.at >= ${begins(from, 0)} and m.at < ${begins(to, 1)}`
      const figures = db`
        count(distinct order_id) filter (where pieces > 0)::int as orders, sum(pieces)::int as pieces,
        sum(total_minor)::float8 as "totalMinor", sum(commission_minor)::float8 as "commissionMinor"`
      type Sums = { currency: string; orders: number; pieces: number; totalMinor: number; commissionMinor: number }
      const [days, totals, topProducts] = await Promise.all([
        db<(Sums & { day: string })[]>`
          select to_char(at at time zone ${timeZone}, 'YYYY-MM-DD') as day, currency, ${figures} from moves m where ${within}
          group by 1, 2 order by 1, 2`,
        db<Sums[]>`select currency, ${figures} from moves m where ${within} group by 1 order by 1`,
        db<{ productId: string; name: string | null; currency: string; pieces: number; totalMinor: number }[]>`
          select m.product_id as "productId", max(p.name) as name, m.currency, sum(m.pieces)::int as pieces,
            sum(m.total_minor)::float8 as "totalMinor"
          from moves m left join products p on p.product_id = m.product_id
          where m.product_id is not null and ${within}
          group by m.product_id, m.currency order by 5 desc, 1 limit 10`,
      ])
      return { from, to, timeZone, totals, days, topProducts }
    },
  )
}
