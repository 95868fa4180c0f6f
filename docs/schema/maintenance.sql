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

create table charging (
  session_id  uuid                      not null,
  charger_id  text                      not null,
  ended       boolean                   not null,
  begun_at    timestamp with time zone  not null,
  constraint charging_pkey PRIMARY KEY (session_id)
);
CREATE INDEX charging_by_age ON maintenance.charging USING btree (begun_at);
CREATE INDEX charging_by_charger ON maintenance.charging USING btree (charger_id) WHERE (NOT ended);

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
CREATE INDEX incidents_open_by_owner ON maintenance.incidents USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), opened_at, id) WHERE (closed_at IS NULL);
CREATE UNIQUE INDEX incidents_open_charger ON maintenance.incidents USING btree (charger_id, key) WHERE ((closed_at IS NULL) AND (source <> 'person'::text));
CREATE UNIQUE INDEX incidents_open_station ON maintenance.incidents USING btree (station_id, key) WHERE ((closed_at IS NULL) AND (source = 'person'::text));

create table parts (
  id          uuid                      not null,
  owner_kind  text                      not null,
  owner_id    uuid                      not null,
  number      text                      not null,
  name        text                      not null,
  stock       integer                   not null,
  version     integer                   not null,
  created_at  timestamp with time zone  not null,
  constraint parts_pkey PRIMARY KEY (id),
  constraint parts_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint parts_stock_check CHECK ((stock >= 0))
);
CREATE INDEX parts_by_age ON maintenance.parts USING btree (created_at, id);
CREATE INDEX parts_by_owner ON maintenance.parts USING btree (owner_id, created_at, id);
CREATE UNIQUE INDEX parts_by_number ON maintenance.parts USING btree (owner_id, number);

create table photos (
  id         uuid                      not null,
  ticket_id  uuid                      not null,
  file_key   text,
  taken_at   timestamp with time zone  not null,
  constraint photos_pkey PRIMARY KEY (id),
  constraint photos_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets(id)
);

create table remedies (
  id            uuid                      not null,
  incident_id   uuid                      not null,
  charger_id    text                      not null,
  remedy        text                      not null,
  asked_by      uuid,
  requested_at  timestamp with time zone  not null,
  outcome       text,
  status        text,
  error_code    text,
  constraint remedies_pkey PRIMARY KEY (id),
  constraint remedies_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint remedies_remedy_check CHECK ((remedy = ANY (ARRAY['reset'::text, 'unlock'::text])))
);
CREATE INDEX remedies_by_charger ON maintenance.remedies USING btree (charger_id, requested_at);
CREATE INDEX remedies_by_incident ON maintenance.remedies USING btree (incident_id, requested_at);

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

