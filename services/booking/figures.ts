import type { BookingHost } from './host.ts'

/** How much is booked, and who waits. */
export function figures({ db, metrics }: BookingHost): void {
  metrics.gauge('ohmnibus_booking_ahead', 'Bookings that are not over', ['state'], async gauge => {
    const rows = await db<{ state: string; count: number }[]>`
      -- Each by its index: most bookings are over.
      select 'reserved' as state, count(*)::int as count from bookings where state = 'reserved'
      union all select 'pending', count(*)::int from bookings where state = 'pending'`
    gauge.reset()
    for (const { state, count } of rows) gauge.set({ state }, count)
  })
  metrics.gauge('ohmnibus_booking_waiting', 'Who waits for what is booked', [], async gauge => {
    const [row] = await db<{ count: number }[]>`select count(*)::int as count from waits where state = 'waiting'`
    gauge.set({}, row!.count)
  })
}
