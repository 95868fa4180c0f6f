-- works with code from 0001
-- transfer_accounts: accounts of those who are paid at the provider, one of each. What it still wants to know of them is as
-- of the last look.
create table transfer_accounts (
  owner_id    uuid        primary key,
  owner_kind  text        not null check (owner_kind in ('person', 'organisation')),
  provider_id text        not null unique,
  -- Money may go there, and from there to their bank.
  ready       boolean     not null default false,
  due         text[]      not null default '{}',
  disabled    text,
  version     integer     not null default 1 check (version > 0),
  checked_at  timestamptz not null,
  created_at  timestamptz not null
);
create index transfer_accounts_waiting on transfer_accounts (checked_at) where not ready;

-- transfers: money that goes to one of them. What we ask of the provider stands here before it is asked.
create table transfers (
  id             uuid        primary key,
  -- Of the including service: one transfer for each.
  reference      uuid        not null unique,
  owner_id       uuid        not null references transfer_accounts,
  -- Frozen when it is asked for.
  account        text        not null,
  amount_minor   bigint      not null check (amount_minor > 0),
  currency       text        not null check (currency ~ '^[A-Z]{3}$'),
  description    text        not null,
  state          text        not null default 'asked' check (state in ('asked', 'succeeded', 'failed')),
  provider_id    text        unique,
  -- Part of each idempotency key: another one after an answer that the provider repeats for the same key.
  key_number     integer     not null default 0,
  -- Why it has not come about, or never will.
  failure        text,
  reversed_minor bigint      not null default 0 check (reversed_minor between 0 and amount_minor),
  created_at     timestamptz not null,
  checked_at     timestamptz not null,
  ended_at       timestamptz
);
create index transfers_under_way on transfers (checked_at) where state = 'asked';
create index transfers_by_age on transfers (created_at);
create index transfers_of_owner on transfers (owner_id);

-- transfer_reversals: money of transfers that comes back.
create table transfer_reversals (
  id           uuid        primary key,
  transfer_id  uuid        not null references transfers,
  -- False where somebody made it at the provider.
  ours         boolean     not null,
  amount_minor bigint      not null check (amount_minor > 0),
  state        text        not null check (state in ('asked', 'succeeded', 'failed')),
  key_number   integer     not null default 0,
  provider_id  text,
  failure      text,
  created_at   timestamptz not null,
  ended_at     timestamptz,
  unique (transfer_id, provider_id)
);
create index transfer_reversals_under_way on transfer_reversals (transfer_id) where state = 'asked';
