-- The schema booking after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table bookings (
  id               uuid                      not null,
  reservation_id   integer                   not null default nextval('reservation_numbers'::regclass),
  station_id       uuid                      not null,
  charger_id       text,
  evse             integer                   not null,
  connector        integer                   not null,
  place            text                      not null,
  time_zone        text                      not null,
  country          text,
  region           text,
  owner_kind       text,
  owner_id         uuid,
  station_version  integer                   not null,
  driver_id        uuid                      not null,
  id_token         text,
  from_at          timestamp with time zone  not null,
  to_at            timestamp with time zone  not null,
  hold_from_at     timestamp with time zone  not null,
  expires_at       timestamp with time zone  not null,
  state            text                      not null,
  terms            json                      not null,
  offered_until    timestamp with time zone,
  series_id        uuid,
  session_id       uuid,
  arrived_at       timestamp with time zone,
  reminded_at      timestamp with time zone,
  ended_at         timestamp with time zone,
  ended_by         text,
  reason           text,
  hold             text                      not null default 'none'::text,
  hold_request_id  uuid,
  hold_connection  uuid,
  hold_asked_at    timestamp with time zone,
  version          integer                   not null default 1,
  created_at       timestamp with time zone  not null,
  booked_to_at     timestamp with time zone,
  reservation      json,
  constraint bookings_pkey PRIMARY KEY (id),
  constraint bookings_check CHECK ((to_at > from_at)),
  constraint bookings_check1 CHECK (((owner_kind IS NULL) = (owner_id IS NULL))),
  constraint bookings_check2 CHECK (((state = 'pending'::text) = (offered_until IS NOT NULL))),
  constraint bookings_connector_check CHECK ((connector > 0)),
  constraint bookings_ended_by_check CHECK ((ended_by = ANY (ARRAY['driver'::text, 'operator'::text, 'system'::text]))),
  constraint bookings_evse_check CHECK ((evse > 0)),
  constraint bookings_hold_check CHECK ((hold = ANY (ARRAY['none'::text, 'asked'::text, 'kept'::text, 'refused'::text, 'unsupported'::text]))),
  constraint bookings_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint bookings_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'reserved'::text, 'rejected'::text, 'fulfilled'::text, 'cancelled'::text, 'no-show'::text, 'failed'::text]))),
  constraint bookings_apart EXCLUDE USING gist (station_id WITH =, evse WITH =, tstzrange(from_at, to_at) WITH &&) WHERE ((state = ANY (ARRAY['pending'::text, 'reserved'::text, 'fulfilled'::text])))
);
CREATE INDEX bookings_ahead ON booking.bookings USING btree (hold_from_at) WHERE (state = 'reserved'::text);
CREATE INDEX bookings_by_age ON booking.bookings USING btree (created_at);
CREATE INDEX bookings_by_charger ON booking.bookings USING btree (charger_id, from_at) WHERE (charger_id IS NOT NULL);
CREATE INDEX bookings_by_driver ON booking.bookings USING btree (driver_id, from_at, id);
CREATE INDEX bookings_by_owner ON booking.bookings USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), from_at, id);
CREATE INDEX bookings_by_owner_and_age ON booking.bookings USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), created_at);
CREATE INDEX bookings_by_request ON booking.bookings USING btree (hold_request_id) WHERE (hold_request_id IS NOT NULL);
CREATE INDEX bookings_by_series ON booking.bookings USING btree (series_id, from_at) WHERE (series_id IS NOT NULL);
CREATE INDEX bookings_by_session ON booking.bookings USING btree (session_id) WHERE (session_id IS NOT NULL);
CREATE INDEX bookings_by_station ON booking.bookings USING btree (station_id, from_at, id);
CREATE INDEX bookings_by_time ON booking.bookings USING btree (from_at, id);
CREATE INDEX bookings_offered ON booking.bookings USING btree (offered_until) WHERE (state = 'pending'::text);
CREATE INDEX bookings_unreminded ON booking.bookings USING btree (from_at) WHERE ((state = 'reserved'::text) AND (reminded_at IS NULL));
CREATE INDEX bookings_unserved ON booking.bookings USING btree (charger_id, hold_from_at) WHERE ((session_id IS NULL) AND (state = ANY (ARRAY['reserved'::text, 'no-show'::text])));

