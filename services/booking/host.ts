import Type from 'typebox'
import { getReservationTerms } from '#contracts/billing'
import { getConnector, getStation } from '#contracts/stations'
import { Setting, type Host, type Job } from '#kernel'

export const settings = Type.Object({
  BOOKING_GRACE: Setting.duration(
    'How late who booked may come until that is a no-show, where the operator says nothing else.',
    { default: '15m' },
  ),
  BOOKING_HOLD: Setting.duration(
    'How long before a booking nobody else may begin there, where the operator says nothing else.',
    { default: '15m' },
  ),
  BOOKING_REMIND: Setting.duration('How long before a booking its driver is reminded.', { default: '1h' }),
  BOOKING_OFFER: Setting.duration('How long what is free again is kept for who waited first.', { default: '10m' }),
  BOOKING_FAULT: Setting.duration(
    'How long a connector is faulted until bookings there that begin soon are moved or given up.',
    { default: '2m' },
  ),
  BOOKING_MOST_OPEN: Setting.integer('How many bookings a driver may have ahead of them.', {
    default: 250,
    minimum: 1,
    maximum: 100_000,
  }),
})

type Asked = typeof getConnector | typeof getStation | typeof getReservationTerms

/** What there is to book, where it stands and whose it is. */
export const needs: readonly Asked[] = [getConnector, getStation]

/** What it costs that something is kept, where anybody bills. */
export const asksLater: readonly Asked[] = [getReservationTerms]

/** What this service has of the world. */
export type BookingHost = Host<'booking', Asked, typeof settings>

/** What is free again is offered to who waits for it. */
export interface Freed {
  readonly stationId: string
  readonly evse: number
}

/** The same with the job that offers what is free again. */
export type Books = BookingHost & { readonly offer: Job<Freed> }
