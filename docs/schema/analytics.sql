-- The schema analytics after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table chargers (
  generation  smallint                  not null,
  charger_id  text                      not null,
  removed     boolean                   not null default false,
  told_at     timestamp with time zone,
  told_id     uuid,
  constraint chargers_pkey PRIMARY KEY (generation, charger_id)
);

create table connections (
  generation       smallint                  not null,
  charger_id       text                      not null,
  connection_id    uuid                      not null,
  connected_at     timestamp with time zone,
  disconnected_at  timestamp with time zone,
  back_at          timestamp with time zone,
  constraint connections_pkey PRIMARY KEY (generation, charger_id, connection_id)
);
CREATE INDEX connections_by_return ON analytics.connections USING btree (generation, back_at) WHERE (disconnected_at IS NOT NULL);

create table days (
  generation    smallint  not null,
  day           date      not null,
  place         uuid      not null,
  energy_wh     bigint    not null,
  busy_seconds  integer   not null,
  sessions      integer   not null,
  charged       integer   not null,
  net_minor     bigint    not null,
  tax_minor     bigint    not null,
  total_minor   bigint    not null,
  constraint days_pkey PRIMARY KEY (generation, day, place)
);

create table driver_months (
  generation  smallint  not null,
  owner_id    uuid      not null,
  driver_id   uuid      not null,
  month       date      not null,
  sessions    integer   not null,
  constraint driver_months_pkey PRIMARY KEY (generation, owner_id, driver_id, month)
);

create table generations (
  number        smallint                  not null,
  time_zone     text                      not null,
  state         text                      not null,
  standing      jsonb,
  begun_at      timestamp with time zone,
  even_if_less  boolean                   not null default false,
  rewound       boolean                   not null default true,
  constraint generations_pkey PRIMARY KEY (number),
  constraint generations_state_check CHECK ((state = ANY (ARRAY['read'::text, 'building'::text])))
);

create table gone (
  number  smallint                  not null,
  at      timestamp with time zone  not null default now(),
  constraint gone_pkey PRIMARY KEY (number)
);

create table incidents (
  generation   smallint                  not null,
  incident_id  uuid                      not null,
  opened_at    timestamp with time zone  not null,
  source       text                      not null,
  owner_id     uuid,
  station_id   uuid,
  charger_id   text,
  evse         integer,
  connector    integer,
  constraint incidents_pkey PRIMARY KEY (generation, incident_id)
);
CREATE INDEX incidents_by_age ON analytics.incidents USING btree (generation, opened_at);

create table outlets (
  generation  smallint                  not null,
  charger_id  text                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  since       timestamp with time zone  not null,
  constraint outlets_pkey PRIMARY KEY (generation, charger_id, evse, connector)
);

create table passport_counts (
  generation  smallint  not null,
  owner_id    uuid      not null,
  status      text      not null,
  category    text      not null,
  count       integer   not null,
  constraint passport_counts_pkey PRIMARY KEY (generation, owner_id, status, category)
);

create table passport_days (
  generation  smallint  not null,
  day         date      not null,
  owner_id    uuid      not null,
  created     integer   not null,
  published   integer   not null,
  constraint passport_days_pkey PRIMARY KEY (generation, owner_id, day)
);

create table passports (
  generation      smallint                  not null,
  passport_id     uuid                      not null,
  created_at      timestamp with time zone,
  published_at    timestamp with time zone,
  status          text,
  status_version  integer,
  category        text,
  data_version    integer,
  owner_id        uuid,
  owner_version   integer,
  deleted         boolean                   not null default false,
  constraint passports_pkey PRIMARY KEY (generation, passport_id)
);

create table places (
  generation  smallint  not null,
  id          uuid      not null,
  owner_id    uuid,
  charger_id  text      not null,
  evse        integer   not null,
  connector   integer   not null,
  tariff_id   uuid,
  currency    text,
  sessions    integer   not null,
  constraint places_pkey PRIMARY KEY (generation, id)
);

