import { holdingsOf } from '#contracts/holdings'
import type { BookingHost } from './host.ts'

/** Who counts on stations of an organisation. */
export function answerHoldings({ answer, db }: BookingHost): void {
  answer(holdingsOf('booking'), async ({ organisationId }) => {
    // As the index has it.
    const owned = db`coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid) = ${organisationId}::uuid`
    const [row] = await db<{ openBookings: number }[]>`
      select (select count(*)::int from bookings where ${owned} and state in ('pending', 'reserved')) as "openBookings"`
    return row!
  })
}
