-- works with code from 0002
-- sold_parts: what a vendor sold of an order; a row is there once either its sale or its delivery was told.
create table sold_parts (
  order_id         uuid        not null,
  vendor_id        uuid        not null,
  -- All of the sale; null until it is told.
  part_id          uuid        unique,
  owner_kind       text        check (owner_kind in ('person', 'organisation')),
  number           text,
  -- Its place among the parts of the order.
  position         integer,
  currency         text,
  total_minor      bigint,
  commission_minor bigint,
  -- Whether something of it is a thing, and not digital alone.
  goods            boolean,
  sold_at          timestamptz,
  delivered_at     timestamptz,
  -- What of it is in the account `pending`; below zero where more went back than there was.
  pending_minor    bigint      not null default 0,
  -- Since when it is in `available`.
  settled_at       timestamptz,
  primary key (order_id, vendor_id),
  check (settled_at is null or pending_minor = 0)
);
create index sold_parts_due on sold_parts (vendor_id, currency, delivered_at)
  where settled_at is null and delivered_at is not null and part_id is not null;
create index sold_parts_by_sale on sold_parts (sold_at) where part_id is not null;

-- order_changes: refunds, disputes and how they ended, until their order's sale is told and after.
create table order_changes (
  cause_id uuid        not null,
  kind     text        not null,
  order_id uuid        not null,
  currency text        not null,
  -- Below zero what goes back: of parts where it is known how much of which, else of all the order.
  parts    json,
  minor    bigint,
  at       timestamptz not null,
  booked   boolean     not null default false,
  primary key (cause_id, kind),
  check ((parts is null) <> (minor is null))
);
create index order_changes_waiting on order_changes (order_id) where not booked;
