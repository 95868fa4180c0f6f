import { Problem, type Db } from '#kernel'
import { book, spotAt } from '../bookings/making.ts'
import type { Books, Freed } from '../host.ts'
import { termsFor } from '../policies/store.ts'
import { lockWaits, noteOffer } from './store.ts'

/** What is shorter is not offered any more. */
const leastMs = 5 * 60_000
/** Why somebody is passed by, who waits on. */
const passes = new Set(['bookings_too_many', 'driver_blocked'])

/** Offers an EVSE to who waited for it first, for as much of it as is free; what is kept for them nobody else gets. */
export async function offerFreed(host: Books, { stationId, evse }: Freed): Promise<void> {
  const { db, now, settings } = host
  const [waiting] = await db<{ connector: number }[]>`
    select connector from waits where station_id = ${stationId} and evse = ${evse} and state = 'waiting' limit 1`
  if (!waiting) return
  const found = await spotAt(host, { stationId, evse, connector: waiting.connector }).catch((error: unknown) => {
    // Nothing is to be had there any more.
    if (error instanceof Problem && error.kind === 'not_found') return undefined
    throw error
  })
  if (!found || (await isFaulted(db, found.spot.chargerId, evse))) return
  const terms = await termsFor(host, found.spot.owner, stationId)
  if (!terms.open) return
  await db.transaction(async tx => {
    const at = now()
    const offeredUntil = new Date(at.getTime() + settings.BOOKING_OFFER)
    for (const wait of await lockWaits(tx, stationId, evse, new Date(at.getTime() + leastMs))) {
      const { driverId, idToken, connector, toAt } = wait
      const fromAt = wait.fromAt > at ? wait.fromAt : at
      const order = { spot: { ...found.spot, connector }, terms, driverId, idToken, fromAt, toAt, offeredUntil }
      const offered = await book(host, tx, order).catch((error: unknown) => {
        if (error instanceof Problem && passes.has(error.code)) return undefined
        throw error
      })
      if (!offered) continue
      await noteOffer(tx, wait.id, offered.id)
      host.log.info({ bookingId: offered.id, waitId: wait.id }, 'what is free again was offered')
    }
  })
}

async function isFaulted(db: Db, chargerId: string | null, evse: number): Promise<boolean> {
  const rows = await db`
    select from connectors where charger_id = ${chargerId} and evse in (0, ${evse}) and status = 'faulted' limit 1`
  return rows.length > 0
}
