-- works with code from 0001
-- companies: organisations that pay for what their employees charge, as they want to be billed.
create table companies (
  organisation_id uuid        primary key,
  party           json        not null,
  language        text        not null check (language in ('en', 'de')),
  buyer_reference text,
  version         integer     not null,
  created_at      timestamptz not null
);

-- company_terms: companies that a seller lets pay by invoice; all others pay from what they have.
create table company_terms (
  organisation_id uuid    not null references companies,
  seller_id       uuid    not null,
  -- What they may owe; null is without end.
  limit_minor     bigint  check (limit_minor >= 0),
  due_in_days     integer not null check (due_in_days between 0 and 180),
  version         integer not null,
  primary key (organisation_id, seller_id)
);
create index company_terms_by_seller on company_terms (seller_id, organisation_id);

-- cost_centres: where a company books what it pays, and what it wants to spend there in a month.
create table cost_centres (
  id              uuid        primary key,
  organisation_id uuid        not null references companies,
  code            text        not null,
  name            text        not null,
  budget_minor    bigint      check (budget_minor > 0),
  budget_currency text,
  -- Of the budget, from which on somebody is told.
  alert_percent   integer     not null check (alert_percent between 1 and 100),
  version         integer     not null,
  created_at      timestamptz not null,
  closed_at       timestamptz,
  check ((budget_minor is null) = (budget_currency is null))
);
create unique index cost_centres_code on cost_centres (organisation_id, code) where closed_at is null;
create index cost_centres_of on cost_centres (organisation_id, id);

-- cost_centre_alerts: what was told of a budget, once a month.
create table cost_centre_alerts (
  cost_centre_id uuid    not null references cost_centres,
  month          date    not null,
  percent        integer not null,
  primary key (cost_centre_id, month, percent)
);

-- company_employees: where what somebody charges is booked, and when they may charge on their company's account.
create table company_employees (
  organisation_id uuid    not null references companies,
  user_id         uuid    not null,
  cost_centre_id  uuid    references cost_centres,
  policy          json,
  version         integer not null,
  primary key (organisation_id, user_id)
);

-- company_cards: tokens that charge on a company's account, and from when to when they did.
create table company_cards (
  id              uuid        primary key,
  organisation_id uuid        not null references companies,
  token_id        uuid        not null,
  id_token        text        not null,
  type            text        not null,
  holder_id       uuid        not null,
  -- Null: that of who holds it.
  cost_centre_id  uuid        references cost_centres,
  label           text,
  assigned_at     timestamptz not null,
  ended_at        timestamptz,
  -- `left`: who held it is no member of the organisation any more; `removed` by it; `given-back` by who held it.
  ended_for       text        check (ended_for in ('left', 'removed', 'given-back')),
  version         integer     not null,
  check ((ended_at is null) = (ended_for is null))
);
create unique index company_cards_current on company_cards (upper(id_token)) where ended_at is null;
create index company_cards_by_value on company_cards (upper(id_token), assigned_at);
create index company_cards_of on company_cards (organisation_id, id);
create index company_cards_by_holder on company_cards (holder_id, id);

-- charges: the company that pays, and who was asked to pay what is booked.
alter table charges
  add column token          text,
  add column company_id     uuid,
  add column card_id        uuid,
  add column cost_centre_id uuid,
  add column booked_kind    text check (booked_kind in ('person', 'organisation')),
  add column booked_id      uuid,
  add column on_account     boolean not null default false;
update charges c set booked_kind = 'person', booked_id = c.driver_id
where c.revision > 0 and c.driver_id is not null and not exists (
  select from ledger_accounts a
  where a.kind = 'uncollected' and a.owner_id = c.seller_id and (
    select coalesce(sum(case when t.from_id = a.id then t.minor else -t.minor end), 0)
    from ledger_transfers t where t.cause_id = c.session_id and a.id in (t.from_id, t.to_id)) > 0);
create index charges_by_company on charges (company_id, session_id) where company_id is not null;
create index charges_by_cost_centre on charges (cost_centre_id, ended_at) where cost_centre_id is not null;
create index charges_to_invoice on charges (seller_id, booked_id, session_id)
  where state = 'charged' and invoiced_revision < revision and driver_id is not null;
