import Type, { type Static } from 'typebox'
import { TariffTerms } from '#contracts/billing'
import { Currency, Id, Instant, Minor } from '#contracts/shared'
import { getStation } from '#contracts/stations'
import { anyoneAsThemselves, type Db, newId, placeOf, Problem, type Tx } from '#kernel'
import { isBookable, ofReservations, priceOf, reservationPriceOf, type Moment, type Price } from '#money/tariff-price'
import { sellsAt } from '../access.ts'
import type { BillingHost } from '../host.ts'
import { tariffAt, tariffIn, termsOf } from '../tariffs/store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const PriceView = Type.Object(
  {
    currency: Currency,
    taxIncluded: Type.Boolean({ description: 'Whether amounts are with tax' }),
    totalMinor: Minor,
    lines: Type.Array(
      Type.Object({
        type: Type.Enum(['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT', 'MINIMUM', 'MAXIMUM'], { examples: ['ENERGY'] }),
        price: Type.String({ description: 'In major units per kWh, per hour or session', examples: ['0.49'] }),
        quantity: Type.Number({ description: 'Wh, seconds, or how many', examples: [18_400] }),
        amountMinor: Minor,
      }),
    ),
  },
  { title: 'Price' },
)

/** Fails with `amount_too_great` for what no number of JSON says. */
export function viewPrice(price: Price, terms: TariffTerms): Static<typeof PriceView> {
  if (!isBookable(price)) throw new Problem('unprocessable', 'amount_too_great')
  const { currency, totalMinor, lines } = price
  return {
    currency,
    taxIncluded: terms.taxIncluded,
    totalMinor: Number(totalMinor),
    lines: lines.map(line => ({ ...line, amountMinor: Number(line.amountMinor) })),
  }
}

export const ReservedMinutes = Type.Integer({
  minimum: 0,
  maximum: 43_200,
  description: 'So long a plug is kept for somebody who booked it; a quarter of an hour unless said',
  examples: [15],
})

export const ReservationView = Type.Object(
  {
    kept: PriceView,
    expired: PriceView,
  },
  { title: 'ReservationPrice', description: '`kept` until the driver comes; `expired` where nobody does' },
)

/** What it costs that a plug is kept so long from a moment on; null where that costs nothing. */
export function viewReservation(
  terms: TariffTerms,
  from: number,
  minutes: number,
  timeZone: string,
): Static<typeof ReservationView> | null {
  if (!ofReservations(terms)) return null
  const at = (isExpired: boolean) =>
    viewPrice(reservationPriceOf(terms, { from, to: from + minutes * 60_000, isExpired }, timeZone), terms)
  return { kept: at(false), expired: at(true) }
}

const QuoteView = Type.Object(
  {
    id: Id,
    stationId: Id,
    evse: Type.Integer({ examples: [1] }),
    connector: Type.Integer({ examples: [1] }),
    tariff: nullable(
      Type.Object(
        { id: Id, version: Type.Integer({ examples: [1] }), name: Type.String(), terms: TariffTerms },
        { description: 'Null where charging costs nothing' },
      ),
    ),
    price: nullable(PriceView),
    reservation: {
      ...nullable(ReservationView),
      description: 'What it costs beside that the plug is kept for the driver; null is nothing',
    },
    expiresAt: { ...Instant, description: 'A session that begins before then costs by these terms' },
  },
  { title: 'Quote' },
)

const Place = {
  stationId: Id,
  evse: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
  connector: Type.Integer({ minimum: 1, maximum: 1_000_000, examples: [1] }),
}

