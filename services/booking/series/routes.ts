import Type from 'typebox'
import { Id, Instant } from '#contracts/shared'
import {
  cursorOf,
  isId,
  isInstant,
  listQuery,
  newId,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  type Actor,
} from '#kernel'
import { isLate, requirePossible } from '../bookings/bookings.ts'
import { book, end, spotFor, type BookingTx, type Order } from '../bookings/making.ts'
import { reservationAt } from '../bookings/reserving.ts'
import { Evse, IdToken, spotRefusals } from '../bookings/routes.ts'
import { BookingView, nullable, One, view, type BookingShown } from '../bookings/view.ts'
import type { Books } from '../host.ts'
import { termsFor } from '../policies/store.ts'
import { mostDays, timesOf, type Times } from './days.ts'
import { cancelSeries, findSeries, insertSeries, listSeries, lockAheadOf, lockSeries, type Series } from './store.ts'

const Clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', maxLength: 5, examples: ['22:00'] })
const Day = Type.String({ format: 'date', examples: ['2037-02-16'] })
const said = {
  weekdays: Type.Array(Type.Integer({ minimum: 1, maximum: 7, examples: [1] }), {
    minItems: 1,
    maxItems: 7,
    uniqueItems: true,
    description: '1 is Monday',
  }),
  starts: { ...Clock, description: 'By the clock of the station, whatever its season' },
  ends: { ...Clock, description: 'Not after `starts`: on the next day', examples: ['06:00'] },
  firstDay: Day,
  lastDay: { ...Day, description: 'Included', examples: ['2037-02-27'] },
}

const SeriesView = Type.Object(
  {
    id: Id,
    driverId: Id,
    stationId: Id,
    evse: Type.Integer({ examples: [1] }),
    connector: Type.Integer({ examples: [1] }),
    place: Type.String({ examples: ['Depot'] }),
    timeZone: Type.String({ examples: ['Europe/Berlin'] }),
    weekdays: Type.Array(Type.Integer({ examples: [1] })),
    starts: Type.String({ examples: ['22:00'] }),
    ends: Type.String({ examples: ['06:00'] }),
    firstDay: Type.String({ examples: ['2037-02-16'] }),
    lastDay: Type.String({ examples: ['2037-02-27'] }),
    idToken: nullable(Type.String({ examples: ['04A2B9C1D2E380'] })),
    state: Type.Enum(['active', 'cancelled'], { examples: ['active'] }),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'BookingSeries' },
)

const Made = Type.Object(
  {
    series: SeriesView,
    bookings: Type.Array(BookingView),
    refused: Type.Array(
      Type.Object({ from: Instant, to: Instant, code: Type.String({ examples: ['booking_taken'] }) }),
      { description: 'What could not be booked, and why' },
    ),
  },
  { title: 'BookingSeriesMade' },
)

const viewSeries = ({ createdAt, weekdays, ...series }: Series) => ({
  ...series,
  weekdays: [...weekdays],
  createdAt: createdAt.toISOString(),
})

const own = (actor: Actor, series: Series | undefined): Series => {
  if (!series || (series.driverId !== actor.userId && actor.role !== 'admin'))
    throw new Problem('not_found', 'series_unknown')
  return series
}

/** Books each time by itself: what is taken or impossible does not keep the others from being made. */
async function bookAll(host: Books, tx: BookingTx, order: Omit<Order, keyof Times>, times: readonly Times[]) {
  const bookings: BookingShown[] = []
  const refused: { from: string; to: string; code: string }[] = []
  const at = host.now()
  for (const { fromAt, toAt } of times)
    try {
      requirePossible(order.terms, fromAt, toAt, at)
      const booking = await book(host, tx, { ...order, fromAt, toAt })
      if (!booking) throw new Problem('conflict', 'booking_taken')
      bookings.push(view(booking))
    } catch (error) {
      if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
      refused.push({ from: fromAt.toISOString(), to: toAt.toISOString(), code: error.code })
      if (bookings.length === 0 && refused.length === times.length) throw error
    }
  return { bookings, refused }
}

