-- works with code from 0001
-- payments: money that is asked for by way of a provider. What we ask of it stands here before it is asked.
create table payments (
  id                   uuid        primary key,
  -- What it is for, in the words of the including service: one payment for each.
  purpose              text        not null,
  reference            text        not null,
  payer_kind           text        check (payer_kind in ('person', 'organisation')),
  payer_id             uuid        check ((payer_id is null) = (payer_kind is null)),
  amount_minor         bigint      not null check (amount_minor > 0),
  currency             text        not null check (currency ~ '^[A-Z]{3}$'),
  capture              text        not null check (capture in ('automatic', 'manual')),
  description          text        not null,
  return_to            text        not null,
  provider             text        not null,
  provider_id          text,
  client_secret        text,
  state                text        not null default 'asked'
                                   check (state in ('asked', 'pending', 'failed', 'authorised', 'cancelled', 'succeeded')),
  authorised_minor     bigint      not null default 0 check (authorised_minor between 0 and amount_minor),
  captured_minor       bigint      not null default 0 check (captured_minor between 0 and amount_minor),
  refunded_minor       bigint      not null default 0 check (refunded_minor between 0 and captured_minor),
  -- What the service wants of the provider; once said it stays.
  capture_wanted_minor bigint      check (capture_wanted_minor between 1 and amount_minor),
  cancel_wanted        boolean     not null default false,
  -- Part of each idempotency key: another one after an answer of 5xx, which providers repeat for the same key.
  key_number           integer     not null default 0,
  failure              text,
  created_at           timestamptz not null,
  checked_at           timestamptz not null,
  failed_at            timestamptz,
  authorised_at        timestamptz,
  cancelled_at         timestamptz,
  captured_at          timestamptz,
  unique (purpose, reference),
  unique (provider, provider_id)
);
-- Those of which the provider may know more than we do.
create index payments_under_way on payments (checked_at) where state not in ('cancelled', 'succeeded');

create table payment_refunds (
  id           uuid        primary key,
  payment_id   uuid        not null references payments,
  -- Of the service; null where it was made at the provider, or is of a payment that came after its cancellation.
  reference    text,
  -- Whether the service hears of it.
  told         boolean     not null default true,
  amount_minor bigint      not null check (amount_minor > 0),
  state        text        not null check (state in ('asked', 'pending', 'succeeded', 'failed')),
  key_number   integer     not null default 0,
  provider_id  text,
  failure      text,
  created_at   timestamptz not null,
  ended_at     timestamptz,
  unique (payment_id, reference),
  unique (payment_id, provider_id)
);
create index payment_refunds_under_way on payment_refunds (created_at) where state in ('asked', 'pending');

create table payment_disputes (
  payment_id   uuid        not null references payments,
  provider_id  text        not null,
  amount_minor bigint      not null check (amount_minor >= 0),
  state        text        not null check (state in ('open', 'won', 'lost')),
  created_at   timestamptz not null,
  ended_at     timestamptz,
  primary key (payment_id, provider_id)
);

-- What providers told us, as it came, until it had its effect.
create table payment_events (
  id          uuid        primary key,
  provider    text        not null,
  event_id    text        not null,
  type        text        not null,
  account     text,
  -- What it says, in our words.
  facts       json        not null,
  body        text        not null,
  -- parked: it is about something that we do not know (yet).
  state       text        not null default 'waiting'
                          check (state in ('waiting', 'parked', 'done', 'ignored', 'dead')),
  attempts    integer     not null default 0,
  error       text,
  received_at timestamptz not null,
  due_at      timestamptz not null,
  ended_at    timestamptz,
  unique (provider, event_id)
);
create index payment_events_under_way on payment_events (due_at) where state in ('waiting', 'parked');
create index payment_events_dead on payment_events (received_at, id) where state = 'dead';
create index payment_events_by_age on payment_events (received_at);
