import {
  BookingCancelled,
  BookingChanged,
  BookingDue,
  BookingFailed,
  BookingFeeDue,
  BookingFeeWaived,
  BookingFreed,
  BookingFulfilled,
  BookingHoldRequested,
  BookingMade,
  BookingMissed,
  BookingOffered,
  BookingRejected,
} from '#contracts/booking'
import { defineService } from '#kernel'
import { followWorld } from './bookings/following.ts'
import { bookingRoutes } from './bookings/routes.ts'
import { turnBookings } from './bookings/turning.ts'
import { calendarRoutes } from './calendars/routes.ts'
import { figures } from './figures.ts'
import { asksLater, needs, settings, type Books, type Freed } from './host.ts'
import { answerHoldings } from './holdings.ts'
import { personal } from './personal.ts'
import { policyRoutes } from './policies/routes.ts'
import { problems } from './problems.ts'
import { seriesRoutes } from './series/routes.ts'
import { offerFreed } from './waiting/offering.ts'
import { waitingRoutes } from './waiting/routes.ts'

/** Who has a connector when, and what follows when they come, or do not. */
export const booking = defineService({
  name: 'booking',
  about: 'Booking: who has a connector when, on which terms, and what follows when they come, or do not.',
  problems,
  folder: import.meta.dirname,
  personal,
  prefix: '/api/bookings',
  needs,
  asksLater,
  settings,
  publishes: [
    BookingMade,
    BookingChanged,
    BookingOffered,
    BookingRejected,
    BookingFulfilled,
    BookingFreed,
    BookingCancelled,
    BookingMissed,
    BookingFailed,
    BookingDue,
    BookingFeeDue,
    BookingFeeWaived,
    BookingHoldRequested,
  ],
  start(host) {
    const books: Books = { ...host, offer: host.job('offer', (freed: Freed) => offerFreed(books, freed)) }
    followWorld(books)
    policyRoutes(books)
    waitingRoutes(books)
    seriesRoutes(books)
    calendarRoutes(books)
    bookingRoutes(books)
    figures(books)
    host.every('30 seconds', 'turn bookings by the clock', () => turnBookings(books))
    answerHoldings(books)
  },
})
