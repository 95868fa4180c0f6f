import Type, { type Static } from 'typebox'
import { TariffTerms } from '#contracts/billing'
import { BookingCanceller, BookingFeeKind, BookingState } from '#contracts/booking'
import { Id, Instant, Minor, Owner } from '#contracts/shared'
import type { Booking, Terms } from './bookings.ts'

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
export const One = Type.Object({ id: Id })

const Minutes = (example: number, description: string) =>
  Type.Integer({ minimum: 0, maximum: 1_000_000, description, examples: [example] })
const Currency = Type.String({ examples: ['EUR'] })

export const TermsView = Type.Object(
  {
    open: Type.Boolean({ description: 'Whether bookings are taken' }),
    currency: { ...nullable(Currency), description: 'Null where nothing costs anything' },
    bookingFeeMinor: { ...Minor, description: 'Asked when it is made, given back when it is cancelled in time' },
    noShowFeeMinor: { ...Minor, description: 'Asked of who does not come in time' },
    lateCancellationFeeMinor: { ...Minor, description: 'Asked of who cancels late' },
    lateCancellationMinutes: Minutes(60, 'So long before its begin a cancellation is late'),
    graceMinutes: Minutes(15, 'So late one may come'),
    holdMinutes: Minutes(15, 'So long before its begin nobody else may begin there'),
    maxMinutes: Minutes(240, 'The longest that can be booked'),
    maxAheadDays: Minutes(90, 'How far ahead one can book'),
    version: Type.Integer({ minimum: 0, description: 'Of these terms; name it when you book', examples: [1] }),
  },
  { title: 'BookingTerms' },
)

export const HoldState = Type.Enum(['none', 'asked', 'kept', 'refused', 'unsupported'], { examples: ['kept'] })

export const BookingView = Type.Object(
  {
    id: Id,
    state: BookingState,
    stationId: Id,
    chargerId: nullable(Type.String({ examples: ['CP-1'] })),
    evse: Type.Integer({ examples: [1] }),
    connector: Type.Integer({ examples: [1] }),
    place: Type.String({ examples: ['Market square'] }),
    timeZone: Type.String({ examples: ['Europe/Berlin'] }),
    owner: nullable(Owner),
    driverId: Id,
    idToken: nullable(Type.String({ examples: ['04A2B9C1D2E380'] })),
    reservationId: Type.Integer({ description: 'By which the charger knows it', examples: [1042] }),
    from: Instant,
    to: Instant,
    bookedTo: { ...nullable(Instant), description: 'Until when it was booked, where its driver ended at `to` already' },
    holdFrom: { ...Instant, description: 'From then on nobody else may begin there' },
    expiresAt: { ...Instant, description: 'Who has not come by then is a no-show' },
    terms: TermsView,
    reservation: {
      ...nullable(TariffTerms),
      description: 'What it costs, with tax, that the connector is kept: asked for once the driver came or is too late',
    },
    fees: Type.Array(
      Type.Object({
        kind: BookingFeeKind,
        currency: Currency,
        amountMinor: Minor,
        waived: Type.Boolean({ description: 'It was given back' }),
      }),
    ),
    keptBy: {
      ...nullable(Type.Enum(['charger', 'platform'], { examples: ['charger'] })),
      description: 'Who refuses others: the charger knows of it, or the platform alone; null while nobody has to',
    },
    hold: {
      ...HoldState,
      description:
        'What became of asking the charger to keep it: not asked (yet), not answered, kept, refused, or it knows no reservations',
    },
    holdAskedAt: { ...nullable(Instant), description: 'When the charger was asked last' },
    offeredUntil: nullable(Instant),
    seriesId: nullable(Id),
    sessionId: { ...nullable(Id), description: 'Of who came' },
    arrivedAt: nullable(Instant),
    endedAt: nullable(Instant),
    endedBy: nullable(BookingCanceller),
    reason: nullable(Type.String({ examples: ['Works at the station'] })),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
  },
  { title: 'Booking' },
)
export type BookingShown = Static<typeof BookingView>

export const viewTerms = (terms: Terms): Static<typeof TermsView> => terms

export const view = (booking: Booking): BookingShown => ({
  id: booking.id,
  state: booking.state,
  stationId: booking.stationId,
  chargerId: booking.chargerId,
  evse: booking.evse,
  connector: booking.connector,
  place: booking.place,
  timeZone: booking.timeZone,
  owner: booking.owner,
  driverId: booking.driverId,
  idToken: booking.idToken,
  reservationId: booking.reservationId,
  from: booking.fromAt.toISOString(),
  to: booking.toAt.toISOString(),
  bookedTo: booking.bookedToAt?.toISOString() ?? null,
  holdFrom: booking.holdFromAt.toISOString(),
  expiresAt: booking.expiresAt.toISOString(),
  terms: booking.terms,
  reservation: booking.reservation,
  fees: booking.fees.map(({ kind, currency, amountMinor, waivedAt }) => ({
    kind,
    currency,
    amountMinor,
    waived: waivedAt !== null,
  })),
  keptBy:
    booking.state !== 'reserved' || booking.hold === 'none' ? null : booking.hold === 'kept' ? 'charger' : 'platform',
  hold: booking.hold,
  holdAskedAt: booking.holdAskedAt?.toISOString() ?? null,
  offeredUntil: booking.offeredUntil?.toISOString() ?? null,
  seriesId: booking.seriesId,
  sessionId: booking.sessionId,
  arrivedAt: booking.arrivedAt?.toISOString() ?? null,
  endedAt: booking.endedAt?.toISOString() ?? null,
  endedBy: booking.endedBy,
  reason: booking.reason,
  version: booking.version,
  createdAt: booking.createdAt.toISOString(),
})
