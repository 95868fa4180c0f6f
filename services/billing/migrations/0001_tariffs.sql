-- works with code from 0001
-- tariffs: what charging costs at the chargers of their owner; `version` is that of their terms too.
create table tariffs (
  id           uuid        primary key,
  owner_kind   text        not null check (owner_kind in ('person', 'organisation')),
  owner_id     uuid        not null,
  name         text        not null,
  version      integer     not null check (version > 0),
  created_at   timestamptz not null,
  withdrawn_at timestamptz
);
create index tariffs_by_owner on tariffs (owner_id, id);

-- tariff_terms: all that ever were offered, as quotes and sessions cite them.
create table tariff_terms (
  tariff_id uuid        not null references tariffs,
  version   integer     not null,
  terms     json        not null,
  since     timestamptz not null,
  primary key (tariff_id, version)
);

-- driver_groups: who charges at other prices than everybody.
create table driver_groups (
  id         uuid        primary key,
  owner_kind text        not null check (owner_kind in ('person', 'organisation')),
  owner_id   uuid        not null,
  name       text        not null,
  version    integer     not null default 1,
  created_at timestamptz not null
);
create index driver_groups_by_owner on driver_groups (owner_id, id);
create table driver_group_members (
  group_id  uuid not null references driver_groups on delete cascade,
  driver_id uuid not null,
  primary key (group_id, driver_id)
);
create index driver_group_members_by_driver on driver_group_members (driver_id);

-- tariff_uses: where a tariff is in force: at a connector, an EVSE, a station, or wherever its owner says nothing else;
-- for everybody or for a group of drivers. One at a time at each.
create table tariff_uses (
  tariff_id  uuid    not null references tariffs,
  owner_id   uuid    not null,
  station_id uuid,
  evse       integer,
  connector  integer,
  group_id   uuid    references driver_groups on delete cascade,
  check (evse is null or station_id is not null),
  check (connector is null or evse is not null),
  constraint tariff_uses_one unique nulls not distinct (owner_id, station_id, evse, connector, group_id)
);
create index tariff_uses_by_tariff on tariff_uses (tariff_id);
create index tariff_uses_by_group on tariff_uses (group_id);

-- quotes: prices that were promised to somebody, until they end; a session that begins meanwhile costs what was said.
create table quotes (
  id         uuid        primary key,
  -- Null for who is not signed in.
  driver_id  uuid,
  station_id uuid        not null,
  evse       integer     not null,
  connector  integer     not null,
  tariff_id  uuid        not null,
  version    integer     not null,
  price      json        not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  foreign key (tariff_id, version) references tariff_terms
);
create index quotes_by_place on quotes (station_id, evse, driver_id, expires_at);
create index quotes_by_age on quotes (expires_at);
