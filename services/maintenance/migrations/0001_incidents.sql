-- works with code from 0001
-- chargers: what others told of chargers: whose they are, and their connection.
create table chargers (
  id              text        primary key,
  owner_kind      text        check (owner_kind in ('person', 'organisation')),
  owner_id        uuid,
  accepted        boolean     not null default false,
  -- Which of what was told is the last; null until anything was.
  told_at         timestamptz,
  told_version    integer,
  removed_at      timestamptz,
  connection_id   uuid,
  disconnected_at timestamptz
);
create index chargers_away on chargers (disconnected_at) where disconnected_at is not null and accepted;

-- stations: what was told of stations, and which charger stands for them.
create table stations (
  id         uuid        primary key,
  charger_id text,
  owner_kind text        check (owner_kind in ('person', 'organisation')),
  owner_id   uuid,
  name       text        not null,
  version    integer     not null,
 station_at timestamptz not null,
  deleted    boolean     not null
);
create index stations_by_charger on stations (charger_id, station_at) where not deleted;

-- incidents: what does not work. Those of chargers have a key within the charger and are open once.
create table incidents (
  id         uuid        primary key,
  source     text        not null check (source in ('person', 'fault', 'alert', 'offline')),
  charger_id text,
  station_id uuid,
  -- What it is about at its charger or station.
  key        text        not null,
  evse       integer,
  connector  integer,
  owner_kind text        check (owner_kind in ('person', 'organisation')),
  owner_id   uuid,
  place      text        not null,
  code       text,
  info       text,
  priority   text        not null check (priority in ('critical', 'high', 'normal', 'low')),
  opened_at  timestamptz not null,
  -- It is well since then, and closed when that lasts.
  cleared_at timestamptz,
  -- How often it came back before that.
  relapses   integer     not null default 0,
  closed_at  timestamptz,
  closed_end text        check (closed_end in ('cleared', 'solved', 'dismissed', 'removed')),
  -- Whether others have heard of it: once it is known whose the charger is.
  told       boolean     not null,
  version    integer     not null,
  check (charger_id is not null or station_id is not null),
  check ((closed_at is null) = (closed_end is null))
) with (fillfactor = 80);
create unique index incidents_open_charger on incidents (charger_id, key) where closed_at is null and source <> 'person';
create unique index incidents_open_station on incidents (station_id, key) where closed_at is null and source = 'person';
create index incidents_by_age on incidents (opened_at, id);
-- Nobody's are under the id of nobody.
create index incidents_by_owner on incidents
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), opened_at, id);
create index incidents_by_charger on incidents (charger_id, opened_at, id);
create index incidents_by_station on incidents (station_id, opened_at, id);
create index incidents_open on incidents (opened_at, id) where closed_at is null;
create index incidents_cleared on incidents (cleared_at) where closed_at is null and cleared_at is not null;

-- signals: of everything at a charger that was ever bad, what was heard last; what comes late or again changes nothing.
create table signals (
  charger_id  text        not null,
  key         text        not null,
  heard_at    timestamptz not null,
  event_id    uuid        not null,
  bad         boolean     not null,
  incident_id uuid        not null references incidents,
  primary key (charger_id, key)
) with (fillfactor = 80);

-- reports: what people say of an incident; of each person what they said last.
create table reports (
  incident_id uuid        not null references incidents,
  reporter_id uuid        not null,
  text        text,
  photos      uuid[]      not null,
  reported_at timestamptz not null,
  primary key (incident_id, reporter_id)
);
create index reports_by_reporter on reports (reporter_id, incident_id);
