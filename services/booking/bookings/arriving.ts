import { newId, type Tx } from '#kernel'
import type { Books } from '../host.ts'
import { isMeant, type Booking } from './bookings.ts'
import { BookingFreed } from '#contracts/booking'
import { end, free, told } from './making.ts'
import { bookingColumns, updateBooking } from './store.ts'

/** What is told of a session. */
export interface Begun {
  readonly sessionId: string
  readonly chargerId: string
  readonly evse: number
  readonly driverId: string | null
  readonly token: { readonly idToken: string } | null
  readonly startedAt: string
}

/**
 * Who begins where and when they booked has come, also where that is told late: then a no-show was none. Whoever comes
 * later than they may is noted, and stays a no-show.
 */
export async function arrive(host: Books, tx: Tx<'booking'>, sessions: readonly Begun[]): Promise<void> {
  const known = sessions.filter(({ driverId, token }) => driverId !== null || token !== null)
  if (known.length === 0) return
  const candidates = await lockMeant(tx, known)
  for (const session of new Map(known.map(session => [session.sessionId, session])).values()) {
    const at = new Date(session.startedAt)
    const mine = candidates.filter(
      booking =>
        booking.chargerId === session.chargerId &&
        booking.evse === session.evse &&
        booking.holdFromAt <= at &&
        at < booking.toAt &&
        isMeant(booking, session),
    )
    // Of two that follow each other the one that has begun.
    const booking = mine.find(({ fromAt }) => fromAt <= at) ?? mine[0]
    if (!booking) continue
    candidates.splice(candidates.indexOf(booking), 1)
    await take(host, tx, booking, session.sessionId, at)
  }
}

async function take(host: Books, tx: Tx<'booking'>, before: Booking, sessionId: string, at: Date): Promise<void> {
  if (at >= before.expiresAt) {
    const missed = before.state === 'no-show' ? before : await end(host, tx, before, { state: 'no-show' })
    await updateBooking(tx, { ...missed, sessionId, arrivedAt: at, version: missed.version + 1 })
    return
  }
  const isFree = before.state === 'reserved' || !(await isTaken(tx, before))
  if (isFree) return void (await end(host, tx, before, { state: 'fulfilled', sessionId, startedAt: at }))
  // Somebody else has booked the rest by now: it stays as it is told, and costs nothing.
  const forgiven = await end(host, tx, before, { state: 'fulfilled', sessionId, startedAt: at }, 'no-show')
  host.log.info({ bookingId: forgiven.id, sessionId }, 'a no-show was none, and the time is booked anew')
}

/** What is left of a booking whose driver has ended charging is everybody's again. */
export async function freeRest(
  host: Books,
  tx: Tx<'booking'>,
  sessions: readonly { readonly sessionId: string; readonly endedAt: string }[],
): Promise<void> {
  const ends = new Map(sessions.map(({ sessionId, endedAt }) => [sessionId, Date.parse(endedAt)]))
  const used = await tx<Booking[]>`
    select ${bookingColumns(tx)} from bookings b
    where b.session_id = any(${[...ends.keys()]}::uuid[]) and b.state = 'fulfilled' and b.booked_to_at is null
    order by b.from_at, b.id for update of b`
  for (const before of used) {
    // Who was early and is gone before their time has had its first minute.
    const toAt = new Date(Math.max(ends.get(before.sessionId!)!, before.fromAt.getTime() + 60_000))
    if (toAt >= before.toAt) continue
    const next: Booking = { ...before, toAt, bookedToAt: before.toAt, version: before.version + 1 }
    await updateBooking(tx, next)
    const bookedTo = before.toAt.toISOString()
    await tx.publish(BookingFreed, { ...told(next), bookedTo, sessionId: before.sessionId! })
    await free(host, tx, before)
  }
}

const lockMeant = (tx: Tx, sessions: readonly Begun[]) => tx<Booking[]>`
  select ${bookingColumns(tx)} from bookings b
  where b.id in (
    select o.id
    from unnest(${sessions.map(({ chargerId }) => chargerId)}::text[], ${sessions.map(({ evse }) => evse)}::int[],
      ${sessions.map(({ driverId }) => driverId ?? newId())}::uuid[],
      ${sessions.map(({ token }) => token?.idToken ?? '')}::text[],
      ${sessions.map(({ startedAt }) => startedAt)}::timestamptz[]) as s (charger_id, evse, driver_id, token, at)
    join bookings o on o.charger_id = s.charger_id and o.evse = s.evse and o.hold_from_at <= s.at and o.to_at > s.at
      and (o.driver_id = s.driver_id or upper(o.id_token) = upper(s.token))
      and o.session_id is null and o.state in ('reserved', 'no-show'))
    -- Looked at again where somebody else has changed it meanwhile.
    and b.session_id is null and b.state in ('reserved', 'no-show')
  order by b.from_at, b.id for update of b`

async function isTaken(tx: Tx, { id, stationId, evse, fromAt, toAt }: Booking): Promise<boolean> {
  const rows = await tx`
    select from bookings where station_id = ${stationId} and evse = ${evse} and id <> ${id}
      and tstzrange(from_at, to_at) && tstzrange(${fromAt}, ${toAt})
      and state in ('pending', 'reserved', 'fulfilled') limit 1`
  return rows.length > 0
}
