import Type from 'typebox'
import { TariffTerms } from '#contracts/billing'
import { Id, Instant } from '#contracts/shared'
import { authorise, cursorOf, isCount, languageOf, listQuery, Page, page, Problem, timeOf } from '#kernel'
import { wordsOf } from '#money/tariff-words'
import { sellers } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { PriceView, ReservationView, ReservedMinutes, viewPrice, viewReservation } from '../quotes/routes.ts'
import { priceOf, type Moment } from '#money/tariff-price'
import { requireTerms } from './routes.ts'
import { findTariff, listVersions } from './store.ts'

const Minutes = Type.Integer({ minimum: 0, maximum: 43_200, examples: [45] })

const TrialView = Type.Object(
  {
    words: Type.Array(Type.String({ examples: ['€0.49 per kWh'] }), {
      description: 'As drivers read it, a price a line, in the order of Regulation (EU) 2023/1804, Art. 5(4)',
    }),
    price: PriceView,
    reservation: {
      ...Type.Union([ReservationView, Type.Null()]),
      description: 'What it costs beside that a plug is kept; null is nothing',
    },
  },
  { title: 'TariffTrial' },
)

const VersionView = Type.Object(
  {
    version: Type.Integer({ minimum: 1, examples: [1] }),
    since: { ...Instant, description: 'Sessions that begin from then on cost by these terms' },
    terms: TariffTerms,
  },
  { title: 'TariffVersion' },
)

const config = { access: sellers }

/** What terms come to before anybody is held to them, and what they were before. */
export function tariffTrialRoutes({ db, http }: BillingHost): void {
  http.post(
    '/tariffs/try',
    {
      config,
      schema: {
        summary: 'Say what a session would cost by terms, and how drivers read them',
        description:
          'By the function that prices sessions, line by line. Nothing is kept, and nobody is held to it. Words are in the ' +
          'language that the request likes best.',
        refuses: ['currency_unknown', 'time_zone_unknown', 'amount_too_great'],
        body: Type.Object({
          terms: TariffTerms,
          startedAt: Instant,
          timeZone: Type.String({
            maxLength: 64,
            pattern: '^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$',
            description: 'Of the place, by whose clock prices change',
            examples: ['Europe/Berlin'],
          }),
          energyWh: Type.Integer({ minimum: 0, maximum: 10_000_000, examples: [20_000] }),
          minutes: { ...Minutes, description: 'In which it flows, evenly' },
          idleMinutes: Type.Optional({ ...Minutes, description: 'In which the car stands there afterwards' }),
          reservedMinutes: Type.Optional(ReservedMinutes),
        }),
        response: { 200: TrialView },
      },
    },
    async request => {
      const { terms, timeZone, energyWh, minutes, idleMinutes = 0, reservedMinutes = 15, ...body } = request.body
      requireTerms(terms)
      requireZone(timeZone)
      const begin = timeOf(body.startedAt).getTime()
      const full = begin + minutes * 60_000
      const course: Moment[] = [
        { at: begin, energyWh: 0 },
        { at: full, energyWh },
        ...(idleMinutes > 0 ? [{ at: full + idleMinutes * 60_000, energyWh }] : []),
      ]
      const price = viewPrice(priceOf(terms, course, timeZone), terms)
      const reservation = viewReservation(terms, begin, reservedMinutes, timeZone)
      return { words: wordsOf(languageOf(request), terms), price, reservation }
    },
  )

  http.get(
    '/tariffs/:id/versions',
    {
      config,
      schema: {
        summary: 'What a tariff said since when, the newest first',
        refuses: ['tariff_unknown'],
        params: Type.Object({ id: Id }),
        querystring: listQuery({}),
        response: { 200: Page(VersionView) },
      },
    },
    async ({ actor, params, query: { limit, after } }) => {
      const tariff = await findTariff(db, params.id)
      authorise(actor, 'read', tariff, 'tariff_unknown')
      const before = cursorOf(after, isCount)?.[0] as number | undefined
      const rows = await listVersions(db, params.id, limit + 1, before)
      return page(
        rows,
        limit,
        ({ version }) => [version],
        row => ({ ...row, since: row.since.toISOString() }),
      )
    },
  )
}

function requireZone(timeZone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone)
  } catch {
    throw new Problem('unprocessable', 'time_zone_unknown', {
      errors: [{ pointer: '/timeZone', detail: 'must be a time zone like Europe/Berlin' }],
    })
  }
}
