-- The schema stations after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table chargers (
  id             text                      not null,
  owner_kind     text,
  owner_id       uuid,
  accepted       boolean                   not null default false,
  told_at        timestamp with time zone,
  told_version   integer,
  connection_id  uuid,
  online         boolean                   not null default false,
  online_since   timestamp with time zone,
  vendor         text,
  model          text,
  serial_number  text,
  firmware       text,
  booted_at      timestamp with time zone,
  constraint chargers_pkey PRIMARY KEY (id)
);

create table connections (
  charger_id       text                      not null,
  connection_id    uuid                      not null,
  connected_at     timestamp with time zone,
  disconnected_at  timestamp with time zone,
  constraint connections_pkey PRIMARY KEY (charger_id, connection_id)
);

create table connectors (
  id            uuid                      not null,
  station_id    uuid                      not null,
  evse          integer                   not null,
  connector     integer                   not null,
  standard      text,
  format        text,
  power_type    text,
  max_voltage   integer,
  max_amperage  integer,
  max_power_w   integer,
  tariff        text,
  status        text,
  error_code    text,
  status_at     timestamp with time zone,
  available     boolean                   not null default false,
  constraint connectors_pkey PRIMARY KEY (station_id, evse, connector),
  constraint connectors_id_key UNIQUE (id),
  constraint connectors_station_id_evse_fkey FOREIGN KEY (station_id, evse) REFERENCES evses(station_id, evse) ON DELETE CASCADE,
  constraint connectors_connector_check CHECK ((connector > 0))
);

create table evses (
  station_id          uuid     not null,
  evse                integer  not null,
  evse_id             text,
  physical_reference  text,
  floor_level         text,
  constraint evses_pkey PRIMARY KEY (station_id, evse),
  constraint evses_station_id_fkey FOREIGN KEY (station_id) REFERENCES stations(id) ON DELETE CASCADE,
  constraint evses_evse_check CHECK ((evse > 0))
);

create table exclusions (
  id            uuid                      not null,
  station_id    uuid                      not null,
  evse          integer,
  from_at       timestamp with time zone  not null,
  to_at         timestamp with time zone  not null,
  reason        text                      not null,
  note          text,
  created_by    uuid,
  created_at    timestamp with time zone  not null,
  work_version  integer,
  constraint exclusions_pkey PRIMARY KEY (id),
  constraint exclusions_station_id_fkey FOREIGN KEY (station_id) REFERENCES stations(id) ON DELETE CASCADE,
  constraint exclusions_check CHECK ((to_at > from_at))
);
CREATE INDEX exclusions_by_station ON stations.exclusions USING btree (station_id, from_at, id);

create table import_faults (
  import_id  uuid     not null,
  number     integer  not null,
  line       integer  not null,
  column     text,
  code       text     not null,
  value      text,
  detail     text     not null,
  mend       text     not null,
  constraint import_faults_pkey PRIMARY KEY (import_id, number),
  constraint import_faults_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
);
CREATE INDEX import_faults_by_line ON stations.import_faults USING btree (import_id, line);

create table import_made (
  import_id  uuid  not null,
  key        uuid  not null,
  constraint import_made_pkey PRIMARY KEY (import_id, key),
  constraint import_made_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
);

create table imports (
  id          uuid                      not null,
  user_id     uuid                      not null,
  actor       json                      not null,
  dry_run     boolean                   not null,
  state       text                      not null,
  content     text,
  delimiter   text                      not null,
  size_bytes  integer                   not null,
  read_bytes  integer                   not null default 0,
  lines       integer                   not null default 0,
  created     integer                   not null default 0,
  updated     integer                   not null default 0,
  unchanged   integer                   not null default 0,
  failed      integer                   not null default 0,
  faults      json                      not null default '[]'::json,
  created_at  timestamp with time zone  not null,
  ended_at    timestamp with time zone,
  what        text,
  file        text,
  losses      json                      not null default '[]'::json,
  file_key    text,
  mode        text                      not null default 'both'::text,
  read_by     json,
  original    bytea,
  rate        real,
  undone      integer                   not null default 0,
  retained    integer                   not null default 0,
  constraint imports_pkey PRIMARY KEY (id),
  constraint imports_mode_check CHECK ((mode = ANY (ARRAY['create'::text, 'update'::text, 'both'::text]))),
  constraint imports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'paused'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'undoing'::text, 'undone'::text])))
);
CREATE INDEX imports_by_age ON stations.imports USING btree (created_at);
CREATE INDEX imports_of_user ON stations.imports USING btree (user_id, what, id);

create table reports (
  charger_id  text                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  at          timestamp with time zone  not null,
  event_id    uuid                      not null,
  status      text                      not null,
  constraint reports_pkey PRIMARY KEY (charger_id, evse, connector, at, event_id)
);

