import type { PersonalTables } from '#kernel'

const driver = 'driver_id = $1::uuid'

/** What is kept of a person: what they booked and waited for, and rules of their own places. */
export const personal: PersonalTables = {
  bookings: driver,
  fees: 'booking_id in (select id from bookings where driver_id = $1::uuid)',
  series: driver,
  waits: driver,
  drivers_blocked: driver,
  calendars: 'user_id = $1::uuid or owner_id = $1::uuid',
  policies: 'owner_id = $1::uuid',
}
