-- works with code from 0001
-- charges: what a session costs; what was told of it last, the terms agreed at its start, and what was booked.
create table charges (
  session_id  uuid        primary key,
  charger_id  text        not null,
  station_id  uuid,
  evse        integer     not null,
  connector   integer     not null,
  seller_kind text        check (seller_kind in ('person', 'organisation')),
  seller_id   uuid,
  driver_id   uuid,
  started_at  timestamptz not null,
  -- Null while it goes on.
  ended_at    timestamptz,
  energy_wh   bigint      not null,
  told_at     timestamptz not null,
  -- `free`: nobody sells, or no tariff was in force.
  state       text        not null check (state in ('running', 'due', 'charged', 'free')),
  -- Agreed once; what of it is null was not known.
  agreed_at   timestamptz,
  tariff_id   uuid,
  version     integer,
  quote_id    uuid,
  place       json,
  -- What is booked; `revision` counts how often.
  revision    integer     not null default 0,
  price       json,
  currency    text,
  net_minor   bigint      not null default 0,
  tax_minor   bigint      not null default 0,
  total_minor bigint      not null default 0,
  owed_minor  bigint      not null default 0,
  charged_at  timestamptz,
  foreign key (tariff_id, version) references tariff_terms
);
create index charges_by_driver on charges (driver_id, session_id);
create index charges_by_seller on charges (seller_id, session_id);
create index charges_due on charges (session_id) where state = 'due';

-- drivers: who charges and is asked to pay; the row is what their money is locked by.
create table drivers (
  driver_id  uuid        primary key,
  blocked_at timestamptz
);

-- sellers: who sells, as tax and invoices know them.
create table sellers (
  owner_id       uuid    primary key,
  name           text    not null,
  address        json    not null,
  tax_id         text,
  small_business boolean not null,
  rounding       text    not null check (rounding in ('line', 'document')),
  version        integer not null
);

-- Top-ups of a driver, where money goes back to.
create index payments_by_payer on payments (payer_id, captured_at) where payer_id is not null;
