-- works with code from 0001
-- chargers: whose each is, the station it stands for and whether it has a connection, as events said last.
create table chargers (
  id              text        primary key,
  owner_kind      text        check (owner_kind in ('person', 'organisation')),
  owner_id        uuid,
  -- Of the event the owner is from.
  owner_version   integer     not null default 0,
  station_id      uuid,
  station_version integer     not null default 0,
  -- Ids grow with time: a later connection has a greater one.
  connection_id   uuid,
  disconnected_at timestamptz,
  check ((owner_kind is null) = (owner_id is null))
);

-- connectors: when each was last said to be free, and when that was heard.
create table connectors (
  charger_id text        not null,
  evse       integer     not null,
  connector  integer     not null,
  status     text        not null,
  at         timestamptz not null,
  heard_at   timestamptz not null,
  primary key (charger_id, evse, connector)
);

-- sessions: one row a transaction of a charger, under its id. What was said of it is kept beside what follows from it, so that it does not matter in
-- which order it was said.
create table sessions (
  id             uuid        primary key,
  charger_id     text        not null,
  reference      text        not null,
  station_id     uuid,
  evse           integer     not null,
  connector      integer     not null,
  owner_kind     text        check (owner_kind in ('person', 'organisation')),
  owner_id       uuid,
  -- The charger belonged to somebody when the session was; else it is whose the charger is now.
  owner_told     boolean     not null,
  driver_id      uuid,
  token          text,
  token_type     text,
  token_accepted boolean,
  offline        boolean     not null,
  -- When it began and ended, as the charger said; when it first and last said anything about it (by its clock), and when that was heard last.
  begun_at       timestamptz,
  stopped_at     timestamptz,
  first_at       timestamptz not null,
  last_at        timestamptz not null,
  last_seq       integer     not null,
  heard_at       timestamptz not null,
  -- When it must have ended, by which rule, and when that was found.
  closed_at      timestamptz,
  closed_reason  text        check (closed_reason in ('ConnectorAvailable', 'AnotherSession', 'ChargerSilent')),
  closed_on      timestamptz,
  -- What follows.
  started_at     timestamptz not null,
  ended_at       timestamptz check (ended_at >= started_at),
  stop_reason    text,
  charging_state text,
  -- What the meter registers showed, as far as more can be added to it; see energy.ts.
  meter          json        not null,
  energy_wh      bigint      not null check (energy_wh >= 0),
  -- Of the vehicle at the moment, and when that was.
  power_w        double precision,
  soc_percent    double precision,
  live_at        timestamptz,
  updated_at     timestamptz not null,
  -- Its readings are thinned.
  thinned        boolean     not null default false,
  check ((owner_kind is null) = (owner_id is null)),
  check ((closed_at is null) = (closed_reason is null) and (closed_at is null) = (closed_on is null))
);
create index sessions_by_time on sessions (started_at, id);
create index sessions_by_driver on sessions (driver_id, started_at, id);
create index sessions_by_owner on sessions (owner_id, started_at, id);
create index sessions_by_charger on sessions (charger_id, started_at, id);
create index sessions_by_station on sessions (station_id, started_at, id) where station_id is not null;
create index sessions_by_token on sessions (upper(token), started_at, id);
create index sessions_active on sessions (charger_id, evse) where ended_at is null;
create index sessions_unthinned on sessions (id) where not thinned;

-- readings: what meters measured, each once: where it came again with another value the greater one is kept. In parts by the age of the session
-- (kernel.tend), which go as a whole once their sessions are thinned.
create table readings (
  session_id uuid             not null,
  at         timestamptz      not null,
  measurand  text             not null,
  phase      text             not null,
  location   text             not null,
  context    text             not null,
  value      double precision not null,
  unit       text             not null,
  primary key (session_id, at, measurand, phase, location, context)
) partition by range (session_id);
create table readings_net partition of readings default;
do $$
begin
  execute format('create table readings_first partition of readings for values from (minvalue) to (%L)',
    kernel.uuid_at(date_trunc('hour', clock_timestamp() + interval '1 day')));
end $$;

-- quarters: what is left of readings of sessions that are final: the last of each quarter of an hour, begin and end.
create table quarters (
  session_id uuid             not null,
  at         timestamptz      not null,
  measurand  text             not null,
  phase      text             not null,
  location   text             not null,
  context    text             not null,
  value      double precision not null,
  unit       text             not null,
  primary key (session_id, at, measurand, phase, location, context)
);

-- signed_values: values as meters signed them, which stay as they were given.
create table signed_values (
  session_id uuid        not null,
  at         timestamptz not null,
  context    text        not null,
  measurand  text        not null,
  data       text        not null,
  digest     text        generated always as (md5(data)) stored,
  method     text,
  encoding   text,
  public_key text,
  primary key (session_id, at, context, measurand, digest)
);

-- requests: starts and stops that somebody asked for, and what the charger answered.
create table requests (
  id         uuid        primary key,
  kind       text        not null check (kind in ('start', 'stop')),
  charger_id text        not null,
  session_id uuid,
  token      text,
  asked_by   uuid        not null,
  asked_at   timestamptz not null,
  until      timestamptz not null,
  ended_at   timestamptz,
  outcome    text        check (outcome in ('accepted', 'rejected', 'offline', 'timeout', 'unsupported', 'failed'))
);
create index requests_by_age on requests (asked_at);