/** What charging at a plug costs; who asks is held to it, and so is who sells. */
export function quoteRoutes(host: BillingHost): void {
  const { db, http, now, ask, settings, cache } = host
  const strangers = cache.limit('quotes by place', { points: 60, seconds: 60 })
  http.post(
    '/quote',
    {
      config: { access: anyoneAsThemselves },
      schema: {
        summary: 'Say what charging would cost',
        description:
          'The price of so much energy in so many minutes from now on, with the terms behind it. A session of the same driver that begins ' +
          'at this plug before the quote ends costs by these terms, whatever became of the tariff meanwhile; so does a booking ' +
          'that is made before.',
        refuses: ['station_unknown', 'amount_too_great', 'too_many_requests'],
        body: Type.Object({
          ...Place,
          energyWh: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000_000, examples: [20_000] })),
          minutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 43_200, examples: [45] })),
          reservedMinutes: Type.Optional(ReservedMinutes),
        }),
        response: { 201: QuoteView },
      },
    },
    async ({ body, visitor: actor, ip }, reply) => {
      if (!actor) await strangers.take(placeOf(ip))
      const { stationId, evse, connector, energyWh = 20_000, minutes = 60, reservedMinutes = 15 } = body
      const station = await ask(getStation, { stationId })
      const driverId = actor?.userId ?? null
      const at = now()
      const ownerId = station.owner?.id
      if (
        station.deleted ||
        !(station.public || (actor && sellsAt(actor, station.owner)) || (await isMember(db, driverId, ownerId)))
      )
        throw new Problem('not_found', 'station_unknown')
      const tariff = ownerId && (await tariffAt(db, { ownerId, stationId, evse, connector, driverId }))
      const id = newId()
      const expiresAt = new Date(at.getTime() + settings.BILLING_QUOTE_LASTS)
      const answer = { id, stationId, evse, connector, expiresAt: expiresAt.toISOString() }
      reply.code(201)
      if (!tariff) return { ...answer, tariff: null, price: null, reservation: null }
      const course: Moment[] = [
        { at: at.getTime(), energyWh: 0 },
        { at: at.getTime() + minutes * 60_000, energyWh },
      ]
      const timeZone = station.timeZone ?? 'UTC'
      const price = viewPrice(priceOf(tariff.terms, course, timeZone), tariff.terms)
      const reservation = viewReservation(tariff.terms, at.getTime(), reservedMinutes, timeZone)
      // Of who is not signed in no session can be known as theirs.
      if (driverId !== null)
        await db.transaction(
          tx => tx`
            insert into quotes
              (id, driver_id, station_id, evse, connector, tariff_id, version, price, created_at, expires_at)
            values (${id}, ${driverId}, ${stationId}, ${evse}, ${connector}, ${tariff.id}, ${tariff.version},
              ${tx.json(price)}, ${at}, ${expiresAt})`,
        )
      const { name, terms, version } = tariff
      return { ...answer, tariff: { id: tariff.id, version, name, terms }, price, reservation }
    },
  )
}

/** Whether an owner has a driver in one of their groups. */
async function isMember(db: Db, driverId: string | null, ownerId: string | undefined): Promise<boolean> {
  if (!driverId || !ownerId) return false
  const [row] = await db`
    select from driver_group_members m join driver_groups g on g.id = m.group_id
    where m.driver_id = ${driverId} and g.owner_id = ${ownerId} limit 1`
  return row !== undefined
}

export interface Agreed {
  readonly quoteId: string | null
  readonly tariffId: string
  readonly version: number
  readonly terms: TariffTerms
}

/** By which terms a session costs that began then: those that were quoted for it last, else those that were in force. */
export async function agreedAt(
  db: Db,
  place: { ownerId: string; stationId: string; evse: number; connector: number; driverId: string | null },
  at: Date,
): Promise<Agreed | undefined> {
  const [quote] = await db<{ id: string; tariffId: string; version: number }[]>`
    select q.id, q.tariff_id as "tariffId", q.version from quotes q join tariffs t on t.id = q.tariff_id
    where q.station_id = ${place.stationId} and q.evse = ${place.evse} and q.driver_id = ${place.driverId}
      and (q.connector = ${place.connector} or ${place.connector} = 0)
      -- Nobody is held to what a former owner of the charger promised.
      and t.owner_id = ${place.ownerId}
      and q.created_at <= ${at} and q.expires_at > ${at}
    order by q.created_at desc limit 1`
  if (quote) {
    const { id: quoteId, tariffId, version } = quote
    return { quoteId, tariffId, version, terms: (await termsOf(db, tariffId, version))! }
  }
  // A session may be told of long after it began: what was in force then decides, and not what has been since.
  const then = await tariffIn(db, place, at)
  return then && { quoteId: null, ...then }
}

/** Quotes nobody can cite any more. */
export const dropQuotes = (tx: Tx, before: Date) => tx`delete from quotes where expires_at < ${before}`
