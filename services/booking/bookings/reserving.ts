import { getReservationTerms, type TariffTerms } from '#contracts/billing'
import { reservationPriceOf } from '#money/tariff-price'
import type { Books } from '../host.ts'
import type { Booking, Spot } from './bookings.ts'

/** What it costs a driver who books now that a connector is kept, by the tariff there, with tax; null is nothing. */
export async function reservationAt(
  { ask, isAnswered }: Pick<Books, 'ask' | 'isAnswered'>,
  { owner, stationId, evse, connector, timeZone, country, region }: Spot,
  driverId: string,
): Promise<TariffTerms | null> {
  // Where nobody bills, nothing costs anything.
  if (!owner || !isAnswered(getReservationTerms)) return null
  const place = { timeZone, country, region }
  const spot = { ownerId: owner.id, stationId, evse, connector, driverId, place }
  return (await ask(getReservationTerms, spot)).terms
}

/** Since when nobody else could begin there. */
const keptFrom = ({ holdFromAt, createdAt }: Booking): Date => (holdFromAt > createdAt ? holdFromAt : createdAt)

/** Whether the connector was kept for a while already. */
export const wasKept = (booking: Booking, at: Date): boolean => at > keptFrom(booking)

/** What is due where it was kept until then, or for no time at all where that is not said. */
export function reservationDue(booking: Booking, until: Date | undefined, isExpired: boolean) {
  const { reservation, timeZone } = booking
  if (!reservation) return { currency: null, amountMinor: 0 }
  const from = keptFrom(booking).getTime()
  const price = reservationPriceOf(reservation, { from, to: until?.getTime() ?? from, isExpired }, timeZone)
  return { currency: price.currency, amountMinor: Number(price.totalMinor) }
}
