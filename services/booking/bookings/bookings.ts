import type { TariffTerms } from '#contracts/billing'
import type { BookingFeeKind, BookingState } from '#contracts/booking'
import type { Owner } from '#contracts/shared'
import { mayWrite, Problem, type Actor } from '#kernel'

/** On which terms somebody takes bookings; those of a booking are what was shown when it was made. */
export interface Terms {
  readonly open: boolean
  /** Null where nothing costs anything. */
  readonly currency: string | null
  readonly bookingFeeMinor: number
  readonly noShowFeeMinor: number
  readonly lateCancellationFeeMinor: number
  /** So long before its begin a cancellation is late. */
  readonly lateCancellationMinutes: number
  readonly graceMinutes: number
  readonly holdMinutes: number
  readonly maxMinutes: number
  readonly maxAheadDays: number
  /** 0 where nobody said anything. */
  readonly version: number
}

/** Where something is booked, as its station was told last. */
export interface Spot {
  readonly stationId: string
  readonly chargerId: string | null
  readonly evse: number
  readonly connector: number
  readonly place: string
  readonly timeZone: string
  readonly country: string | null
  readonly region: string | null
  readonly owner: Owner | null
  readonly stationVersion: number
}

export interface Fee {
  readonly id: string
  readonly kind: BookingFeeKind
  readonly currency: string
  readonly amountMinor: number
  readonly askedAt: string
  readonly waivedAt: string | null
}

/** What a charger was asked to keep: it does, says no for now, or knows nothing of such things. */
export type Hold = 'none' | 'asked' | 'kept' | 'refused' | 'unsupported'

export interface Booking extends Spot {
  readonly id: string
  readonly reservationId: number
  readonly driverId: string
  readonly idToken: string | null
  readonly fromAt: Date
  readonly toAt: Date
  /** Where its driver ended earlier, which is `toAt` then: until when it was booked. */
  readonly bookedToAt: Date | null
  readonly holdFromAt: Date
  readonly expiresAt: Date
  readonly state: BookingState
  readonly terms: Terms
  /** What it costs that the connector is kept, with tax, by the tariff of when it was booked; null is nothing. */
  readonly reservation: TariffTerms | null
  readonly offeredUntil: Date | null
  readonly seriesId: string | null
  readonly sessionId: string | null
  readonly arrivedAt: Date | null
  readonly remindedAt: Date | null
  readonly endedAt: Date | null
  readonly endedBy: 'driver' | 'operator' | 'system' | null
  readonly reason: string | null
  readonly hold: Hold
  readonly holdRequestId: string | null
  readonly holdConnection: string | null
  readonly holdAskedAt: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly fees: readonly Fee[]
}

const minute = 60_000
/** Nothing shorter is booked. */
const leastMs = 5 * minute
/** A clock that is somewhat behind is no reason to refuse what begins now. */
const skewMs = minute

/** Since when and until when a time is kept for who booked it. */
export const keptFor = ({ graceMinutes, holdMinutes }: Terms, fromAt: Date, toAt: Date, madeAt: Date) => ({
  holdFromAt: new Date(fromAt.getTime() - holdMinutes * minute),
  // Who books what has begun has as long as everybody.
  expiresAt: new Date(Math.min(toAt.getTime(), Math.max(fromAt.getTime(), madeAt.getTime()) + graceMinutes * minute)),
})

/** Fails with `booking_times_invalid` for what nobody can book, by the field that is wrong. */
export function requirePossible({ maxMinutes, maxAheadDays }: Terms, fromAt: Date, toAt: Date, at: Date): void {
  const [from, to] = [fromAt.getTime(), toAt.getTime()]
  const errors = [
    ...(from < at.getTime() - skewMs ? [{ pointer: '/from', detail: 'is past' }] : []),
    ...(from > at.getTime() + maxAheadDays * 24 * 60 * minute
      ? [{ pointer: '/from', detail: `is more than ${maxAheadDays} days ahead` }]
      : []),
    ...(to <= from ? [{ pointer: '/to', detail: 'must be after `from`' }] : []),
    ...(to > from && to - from < leastMs ? [{ pointer: '/to', detail: 'must be five minutes after `from`' }] : []),
    ...(to - from > maxMinutes * minute
      ? [{ pointer: '/to', detail: `must be within ${maxMinutes} minutes after \`from\`` }]
      : []),
  ]
  if (errors.length > 0) throw new Problem('unprocessable', 'booking_times_invalid', { errors })
}

/** Whether a cancellation or change then costs what late ones cost. */
export const isLate = ({ fromAt, terms }: Booking, at: Date): boolean =>
  at.getTime() > fromAt.getTime() - terms.lateCancellationMinutes * minute

/** Nobody, where whose a thing is stands to be compared. */
export const nobody = '00000000-0000-0000-0000-000000000000'

/** Operators see to what is theirs and to what is nobody's yet, admins to all. */
export const mayManage = (actor: Actor, owner: Owner | null): boolean =>
  actor.role === 'admin' || (actor.role === 'operator' && (owner === null || mayWrite(actor, { owner })))

/** Drivers read their own, operators those at their stations. */
export const mayRead = (actor: Actor, { driverId, owner }: Pick<Booking, 'driverId' | 'owner'>): boolean =>
  actor.userId === driverId ||
  actor.role === 'admin' ||
  (actor.role === 'operator' && (owner === null || [actor.userId, actor.organisation?.id].includes(owner.id)))

/** Whether somebody who began there then is who booked it. */
export const isMeant = (
  { driverId, idToken }: Pick<Booking, 'driverId' | 'idToken'>,
  who: { readonly driverId: string | null; readonly token: { readonly idToken: string } | null },
): boolean =>
  driverId === who.driverId || (idToken !== null && idToken.toUpperCase() === who.token?.idToken.toUpperCase())