create table reports (
  generation  smallint                  not null,
  charger_id  text                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  at          timestamp with time zone  not null,
  event_id    uuid                      not null,
  works       boolean                   not null,
  until_at    timestamp with time zone,
  constraint reports_pkey PRIMARY KEY (generation, charger_id, evse, connector, at, event_id)
);
CREATE INDEX reports_by_end ON analytics.reports USING btree (generation, until_at) WHERE (NOT works);

create table session_credits (
  generation   smallint  not null,
  credit_id    uuid      not null,
  session_id   uuid      not null,
  net_minor    bigint    not null,
  tax_minor    bigint    not null,
  total_minor  bigint    not null,
  constraint session_credits_pkey PRIMARY KEY (generation, credit_id)
);
CREATE INDEX session_credits_of ON analytics.session_credits USING btree (generation, session_id);

create table sessions (
  generation            smallint                    not null,
  session_id            uuid                        not null,
  told_at               timestamp with time zone,
  told_rank             smallint,
  told_id               uuid,
  charger_id            text,
  evse                  integer,
  connector             integer,
  owner_id              uuid,
  driver_id             uuid,
  started_at            timestamp with time zone,
  ended_at              timestamp with time zone,
  energy_wh             bigint,
  mark_at               timestamp with time zone[],
  mark_wh               bigint[],
  revision              integer,
  seller_id             uuid,
  tariff_id             uuid,
  currency              text,
  net_minor             bigint,
  tax_minor             bigint,
  total_minor           bigint,
  charged_at            timestamp with time zone,
  credited_net_minor    bigint                      not null default 0,
  credited_tax_minor    bigint                      not null default 0,
  credited_total_minor  bigint                      not null default 0,
  constraint sessions_pkey PRIMARY KEY (generation, session_id)
);

create table shop_moves (
  generation        smallint                  not null,
  cause             text                      not null,
  order_id          uuid                      not null,
  vendor_id         uuid                      not null,
  currency          text                      not null,
  at                timestamp with time zone  not null,
  day               date                      not null,
  pieces            integer                   not null,
  total_minor       bigint                    not null,
  tax_minor         bigint                    not null,
  commission_minor  bigint                    not null,
  refunded_minor    bigint                    not null,
  constraint shop_moves_pkey PRIMARY KEY (generation, cause)
);
CREATE INDEX shop_moves_by_day ON analytics.shop_moves USING btree (generation, day);

create table shop_vendors (
  generation  smallint                  not null,
  vendor_id   uuid                      not null,
  owner_id    uuid                      not null,
  at          timestamp with time zone  not null,
  constraint shop_vendors_pkey PRIMARY KEY (generation, vendor_id)
);

create table slots (
  generation    smallint                  not null,
  at            timestamp with time zone  not null,
  place         uuid                      not null,
  energy_wh     bigint                    not null,
  busy_seconds  integer                   not null,
  sessions      integer                   not null,
  charged       integer                   not null,
  net_minor     bigint                    not null,
  tax_minor     bigint                    not null,
  total_minor   bigint                    not null,
  constraint slots_pkey PRIMARY KEY (generation, at, place)
);

create table stations (
  generation  smallint                  not null,
  station_id  uuid                      not null,
  owner_id    uuid,
  site_id     uuid,
  name        text,
  connectors  jsonb                     not null,
  deleted     boolean                   not null,
  version     integer                   not null,
  station_at  timestamp with time zone  not null,
  told_id     uuid                      not null,
  constraint stations_pkey PRIMARY KEY (generation, station_id)
);

create table stood (
  generation  smallint                  not null,
  charger_id  text                      not null,
  station_id  uuid                      not null,
  station_at  timestamp with time zone  not null,
  constraint stood_pkey PRIMARY KEY (generation, charger_id, station_id)
);

create table tariffs (
  generation  smallint  not null,
  tariff_id   uuid      not null,
  name        text      not null,
  version     integer   not null,
  constraint tariffs_pkey PRIMARY KEY (generation, tariff_id)
);
