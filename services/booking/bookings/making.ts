import {
  BookingCancelled,
  BookingChanged,
  BookingFailed,
  BookingFeeDue,
  BookingFeeWaived,
  BookingFulfilled,
  BookingHoldRequested,
  BookingMade,
  BookingMissed,
  BookingOffered,
  BookingRejected,
  type BookingFailure,
} from '#contracts/booking'
import type { TariffTerms } from '#contracts/billing'
import type { Owner } from '#contracts/shared'
import { getConnector, getStation } from '#contracts/stations'
import { newId, partiesOf, Problem, type Actor, type Tx } from '#kernel'
import type { Books, Freed } from '../host.ts'
import { endOffer } from '../waiting/store.ts'
import { keptFor, mayManage, type Booking, type Fee, type Spot, type Terms } from './bookings.ts'
import { requirePaying } from './paying.ts'
import { reservationDue, wasKept } from './reserving.ts'
import { countAhead, insertBooking, insertFee, lockDriver, updateBooking, waiveFee } from './store.ts'

export type BookingTx = Tx<'booking'>

/** So long a charger has for a command. */
const waitMs = 60_000

interface Wanted {
  readonly stationId: string
  readonly evse: number
  readonly connector: number
}

/** A place that can be booked, and whether everybody sees it. Fails with `station_unknown` and `connector_unknown`. */
export async function spotAt({ ask }: Pick<Books, 'ask'>, wanted: Wanted): Promise<{ spot: Spot; isPublic: boolean }> {
  const { stationId, evse, connector } = wanted
  const [, station] = await Promise.all([
    ask(getConnector, { stationId, evse, connector }),
    ask(getStation, { stationId }),
  ])
  const { owner, chargerId, name: place, timeZone, country, region, version: stationVersion } = station
  const where = { stationId, chargerId, evse, connector, place, timeZone: timeZone ?? 'UTC', country, region }
  return { spot: { ...where, owner, stationVersion }, isPublic: station.public }
}

/** The same for who may see it. */
export async function spotFor(host: Pick<Books, 'ask'>, actor: Actor, wanted: Wanted): Promise<Spot> {
  const { spot, isPublic } = await spotAt(host, wanted)
  const { owner } = spot
  if (!isPublic && !mayManage(actor, owner) && !(owner && partiesOf(actor).includes(owner.id)))
    throw new Problem('not_found', 'station_unknown')
  return spot
}

/** What every event says of a booking. */
export const told = (booking: Booking) => ({
  bookingId: booking.id,
  version: booking.version,
  state: booking.state,
  stationId: booking.stationId,
  chargerId: booking.chargerId,
  evse: booking.evse,
  connector: booking.connector,
  owner: booking.owner,
  place: booking.place,
  timeZone: booking.timeZone,
  driverId: booking.driverId,
  idToken: booking.idToken,
  reservationId: booking.reservationId,
  from: booking.fromAt.toISOString(),
  to: booking.toAt.toISOString(),
  holdFrom: booking.holdFromAt.toISOString(),
  expiresAt: booking.expiresAt.toISOString(),
})

export interface Order {
  readonly spot: Spot
  readonly terms: Terms
  /** See `Booking`; of what is offered it is agreed when that is taken. */
  readonly reservation?: TariffTerms | null
  readonly driverId: string
  readonly idToken: string | null
  readonly fromAt: Date
  readonly toAt: Date
  readonly seriesId?: string
  /** It is offered until then, and booked when it is taken. */
  readonly offeredUntil?: Date
}

/** Undefined where somebody has a part of that time. Fails with `bookings_too_many` and `driver_blocked`. */
export async function book(host: Books, tx: BookingTx, order: Order): Promise<Booking | undefined> {
  const {
    spot,
    terms,
    reservation = null,
    driverId,
    idToken,
    fromAt,
    toAt,
    seriesId = null,
    offeredUntil = null,
  } = order
  const at = host.now()
  await lockDriver(tx, driverId)
  await requirePaying(tx, driverId)
  if ((await countAhead(tx, driverId, at)) >= host.settings.BOOKING_MOST_OPEN)
    throw new Problem('conflict', 'bookings_too_many')
  const made = await insertBooking(tx, {
    ...spot,
    id: newId(at.getTime()),
    driverId,
    idToken,
    fromAt,
    toAt,
    bookedToAt: null,
    ...keptFor(terms, fromAt, toAt, at),
    state: offeredUntil ? 'pending' : 'reserved',
    terms,
    reservation,
    offeredUntil,
    seriesId,
    sessionId: null,
    arrivedAt: null,
    // Who books a moment before needs no reminder.
    remindedAt: fromAt.getTime() - host.settings.BOOKING_REMIND <= at.getTime() ? at : null,
    endedAt: null,
    endedBy: null,
    reason: null,
    hold: 'none',
    holdRequestId: null,
    holdConnection: null,
    holdAskedAt: null,
    version: 1,
    createdAt: at,
  })
  if (!made) return undefined
  if (offeredUntil) {
    await tx.publish(BookingOffered, { ...told(made), offeredUntil: offeredUntil.toISOString() })
    return made
  }
  return await tellMade(host, tx, made)
}