create table sites (
  id             uuid                      not null,
  owner_kind     text                      not null,
  owner_id       uuid                      not null,
  name           text                      not null,
  address        jsonb,
  latitude       double precision,
  longitude      double precision,
  time_zone      text,
  opening        jsonb,
  facilities     text[]                    not null default '{}'::text[],
  parking_type   text,
  accessibility  text[]                    not null default '{}'::text[],
  directions     text,
  operator_name  text,
  owner_name     text,
  fault_contact  jsonb,
  photos         uuid[]                    not null default '{}'::uuid[],
  tariff         text,
  version        integer                   not null,
  created_at     timestamp with time zone  not null,
  updated_at     timestamp with time zone  not null,
  constraint sites_pkey PRIMARY KEY (id),
  constraint sites_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
  constraint sites_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
  constraint sites_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX sites_by_age ON stations.sites USING btree (created_at, id);
CREATE INDEX sites_by_owner ON stations.sites USING btree (owner_id, created_at, id);
CREATE INDEX sites_by_owner_and_change ON stations.sites USING btree (owner_id, updated_at);

create table spots (
  station_id     uuid     not null,
  kind           integer  not null,
  standard       text,
  least_power_w  integer  not null,
  max_power_w    integer  not null,
  position       cube     not null,
  available      boolean  not null default false,
  constraint spots_pkey PRIMARY KEY (station_id, kind),
  constraint spots_station_id_fkey FOREIGN KEY (station_id) REFERENCES stations(id) ON DELETE CASCADE
);
CREATE INDEX spots_around ON stations.spots USING gist (kind, "position");

create table states (
  charger_id  text                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  status      text                      not null,
  error_code  text,
  at          timestamp with time zone  not null,
  event_id    uuid                      not null,
  constraint states_pkey PRIMARY KEY (charger_id, evse, connector)
);

create table stations (
  id             uuid                      not null,
  reference      text,
  charger_id     text,
  charger_since  timestamp with time zone,
  site_id        uuid,
  owner_kind     text,
  owner_id       uuid,
  public         boolean                   not null,
  drafted        boolean                   not null,
  name           text                      not null,
  address        jsonb,
  latitude       double precision,
  longitude      double precision,
  time_zone      text,
  opening        jsonb,
  facilities     text[]                    not null default '{}'::text[],
  parking_type   text,
  accessibility  text[]                    not null default '{}'::text[],
  directions     text,
  operator_name  text,
  owner_name     text,
  fault_contact  jsonb,
  photos         uuid[]                    not null default '{}'::uuid[],
  tariff         text,
  country        text,
  city           text,
  words          tsvector                  not null,
  open_week      int4multirange,
  open_also      tstzmultirange            not null default '{}'::tstzmultirange,
  closed_on      tstzmultirange            not null default '{}'::tstzmultirange,
  online         boolean                   not null default false,
  online_since   timestamp with time zone,
  version        integer                   not null,
  created_at     timestamp with time zone  not null,
  updated_at     timestamp with time zone  not null,
  deleted_at     timestamp with time zone,
  constraint stations_pkey PRIMARY KEY (id),
  constraint stations_site_id_fkey FOREIGN KEY (site_id) REFERENCES sites(id),
  constraint stations_check CHECK (((owner_kind IS NULL) = (owner_id IS NULL))),
  constraint stations_check1 CHECK (((latitude IS NULL) = (longitude IS NULL))),
  constraint stations_check2 CHECK (((NOT public) OR (latitude IS NOT NULL))),
  constraint stations_latitude_check CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
  constraint stations_longitude_check CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
  constraint stations_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX stations_all_by_age ON stations.stations USING btree (created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX stations_by_change ON stations.stations USING btree (updated_at) WHERE (deleted_at IS NULL);
CREATE INDEX stations_by_owner ON stations.stations USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX stations_by_owner_and_change ON stations.stations USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), updated_at) WHERE (deleted_at IS NULL);
CREATE INDEX stations_by_site ON stations.stations USING btree (site_id, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX stations_ever_charger ON stations.stations USING btree (charger_id);
CREATE INDEX stations_online_by_age ON stations.stations USING btree (online, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX stations_public_by_age ON stations.stations USING btree (created_at, id) WHERE ((deleted_at IS NULL) AND public);
CREATE INDEX stations_search ON stations.stations USING gin (words, country, lower(city)) WITH (gin_pending_list_limit='64');
CREATE UNIQUE INDEX stations_charger ON stations.stations USING btree (charger_id) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX stations_reference ON stations.stations USING btree (COALESCE(owner_id, '00000000-0000-0000-0000-000000000000'::uuid), reference) WHERE (deleted_at IS NULL);

CREATE OR REPLACE FUNCTION stations.is_open(week int4multirange, also tstzmultirange, closed tstzmultirange, zone text, at timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (((week IS NULL) OR (also @> at) OR (week @> (((((EXTRACT(isodow FROM (at AT TIME ZONE COALESCE(zone, 'UTC'::text))))::integer - 1) * 1440) + ((EXTRACT(hour FROM (at AT TIME ZONE COALESCE(zone, 'UTC'::text))))::integer * 60)) + (EXTRACT(minute FROM (at AT TIME ZONE COALESCE(zone, 'UTC'::text))))::integer))) AND (NOT (closed @> at)));

CREATE OR REPLACE FUNCTION stations.spots_near(of_kind integer, lat double precision, lon double precision, radius double precision, of_standard text, least_w integer, only_available boolean, open_at timestamp with time zone, most integer)
 RETURNS TABLE(station_id uuid, chord double precision)
 LANGUAGE sql
 STABLE
 SET enable_bitmapscan TO 'off'
 SET enable_sort TO 'off'
 SET enable_seqscan TO 'off'
AS $function$
    select p.station_id, p.position <-> ll_to_earth(lat, lon) from spots p
    where p.kind = of_kind and p.position <@ earth_box(ll_to_earth(lat, lon), radius) and p.max_power_w >= least_w
      and (not only_available or (p.available
        -- Of a class some may be free, and another one strong enough.
        and (p.least_power_w = least_w or exists (select from connectors c where c.station_id = p.station_id
          and c.available and c.max_power_w >= least_w and (of_standard is null or c.standard = of_standard)))))
      and (open_at is null or exists (select from stations s where s.id = p.station_id
        and is_open(s.open_week, s.open_also, s.closed_on, s.time_zone, open_at)))
    order by p.position <-> ll_to_earth(lat, lon) limit most
  $function$;
