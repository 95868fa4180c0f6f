-- works with code from 0001
-- profiles: what people say of themselves; one a person.
create table profiles (
  user_id      uuid        primary key,
  display_name text        not null,
  telephone    text,
  -- The document with their picture.
  avatar_id    uuid,
  language     text        not null check (language in ('en', 'de')),
  country      text        check (country ~ '^[A-Z]{2}$'),
  time_zone    text        not null,
  version      integer     not null check (version > 0),
  created_at   timestamptz not null
);
create index profiles_by_avatar on profiles (avatar_id) where avatar_id is not null;

-- leavers: who deleted their account; what is told of them later is not kept.
create table leavers (
  user_id uuid        primary key,
  left_at timestamptz not null
);

-- addresses: where people live and have things sent to, in whatever shape their country writes them.
create table addresses (
  id               uuid        primary key,
  user_id          uuid        not null,
  name             text        not null,
  company          text,
  lines            text[]      not null check (cardinality(lines) between 1 and 6),
  city             text,
  postal_code      text,
  region           text,
  country          text        not null check (country ~ '^[A-Z]{2}$'),
  telephone        text,
  note             text,
  default_billing  boolean     not null,
  default_shipping boolean     not null,
  version          integer     not null check (version > 0),
  created_at       timestamptz not null
);
create index addresses_by_user on addresses (user_id, id);
create unique index addresses_billing on addresses (user_id) where default_billing;
create unique index addresses_shipping on addresses (user_id) where default_shipping;

-- products: of the catalogue what wishes have to know, as of its greatest version.
create table products (
  product_id uuid        primary key,
  name       text        not null,
  slug       text        not null,
  thumbnail  text,
  for_sale   boolean     not null,
  deleted    boolean     not null,
  -- Of each variant its id, what happens without stock, and its prices, as the catalogue tells them.
  variants   json        not null,
  version    integer     not null,
  -- When a sale begins or ends next.
  turns_at   timestamptz
);
create index products_turning on products (turns_at) where turns_at is not null;

-- stocks: how many pieces of a variant can be bought; null where nobody counts.
create table stocks (
  variant_id uuid    primary key,
  product_id uuid    not null,
  available  integer,
  version    integer not null
);
create index stocks_by_product on stocks (product_id);

-- wishes: products that somebody would like to have, and below which price they want to hear of it.
create table wishes (
  id           uuid        primary key,
  user_id      uuid        not null,
  product_id   uuid        not null,
  currency     text        not null,
  -- When it was put on the list.
  price_minor  bigint      not null check (price_minor >= 0),
  -- Null: when it costs less than that.
  alarm_minor  bigint      check (alarm_minor >= 0),
  -- The price that was told of last, until it is above what one waits for.
  told_minor   bigint,
  -- It was found to be sold out: that it is there again is told.
  sold_out     boolean     not null default false,
  gone         boolean     not null default false,
  created_at   timestamptz not null,
  constraint wishes_one unique (user_id, product_id)
);
create index wishes_by_product on wishes (product_id, id);
create index wishes_by_user on wishes (user_id, created_at desc, id desc);

-- charges: what charging cost, as billing tells it.
create table charges (
  session_id  uuid        primary key,
  user_id     uuid        not null,
  charger_id  text        not null,
  energy_wh   bigint      not null,
  currency    text        not null,
  total_minor bigint      not null,
  started_at  timestamptz not null,
  ended_at    timestamptz not null,
  revision    integer     not null
);
create index charges_by_user on charges (user_id, ended_at desc, session_id desc);
