import Type from 'typebox'
import { Id, Instant } from '#contracts/shared'
import { cursorOf, isId, isInstant, listQuery, newId, Page, page, Problem, signedIn, timeOf, type Actor } from '#kernel'
import { keptFor, requirePossible, type Booking } from '../bookings/bookings.ts'
import { end, free, spotFor, tellMade } from '../bookings/making.ts'
import { requirePaying } from '../bookings/paying.ts'
import { reservationAt } from '../bookings/reserving.ts'
import { Evse, IdToken, readable, spotRefusals } from '../bookings/routes.ts'
import { agreeReservation, findBooking, lockBooking, updateBooking } from '../bookings/store.ts'
import { BookingView, nullable, One, view } from '../bookings/view.ts'
import type { Books } from '../host.ts'
import { termsFor } from '../policies/store.ts'
import { endOffer, endWait, insertWait, listWaits, lockWait, type Wait } from './store.ts'

const WaitView = Type.Object(
  {
    id: Id,
    stationId: Id,
    evse: Type.Integer({ examples: [1] }),
    connector: Type.Integer({ examples: [1] }),
    from: Instant,
    to: Instant,
    idToken: nullable(Type.String({ examples: ['04A2B9C1D2E380'] })),
    state: Type.Enum(['waiting', 'offered', 'served', 'ended'], { examples: ['waiting'] }),
    bookingId: { ...nullable(Id), description: 'What was offered' },
    createdAt: Instant,
  },
  { title: 'BookingWait' },
)

const viewWait = ({ driverId: _, fromAt, toAt, createdAt, ...wait }: Wait) => ({
  ...wait,
  from: fromAt.toISOString(),
  to: toAt.toISOString(),
  createdAt: createdAt.toISOString(),
})

/** Who wants what is taken, and what becomes of what they are offered. */
export function waitingRoutes(host: Books): void {
  const { http, db, now } = host
  const config = { access: signedIn }

  http.post(
    '/waiting',
    {
      config,
      schema: {
        summary: 'Wait for a time that is booked',
        description:
          'When it is free the first who waits is told, and it is kept for them for some minutes: an offer is a booking ' +
          'that is `pending`.',
        honours: ['Idempotency-Key'],
        gives: ['Location'],
        refuses: [...spotRefusals, 'booking_times_invalid'],
        body: Type.Object({
          stationId: Id,
          evse: Evse,
          connector: Type.Optional(Evse),
          from: { ...Instant, examples: ['2037-02-18T08:30:00.000Z'] },
          to: { ...Instant, examples: ['2037-02-18T09:30:00.000Z'] },
          idToken: Type.Optional(IdToken),
        }),
        response: { 201: WaitView },
      },
    },
    async (request, reply) => {
      const { actor, body } = request
      const { stationId, evse, connector = 1, idToken = null } = body
      const [fromAt, toAt, at] = [timeOf(body.from), timeOf(body.to), now()]
      const spot = await spotFor(host, actor, { stationId, evse, connector })
      const terms = await termsFor(host, spot.owner, stationId)
      if (!terms.open) throw new Problem('conflict', 'bookings_closed')
      requirePossible(terms, fromAt, toAt, at)
      const place = { stationId, evse, connector, fromAt, toAt, idToken }
      const waits = { id: newId(at.getTime()), driverId: actor.userId, ...place, bookingId: null, createdAt: at }
      const made = await db.once(request, async tx => {
        const wait: Wait = { ...waits, state: 'waiting' }
        await insertWait(tx, wait)
        // It may be free by now.
        await free(host, tx, wait)
        return viewWait(wait)
      })
      return reply.code(201).header('location', `/api/bookings/waiting/${made.id}`).send(made)
    },
  )

  http.get(
    '/waiting',
    {
      config,
      schema: {
        summary: 'For what one waits, the newest first',
        querystring: listQuery({}),
        response: { 200: Page(WaitView) },
      },
    },
    async ({ actor, query: { limit, after } }) => {
      const before = cursorOf(after, isInstant, isId) as readonly [string, string] | undefined
      const rows = await listWaits(db, actor.userId, limit + 1, before)
      return page(rows, limit, ({ createdAt, id }) => [createdAt.toISOString(), id], viewWait)
    },
  )

  http.delete(
    '/waiting/:id',
    {
      config,
      schema: {
        summary: 'Wait no longer',
        refuses: ['wait_unknown'],
        params: One,
        response: { 204: Type.Null() },
      },
    },
    async ({ actor, params }, reply) => {
      await db.transaction(async tx => {
        const wait = await lockWait(tx, params.id)
        if (wait?.driverId !== actor.userId) throw new Problem('not_found', 'wait_unknown')
        if (wait.state === 'waiting') await endWait(tx, wait.id)
      })
      return reply.code(204).send()
    },
  )

  /** What was offered to who asks, and is theirs to take. */
  const offered = (actor: Actor, found: Booking | undefined): Booking => {
    const booking = readable(actor, found)
    if (booking.driverId !== actor.userId) throw new Problem('not_found', 'booking_unknown')
    if (booking.state !== 'pending' || booking.offeredUntil! <= now()) throw new Problem('conflict', 'offer_over')
    return booking
  }

  http.post(
    '/:id/accept',
    {
      config,
      schema: {
        summary: 'Take what was offered from a waiting list',
        gives: ['ETag'],
        refuses: ['booking_unknown', 'offer_over', 'driver_blocked'],
        params: One,
        response: { 200: BookingView },
      },
    },
    async ({ actor, params }, reply) => {
      const reservation = await reservationAt(host, offered(actor, await findBooking(db, params.id)), actor.userId)
      const booking = await db.transaction(async tx => {
        const before = offered(actor, await lockBooking(tx, params.id))
        await requirePaying(tx, before.driverId)
        const times = keptFor(before.terms, before.fromAt, before.toAt, now())
        const version = before.version + 1
        const taken: Booking = { ...before, ...times, reservation, state: 'reserved', offeredUntil: null, version }
        await updateBooking(tx, taken)
        await agreeReservation(tx, taken)
        await endOffer(tx, taken.id, 'served')
        return await tellMade(host, tx, taken)
      })
      return reply.header('etag', `"${booking.version}"`).send(view(booking))
    },
  )

  http.post(
    '/:id/decline',
    {
      config,
      schema: {
        summary: 'Leave what was offered to who waits next',
        gives: ['ETag'],
        refuses: ['booking_unknown', 'offer_over'],
        params: One,
        response: { 200: BookingView },
      },
    },
    async ({ actor, params }, reply) => {
      const booking = await db.transaction(async tx =>
        end(host, tx, offered(actor, await lockBooking(tx, params.id)), { state: 'rejected' }),
      )
      return reply.header('etag', `"${booking.version}"`).send(view(booking))
    },
  )
}
