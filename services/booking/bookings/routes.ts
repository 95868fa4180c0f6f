import Type from 'typebox'
import { Id, Instant, Line } from '#contracts/shared'
import {
  Count,
  counted,
  countQuery,
  listQuery,
  Page,
  page,
  Problem,
  requireMatch,
  signedIn,
  timeOf,
  type Actor,
  type Reply,
} from '#kernel'
import type { Books } from '../host.ts'
import { termsFor } from '../policies/store.ts'
import { isLate, mayManage, mayRead, requirePossible, type Booking } from './bookings.ts'
import { book, end, move, spotFor } from './making.ts'
import { reservationAt } from './reserving.ts'
import { bookingFilters, countBookings, searchBookings } from './search.ts'
import { findBooking, listTaken, lockBooking } from './store.ts'
import { BookingView, One, view } from './view.ts'

export const Evse = Type.Integer({ minimum: 1, maximum: 10_000, examples: [1] })
export const IdToken = Type.String({
  minLength: 1,
  maxLength: 255,
  pattern: '^[^\\u0000-\\u001f]+$',
  description: 'A card that may start there too, say of a fleet',
  examples: ['04A2B9C1D2E380'],
})
const From = { ...Instant, examples: ['2037-02-18T08:30:00.000Z'] }
const To = { ...Instant, examples: ['2037-02-18T09:30:00.000Z'] }
export const spotRefusals = ['station_unknown', 'connector_unknown', 'bookings_closed'] as const

/** What exists for who asks. */
export const readable = (actor: Actor, booking: Booking | undefined): Booking => {
  if (!booking || !mayRead(actor, booking)) throw new Problem('not_found', 'booking_unknown')
  return booking
}

