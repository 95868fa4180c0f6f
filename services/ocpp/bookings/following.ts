import {
  BookingCancelled,
  BookingChanged,
  BookingFailed,
  BookingFreed,
  BookingFulfilled,
  BookingHoldRequested,
  BookingMade,
  BookingMissed,
} from '#contracts/booking'
import type { EventData } from '#contracts/define'
import type { Tx } from '#kernel'
import { findCharger } from '../chargers/store.ts'
import { cancelReservationCall, reserveCall } from '../commands/calls.ts'
import { sendCommand } from '../commands/send.ts'
import type { OcppHost } from '../host.ts'
import { findTokens } from '../tokens/store.ts'
import { groupOf } from './kept.ts'
import { cardOf, forgetBookings, noteBooking } from './store.ts'

/** Chargers that were away tell for some days what they began. */
const keptMs = 7 * 86_400_000

/** Keeps what is booked for who booked it: here, and at chargers that know reservations. */
export function followBookings(host: OcppHost): void {
  const { on, db, now, every } = host
  for (const event of [
    BookingMade,
    BookingChanged,
    BookingFulfilled,
    BookingFreed,
    BookingCancelled,
    BookingMissed,
    BookingFailed,
  ] as const)
    on(
      event,
      { id: 'bookings', purpose: 'know for whom EVSEs are kept', from: 'beginning', afterFailure: 'pass' },
      async (told, tx) => await noteBooking(tx, told),
    )
  on(
    BookingHoldRequested,
    { id: 'hold', purpose: 'have chargers keep EVSEs for who booked them', from: 'now', afterFailure: 'pass' },
    async (asked, tx) => {
      const { requestId, chargerId, kept, reservationId, actor, until } = asked
      const version = (await findCharger(tx, chargerId))?.ocppVersion ?? 'ocpp1.6'
      const call = kept ? reserveCall(version, await reservation(tx, asked)) : cancelReservationCall(reservationId)
      await sendCommand(host, tx, { ...call, chargerId, requestId, askedBy: actor, until: new Date(until) })
    },
  )
  every('1 hour', 'forget bookings that are long over', async () => {
    await db.transaction(tx => forgetBookings(tx, new Date(now().getTime() - keptMs)))
  })
}

/** By a card of who booked, where there is one; by the group the charger knows their others, too. */
async function reservation(tx: Tx, asked: EventData<typeof BookingHoldRequested>) {
  const { evse, reservationId, driverId, idToken, expiresAt } = asked
  const common = groupOf(reservationId)
  const named = idToken === null ? undefined : (await findTokens(tx, [idToken])).get(idToken.toUpperCase())
  const card = named ?? (idToken === null ? await cardOf(tx, driverId) : undefined)
  const token = card
    ? { idToken: card.idToken, type: card.type }
    : { idToken: idToken ?? common, type: idToken === null ? 'Central' : 'ISO14443' }
  return { evse, reservationId, expiresAt, ...token, group: card?.groupId ?? common }
}
