-- works with code from 0001
-- Numbers by which chargers know bookings.
create sequence reservation_numbers as integer cycle;

-- bookings: who has an EVSE when. No two that count overlap, not by a second: the constraint decides.
create table bookings (
  id              uuid        primary key,
  reservation_id  integer     not null default nextval('reservation_numbers'),
  station_id      uuid        not null,
  charger_id      text,
  evse            integer     not null check (evse > 0),
  connector       integer     not null check (connector > 0),
  -- As it was told last.
  place           text        not null,
  time_zone       text        not null,
  country         text,
  region          text,
  owner_kind      text        check (owner_kind in ('person', 'organisation')),
  owner_id        uuid,
  station_version integer     not null,
  driver_id       uuid        not null,
  id_token        text,
  from_at         timestamptz not null,
  to_at           timestamptz not null,
  -- From then on nobody else begins there, until it expires.
  hold_from_at    timestamptz not null,
  expires_at      timestamptz not null,
  state           text        not null
    check (state in ('pending', 'reserved', 'rejected', 'fulfilled', 'cancelled', 'no-show', 'failed')),
  -- What was shown when it was made.
  terms           json        not null,
  offered_until   timestamptz,
  series_id       uuid,
  session_id      uuid,
  -- When the driver began there, also where that was too late.
  arrived_at      timestamptz,
  reminded_at     timestamptz,
  ended_at        timestamptz,
  ended_by        text        check (ended_by in ('driver', 'operator', 'system')),
  reason          text,
  -- What the charger was asked to keep, over which connection, and what it answered.
  hold            text        not null default 'none'
    check (hold in ('none', 'asked', 'kept', 'refused', 'unsupported')),
  hold_request_id uuid,
  hold_connection uuid,
  hold_asked_at   timestamptz,
  version         integer     not null default 1,
  created_at      timestamptz not null,
  check (to_at > from_at),
  check ((owner_kind is null) = (owner_id is null)),
  check ((state = 'pending') = (offered_until is not null)),
  constraint bookings_apart exclude using gist
    (station_id with =, evse with =, tstzrange(from_at, to_at) with &&)
    where (state in ('pending', 'reserved', 'fulfilled'))
) with (fillfactor = 80);
create index bookings_by_time on bookings (from_at, id);
create index bookings_by_driver on bookings (driver_id, from_at, id);
-- Nobody's are under the id of nobody.
create index bookings_by_owner on bookings
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), from_at, id);
create index bookings_by_station on bookings (station_id, from_at, id);
create index bookings_by_series on bookings (series_id, from_at) where series_id is not null;
create index bookings_by_charger on bookings (charger_id, from_at) where charger_id is not null;
create index bookings_by_request on bookings (hold_request_id) where hold_request_id is not null;
-- What the clock looks at.
create index bookings_offered on bookings (offered_until) where state = 'pending';
create index bookings_ahead on bookings (hold_from_at) where state = 'reserved';
create index bookings_unreminded on bookings (from_at) where state = 'reserved' and reminded_at is null;

-- fees: what is asked for a booking, once of each kind.
create table fees (
  id           uuid        primary key,
  booking_id   uuid        not null references bookings,
  kind         text        not null check (kind in ('booking', 'no-show', 'late-cancellation')),
  currency     text        not null,
  amount_minor bigint      not null check (amount_minor > 0),
  asked_at     timestamptz not null,
  waived_at    timestamptz,
  unique (booking_id, kind)
);

-- policies: on which terms an owner takes bookings, at one station or wherever nothing else is said.
create table policies (
  id                          uuid    primary key,
  owner_kind                  text    not null check (owner_kind in ('person', 'organisation')),
  owner_id                    uuid    not null,
  station_id                  uuid,
  open                        boolean not null,
  currency                    text,
  booking_fee_minor           bigint  not null check (booking_fee_minor >= 0),
  no_show_fee_minor           bigint  not null check (no_show_fee_minor >= 0),
  late_cancellation_fee_minor bigint  not null check (late_cancellation_fee_minor >= 0),
  late_cancellation_minutes   integer not null,
  grace_minutes               integer not null,
  hold_minutes                integer not null,
  max_minutes                 integer not null,
  max_ahead_days              integer not null,
  version                     integer not null,
  constraint policies_one unique nulls not distinct (owner_id, station_id),
  check (currency is not null
    or (booking_fee_minor = 0 and no_show_fee_minor = 0 and late_cancellation_fee_minor = 0))
);

-- waits: who wants what is taken, first come, first served; `booking_id` is the last that was offered.
create table waits (
  id         uuid        primary key,
  driver_id  uuid        not null,
  station_id uuid        not null,
  evse       integer     not null,
  connector  integer     not null,
  from_at    timestamptz not null,
  to_at      timestamptz not null,
  id_token   text,
  state      text        not null check (state in ('waiting', 'offered', 'served', 'ended')),
  booking_id uuid        references bookings,
  created_at timestamptz not null,
  check (to_at > from_at)
);
create index waits_by_driver on waits (driver_id, created_at, id);
create index waits_by_place on waits (station_id, evse, created_at, id) where state = 'waiting';
create index waits_by_booking on waits (booking_id) where booking_id is not null;

-- series: bookings that come again on weekdays, by the clock of the station.
create table series (
  id         uuid        primary key,
  driver_id  uuid        not null,
  station_id uuid        not null,
  evse       integer     not null,
  connector  integer     not null,
  place      text        not null,
  time_zone  text        not null,
  weekdays   integer[]   not null,
  starts     text        not null,
  ends       text        not null,
  first_day  date        not null,
  last_day   date        not null,
  id_token   text,
  state      text        not null check (state in ('active', 'cancelled')),
  version    integer     not null default 1,
  created_at timestamptz not null
);
create index series_by_driver on series (driver_id, created_at, id);

-- calendars: secret links to what one has booked, or to what is booked at a station; the digest of the secret.
create table calendars (
  id         uuid        primary key,
  user_id    uuid        not null,
  station_id uuid,
  digest     bytea       not null unique,
  created_at timestamptz not null,
  constraint calendars_one unique nulls not distinct (user_id, station_id)
);

-- chargers, connectors: what was told of them last.
create table chargers (
  id            text primary key,
  connection_id uuid not null
);
create table connectors (
  charger_id text        not null,
  evse       integer     not null,
  connector  integer     not null,
  status     text        not null,
  heard_at   timestamptz not null,
  event_id   uuid        not null,
  -- Since when it is as it is.
  since      timestamptz not null,
  primary key (charger_id, evse, connector)
) with (fillfactor = 80);
