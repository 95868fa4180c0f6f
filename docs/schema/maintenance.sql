-- The schema maintenance after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table chargers (
  id               text                      not null,
  owner_kind       text,
  owner_id         uuid,
  accepted         boolean                   not null default false,
  told_at          timestamp with time zone,
  told_version     integer,
  removed_at       timestamp with time zone,
  connection_id    uuid,
  disconnected_at  timestamp with time zone,
  constraint chargers_pkey PRIMARY KEY (id),
  constraint chargers_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX chargers_away ON maintenance.chargers USING btree (disconnected_at) WHERE ((disconnected_at IS NOT NULL) AND accepted);

create table incidents (
  id          uuid                      not null,
  source      text                      not null,
  charger_id  text,
  station_id  uuid,
  key         text                      not null,
  evse        integer,
  connector   integer,
  owner_kind  text,
  owner_id    uuid,
  place       text                      not null,
  code        text,
  info        text,
  priority    text                      not null,
  opened_at   timestamp with time zone  not null,
  cleared_at  timestamp with time zone,
  relapses    integer                   not null default 0,
  closed_at   timestamp with time zone,
  closed_end  text,
  told        boolean                   not null,
  version     integer                   not null,
  constraint incidents_pkey PRIMARY KEY (id),
  constraint incidents_check CHECK (((charger_id IS NOT NULL) OR (station_id IS NOT NULL))),
  constraint incidents_check1 CHECK (((closed_at IS NULL) = (closed_end IS NULL))),
  constraint incidents_closed_end_check CHECK ((closed_end = ANY (ARRAY['cleared'::text, 'solved'::text, 'dismissed'::text, 'removed'::text]))),
  constraint incidents_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint incidents_priority_check CHECK ((priority = ANY (ARRAY['critical'::text, 'high'::text, 'normal'::text, 'low'::text]))),
  constraint incidents_source_check CHECK ((source = ANY (ARRAY['person'::text, 'fault'::text, 'alert'::text, 'offline'::text])))
);
CREATE INDEX incidents_by_age ON maintenance.incidents USING btree (opened_at, id);
CREATE INDEX incidents_by_charger ON maintenance.incidents USING btree (charger_id, opened_at, id);
CREATE INDEX incidents_by_owner ON maintenance.incidents USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), opened_at, id);
CREATE INDEX incidents_by_station ON maintenance.incidents USING btree (station_id, opened_at, id);
CREATE INDEX incidents_cleared ON maintenance.incidents USING btree (cleared_at) WHERE ((closed_at IS NULL) AND (cleared_at IS NOT NULL));
CREATE INDEX incidents_open ON maintenance.incidents USING btree (opened_at, id) WHERE (closed_at IS NULL);
CREATE UNIQUE INDEX incidents_open_charger ON maintenance.incidents USING btree (charger_id, key) WHERE ((closed_at IS NULL) AND (source <> 'person'::text));
CREATE UNIQUE INDEX incidents_open_station ON maintenance.incidents USING btree (station_id, key) WHERE ((closed_at IS NULL) AND (source = 'person'::text));

create table reports (
  incident_id  uuid                      not null,
  reporter_id  uuid                      not null,
  text         text,
  photos       uuid[]                    not null,
  reported_at  timestamp with time zone  not null,
  constraint reports_pkey PRIMARY KEY (incident_id, reporter_id),
  constraint reports_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id)
);
CREATE INDEX reports_by_reporter ON maintenance.reports USING btree (reporter_id, incident_id);

create table signals (
  charger_id   text                      not null,
  key          text                      not null,
  heard_at     timestamp with time zone  not null,
  event_id     uuid                      not null,
  bad          boolean                   not null,
  incident_id  uuid                      not null,
  constraint signals_pkey PRIMARY KEY (charger_id, key),
  constraint signals_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id)
);

create table stations (
  id          uuid                      not null,
  charger_id  text,
  owner_kind  text,
  owner_id    uuid,
  name        text                      not null,
  version     integer                   not null,
  station_at  timestamp with time zone  not null,
  deleted     boolean                   not null,
  constraint stations_pkey PRIMARY KEY (id),
  constraint stations_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX stations_by_charger ON maintenance.stations USING btree (charger_id, station_at) WHERE (NOT deleted);
