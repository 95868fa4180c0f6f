import type { Problems } from '#kernel'

/** What booking refuses with. */
export const problems = {
  booking_unknown: ['not_found', 'There is no such booking, or it is not for who asks.'],
  booking_taken: ['conflict', 'Somebody else has booked the connector for a part of that time.'],
  booking_over: ['conflict', 'The booking is over: it was used, cancelled or missed.'],
  booking_late: ['conflict', 'It is too late to change the booking.'],
  booking_times_invalid: ['unprocessable', 'Nobody can book these times there.'],
  bookings_too_many: ['conflict', 'So many bookings are ahead of one already.'],
  driver_blocked: ['conflict', 'Who owes too much books nothing before they have paid.'],
  bookings_closed: ['conflict', 'The operator takes no bookings there.'],
  terms_changed: ['conflict', 'The terms of bookings there are not those that were shown.'],
  offer_over: ['conflict', 'The offer has ended, or was taken already.'],
  policy_unknown: ['not_found', 'There are no such terms, or they are not for who asks.'],
  wait_unknown: ['not_found', 'There is no such place in a waiting list, or it is not for who asks.'],
  series_unknown: ['not_found', 'There are no such recurring bookings, or they are not for who asks.'],
  series_empty: ['unprocessable', 'There is no such day between the first and the last, or there are too many.'],
  calendar_unknown: ['not_found', 'There is no such calendar, or its link was renewed.'],
  station_unknown: ['not_found', 'There is no such station, or it is not for who asks.'],
  connector_unknown: ['not_found', 'There is no such connector.'],
} satisfies Problems
