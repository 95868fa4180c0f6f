-- works with code from 0001
-- drivers_blocked: whether somebody owes too much to charge, as was said last.
create table drivers_blocked (
  driver_id uuid        primary key,
  blocked   boolean     not null,
  at        timestamptz not null
);

-- bookings: until when one was booked whose driver ended earlier; `to_at` is when that was.
alter table bookings add column booked_to_at timestamptz;
create index bookings_by_session on bookings (session_id) where session_id is not null;
