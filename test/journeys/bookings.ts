import {
  BookingDue,
  BookingFailed,
  BookingFeeDue,
  BookingFeeWaived,
  BookingFreed,
  BookingFulfilled,
  BookingHoldRequested,
  BookingMissed,
  BookingOffered,
} from '#contracts/booking'
import { ReservationReported } from '#contracts/ocpp'
import { SessionEnded, SessionStarted, SessionUpdated } from '#contracts/sessions'
import { newId } from '#kernel'
import type { TestPlatform } from '../../kernel/testing.ts'
import type { Client } from './client.ts'

/** What `stationsHappen` left behind is booked: somebody comes, and somebody cancels. */
export async function bookingsHappen(
  p: Pick<TestPlatform, 'publish'>,
  operator: Client,
  driverId: string,
): Promise<void> {
  const at = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString()
  const { items } = await operator.get(200, 'GET /api/stations')
  const { id: stationId } = items.find(({ chargerId }: { chargerId: string | null }) => chargerId === 'CP-A')
  const book = (from: number, more: object = {}) =>
    operator.get(201, 'POST /api/bookings', { stationId, evse: 1, from: at(from), to: at(from + 60), ...more })
  const now = await book(0, { idToken: 'CAFE02' })
  const later = await book(120)
  await operator.get(200, `PUT /api/bookings/${later.id}`, { from: at(180), to: at(240) })
  await operator.get(200, `POST /api/bookings/${later.id}/cancel`, { reason: 'Works' })
  // By hand: there is no charger to keep it, and nobody to charge.
  const { reservationId } = now
  await p.publish(ReservationReported, { chargerId: 'CP-A', reservationId, status: 'removed', at: at(0) })
  const session = {
    sessionId: newId(),
    chargerId: 'CP-A',
    stationId,
    evse: 1,
    connector: 1,
    owner: null,
    driverId: null,
    token: { idToken: 'CAFE02', type: 'ISO14443' },
    startedAt: at(0),
    energyWh: 0,
    updatedAt: at(0),
  }
  await p.publish(SessionStarted, { ...session, offline: false })
  await p.publish(SessionUpdated, { ...session, updatedAt: at(1), chargingState: 'Charging' })
  const end = { endedAt: at(2), stopReason: 'Local', closedBy: 'charger' as const }
  await p.publish(SessionEnded, { ...session, ...end, energyWh: 1000, updatedAt: at(2) })

  // What time brings about, of others that nobody else tells of.
  const other = (version: number, state: 'pending' | 'reserved' | 'fulfilled' | 'no-show' | 'failed') => ({
    bookingId: newId(),
    version,
    state,
    stationId,
    chargerId: 'CP-A',
    evse: 2,
    connector: 1,
    owner: null,
    place: 'Station road',
    timeZone: 'Europe/Berlin',
    driverId,
    idToken: null,
    reservationId: 4711,
    from: at(-60),
    to: at(-30),
    holdFrom: at(-75),
    expiresAt: at(-45),
  })
  const asked = { currency: 'EUR', feeMinor: 500 }
  await p.publish(BookingOffered, { ...other(1, 'pending'), offeredUntil: at(10) })
  await p.publish(BookingDue, other(1, 'reserved'))
  await p.publish(BookingFulfilled, { ...other(2, 'fulfilled'), sessionId: newId(), startedAt: at(-55) })
  const freed = { bookedTo: at(-20), sessionId: newId() }
  await p.publish(BookingFreed, { ...other(3, 'fulfilled'), ...freed })
  await p.publish(BookingMissed, { ...other(2, 'no-show'), ...asked })
  await p.publish(BookingFailed, { ...other(2, 'failed'), reason: 'faulted' })
  const hold = { requestId: newId(), bookingId: newId(), chargerId: 'CP-A', evse: 2, kept: true, reservationId: 4711 }
  await p.publish(BookingHoldRequested, { ...hold, driverId, idToken: null, expiresAt: at(10), until: at(1) })
  const fee = {
    bookingId: newId(),
    driverId,
    seller: { kind: 'organisation' as const, id: newId() },
    place: { timeZone: 'Europe/Berlin', country: 'DEU', region: null },
    currency: 'EUR',
    amountMinor: 500,
    at: at(-30),
  }
  await p.publish(BookingFeeDue, { ...fee, feeId: newId(), kind: 'no-show' })
  // One that was told before it was asked for.
  await p.publish(BookingFeeWaived, { ...fee, feeId: newId(), kind: 'booking' })
}
