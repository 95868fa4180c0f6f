import Type from 'typebox'
import { PassportStatus } from '#contracts/passports'
import { Instant } from '#contracts/shared'
import { signedIn } from '#kernel'
import { ownersFor } from './access.ts'
import { shown } from './generations.ts'
import type { AnalyticsHost } from './host.ts'
import { instantOf } from './series/routes.ts'
import { bucketsOf, spanQuery } from './series/span.ts'

const Amount = Type.Integer({ minimum: 0, examples: [42] })
const CountsView = Type.Object(
  {
    total: Amount,
    counts: Type.Array(
      Type.Object({
        status: PassportStatus,
        category: Type.String({ description: 'As the passport says; `other` where it says nothing', examples: ['EV'] }),
        count: Amount,
      }),
    ),
  },
  { title: 'PassportCounts' },
)
const SeriesView = Type.Object(
  {
    interval: Type.Enum(['day', 'month'], { examples: ['day'] }),
    timeZone: Type.String({ examples: ['UTC'] }),
    from: Instant,
    to: Instant,
    buckets: Type.Array(Instant),
    created: Type.Array(Amount),
    published: Type.Array(Amount),
  },
  { title: 'PassportSeries' },
)

/** How many passports there are, to those whose they are. */
export function passportRoutes({ http, db, now }: AnalyticsHost): void {
  http.get(
    '/passports',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many passports one has, by status and category',
        response: { 200: CountsView },
      },
    },
    async ({ actor }) => {
      const { number } = await shown(db)
      const owners = ownersFor(actor)
      const counts = await db<{ status: PassportStatus; category: string; count: number }[]>`
        select status, category, sum(count)::int as count from passport_counts
        where generation = ${number} ${owners === undefined ? db`` : db`and owner_id = any(${owners}::uuid[])`}
        group by 1, 2 order by 1, 2`
      return { total: counts.reduce((sum, { count }) => sum + count, 0), counts }
    },
  )

  http.get(
    '/passports/series',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many passports were made and published, by day or month',
        description: 'Days of the time zone of the platform; under whose they are now, with those deleted since.',
        refuses: ['span_invalid', 'span_too_long'],
        querystring: Type.Object(
          {
            interval: Type.Optional(Type.Enum(['day', 'month'], { examples: ['day'] })),
            from: spanQuery.from,
            to: spanQuery.to,
          },
          { additionalProperties: false },
        ),
        response: { 200: SeriesView },
      },
    },
    async ({ actor, query }) => {
      const { interval = 'day' } = query
      const generation = await shown(db)
      const owners = ownersFor(actor)
      const buckets = bucketsOf({ ...query, interval }, generation, now())
      const { days, starts, to, timeZone, untilDay } = buckets
      const rows = await db<{ bucket: number; created: number; published: number }[]>`
        select width_bucket(day, (select ${days as string[]}::text[]::date[])) - 1 as bucket, sum(created)::int as created,
          sum(published)::int as published
        from passport_days
        where generation = ${generation.number} and day >= ${days[0]!}::text::date and day < ${untilDay}::text::date
          ${owners === undefined ? db`` : db`and owner_id = any(${owners}::uuid[])`}
        group by 1`
      const byBucket = new Map(rows.map(row => [row.bucket, row]))
      return {
        interval,
        timeZone,
        from: instantOf(starts[0]!),
        to: instantOf(to),
        buckets: starts.map(instantOf),
        created: starts.map((_, index) => byBucket.get(index)?.created ?? 0),
        published: starts.map((_, index) => byBucket.get(index)?.published ?? 0),
      }
    },
  )
}
