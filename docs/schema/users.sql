-- The schema users after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table addresses (
  id                uuid                      not null,
  user_id           uuid                      not null,
  name              text                      not null,
  company           text,
  lines             text[]                    not null,
  city              text,
  postal_code       text,
  region            text,
  country           text                      not null,
  telephone         text,
  note              text,
  default_billing   boolean                   not null,
  default_shipping  boolean                   not null,
  version           integer                   not null,
  created_at        timestamp with time zone  not null,
  constraint addresses_pkey PRIMARY KEY (id),
  constraint addresses_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
  constraint addresses_lines_check CHECK (((cardinality(lines) >= 1) AND (cardinality(lines) <= 6))),
  constraint addresses_version_check CHECK ((version > 0))
);
CREATE INDEX addresses_by_user ON users.addresses USING btree (user_id, id);
CREATE UNIQUE INDEX addresses_billing ON users.addresses USING btree (user_id) WHERE default_billing;
CREATE UNIQUE INDEX addresses_shipping ON users.addresses USING btree (user_id) WHERE default_shipping;

create table charges (
  session_id   uuid                      not null,
  user_id      uuid                      not null,
  charger_id   text                      not null,
  energy_wh    bigint                    not null,
  currency     text                      not null,
  total_minor  bigint                    not null,
  started_at   timestamp with time zone  not null,
  ended_at     timestamp with time zone  not null,
  revision     integer                   not null,
  constraint charges_pkey PRIMARY KEY (session_id)
);
CREATE INDEX charges_by_user ON users.charges USING btree (user_id, ended_at DESC, session_id DESC);

create table leavers (
  user_id  uuid                      not null,
  left_at  timestamp with time zone  not null,
  constraint leavers_pkey PRIMARY KEY (user_id)
);

create table products (
  product_id  uuid                      not null,
  name        text                      not null,
  slug        text                      not null,
  thumbnail   text,
  for_sale    boolean                   not null,
  deleted     boolean                   not null,
  variants    json                      not null,
  version     integer                   not null,
  turns_at    timestamp with time zone,
  constraint products_pkey PRIMARY KEY (product_id)
);
CREATE INDEX products_turning ON users.products USING btree (turns_at) WHERE (turns_at IS NOT NULL);

create table profiles (
  user_id       uuid                      not null,
  display_name  text                      not null,
  telephone     text,
  avatar_id     uuid,
  language      text                      not null,
  country       text,
  time_zone     text                      not null,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  constraint profiles_pkey PRIMARY KEY (user_id),
  constraint profiles_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
  constraint profiles_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text]))),
  constraint profiles_version_check CHECK ((version > 0))
);
CREATE INDEX profiles_by_avatar ON users.profiles USING btree (avatar_id) WHERE (avatar_id IS NOT NULL);

create table stocks (
  variant_id  uuid     not null,
  product_id  uuid     not null,
  available   integer,
  version     integer  not null,
  constraint stocks_pkey PRIMARY KEY (variant_id)
);
CREATE INDEX stocks_by_product ON users.stocks USING btree (product_id);

create table wishes (
  id           uuid                      not null,
  user_id      uuid                      not null,
  product_id   uuid                      not null,
  currency     text                      not null,
  price_minor  bigint                    not null,
  alarm_minor  bigint,
  told_minor   bigint,
  sold_out     boolean                   not null default false,
  gone         boolean                   not null default false,
  created_at   timestamp with time zone  not null,
  constraint wishes_pkey PRIMARY KEY (id),
  constraint wishes_one UNIQUE (user_id, product_id),
  constraint wishes_alarm_minor_check CHECK ((alarm_minor >= 0)),
  constraint wishes_price_minor_check CHECK ((price_minor >= 0))
);
CREATE INDEX wishes_by_product ON users.wishes USING btree (product_id, id);
CREATE INDEX wishes_by_user ON users.wishes USING btree (user_id, created_at DESC, id DESC);
