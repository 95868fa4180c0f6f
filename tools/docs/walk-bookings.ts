import type { Step } from './steps.ts'

/** Who has a connector when. */
export const bookings: readonly Step[] = [
  // The station of the example is not there.
  { operation: 'getBookingsTerms', status: 404 },
  { operation: 'getBookingsTaken', status: 404 },
  { operation: 'putBookingsPolicies', with: { stationId: 'stationId' }, keep: { policyId: 'id' } },
  { operation: 'postBookings', with: { stationId: 'stationId' }, keep: { bookingId: 'id', bookingTag: 'ETag' } },
  { operation: 'getBookings' },
  { operation: 'getBookingsCount' },
  { operation: 'getBookingsById', with: { id: 'bookingId' } },
  {
    operation: 'putBookingsById',
    with: { id: 'bookingId', 'If-Match': 'bookingTag' },
    keep: { bookingTag: 'ETag' },
  },
  { operation: 'postBookingsByIdCancel', with: { id: 'bookingId', 'If-Match': 'bookingTag' } },
  { operation: 'postBookingsWaiting', with: { stationId: 'stationId' }, keep: { waitId: 'id' } },
  { operation: 'getBookingsWaiting' },
  { operation: 'deleteBookingsWaitingById', with: { id: 'waitId' } },
  // What was cancelled, nobody is offered.
  { operation: 'postBookingsByIdAccept', with: { id: 'bookingId' }, status: 409 },
  { operation: 'postBookingsByIdDecline', with: { id: 'bookingId' }, status: 409 },
  { operation: 'postBookingsSeries', with: { stationId: 'stationId' }, keep: { seriesId: 'series.id' } },
  { operation: 'getBookingsSeries' },
  { operation: 'getBookingsSeriesById', with: { id: 'seriesId' } },
  { operation: 'postBookingsSeriesByIdCancel', with: { id: 'seriesId' } },
  { operation: 'putBookingsCalendars', with: { stationId: 'stationId' }, keep: { calendarId: 'id' } },
  { operation: 'getBookingsCalendars' },
  // Nobody was told this link.
  { operation: 'getBookingsFeedsByFile', status: 404 },
  { operation: 'deleteBookingsCalendarsById', with: { id: 'calendarId' } },
  { operation: 'getBookingsPolicies' },
  { operation: 'deleteBookingsPoliciesById', with: { id: 'policyId' } },
]
