-- works with code from 0001
-- bookings: those that were made in a span of time are found without reading all, whenever they begin.
create index bookings_by_age on bookings (created_at);
create index bookings_by_owner_and_age on bookings
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), created_at);
