-- works with code from 0001
-- purchases: what somebody ordered, as orders tell of it; what is null has not been told yet.
create table purchases (
  order_id        uuid        primary key,
  user_id         uuid        not null,
  number          text        not null,
  currency        text,
  total_minor     bigint,
  items           json,
  placed_at       timestamptz,
  -- Of the latest version that said something of it.
  status          text,
  status_version  integer     not null default 0,
  payment_status  text,
  payment_version integer     not null default 0
);
create index purchases_by_user on purchases (user_id, placed_at desc, order_id desc) where placed_at is not null;

-- purchase_refunds: what went back of them.
create table purchase_refunds (
  refund_id    uuid    primary key,
  order_id     uuid    not null,
  user_id      uuid    not null,
  amount_minor bigint  not null,
  -- The bank did not take it.
  failed       boolean not null
);
create index purchase_refunds_by_order on purchase_refunds (order_id);
create index purchase_refunds_by_user on purchase_refunds (user_id);