create table calendars (
  id          uuid                      not null,
  user_id     uuid                      not null,
  station_id  uuid,
  digest      bytea                     not null,
  created_at  timestamp with time zone  not null,
  owner_id    uuid,
  constraint calendars_pkey PRIMARY KEY (id),
  constraint calendars_digest_key UNIQUE (digest),
  constraint calendars_one UNIQUE NULLS NOT DISTINCT (user_id, station_id)
);

create table chargers (
  id             text  not null,
  connection_id  uuid  not null,
  constraint chargers_pkey PRIMARY KEY (id)
);

create table connectors (
  charger_id  text                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  status      text                      not null,
  heard_at    timestamp with time zone  not null,
  event_id    uuid                      not null,
  since       timestamp with time zone  not null,
  constraint connectors_pkey PRIMARY KEY (charger_id, evse, connector)
);

create table drivers_blocked (
  driver_id  uuid                      not null,
  blocked    boolean                   not null,
  at         timestamp with time zone  not null,
  constraint drivers_blocked_pkey PRIMARY KEY (driver_id)
);

create table fees (
  id            uuid                      not null,
  booking_id    uuid                      not null,
  kind          text                      not null,
  currency      text                      not null,
  amount_minor  bigint                    not null,
  asked_at      timestamp with time zone  not null,
  waived_at     timestamp with time zone,
  constraint fees_pkey PRIMARY KEY (id),
  constraint fees_booking_id_kind_key UNIQUE (booking_id, kind),
  constraint fees_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint fees_amount_minor_check CHECK ((amount_minor > 0)),
  constraint fees_kind_check CHECK ((kind = ANY (ARRAY['booking'::text, 'no-show'::text, 'late-cancellation'::text, 'reservation'::text, 'reservation-expired'::text])))
);

create table policies (
  id                           uuid     not null,
  owner_kind                   text     not null,
  owner_id                     uuid     not null,
  station_id                   uuid,
  open                         boolean  not null,
  currency                     text,
  booking_fee_minor            bigint   not null,
  no_show_fee_minor            bigint   not null,
  late_cancellation_fee_minor  bigint   not null,
  late_cancellation_minutes    integer  not null,
  grace_minutes                integer  not null,
  hold_minutes                 integer  not null,
  max_minutes                  integer  not null,
  max_ahead_days               integer  not null,
  version                      integer  not null,
  constraint policies_pkey PRIMARY KEY (id),
  constraint policies_one UNIQUE NULLS NOT DISTINCT (owner_id, station_id),
  constraint policies_booking_fee_minor_check CHECK ((booking_fee_minor >= 0)),
  constraint policies_check CHECK (((currency IS NOT NULL) OR ((booking_fee_minor = 0) AND (no_show_fee_minor = 0) AND (late_cancellation_fee_minor = 0)))),
  constraint policies_late_cancellation_fee_minor_check CHECK ((late_cancellation_fee_minor >= 0)),
  constraint policies_no_show_fee_minor_check CHECK ((no_show_fee_minor >= 0)),
  constraint policies_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);

create table series (
  id          uuid                      not null,
  driver_id   uuid                      not null,
  station_id  uuid                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  place       text                      not null,
  time_zone   text                      not null,
  weekdays    integer[]                 not null,
  starts      text                      not null,
  ends        text                      not null,
  first_day   date                      not null,
  last_day    date                      not null,
  id_token    text,
  state       text                      not null,
  version     integer                   not null default 1,
  created_at  timestamp with time zone  not null,
  constraint series_pkey PRIMARY KEY (id),
  constraint series_state_check CHECK ((state = ANY (ARRAY['active'::text, 'cancelled'::text])))
);
CREATE INDEX series_by_driver ON booking.series USING btree (driver_id, created_at, id);

create table waits (
  id          uuid                      not null,
  driver_id   uuid                      not null,
  station_id  uuid                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  from_at     timestamp with time zone  not null,
  to_at       timestamp with time zone  not null,
  id_token    text,
  state       text                      not null,
  booking_id  uuid,
  created_at  timestamp with time zone  not null,
  constraint waits_pkey PRIMARY KEY (id),
  constraint waits_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES bookings(id),
  constraint waits_check CHECK ((to_at > from_at)),
  constraint waits_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'offered'::text, 'served'::text, 'ended'::text])))
);
CREATE INDEX waits_by_booking ON booking.waits USING btree (booking_id) WHERE (booking_id IS NOT NULL);
CREATE INDEX waits_by_driver ON booking.waits USING btree (driver_id, created_at, id);
CREATE INDEX waits_by_place ON booking.waits USING btree (station_id, evse, created_at, id) WHERE (state = 'waiting'::text);
