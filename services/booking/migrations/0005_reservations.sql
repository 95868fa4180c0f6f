-- works with code from 0004
-- bookings: what the tariff says that it costs that a connector is kept, as it was when it was booked (OCPI's reservations).
alter table bookings add column reservation json;
-- fees: that is asked for too, until somebody came, and where nobody did.
alter table fees drop constraint fees_kind_check, add constraint fees_kind_check
  check (kind in ('booking', 'no-show', 'late-cancellation', 'reservation', 'reservation-expired'));