/** Bookings of a fleet, which come again. */
export function seriesRoutes(host: Books): void {
  const { http, db, now } = host
  const config = { access: signedIn }

  http.post(
    '/series',
    {
      config,
      schema: {
        summary: 'Book the same time on weekdays',
        description: `Each time is a booking of its own, ${mostDays} at the most; what cannot be booked is named, with why.`,
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: [
          ...spotRefusals,
          'series_empty',
          'booking_taken',
          'booking_times_invalid',
          'bookings_too_many',
          'driver_blocked',
        ],
        body: Type.Object({
          stationId: Id,
          evse: Evse,
          connector: Type.Optional(Evse),
          ...said,
          idToken: Type.Optional(IdToken),
        }),
        response: { 201: Made },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { stationId, evse, connector = 1, idToken = null, ...rule } = body
      const spot = await spotFor(host, actor, { stationId, evse, connector })
      const { timeZone, place } = spot
      const times = timesOf({ ...rule, timeZone })
      if (times.length === 0 || times.length > mostDays) throw new Problem('unprocessable', 'series_empty')
      const terms = await termsFor(host, spot.owner, stationId)
      if (!terms.open) throw new Problem('conflict', 'bookings_closed')
      const reservation = await reservationAt(host, spot, actor.userId)
      const at = now()
      const where = { stationId, evse, connector, place, timeZone, idToken }
      const made = { id: newId(at.getTime()), driverId: actor.userId, ...where, ...rule, version: 1, createdAt: at }
      const series: Series = { ...made, state: 'active' }
      const answer = await db.once(request, async tx => {
        await insertSeries(tx, series)
        const order = { spot, terms, reservation, driverId: actor.userId, idToken, seriesId: series.id }
        return { series: viewSeries(series), ...(await bookAll(host, tx, order, times)) }
      })
      return reply.code(201).header('location', `/api/bookings/series/${answer.series.id}`).send(answer)
    },
  )

  http.get(
    '/series',
    {
      config,
      schema: {
        summary: 'List one’s recurring bookings, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(SeriesView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isInstant, isId) as readonly [string, string] | undefined
      const rows = await listSeries(db, actor.userId, limit + 1, before)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], viewSeries)
    },
  )

  http.get(
    '/series/:id',
    {
      config,
      schema: {
        summary: 'Read recurring bookings',
        description: 'Its bookings are listed by `/api/bookings?seriesId=`.',
        gives: ['ETag'],
        refuses: ['series_unknown'],
        params: One,
        response: { 200: SeriesView },
      },
    },
    async ({ actor, params }, reply) => {
      const series = own(actor, await findSeries(db, params.id))
      return reply.header('etag', `"${series.version}"`).send(viewSeries(series))
    },
  )

  http.post(
    '/series/:id/cancel',
    {
      config,
      schema: {
        summary: 'Cancel recurring bookings',
        description: 'All that is still to come; what of it is late may cost something.',
        honours: ['If-Match'],
        refuses: ['series_unknown'],
        params: One,
        response: { 200: SeriesView },
      },
    },
    async (request, reply) => {
      const { actor, params } = request
      const series = await db.transaction(async tx => {
        const before = own(actor, await lockSeries(tx, params.id))
        requireMatch(request, before.version)
        for (const booking of await lockAheadOf(tx, before.id, now()))
          await end(host, tx, booking, { state: 'cancelled', by: 'driver', late: isLate(booking, now()) })
        if (before.state === 'cancelled') return before
        const cancelled: Series = { ...before, state: 'cancelled', version: before.version + 1 }
        await cancelSeries(tx, cancelled)
        return cancelled
      })
      return reply.header('etag', `"${series.version}"`).send(viewSeries(series))
    },
  )
}
