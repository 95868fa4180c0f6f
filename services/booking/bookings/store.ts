import type { Db, Tx } from '#kernel'
import { Problem, violates } from '#kernel'
import type { Booking, Fee, Spot } from './bookings.ts'

export const bookingColumns = (db: Db) => db`
  b.id, b.reservation_id as "reservationId", b.station_id as "stationId", b.charger_id as "chargerId", b.evse,
  b.connector, b.place, b.time_zone as "timeZone", b.country, b.region,
  case when b.owner_id is not null then json_build_object('kind', b.owner_kind, 'id', b.owner_id) end as owner,
  b.station_version as "stationVersion", b.driver_id as "driverId", b.id_token as "idToken", b.from_at as "fromAt",
  b.to_at as "toAt", b.booked_to_at as "bookedToAt", b.hold_from_at as "holdFromAt", b.expires_at as "expiresAt", b.state, b.terms,
  b.reservation, b.offered_until as "offeredUntil", b.series_id as "seriesId", b.session_id as "sessionId",
  b.arrived_at as "arrivedAt", b.reminded_at as "remindedAt", b.ended_at as "endedAt", b.ended_by as "endedBy",
  b.reason, b.hold, b.hold_request_id as "holdRequestId", b.hold_connection as "holdConnection",
  b.hold_asked_at as "holdAskedAt", b.version, b.created_at as "createdAt",
  (select coalesce(json_agg(json_build_object('id', f.id, 'kind', f.kind, 'currency', f.currency,
      'amountMinor', f.amount_minor, 'askedAt', f.asked_at, 'waivedAt', f.waived_at) order by f.asked_at, f.kind), '[]')
    from fees f where f.booking_id = b.id) as fees`

export async function findBooking(db: Db, id: string): Promise<Booking | undefined> {
  const [row] = await db<Booking[]>`select ${bookingColumns(db)} from bookings b where b.id = ${id}`
  return row
}

/** One that nobody else changes until the transaction ends. */
export async function lockBooking(tx: Tx, id: string): Promise<Booking | undefined> {
  const [row] = await tx<Booking[]>`select ${bookingColumns(tx)} from bookings b where b.id = ${id} for update of b`
  return row
}

export type NewBooking = Omit<Booking, 'reservationId' | 'fees'>

const rowOf = (booking: NewBooking) => ({
  id: booking.id,
  station_id: booking.stationId,
  charger_id: booking.chargerId,
  evse: booking.evse,
  connector: booking.connector,
  place: booking.place,
  time_zone: booking.timeZone,
  country: booking.country,
  region: booking.region,
  owner_kind: booking.owner?.kind ?? null,
  owner_id: booking.owner?.id ?? null,
  station_version: booking.stationVersion,
  driver_id: booking.driverId,
  id_token: booking.idToken,
  from_at: booking.fromAt,
  to_at: booking.toAt,
  booked_to_at: booking.bookedToAt,
  hold_from_at: booking.holdFromAt,
  expires_at: booking.expiresAt,
  state: booking.state,
  offered_until: booking.offeredUntil,
  series_id: booking.seriesId,
  session_id: booking.sessionId,
  arrived_at: booking.arrivedAt,
  reminded_at: booking.remindedAt,
  ended_at: booking.endedAt,
  ended_by: booking.endedBy,
  reason: booking.reason,
  hold: booking.hold,
  hold_request_id: booking.holdRequestId,
  hold_connection: booking.holdConnection,
  hold_asked_at: booking.holdAskedAt,
  version: booking.version,
  created_at: booking.createdAt,
})

/** Undefined where somebody has a part of that time: the constraint decides, not a prior read. */
export async function insertBooking(tx: Tx, booking: NewBooking): Promise<Booking | undefined> {
  const said = {
    terms: tx.json(booking.terms as never),
    reservation: booking.reservation && tx.json(booking.reservation as never),
  }
  const row = { ...rowOf(booking), ...said }
  const [made] = await tx<{ reservationId: number }[]>`
    insert into bookings ${tx(row as never)} on conflict on constraint bookings_apart do nothing
    returning reservation_id as "reservationId"`
  return made && { ...booking, reservationId: made.reservationId, fees: [] }
}

/** Fails with `booking_taken` where somebody has a part of its new time. */
export async function updateBooking(tx: Tx, booking: Booking): Promise<void> {
  try {
    await tx`update bookings set ${tx(rowOf(booking) as never)} where id = ${booking.id}`
  } catch (error) {
    if (violates(error, 'bookings_apart')) throw new Problem('conflict', 'booking_taken')
    throw error
  }
}

/** What is agreed when an offer is taken. */
export const agreeReservation = (tx: Tx, { id, reservation }: Booking) =>
  tx`update bookings set reservation = ${reservation && tx.json(reservation as never)} where id = ${id}`

/** Whoever makes bookings for a driver does so one after the other. */
export const lockDriver = (tx: Tx, driverId: string) =>
  tx`select pg_advisory_xact_lock(hashtextextended(${`driver ${driverId}`}, 0))`

export async function countAhead(tx: Tx, driverId: string, at: Date): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int as count from bookings
    where driver_id = ${driverId} and state in ('pending', 'reserved') and to_at > ${at}`
  return row!.count
}

/** False where that is asked for the booking already. */
export async function insertFee(tx: Tx, bookingId: string, fee: Fee): Promise<boolean> {
  const { id, kind, currency, amountMinor, askedAt } = fee
  const rows = await tx`
    insert into fees (id, booking_id, kind, currency, amount_minor, asked_at)
    values (${id}, ${bookingId}, ${kind}, ${currency}, ${amountMinor}, ${askedAt})
    on conflict (booking_id, kind) do nothing returning id`
  return rows.length > 0
}

export const waiveFee = (tx: Tx, id: string, at: Date) => tx`update fees set waived_at = ${at} where id = ${id}`

/** What is taken of an EVSE between two times, without whose it is. */
export const listTaken = (db: Db, stationId: string, evse: number, from: Date, to: Date) => db<
  { fromAt: Date; toAt: Date }[]
>`
  select from_at as "fromAt", to_at as "toAt" from bookings
  where station_id = ${stationId} and evse = ${evse} and tstzrange(from_at, to_at) && tstzrange(${from}, ${to})
    and state in ('pending', 'reserved', 'fulfilled')
  order by from_at limit 500`

/** Bookings at a station that are not over, in one order for all who lock them. */
export const lockAhead = (tx: Tx, of: { stationId: string } | { driverId: string }, at: Date) => tx<Booking[]>`
  select ${bookingColumns(tx)} from bookings b
  where ${'stationId' in of ? tx`b.station_id = ${of.stationId}` : tx`b.driver_id = ${of.driverId}`}
    and b.state in ('pending', 'reserved') and b.to_at > ${at}
  order by b.id for update of b`

/** What was told of a station last, of bookings there that are not over. */
export const noteSpot = (tx: Tx, spot: Pick<Spot, 'stationId' | 'chargerId' | 'owner' | 'place' | 'stationVersion'>) =>
  tx`
    update bookings set charger_id = ${spot.chargerId}, owner_kind = ${spot.owner?.kind ?? null},
      owner_id = ${spot.owner?.id ?? null}, place = ${spot.place}, station_version = ${spot.stationVersion}
    where station_id = ${spot.stationId} and state in ('pending', 'reserved')
      and station_version < ${spot.stationVersion}`
