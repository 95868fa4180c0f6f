-- generations: a whole of all other tables, made from all that happened. The one with the greatest number is written;
-- the other one, while that catches up, is read.
create table generations (
  number    smallint    primary key,
  -- Of its days.
  time_zone text        not null,
  state     text        not null check (state in ('read', 'building')),
  -- Where the reactions stood when it was begun: it is read once they stand there again.
  standing  jsonb,
  begun_at  timestamptz,
  -- Be it that the event log does not go back as far as what is read.
  even_if_less boolean  not null default false,
  -- Whether the reactions have begun anew for it, where they have to.
  rewound   boolean     not null default true
);
create sequence generation_numbers as smallint start 2;
insert into generations (number, time_zone, state) values (1, 'UTC', 'read');

-- sessions: the last that was told of each, what it cost, and the last reading of each half hour. Nothing is said of
-- one of which only the price is known.
create table sessions (
  generation smallint not null,
  session_id uuid     not null,
  told_at    timestamptz,
  -- Of events that were told at once the later one, then its id.
  told_rank  smallint,
  told_id    uuid,
  charger_id text,
  evse       integer,
  connector  integer,
  owner_id   uuid,
  driver_id  uuid,
  started_at timestamptz,
  ended_at   timestamptz,
  energy_wh  bigint,
  mark_at    timestamptz[],
  mark_wh    bigint[],
  revision   integer,
  seller_id  uuid,
  tariff_id  uuid,
  currency   text,
  net_minor   bigint,
  tax_minor   bigint,
  total_minor bigint,
  charged_at timestamptz,
  primary key (generation, session_id)
);

-- places: what sessions have in common: whose they are, where, at what price. `id` is made of the rest.
create table places (
  generation smallint not null,
  id         uuid     not null,
  owner_id   uuid,
  charger_id text     not null,
  evse       integer  not null,
  connector  integer  not null,
  tariff_id  uuid,
  currency   text,
  -- It goes with the last of them.
  sessions   integer  not null,
  primary key (generation, id)
);

-- slots: sums of half hours of a place, of those in which anything was.
create table slots (
  generation   smallint    not null,
  at           timestamptz not null,
  place        uuid        not null,
  energy_wh    bigint      not null,
  busy_seconds integer     not null,
  sessions     integer     not null,
  charged      integer     not null,
  net_minor    bigint      not null,
  tax_minor    bigint      not null,
  total_minor  bigint      not null,
  primary key (generation, at, place)
) with (fillfactor = 80);

-- days: the same of days in the time zone of the generation.
create table days (
  generation   smallint not null,
  day          date     not null,
  place        uuid     not null,
  energy_wh    bigint   not null,
  busy_seconds integer  not null,
  sessions     integer  not null,
  charged      integer  not null,
  net_minor    bigint   not null,
  tax_minor    bigint   not null,
  total_minor  bigint   not null,
  primary key (generation, day, place)
) with (fillfactor = 80);

-- driver_months: in which months somebody charged at whose chargers. Nobody is told who.
create table driver_months (
  generation smallint not null,
  owner_id   uuid     not null,
  driver_id  uuid     not null,
  month      date     not null,
  sessions   integer  not null,
  primary key (generation, owner_id, driver_id, month)
);

-- stations: what was told last of each.
create table stations (
  generation smallint    not null,
  station_id uuid        not null,
  owner_id   uuid,
  site_id    uuid,
  name       text,
  -- As events tell them: EVSE, connector, standard.
  connectors jsonb       not null,
  deleted    boolean     not null,
  version    integer     not null,
  -- When that was told.
  station_at timestamptz not null,
  told_id    uuid        not null,
  primary key (generation, station_id)
);

-- stood: at which stations chargers were ever said to be, and when last.
create table stood (
  generation smallint    not null,
  charger_id text        not null,
  station_id uuid        not null,
  station_at timestamptz not null,
  primary key (generation, charger_id, station_id)
);

-- tariffs: what they are called.
create table tariffs (
  generation smallint not null,
  tariff_id  uuid     not null,
  name       text     not null,
  version    integer  not null,
  primary key (generation, tariff_id)
);

-- outlets: connectors, since when anything is known of them.
create table outlets (
  generation smallint    not null,
  charger_id text        not null,
  evse       integer     not null,
  connector  integer     not null,
  since      timestamptz not null,
  primary key (generation, charger_id, evse, connector)
);

-- chargers: whether they were removed, as was told last.
create table chargers (
  generation smallint not null,
  charger_id text     not null,
  removed    boolean  not null default false,
  told_at    timestamptz,
  told_id    uuid,
  primary key (generation, charger_id)
);

-- connections: when chargers came and went, and came again: with the next that is known.
create table connections (
  generation      smallint not null,
  charger_id      text     not null,
  connection_id   uuid     not null,
  connected_at    timestamptz,
  disconnected_at timestamptz,
  back_at         timestamptz,
  primary key (generation, charger_id, connection_id)
);
create index connections_by_return on connections (generation, back_at) where disconnected_at is not null;

-- reports: when places of chargers said that they work, or do not, and until when that was the last they said;
-- connector 0 is the EVSE, EVSE 0 the charger.
create table reports (
  generation smallint    not null,
  charger_id text        not null,
  evse       integer     not null,
  connector  integer     not null,
  at         timestamptz not null,
  event_id   uuid        not null,
  works      boolean     not null,
  until_at   timestamptz,
  primary key (generation, charger_id, evse, connector, at, event_id)
);
create index reports_by_end on reports (generation, until_at) where not works;

-- incidents: what did not work, as maintenance tells it once.
create table incidents (
  generation  smallint    not null,
  incident_id uuid        not null,
  opened_at   timestamptz not null,
  source      text        not null,
  owner_id    uuid,
  station_id  uuid,
  charger_id  text,
  evse        integer,
  connector   integer,
  primary key (generation, incident_id)
);
create index incidents_by_age on incidents (generation, opened_at);

-- passports: the last that was told of each of its sides, each by its version.
create table passports (
  generation     smallint not null,
  passport_id    uuid     not null,
  created_at     timestamptz,
  published_at   timestamptz,
  status         text,
  status_version integer,
  category       text,
  data_version   integer,
  owner_id       uuid,
  owner_version  integer,
  deleted        boolean  not null default false,
  primary key (generation, passport_id)
);

-- passport_counts: how many there are of whom, by status and category.
create table passport_counts (
  generation smallint not null,
  owner_id   uuid     not null,
  status     text     not null,
  category   text     not null,
  count      integer  not null,
  primary key (generation, owner_id, status, category)
);

-- passport_days: how many were made and published on days in the time zone of the generation.
create table passport_days (
  generation smallint not null,
  day        date     not null,
  owner_id   uuid     not null,
  created    integer  not null,
  published  integer  not null,
  primary key (generation, owner_id, day)
);
