-- works with code from 0001
-- shop_moves: what parts of orders brought in and what of that went back, each once; `cause` is the part or the refund.
create table shop_moves (
  generation       smallint    not null,
  cause            text        not null,
  order_id         uuid        not null,
  vendor_id        uuid        not null,
  currency         text        not null,
  at               timestamptz not null,
  -- In the time zone of the generation.
  day              date        not null,
  -- Of a sale; 0 of what went back.
  pieces           integer     not null,
  total_minor      bigint      not null,
  tax_minor        bigint      not null,
  commission_minor bigint      not null,
  -- What went back, or below zero what did not after all.
  refunded_minor   bigint      not null,
  primary key (generation, cause)
);
create index shop_moves_by_day on shop_moves (generation, day);

-- shop_vendors: whose vendors are, as an order told it last.
create table shop_vendors (
  generation smallint    not null,
  vendor_id  uuid        not null,
  owner_id   uuid        not null,
  at         timestamptz not null,
  primary key (generation, vendor_id)
);

-- session_credits: what was given back of sessions by hand, each once; sums of it stand with the session.
create table session_credits (
  generation  smallint not null,
  credit_id   uuid     not null,
  session_id  uuid     not null,
  net_minor   bigint   not null,
  tax_minor   bigint   not null,
  total_minor bigint   not null,
  primary key (generation, credit_id)
);
create index session_credits_of on session_credits (generation, session_id);
alter table sessions
  add column credited_net_minor   bigint not null default 0,
  add column credited_tax_minor   bigint not null default 0,
  add column credited_total_minor bigint not null default 0;
