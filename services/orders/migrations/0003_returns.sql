-- works with code from 0001
-- returns: what buyers give back of what has arrived, and what their vendors say to it.
create table returns (
  id           uuid        primary key,
  order_id     uuid        not null references orders,
  part_id      uuid        not null references order_parts,
  vendor_id    uuid        not null,
  user_id      uuid        not null,
  reason       text        not null check (reason in ('withdrawal', 'broken', 'wrong', 'other')),
  note         text,
  -- Documents of the buyer.
  photos       uuid[]      not null,
  -- Which lines, and how many pieces of each.
  lines        json        not null,
  state        text        not null check (state in ('requested', 'approved', 'refused', 'withdrawn', 'received')),
  answer       text,
  restocked    boolean,
  amount_minor bigint      check (amount_minor >= 0),
  version      integer     not null check (version > 0),
  created_at   timestamptz not null,
  decided_at   timestamptz,
  received_at  timestamptz,
  check ((state = 'received') = (received_at is not null))
);
create index returns_by_order on returns (order_id, id);
create index returns_by_vendor on returns (vendor_id, created_at desc, id desc);
create index returns_by_age on returns (created_at desc, id desc);