export function bookingRoutes(host: Books): void {
  const { http, db, now } = host
  const answer = (reply: Reply, booking: Booking) => reply.header('etag', `"${booking.version}"`).send(view(booking))

  http.post(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Book a connector',
        description:
          'All of its EVSE, as one car charges there at a time. Times that touch do not overlap. What it costs is at ' +
          '`/terms`; what is shown there holds where its version is named.',
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: [
          ...spotRefusals,
          'booking_taken',
          'booking_times_invalid',
          'bookings_too_many',
          'driver_blocked',
          'terms_changed',
        ],
        body: Type.Object({
          stationId: Id,
          evse: Evse,
          connector: Type.Optional(Evse),
          from: From,
          to: To,
          idToken: Type.Optional(IdToken),
          termsVersion: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: 2_147_483_647,
              description: 'Of the terms that were shown',
              examples: [1],
            }),
          ),
        }),
        response: { 201: BookingView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { stationId, evse, connector = 1, idToken = null, termsVersion } = body
      const [fromAt, toAt] = [timeOf(body.from), timeOf(body.to)]
      const spot = await spotFor(host, actor, { stationId, evse, connector })
      const terms = await termsFor(host, spot.owner, stationId)
      if (!terms.open) throw new Problem('conflict', 'bookings_closed')
      if (termsVersion !== undefined && termsVersion !== terms.version) throw new Problem('conflict', 'terms_changed')
      requirePossible(terms, fromAt, toAt, now())
      const reservation = await reservationAt(host, spot, actor.userId)
      const made = await db.once(request, async tx => {
        const order = { spot, terms, reservation, driverId: actor.userId, idToken, fromAt, toAt }
        const booking = await book(host, tx, order)
        if (!booking) throw new Problem('conflict', 'booking_taken')
        return view(booking)
      })
      reply.code(201).header('location', `/api/bookings/${made.id}`).header('etag', `"${made.version}"`)
      return reply.send(made)
    },
  )

  http.get(
    '/',
    {
      config: { access: signedIn },
      schema: {
        summary: 'List bookings, the latest first',
        description: "Drivers see their own, operators also those at their stations and at nobody's, admins all.",
        querystring: listQuery(bookingFilters),
        response: { 200: Page(BookingView) },
      },
    },
    async ({ actor, query }) => {
      const rows = await searchBookings(db, actor, { ...query, limit: query.limit + 1 })
      return page(rows, query.limit, ({ fromAt, id }) => [fromAt.toISOString(), id], view)
    },
  )

  http.get(
    '/count',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many bookings a list finds',
        querystring: countQuery(bookingFilters),
        response: { 200: Count },
      },
    },
    async ({ actor, query }) => counted(await countBookings(db, actor, query)),
  )

  http.get(
    '/taken',
    {
      config: { access: signedIn },
      schema: {
        summary: 'When an EVSE is booked already',
        description: 'Without whose bookings these are; of 31 days at the most.',
        refuses: [...spotRefusals, 'booking_times_invalid'],
        querystring: Type.Object({ stationId: Id, evse: Evse, from: From, to: To }, { additionalProperties: false }),
        response: {
          200: Type.Object({ items: Type.Array(Type.Object({ from: Instant, to: Instant })) }, { title: 'TakenTimes' }),
        },
      },
    },
    async ({ actor, query: { stationId, evse, ...span } }) => {
      await spotFor(host, actor, { stationId, evse, connector: 1 })
      const [from, to] = [timeOf(span.from), timeOf(span.to)]
      if (to <= from || to.getTime() - from.getTime() > 31 * 86_400_000)
        throw new Problem('unprocessable', 'booking_times_invalid', {
          errors: [{ pointer: '/to', detail: 'must be within 31 days after `from`' }],
        })
      const rows = await listTaken(db, stationId, evse, from, to)
      return { items: rows.map(({ fromAt, toAt }) => ({ from: fromAt.toISOString(), to: toAt.toISOString() })) }
    },
  )

  http.get(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Read a booking',
        gives: ['ETag'],
        refuses: ['booking_unknown'],
        params: One,
        response: { 200: BookingView },
      },
    },
    async ({ actor, params }, reply) => answer(reply, readable(actor, await findBooking(db, params.id))),
  )

  http.put(
    '/:id',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Book another time or EVSE instead',
        description: 'On the terms of the booking; until a cancellation would be late.',
        honours: ['If-Match'],
        refuses: [
          'booking_unknown',
          'booking_over',
          'booking_late',
          'booking_taken',
          'booking_times_invalid',
          ...spotRefusals,
        ],
        params: One,
        body: Type.Object({
          from: From,
          to: To,
          evse: Type.Optional(Evse),
          connector: Type.Optional(Evse),
        }),
        response: { 200: BookingView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const known = readable(actor, await findBooking(db, params.id))
      const { evse = known.evse, connector = body.evse === undefined ? known.connector : 1 } = body
      if (evse !== known.evse || connector !== known.connector)
        await spotFor(host, actor, { stationId: known.stationId, evse, connector })
      const [fromAt, toAt] = [timeOf(body.from), timeOf(body.to)]
      const booking = await db.transaction(async tx => {
        const before = readable(actor, await lockBooking(tx, params.id))
        requireMatch(request, before.version)
        if (before.state !== 'reserved') throw new Problem('conflict', 'booking_over')
        if (isLate(before, now())) throw new Problem('conflict', 'booking_late')
        requirePossible(before.terms, fromAt, toAt, now())
        return await move(host, tx, before, { evse, connector, fromAt, toAt }, false)
      })
      return answer(reply, booking)
    },
  )

  http.post(
    '/:id/cancel',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Cancel a booking',
        description: 'What the driver cancels late may cost something; what the operator cancels costs nothing.',
        honours: ['If-Match'],
        refuses: ['booking_unknown', 'booking_over'],
        params: One,
        body: Type.Object({ reason: Type.Optional(Line(200, { examples: ['Works at the station'] })) }),
        response: { 200: BookingView },
      },
    },
    async (request, reply) => {
      const { actor, params, body } = request
      const booking = await db.transaction(async tx => {
        const before = readable(actor, await lockBooking(tx, params.id))
        requireMatch(request, before.version)
        const own = before.driverId === actor.userId
        // Viewers of an organisation read what is booked there.
        if (!own && !mayManage(actor, before.owner)) throw new Problem('not_found', 'booking_unknown')
        if (before.state !== 'reserved' || before.expiresAt <= now()) throw new Problem('conflict', 'booking_over')
        const by = own ? ('driver' as const) : ('operator' as const)
        return await end(host, tx, before, {
          state: 'cancelled',
          by,
          late: isLate(before, now()),
          reason: body.reason,
        })
      })
      return answer(reply, booking)
    },
  )
}