create table sla (
  owner_id         uuid     not null,
  owner_kind       text     not null,
  working_hours    text,
  holidays         date[],
  critical_s       integer,
  high_s           integer,
  normal_s         integer,
  low_s            integer,
  version          integer  not null,
  escalate_person  uuid,
  escalate_role    text,
  constraint sla_pkey PRIMARY KEY (owner_id),
  constraint sla_critical_s_check CHECK ((critical_s > 0)),
  constraint sla_escalates_once CHECK (((escalate_person IS NULL) OR (escalate_role IS NULL))),
  constraint sla_high_s_check CHECK ((high_s > 0)),
  constraint sla_low_s_check CHECK ((low_s > 0)),
  constraint sla_normal_s_check CHECK ((normal_s > 0)),
  constraint sla_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
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

create table technicians (
  id          uuid                      not null,
  user_id     uuid                      not null,
  owner_kind  text                      not null,
  owner_id    uuid                      not null,
  name        text                      not null,
  skills      text[]                    not null,
  latitude    double precision,
  longitude   double precision,
  radius_m    integer,
  time_zone   text                      not null,
  hours       jsonb                     not null,
  absences    jsonb                     not null,
  version     integer                   not null,
  created_at  timestamp with time zone  not null,
  deleted_at  timestamp with time zone,
  constraint technicians_pkey PRIMARY KEY (id),
  constraint technicians_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
  constraint technicians_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
  constraint technicians_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX technicians_by_age ON maintenance.technicians USING btree (created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX technicians_by_owner ON maintenance.technicians USING btree (owner_id, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX technicians_by_user ON maintenance.technicians USING btree (user_id) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX technicians_once ON maintenance.technicians USING btree (owner_id, user_id) WHERE (deleted_at IS NULL);

create table ticket_notes (
  id         uuid                      not null,
  ticket_id  uuid                      not null,
  turn       integer                   not null,
  author_id  uuid,
  act        text                      not null,
  state      text                      not null,
  text       text,
  photos     uuid[]                    not null,
  noted_at   timestamp with time zone  not null,
  told_at    timestamp with time zone,
  constraint ticket_notes_pkey PRIMARY KEY (id),
  constraint ticket_notes_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets(id),
  constraint ticket_notes_check CHECK ((told_at >= noted_at))
);
CREATE INDEX ticket_notes_by_ticket ON maintenance.ticket_notes USING btree (ticket_id, turn);

create table ticket_parts (
  ticket_id  uuid     not null,
  part_id    uuid     not null,
  quantity   integer  not null,
  constraint ticket_parts_pkey PRIMARY KEY (ticket_id, part_id),
  constraint ticket_parts_part_id_fkey FOREIGN KEY (part_id) REFERENCES parts(id),
  constraint ticket_parts_ticket_id_fkey FOREIGN KEY (ticket_id) REFERENCES tickets(id),
  constraint ticket_parts_quantity_check CHECK ((quantity > 0))
);

create table tickets (
  id             uuid                      not null,
  number         integer                   not null generated by default as identity,
  incident_id    uuid,
  station_id     uuid,
  charger_id     text,
  evse           integer,
  owner_kind     text,
  owner_id       uuid,
  place          text                      not null,
  address        text,
  latitude       double precision,
  longitude      double precision,
  time_zone      text                      not null,
  title          text                      not null,
  description    text,
  skill          text,
  priority       text                      not null,
  state          text                      not null,
  technician_id  uuid,
  assignee_id    uuid,
  sla_target_s   integer                   not null,
  sla_used_s     integer                   not null,
  sla_since      timestamp with time zone,
  risk_at        timestamp with time zone,
  due_at         timestamp with time zone,
  escalation     integer                   not null,
  version        integer                   not null,
  created_at     timestamp with time zone  not null,
  updated_at     timestamp with time zone  not null,
  constraint tickets_pkey PRIMARY KEY (id),
  constraint tickets_number_key UNIQUE (number),
  constraint tickets_incident_id_fkey FOREIGN KEY (incident_id) REFERENCES incidents(id),
  constraint tickets_technician_id_fkey FOREIGN KEY (technician_id) REFERENCES technicians(id),
  constraint tickets_escalation_check CHECK (((escalation >= 0) AND (escalation <= 2))),
  constraint tickets_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint tickets_priority_check CHECK ((priority = ANY (ARRAY['critical'::text, 'high'::text, 'normal'::text, 'low'::text]))),
  constraint tickets_state_check CHECK ((state = ANY (ARRAY['open'::text, 'assigned'::text, 'in-progress'::text, 'waiting-for-part'::text, 'resolved'::text, 'closed'::text, 'reopened'::text])))
);
CREATE INDEX tickets_by_age ON maintenance.tickets USING btree (created_at, id);
CREATE INDEX tickets_by_assignee ON maintenance.tickets USING btree (assignee_id, created_at, id);
CREATE INDEX tickets_by_change ON maintenance.tickets USING btree (updated_at);
CREATE INDEX tickets_by_charger ON maintenance.tickets USING btree (charger_id) WHERE (charger_id IS NOT NULL);
CREATE INDEX tickets_by_owner ON maintenance.tickets USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), created_at, id);
CREATE INDEX tickets_by_owner_and_change ON maintenance.tickets USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), updated_at);
CREATE INDEX tickets_by_station ON maintenance.tickets USING btree (station_id, created_at, id);
CREATE INDEX tickets_by_technician ON maintenance.tickets USING btree (technician_id) WHERE (state <> ALL (ARRAY['resolved'::text, 'closed'::text]));
CREATE INDEX tickets_due ON maintenance.tickets USING btree (risk_at) WHERE ((sla_since IS NOT NULL) AND (escalation < 2));
CREATE INDEX tickets_open_by_age ON maintenance.tickets USING btree (created_at, id) WHERE (state <> ALL (ARRAY['resolved'::text, 'closed'::text]));
CREATE INDEX tickets_open_by_assignee ON maintenance.tickets USING btree (assignee_id, created_at, id) WHERE (state <> ALL (ARRAY['resolved'::text, 'closed'::text]));
CREATE INDEX tickets_open_by_owner ON maintenance.tickets USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), created_at, id) WHERE (state <> ALL (ARRAY['resolved'::text, 'closed'::text]));
CREATE UNIQUE INDEX tickets_of_incident ON maintenance.tickets USING btree (incident_id) WHERE (state <> 'closed'::text);

create table works (
  id            uuid                      not null,
  station_id    uuid                      not null,
  charger_id    text,
  evse          integer,
  owner_kind    text,
  owner_id      uuid,
  place         text                      not null,
  title         text                      not null,
  from_at       timestamp with time zone  not null,
  to_at         timestamp with time zone  not null,
  state         text                      not null,
  request_id    uuid,
  requested_at  timestamp with time zone,
  answered      boolean                   not null default true,
  answer        text,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  planned_by    uuid,
  constraint works_pkey PRIMARY KEY (id),
  constraint works_check CHECK ((from_at < to_at)),
  constraint works_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint works_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'active'::text, 'done'::text, 'cancelled'::text])))
);
CREATE INDEX works_ahead ON maintenance.works USING btree (from_at) WHERE (state = ANY (ARRAY['planned'::text, 'active'::text]));
CREATE INDEX works_by_age ON maintenance.works USING btree (created_at, id);
CREATE INDEX works_by_owner ON maintenance.works USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), created_at, id);
CREATE INDEX works_by_request ON maintenance.works USING btree (request_id) WHERE (request_id IS NOT NULL);
CREATE INDEX works_by_station ON maintenance.works USING btree (station_id, created_at, id);
CREATE INDEX works_unanswered ON maintenance.works USING btree (requested_at) WHERE (NOT answered);
