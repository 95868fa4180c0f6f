-- works with code from 0007
-- closed_addresses: those that take no mail any more: their server says that there is nobody (`bounced`), or who reads them asked for none, at their mail
-- provider (`complained`) or at ours (`unsubscribed`). Open again from `reopened_at` on; what happened before that closes them no more.
create table closed_addresses (
  address     citext      primary key,
  user_id     uuid,
  because     text        not null check (because in ('bounced', 'complained', 'unsubscribed')),
  detail      text        not null,
  closed_at   timestamptz not null,
  reopened_at timestamptz
);
create index closed_addresses_user on closed_addresses (user_id) where user_id is not null;
create index closed_addresses_listed on closed_addresses (closed_at, address) where reopened_at is null;

-- deliveries: of whom; null for an address without an account.
alter table deliveries add column user_id uuid;
create index deliveries_user on deliveries (user_id) where user_id is not null;