/** Tells that something is booked, and asks for what that costs. */
export async function tellMade({ now }: Books, tx: BookingTx, booking: Booking): Promise<Booking> {
  const { currency, bookingFeeMinor: feeMinor } = booking.terms
  const charged = await askByTerms(tx, booking, 'booking', now())
  await tx.publish(BookingMade, { ...told(booking), currency, feeMinor: charged === booking ? 0 : feeMinor })
  return charged
}

const amounts = {
  booking: 'bookingFeeMinor',
  'no-show': 'noShowFeeMinor',
  'late-cancellation': 'lateCancellationFeeMinor',
} as const

const askByTerms = (tx: BookingTx, booking: Booking, kind: keyof typeof amounts, at: Date): Promise<Booking> =>
  askFee(tx, booking, kind, { currency: booking.terms.currency, amountMinor: booking.terms[amounts[kind]] }, at)

/** The booking with the fee, where there is one and it was not asked for before. */
async function askFee(
  tx: BookingTx,
  booking: Booking,
  kind: Fee['kind'],
  { currency, amountMinor }: { readonly currency: string | null; readonly amountMinor: number },
  at: Date,
): Promise<Booking> {
  const { owner } = booking
  // Nobody sells what is nobody's, and nobody owes themselves anything.
  if (amountMinor === 0 || !currency || !owner || owner.id === booking.driverId) return booking
  const fee: Fee = {
    id: newId(at.getTime()),
    kind,
    currency,
    amountMinor,
    askedAt: at.toISOString(),
    waivedAt: null,
  }
  if (!(await insertFee(tx, booking.id, fee))) return booking
  await tx.publish(BookingFeeDue, feeTold(booking, owner, fee, at))
  return { ...booking, fees: [...booking.fees, fee] }
}

/** Gives back what was asked for of these kinds. */
async function waive(tx: BookingTx, booking: Booking, kinds: readonly Fee['kind'][], at: Date): Promise<Booking> {
  const fees: Fee[] = []
  for (const fee of booking.fees) {
    const isDue = kinds.includes(fee.kind) && fee.waivedAt === null
    if (isDue) {
      await waiveFee(tx, fee.id, at)
      await tx.publish(BookingFeeWaived, feeTold(booking, booking.owner!, fee, at))
    }
    fees.push(isDue ? { ...fee, waivedAt: at.toISOString() } : fee)
  }
  return { ...booking, fees }
}

const feeTold = (booking: Booking, seller: Owner, { id, kind, currency, amountMinor }: Fee, at: Date) => {
  const { id: bookingId, driverId, timeZone, country, region } = booking
  const place = { timeZone, country, region }
  return { feeId: id, bookingId, kind, driverId, seller, place, currency, amountMinor, at: at.toISOString() }
}

/** How a booking is to end. */
export type Ending =
  | {
      readonly state: 'cancelled'
      readonly by: 'driver' | 'operator' | 'system'
      readonly late?: boolean
      readonly reason?: string | undefined
    }
  | {
      readonly state: 'fulfilled'
      readonly sessionId: string
      readonly startedAt: Date
      /** They charged there all the time that it was kept. */
      readonly stayed?: boolean
    }
  | { readonly state: 'no-show' }
  | { readonly state: 'failed'; readonly reason: BookingFailure }
  | { readonly state: 'rejected' }

/**
 * Ends a booking with all that follows: what it costs, that the charger keeps it no longer, that others may have it.
 * It may be kept in another state than it is told to be in, where its time is somebody else's by now.
 */
export async function end(
  host: Books,
  tx: BookingTx,
  before: Booking,
  ending: Ending,
  state: Booking['state'] = ending.state,
): Promise<Booking> {
  const at = host.now()
  const next: Booking = {
    ...before,
    state,
    offeredUntil: null,
    endedAt: at,
    endedBy: ending.state === 'cancelled' ? ending.by : null,
    reason: 'reason' in ending ? (ending.reason ?? null) : null,
    sessionId: ending.state === 'fulfilled' ? ending.sessionId : before.sessionId,
    arrivedAt: ending.state === 'fulfilled' ? ending.startedAt : before.arrivedAt,
    version: before.version + 1,
  }
  const settled = await settleFees(tx, next, ending, at)
  const isGivenUp = ending.state === 'cancelled' || ending.state === 'failed'
  const released = isGivenUp ? await release(host, tx, settled) : settled
  await updateBooking(tx, released)
  if (before.state === 'pending') await endOffer(tx, before.id, 'ended')
  await tell(tx, before, released, ending)
  if (ending.state !== 'fulfilled') await free(host, tx, before)
  host.log.info({ bookingId: before.id, state, reason: next.reason }, 'a booking ended')
  return released
}

