import Type, { type Static } from 'typebox'
import { event } from './define.ts'
import { ChargerId, Currency, Id, Instant, Line, Minor, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/**
 * How a booking stands, as OCPI has it: `pending` was offered and is kept until somebody takes it (else `rejected`);
 * `failed` could not be honoured.
 */
export const BookingState = Type.Enum(
  ['pending', 'reserved', 'rejected', 'fulfilled', 'cancelled', 'no-show', 'failed'],
  { examples: ['reserved'] },
)
export type BookingState = Static<typeof BookingState>

/** A card or another token that may start there beside those of the driver, in its own spelling. */
const IdToken = Type.String({ minLength: 1, maxLength: 255, examples: ['04A2B9C1D2E380'] })

/** What every event says of a booking; of two the greater `version` holds. */
const Booking = {
  bookingId: Id,
  version: Type.Integer({ minimum: 1, examples: [1] }),
  state: BookingState,
  stationId: Id,
  /** The device that stands there; a station may have none. */
  chargerId: nullable(ChargerId),
  evse: Type.Integer({ minimum: 1, examples: [1] }),
  connector: Type.Integer({ minimum: 1, examples: [1] }),
  /** Whose the station is. */
  owner: nullable(Owner),
  /** What people call it, and where its clock is. */
  place: Line(255, { examples: ['Market square'] }),
  timeZone: Type.String({ examples: ['Europe/Berlin'] }),
  driverId: Id,
  idToken: nullable(IdToken),
  /** What chargers call it. */
  reservationId: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, examples: [1042] }),
  from: Instant,
  to: Instant,
  /** From then on nobody else may begin there, until the driver began or this ends. */
  holdFrom: Instant,
  expiresAt: Instant,
}

const Fee = { currency: nullable(Currency), feeMinor: Minor }

/** A connector is somebody's for a time. `feeMinor` is asked for the booking itself. */
export const BookingMade = event('booking', 'booking.made', 'bookingId', Type.Object({ ...Booking, ...Fee }))

/** It is at another time or place: the driver wanted it, or (`moved`) the connector does not work. */
export const BookingChanged = event(
  'booking',
  'booking.changed',
  'bookingId',
  Type.Object({ ...Booking, moved: Type.Boolean() }),
)

/** What somebody waited for is free, and kept for them until then. */
export const BookingOffered = event(
  'booking',
  'booking.offered',
  'bookingId',
  Type.Object({ ...Booking, offeredUntil: Instant }),
)

/** An offer was not taken. */
export const BookingRejected = event('booking', 'booking.rejected', 'bookingId', Type.Object(Booking))

/** The driver came; also where a no-show was told before. */
export const BookingFulfilled = event(
  'booking',
  'booking.fulfilled',
  'bookingId',
  Type.Object({ ...Booking, sessionId: Id, startedAt: Instant }),
)

/** Who cancelled a booking: its driver, who runs the station, or that one of them is gone. */
export const BookingCanceller = Type.Enum(['driver', 'operator', 'system'], { examples: ['driver'] })

/** Somebody cancelled it. `feeMinor` is asked as it was late. */
export const BookingCancelled = event(
  'booking',
  'booking.cancelled',
  'bookingId',
  Type.Object({
    ...Booking,
    ...Fee,
    by: BookingCanceller,
    reason: nullable(Line(200, { examples: ['Works at the station'] })),
  }),
)

/** Nobody came in time: the connector is everybody's again. */
export const BookingMissed = event('booking', 'booking.missed', 'bookingId', Type.Object({ ...Booking, ...Fee }))

/** Who came has ended charging before their time was over: `to` is when that was, and the rest is everybody's again. */
export const BookingFreed = event(
  'booking',
  'booking.freed',
  'bookingId',
  Type.Object({ ...Booking, bookedTo: Instant, sessionId: Id }),
)

/** Why a booking cannot be honoured: the connector does not work, somebody charges there still, or it is gone. */
export const BookingFailure = Type.Enum(['faulted', 'occupied', 'station-gone'], { examples: ['faulted'] })
export type BookingFailure = Static<typeof BookingFailure>

/** It cannot be honoured; nothing is asked for it. */
export const BookingFailed = event(
  'booking',
  'booking.failed',
  'bookingId',
  Type.Object({ ...Booking, reason: BookingFailure }),
)

/** A booking begins soon; told once. */
export const BookingDue = event('booking', 'booking.due', 'bookingId', Type.Object(Booking))

/**
 * What a fee is for. `reservation` and `reservation-expired` are what the tariff says that it costs that a connector is
 * kept: until its driver came, and where nobody did.
 */
export const BookingFeeKind = Type.Enum(
  ['booking', 'no-show', 'late-cancellation', 'reservation', 'reservation-expired'],
  { examples: ['no-show'] },
)
export type BookingFeeKind = Static<typeof BookingFeeKind>

/** Where something was sold, as far as its tax depends on that. */
const Place = Type.Object({
  timeZone: Type.String({ examples: ['Europe/Berlin'] }),
  /** ISO 3166-1 alpha-3. */
  country: nullable(Type.String({ examples: ['DEU'] })),
  region: nullable(Type.String()),
})

const FeeAsked = {
  feeId: Id,
  bookingId: Id,
  kind: BookingFeeKind,
  driverId: Id,
  seller: Owner,
  place: Place,
  currency: Currency,
  /** With tax, above zero. */
  amountMinor: Minor,
  at: Instant,
}

/** A driver owes the seller something for a booking, as its terms said when it was made. */
export const BookingFeeDue = event('booking', 'booking.fee-due', 'feeId', Type.Object(FeeAsked))

/** They do not, after all. */
export const BookingFeeWaived = event('booking', 'booking.fee-waived', 'feeId', Type.Object(FeeAsked))

/**
 * A charger is to keep an EVSE for a booking until then, or no longer; asked until `until`. `command.ended` names the
 * request.
 */
export const BookingHoldRequested = event(
  'booking',
  'booking.hold-requested',
  'chargerId',
  Type.Object({
    requestId: Id,
    bookingId: Id,
    chargerId: ChargerId,
    evse: Type.Integer({ minimum: 1, examples: [1] }),
    kept: Type.Boolean(),
    reservationId: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, examples: [1042] }),
    driverId: Id,
    idToken: nullable(IdToken),
    expiresAt: Instant,
    until: Instant,
  }),
)
