import type { Db, Tx } from '#kernel'
import type { Booked, Kept } from './kept.ts'

/** So long ago a charger without a connection may have begun what it tells of now. */
const lateMs = 2 * 86_400_000
/** What is kept later than that nobody asks about now; chargers may be ahead of time. */
const aheadMs = 15 * 60_000

/** What is booked at these chargers about now. */
export async function findBooked(db: Db, chargerIds: readonly string[], at: Date): Promise<Map<string, Booked>> {
  const rows = await db<(Kept & { evses: number })[]>`
    select charger_id as "chargerId", evse, driver_id as "driverId", id_token as "idToken",
      reservation_id as "reservationId", hold_from_at as "holdFromAt", expires_at as "expiresAt", to_at as "toAt",
      state, (select count(distinct c.evse)::int from connectors c
        where c.charger_id = b.charger_id and c.evse > 0) as evses
    from bookings b
    where charger_id = any(${chargerIds as string[]}) and state <> 'over'
      and to_at > ${new Date(at.getTime() - lateMs)} and hold_from_at < ${new Date(at.getTime() + aheadMs)}
    order by hold_from_at, booking_id`
  return new Map(
    [...Map.groupBy(rows, ({ chargerId }) => chargerId)].map(([id, bookings]) => [
      id,
      { bookings, evses: bookings[0]!.evses },
    ]),
  )
}

export const nothingBooked: Booked = { bookings: [], evses: 0 }

/** What is told of a booking. */
export interface Told {
  readonly bookingId: string
  readonly version: number
  readonly state: string
  readonly chargerId: string | null
  readonly evse: number
  readonly driverId: string
  readonly idToken: string | null
  readonly reservationId: number
  readonly holdFrom: string
  readonly expiresAt: string
  readonly to: string
}

const states: Readonly<Record<string, string>> = { reserved: 'kept', fulfilled: 'used' }

/** Of what is told of a booking the latest holds, in whatever order it comes. */
export const noteBooking = (tx: Tx, told: Told) => tx`
  insert into bookings as b (booking_id, version, charger_id, evse, driver_id, id_token, reservation_id, hold_from_at,
    expires_at, to_at, state)
  values (${told.bookingId}, ${told.version}, ${told.chargerId}, ${told.evse}, ${told.driverId}, ${told.idToken},
    ${told.reservationId}, ${told.holdFrom}, ${told.expiresAt}, ${told.to}, ${states[told.state] ?? 'over'})
  on conflict (booking_id) do update set version = excluded.version, charger_id = excluded.charger_id,
    evse = excluded.evse, hold_from_at = excluded.hold_from_at, expires_at = excluded.expires_at,
    to_at = excluded.to_at, state = excluded.state
  where b.version < excluded.version`

export const forgetBookings = (tx: Tx, before: Date) => tx`delete from bookings where to_at < ${before}`

/** A card of a driver that chargers take, before what the platform made for them. */
export async function cardOf(
  tx: Tx,
  driverId: string,
): Promise<{ idToken: string; type: string; groupId: string | null } | undefined> {
  const [row] = await tx<{ idToken: string; type: string; groupId: string | null }[]>`
    select id_token as "idToken", type, group_id as "groupId" from tokens
    where user_id = ${driverId} and status = 'accepted' and blocked_for is null
    order by type = 'Central', created_at desc, id limit 1`
  return row
}
