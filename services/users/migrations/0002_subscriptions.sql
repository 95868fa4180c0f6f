-- works with code from 0001
-- plans: what people can subscribe to; who has subscribed keeps the price there was.
create table plans (
  id           uuid        primary key,
  owner_kind   text        not null check (owner_kind in ('person', 'organisation')),
  owner_id     uuid        not null,
  name         text        not null,
  description  text        not null,
  -- How it is taxed.
  sold         text        not null check (sold in ('digital', 'services')),
  currency     text        not null check (currency ~ '^[A-Z]{3}$'),
  price_minor  bigint      not null check (price_minor >= 0),
  "interval"   text        not null check ("interval" in ('month', 'year')),
  trial_days   integer     not null check (trial_days between 0 and 365),
  withdrawn_at timestamptz,
  version      integer     not null check (version > 0),
  created_at   timestamptz not null
);
create index plans_by_owner on plans (owner_id, id);
create index plans_offered on plans (id) where withdrawn_at is null;

-- plan_sellers: who sells plans, as tax and invoices know them.
create table plan_sellers (
  owner_id       uuid    primary key,
  name           text    not null,
  address        json    not null,
  tax_id         text,
  small_business boolean not null,
  version        integer not null check (version > 0)
);

-- subscriptions: who has which plan until when, and what it is paid with.
create table subscriptions (
  id               uuid        primary key,
  user_id          uuid        not null,
  plan_id          uuid        not null references plans,
  plan_name        text        not null,
  owner_kind       text        not null,
  owner_id         uuid        not null,
  currency         text        not null,
  price_minor      bigint      not null check (price_minor >= 0),
  "interval"       text        not null check ("interval" in ('month', 'year')),
  time_zone        text        not null,
  state            text        not null
                     check (state in ('incomplete', 'trialing', 'active', 'past-due', 'paused', 'cancelled')),
  -- Periods are counted from the end of one of them, so that the 31st is the last of a shorter month and the 31st again.
  anchor_at        timestamptz not null,
  anchor_period    integer     not null,
  -- The period that goes on; 0 is a trial.
  period           integer     not null check (period >= 0),
  period_starts_at timestamptz not null,
  period_ends_at   timestamptz not null check (period_ends_at >= period_starts_at),
  cancel_at_end    boolean     not null default false,
  -- What is left of the period while it rests.
  rest_ms          bigint      check ((rest_ms is not null) = (state = 'paused')),
  -- What is paid of the next periods.
  credit_minor     bigint      not null default 0 check (credit_minor >= 0),
  customer         text,
  method           text,
  -- When there is something to do by the clock.
  next_at          timestamptz,
  -- The period whose coming was told.
  reminded         integer     not null default 0,
  version          integer     not null check (version > 0),
  created_at       timestamptz not null,
  ended_at         timestamptz,
  end_reason       text,
  check ((ended_at is not null) = (state = 'cancelled'))
);
create unique index subscriptions_one on subscriptions (user_id, plan_id) where state <> 'cancelled';
create index subscriptions_by_user on subscriptions (user_id, created_at desc, id desc);
create index subscriptions_due on subscriptions (next_at) where next_at is not null;

-- bills: what is to be paid for a period, or for a change of plan; one each, however often it is looked at.
create table bills (
  id              uuid        primary key,
  subscription_id uuid        not null references subscriptions,
  kind            text        not null check (kind in ('period', 'change')),
  number          integer     not null,
  plan_id         uuid        not null references plans,
  plan_name       text        not null,
  price_minor     bigint      not null,
  "interval"      text        not null,
  -- What the amount is made of; its sum.
  lines           json        not null,
  amount_minor    bigint      not null check (amount_minor >= 0),
  -- What is left of the credit once it is paid.
  credit_minor    bigint      not null check (credit_minor >= 0),
  from_at         timestamptz,
  to_at           timestamptz,
  state           text        not null check (state in ('open', 'paid', 'void')),
  attempts        integer     not null default 0,
  next_try_at     timestamptz,
  payment_id      uuid,
  failure         text,
  invoice_id      uuid,
  created_at      timestamptz not null,
  paid_at         timestamptz,
  constraint bills_one unique (subscription_id, kind, number)
);
create unique index bills_open on bills (subscription_id, kind) where state = 'open';
create index bills_by_subscription on bills (subscription_id, created_at desc, id desc);
