/** A booking as who decides about a start wants to know it. */
export interface Kept {
  readonly chargerId: string
  readonly evse: number
  readonly driverId: string
  readonly idToken: string | null
  readonly reservationId: number
  readonly holdFromAt: Date
  readonly expiresAt: Date
  readonly toAt: Date
  /** `kept` for who booked it; `used` once they came, who may begin again. */
  readonly state: 'kept' | 'used'
}

/** What is booked at a charger, of so many EVSEs that it is known to have. */
export interface Booked {
  readonly bookings: readonly Kept[]
  readonly evses: number
}

/** Who shows a token. */
export interface Shown {
  readonly idToken: string
  readonly userId: string | null
}

const isOf = ({ driverId, idToken }: Kept, shown: Shown): boolean =>
  driverId === shown.userId || idToken?.toUpperCase() === shown.idToken.toUpperCase()

/** The booking by which somebody may begin then, at any EVSE where none is named. */
export const ownOf = ({ bookings }: Booked, shown: Shown, evse: number | undefined, at: Date): Kept | undefined =>
  bookings.find(
    kept => isOf(kept, shown) && (evse === undefined || kept.evse === evse) && kept.holdFromAt <= at && at < kept.toAt,
  )

/** The booking for which an EVSE is kept from them; where none is named every one has to be. */
export function keptFrom(booked: Booked, shown: Shown, evse: number | undefined, at: Date): Kept | undefined {
  if (booked.bookings.length === 0 || ownOf(booked, shown, evse, at)) return undefined
  const kept = booked.bookings.filter(
    ({ state, holdFromAt, expiresAt }) => state === 'kept' && holdFromAt <= at && at < expiresAt,
  )
  if (evse !== undefined) return kept.find(one => one.evse === evse)
  return new Set(kept.map(one => one.evse)).size >= Math.max(1, booked.evses) ? kept[0] : undefined
}

/** What the tokens of who booked have in common at that charger, where they have nothing else; 1.6 takes 20 characters. */
export const groupOf = (reservationId: number): string => `BK${reservationId}`
