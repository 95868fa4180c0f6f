-- works with code from 0001
-- calendars: of a station, what is booked there while it is this owner's.
alter table calendars add column owner_id uuid;

-- Whom a session that begins may be of.
create index bookings_unserved on bookings (charger_id, hold_from_at)
  where session_id is null and state in ('reserved', 'no-show');
