-- works with code from 0001
-- sites: where several stations stand; a station that is made there takes over what it does not say itself.
create table sites (
  id            uuid        primary key,
  owner_kind    text        not null check (owner_kind in ('person', 'organisation')),
  owner_id      uuid        not null,
  name          text        not null,
  address       jsonb,
  latitude      double precision check (latitude between -90 and 90),
  longitude     double precision check (longitude between -180 and 180),
  time_zone     text,
  opening       jsonb,
  facilities    text[]      not null default '{}',
  parking_type  text,
  accessibility text[]      not null default '{}',
  directions    text,
  operator_name text,
  owner_name    text,
  fault_contact jsonb,
  photos        uuid[]      not null default '{}',
  tariff        text,
  version       integer     not null,
  created_at    timestamptz not null,
  updated_at    timestamptz not null
);
create index sites_by_age on sites (created_at, id);
create index sites_by_owner on sites (owner_id, created_at, id);

-- stations: what people see on a map. One that is deleted stays for who refers to it.
create table stations (
  id            uuid        primary key,
  -- What its operator calls it: the key of imports.
  reference     text,
  charger_id    text,
  -- Since when the charger belongs here, for who asks how well it worked; null where it always has.
  charger_since timestamptz,
  site_id       uuid        references sites,
  owner_kind    text        check (owner_kind in ('person', 'organisation')),
  owner_id      uuid,
  public        boolean     not null,
  -- Made for a charger, and nobody has described it yet.
  drafted       boolean     not null,
  name          text        not null,
  address       jsonb,
  latitude      double precision check (latitude between -90 and 90),
  longitude     double precision check (longitude between -180 and 180),
  time_zone     text,
  opening       jsonb,
  facilities    text[]      not null default '{}',
  parking_type  text,
  accessibility text[]      not null default '{}',
  directions    text,
  operator_name text,
  owner_name    text,
  fault_contact jsonb,
  photos        uuid[]      not null default '{}',
  tariff        text,
  -- From the address and the opening times, for who looks for it: minutes of the week, null for always.
  country       text,
  city          text,
  words         tsvector    not null,
  open_week     int4multirange,
  open_also     tstzmultirange not null default '{}',
  closed_on     tstzmultirange not null default '{}',
  -- Of its charger.
  online        boolean     not null default false,
  online_since  timestamptz,
  version       integer     not null,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  deleted_at    timestamptz,
  check ((owner_kind is null) = (owner_id is null)),
  check ((latitude is null) = (longitude is null)),
  check (not public or latitude is not null)
);
create unique index stations_charger on stations (charger_id) where deleted_at is null;
create index stations_ever_charger on stations (charger_id);
create unique index stations_reference on stations (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), reference)
  where deleted_at is null;
create index stations_all_by_age on stations (created_at, id) where deleted_at is null;
create index stations_public_by_age on stations (created_at, id) where deleted_at is null and public;
create index stations_online_by_age on stations (online, created_at, id) where deleted_at is null;
-- Nobody's are under the id of nobody.
create index stations_by_owner on stations
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), created_at, id) where deleted_at is null;
create index stations_by_site on stations (site_id, created_at, id) where deleted_at is null;
create index stations_search on stations using gin (words, country, lower(city)) with (gin_pending_list_limit = 64);

-- evses: parts of a station that charge one car at a time.
create table evses (
  station_id         uuid    not null references stations on delete cascade,
  evse               integer not null check (evse > 0),
  evse_id            text,
  physical_reference text,
  floor_level        text,
  primary key (station_id, evse)
);

-- connectors: plugs and sockets of an EVSE; `status` as its charger said last, `available` when it can be used now.
create table connectors (
  id           uuid    not null unique,
  station_id   uuid    not null,
  evse         integer not null,
  connector    integer not null check (connector > 0),
  standard     text,
  format       text,
  power_type   text,
  max_voltage  integer,
  max_amperage integer,
  max_power_w  integer,
  tariff       text,
  status       text,
  error_code   text,
  status_at    timestamptz,
  available    boolean not null default false,
  primary key (station_id, evse, connector),
  foreign key (station_id, evse) references evses on delete cascade
) with (fillfactor = 80);

-- spots: public stations with a position, once for each kind of connector and power they have: what is searched around
-- a position. A kind is a number, so that an index begins with it (nearby/spots.ts).
create table spots (
  station_id    uuid    not null references stations on delete cascade,
  kind          integer not null,
  standard      text,
  least_power_w integer not null,
  max_power_w   integer not null,
  position      cube    not null,
  available     boolean not null default false,
  primary key (station_id, kind)
) with (fillfactor = 80);
create index spots_around on spots using gist (kind, position);

-- chargers: what `ocpp` tells of devices, whether they have a station or not. Whose they are is the last that was told
-- (`told_at`, `told_version`), their connection the one with the greatest id.
create table chargers (
  id            text    primary key,
  owner_kind    text,
  owner_id      uuid,
  -- Was accepted at least once.
  accepted      boolean not null default false,
  told_at       timestamptz,
  told_version  integer,
  connection_id uuid,
  online        boolean not null default false,
  online_since  timestamptz,
  vendor        text,
  model         text,
  serial_number text,
  firmware      text,
  booted_at     timestamptz
);

-- connections: when chargers came and went.
create table connections (
  charger_id      text not null,
  connection_id   uuid not null,
  connected_at    timestamptz,
  disconnected_at timestamptz,
  primary key (charger_id, connection_id)
);

-- states: what chargers said last of each place; connector 0 is the EVSE as a whole, EVSE 0 the charger.
create table states (
  charger_id text        not null,
  evse       integer     not null,
  connector  integer     not null,
  status     text        not null,
  error_code text,
  at         timestamptz not null,
  event_id   uuid        not null,
  primary key (charger_id, evse, connector)
);

-- reports: all that chargers said of places, but for what changed nothing.
create table reports (
  charger_id text        not null,
  evse       integer     not null,
  connector  integer     not null,
  at         timestamptz not null,
  event_id   uuid        not null,
  status     text        not null,
  primary key (charger_id, evse, connector, at, event_id)
);

-- exclusions: time that does not count as outage, and why (23 CFR 680.116(b)(3)).
create table exclusions (
  id         uuid        primary key,
  station_id uuid        not null references stations on delete cascade,
  -- Null for all of the station.
  evse       integer,
  from_at    timestamptz not null,
  to_at      timestamptz not null check (to_at > from_at),
  reason     text        not null,
  note       text,
  created_by uuid        not null,
  created_at timestamptz not null
);
create index exclusions_by_station on exclusions (station_id, from_at, id);

-- Whether a station is open, by its own clock.
create function is_open(week int4multirange, also tstzmultirange, closed tstzmultirange, zone text, at timestamptz)
  returns boolean language sql stable parallel safe
  return (week is null or also @> at or week @> (
      (extract(isodow from at at time zone coalesce(zone, 'UTC'))::integer - 1) * 1440
      + extract(hour from at at time zone coalesce(zone, 'UTC'))::integer * 60
      + extract(minute from at at time zone coalesce(zone, 'UTC'))::integer))
    and not closed @> at;
