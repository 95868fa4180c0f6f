-- The schema sessions after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table chargers (
  id               text                      not null,
  owner_kind       text,
  owner_id         uuid,
  station_id       uuid,
  connection_id    uuid,
  disconnected_at  timestamp with time zone,
  owner_at         timestamp with time zone,
  station_at       timestamp with time zone,
  constraint chargers_pkey PRIMARY KEY (id),
  constraint chargers_check CHECK (((owner_kind IS NULL) = (owner_id IS NULL))),
  constraint chargers_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);

create table connectors (
  charger_id  text                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  status      text                      not null,
  at          timestamp with time zone  not null,
  heard_at    timestamp with time zone  not null,
  constraint connectors_pkey PRIMARY KEY (charger_id, evse, connector)
);

create table quarters (
  session_id  uuid                      not null,
  at          timestamp with time zone  not null,
  measurand   text                      not null,
  phase       text                      not null,
  location    text                      not null,
  context     text                      not null,
  value       double precision          not null,
  unit        text                      not null,
  constraint quarters_pkey PRIMARY KEY (session_id, at, measurand, phase, location, context)
);

create table readings (
  session_id  uuid                      not null,
  at          timestamp with time zone  not null,
  measurand   text                      not null,
  phase       text                      not null,
  location    text                      not null,
  context     text                      not null,
  value       double precision          not null,
  unit        text                      not null,
  constraint readings_pkey PRIMARY KEY (session_id, at, measurand, phase, location, context)
) partition by RANGE (session_id);

create table requests (
  id          uuid                      not null,
  kind        text                      not null,
  charger_id  text                      not null,
  session_id  uuid,
  token       text,
  asked_by    uuid                      not null,
  asked_at    timestamp with time zone  not null,
  until       timestamp with time zone  not null,
  outcome     text,
  status      text,
  error_code  text,
  constraint requests_pkey PRIMARY KEY (id),
  constraint requests_kind_check CHECK ((kind = ANY (ARRAY['start'::text, 'stop'::text]))),
  constraint requests_outcome_check CHECK ((outcome = ANY (ARRAY['answered'::text, 'error'::text, 'timeout'::text, 'offline'::text])))
);
CREATE INDEX requests_by_age ON sessions.requests USING btree (asked_at);

create table sessions (
  id              uuid                      not null,
  charger_id      text                      not null,
  reference       text                      not null,
  station_id      uuid,
  evse            integer                   not null,
  connector       integer                   not null,
  owner_kind      text,
  owner_id        uuid,
  owner_told      boolean                   not null,
  driver_id       uuid,
  token           text,
  token_type      text,
  token_accepted  boolean,
  offline         boolean                   not null,
  begun_at        timestamp with time zone,
  stopped_at      timestamp with time zone,
  first_at        timestamp with time zone  not null,
  last_at         timestamp with time zone  not null,
  last_seq        integer                   not null,
  heard_at        timestamp with time zone  not null,
  closed_at       timestamp with time zone,
  closed_reason   text,
  closed_on       timestamp with time zone,
  started_at      timestamp with time zone  not null,
  ended_at        timestamp with time zone,
  stop_reason     text,
  charging_state  text,
  meter           json                      not null,
  energy_wh       bigint                    not null,
  power_w         double precision,
  soc_percent     double precision,
  live_at         timestamp with time zone,
  updated_at      timestamp with time zone  not null,
  thinned         boolean                   not null default false,
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_check CHECK ((ended_at >= started_at)),
  constraint sessions_check1 CHECK (((owner_kind IS NULL) = (owner_id IS NULL))),
  constraint sessions_check2 CHECK ((((closed_at IS NULL) = (closed_reason IS NULL)) AND ((closed_at IS NULL) = (closed_on IS NULL)))),
  constraint sessions_closed_reason_check CHECK ((closed_reason = ANY (ARRAY['ConnectorAvailable'::text, 'AnotherSession'::text, 'ChargerSilent'::text]))),
  constraint sessions_energy_wh_check CHECK ((energy_wh >= 0)),
  constraint sessions_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX sessions_active ON sessions.sessions USING btree (charger_id, evse) WHERE (ended_at IS NULL);
CREATE INDEX sessions_by_charger ON sessions.sessions USING btree (charger_id, started_at, id);
CREATE INDEX sessions_by_driver ON sessions.sessions USING btree (driver_id, started_at, id);
CREATE INDEX sessions_by_owner ON sessions.sessions USING btree (owner_id, started_at, id) INCLUDE (driver_id);
CREATE INDEX sessions_by_station ON sessions.sessions USING btree (station_id, started_at, id) WHERE (station_id IS NOT NULL);
CREATE INDEX sessions_by_time ON sessions.sessions USING btree (started_at, id);
CREATE INDEX sessions_by_token ON sessions.sessions USING btree (upper(token), started_at, id);
CREATE INDEX sessions_under_way_by_driver ON sessions.sessions USING btree (driver_id, started_at, id) WHERE (ended_at IS NULL);
CREATE INDEX sessions_under_way_by_owner ON sessions.sessions USING btree (owner_id, started_at, id) INCLUDE (driver_id) WHERE (ended_at IS NULL);
CREATE INDEX sessions_unthinned ON sessions.sessions USING btree (id) WHERE (NOT thinned);

create table signed_values (
  session_id  uuid                      not null,
  at          timestamp with time zone  not null,
  context     text                      not null,
  measurand   text                      not null,
  data        text                      not null,
  digest      text                      not null generated always as (md5(data)) stored,
  method      text,
  encoding    text,
  public_key  text,
  constraint signed_values_pkey PRIMARY KEY (session_id, at, context, measurand, digest)
);
