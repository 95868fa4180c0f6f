import Type from 'typebox'
import type { Db } from '#kernel'
import { operators, ownersFor } from '../access.ts'
import { shown, type Generation } from '../generations.ts'
import type { AnalyticsHost } from '../host.ts'
import { nullable } from './routes.ts'

/** Of fewer an operator could tell who they are. */
const fewest = 5

const Drivers = nullable(
  Type.Integer({ minimum: 0, description: `Null for operators where it is one to ${fewest - 1}`, examples: [42] }),
)
const Month = Type.String({ pattern: '^\\d{4,6}-\\d{2}$', maxLength: 9, examples: ['2027-03'] })
const CohortsView = Type.Object(
  {
    cohorts: Type.Array(
      Type.Object({
        month: { ...Month, description: 'In which they charged for the first time' },
        drivers: Drivers,
        kept: Type.Array(
          Type.Object({
            months: Type.Integer({ minimum: 1, description: 'Later', examples: [1] }),
            drivers: Drivers,
            share: nullable(Type.Number({ minimum: 0, maximum: 1, examples: [0.4] })),
          }),
        ),
      }),
    ),
  },
  { title: 'DriverCohorts' },
)

/** Whether drivers come back. */
export function cohortRoutes({ http, db, now }: AnalyticsHost): void {
  http.get(
    '/cohorts',
    {
      config: { access: operators },
      schema: {
        summary: 'Drivers by the month in which they charged first, and how many charged again in which month',
        description:
          'At chargers that one operates; months of the time zone of the platform. Nobody is named, and to operators ' +
          'groups of less than five are not told.',
        querystring: Type.Object(
          { months: Type.Integer({ minimum: 1, maximum: 36, default: 12, description: 'Until the present one' }) },
          { additionalProperties: false },
        ),
        response: { 200: CohortsView },
      },
    },
    async ({ actor, query: { months } }) => {
      const generation = await shown(db)
      const last = Temporal.Instant.fromEpochMilliseconds(now().getTime())
        .toZonedDateTimeISO(generation.timeZone)
        .toPlainDate()
        .with({ day: 1 })
      const owners = ownersFor(actor)
      const rows = await listCohorts(db, generation, owners, last.subtract({ months: months - 1 }).toString())
      const told = (drivers: number): number | null =>
        owners !== undefined && drivers > 0 && drivers < fewest ? null : drivers
      const countOf = (month: string, later: number): number =>
        rows.find(row => row.month === month && row.later === later)?.drivers ?? 0
      return {
        cohorts: Array.from({ length: months }, (_, index) => {
          const first = last.subtract({ months: months - 1 - index })
          const month = first.toString().slice(0, 7)
          const drivers = told(countOf(month, 0))
          const kept = Array.from({ length: drivers === null || drivers === 0 ? 0 : months - 1 - index }, (_, at) => {
            const again = told(countOf(month, at + 1))
            const share = again === null ? null : Math.round((again / drivers!) * 10_000) / 10_000
            return { months: at + 1, drivers: again, share }
          })
          return { month, drivers, kept }
        }),
      }
    },
  )
}

const listCohorts = (db: Db, { number }: Generation, owners: readonly string[] | undefined, from: string) => db<
  { month: string; later: number; drivers: number }[]
>`
  with firsts as (
    select driver_id, min(month) as first from driver_months
    where generation = ${number} ${owners === undefined ? db`` : db`and owner_id = any(${owners as string[]}::uuid[])`}
    group by 1 having min(month) >= ${from}::text::date)
  select to_char(f.first, 'YYYY-MM') as month, count(distinct f.driver_id)::int as drivers,
    (extract(year from age(m.month, f.first)) * 12 + extract(month from age(m.month, f.first)))::int as later
  from firsts f join driver_months m on m.driver_id = f.driver_id and m.generation = ${number}
    ${owners === undefined ? db`` : db`and m.owner_id = any(${owners as string[]}::uuid[])`}
  group by f.first, later`
