-- works with code from 0003
-- webhooks: addresses that are sent what an organisation, a person or those of a role are told, as JSON. Their secrets are derived, and stand nowhere.
create table webhooks (
  id               uuid        primary key,
  owner_kind       text        not null check (owner_kind in ('person', 'organisation', 'role')),
  owner_id         text        not null,
  url              text        not null,
  description      text        not null,
  -- Empty for all.
  events           text[]      not null,
  -- Of the secret; the one before holds until then.
  generation       integer     not null default 1 check (generation > 0),
  former_until     timestamptz,
  disabled_because text        check (disabled_because in ('owner', 'failures', 'gone')),
  -- Since when nothing arrives, how often in a row, and until when it is left in peace.
  failing_since    timestamptz,
  failures         integer     not null default 0,
  rests_until      timestamptz,
  version          integer     not null default 1,
  created_at       timestamptz not null,
  updated_at       timestamptz not null
);
create index webhooks_owner on webhooks (owner_kind, owner_id, id);

-- webhook_calls: one event for one webhook, from the wish to the answer. The body is kept as it was signed: every try sends the same.
create table webhook_calls (
  id         uuid        primary key,
  webhook_id uuid        not null references webhooks on delete cascade,
  event_id   uuid        not null,
  event      text        not null,
  body       text        not null,
  status     text        not null default 'waiting' check (status in ('waiting', 'sending', 'delivered', 'dead')),
  tries      integer     not null default 0,
  -- When it is tried next; of what is being sent, when whoever sends it must have ended.
  next_at    timestamptz not null,
  answer     integer,
  error      text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (webhook_id, event_id)
);
create index webhook_calls_open on webhook_calls (webhook_id, next_at) where status in ('waiting', 'sending');
create index webhook_calls_created on webhook_calls (created_at);
create index webhook_calls_listed on webhook_calls (webhook_id, created_at, id);
