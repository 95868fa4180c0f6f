-- works with code from 0001
-- bookings: for whom an EVSE is kept, and when, as was told last; who else begins there meanwhile is refused.
create table bookings (
  booking_id     uuid        primary key,
  version        integer     not null,
  charger_id     text,
  evse           integer     not null,
  driver_id      uuid        not null,
  id_token       text,
  reservation_id integer     not null,
  hold_from_at   timestamptz not null,
  expires_at     timestamptz not null,
  to_at          timestamptz not null,
  state          text        not null check (state in ('kept', 'used', 'over'))
);
create index bookings_by_charger on bookings (charger_id, to_at) where state <> 'over';
create index bookings_by_end on bookings (to_at);