async function settleFees(tx: BookingTx, booking: Booking, ending: Ending, at: Date): Promise<Booking> {
  if (ending.state === 'no-show') {
    const due = reservationDue(booking, booking.expiresAt, true)
    return await askFee(tx, await askByTerms(tx, booking, 'no-show', at), 'reservation-expired', due, at)
  }
  if (ending.state === 'fulfilled') {
    const due = reservationDue(booking, ending.stayed ? undefined : ending.startedAt, false)
    return await askFee(tx, await waive(tx, booking, ['no-show', 'reservation-expired'], at), 'reservation', due, at)
  }
  if (ending.state !== 'cancelled' || ending.by !== 'driver') return await waive(tx, booking, ['booking'], at)
  const settled = ending.late
    ? await askByTerms(tx, booking, 'late-cancellation', at)
    : await waive(tx, booking, ['booking'], at)
  // Before it was kept from others it was nobody's loss.
  return wasKept(booking, at)
    ? await askFee(tx, settled, 'reservation', reservationDue(booking, at, false), at)
    : settled
}

async function tell(tx: BookingTx, before: Booking, booking: Booking, ending: Ending): Promise<void> {
  // What is asked for since; one amount tells of one currency.
  const asked = booking.fees.slice(before.fees.length)
  const currency = asked[0]?.currency ?? booking.terms.currency
  const feeMinor = asked.reduce((sum, fee) => sum + (fee.currency === currency ? fee.amountMinor : 0), 0)
  if (ending.state === 'rejected') await tx.publish(BookingRejected, told(booking))
  else if (ending.state === 'no-show') await tx.publish(BookingMissed, { ...told(booking), currency, feeMinor })
  else if (ending.state === 'failed') await tx.publish(BookingFailed, { ...told(booking), reason: ending.reason })
  else if (ending.state === 'fulfilled')
    await tx.publish(BookingFulfilled, {
      ...told(booking),
      sessionId: ending.sessionId,
      startedAt: ending.startedAt.toISOString(),
    })
  else
    await tx.publish(BookingCancelled, {
      ...told(booking),
      currency,
      feeMinor,
      by: ending.by,
      reason: ending.reason ?? null,
    })
}

/** Offers what is free again to who waits for it. */
export const free = async ({ offer }: Books, tx: BookingTx, { stationId, evse }: Freed): Promise<void> =>
  void (await tx.enqueue(offer, { stationId, evse }))

/** The booking elsewhere or at another time. Fails with `booking_taken`. */
export async function move(
  host: Books,
  tx: BookingTx,
  before: Booking,
  to: Partial<Pick<Booking, 'evse' | 'connector' | 'fromAt' | 'toAt'>>,
  moved: boolean,
): Promise<Booking> {
  const { fromAt = before.fromAt, toAt = before.toAt } = to
  const isLater = fromAt.getTime() - host.settings.BOOKING_REMIND > host.now().getTime()
  const released = await release(host, tx, before)
  const next: Booking = {
    ...released,
    ...to,
    ...keptFor(before.terms, fromAt, toAt, host.now()),
    remindedAt: isLater ? null : before.remindedAt,
    version: before.version + 1,
  }
  await updateBooking(tx, next)
  await tx.publish(BookingChanged, { ...told(next), moved })
  await free(host, tx, before)
  return next
}

/** Has the charger keep an EVSE for a booking; asked anew for each connection of the charger. */
export async function keep(host: Books, tx: BookingTx, booking: Booking, connection: string | null): Promise<void> {
  const asked = await askCharger(host, tx, booking, true)
  await updateBooking(tx, { ...asked, hold: 'asked', holdConnection: connection })
}

/** Has the charger keep it no longer, where it was asked to. */
const release = async (host: Books, tx: BookingTx, booking: Booking): Promise<Booking> =>
  booking.hold === 'asked' || booking.hold === 'kept'
    ? { ...(await askCharger(host, tx, booking, false)), hold: 'none' }
    : { ...booking, hold: 'none' }

async function askCharger(host: Books, tx: BookingTx, booking: Booking, kept: boolean): Promise<Booking> {
  const { chargerId, id: bookingId, evse, reservationId, driverId, idToken } = booking
  if (chargerId === null) return booking
  const at = host.now()
  const requestId = newId(at.getTime())
  await tx.publish(BookingHoldRequested, {
    requestId,
    bookingId,
    chargerId,
    evse,
    kept,
    reservationId,
    driverId,
    idToken,
    expiresAt: booking.expiresAt.toISOString(),
    until: new Date(at.getTime() + waitMs).toISOString(),
  })
  host.log.info({ bookingId, chargerId, evse, kept }, 'a charger is asked to keep a booking, or no longer to')
  return { ...booking, holdRequestId: requestId, holdAskedAt: at }
}
