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
  { operation: 'getBookingsPolicies' },
  { operation: 'deleteBookingsPoliciesById', with: { id: 'policyId' } },
]
