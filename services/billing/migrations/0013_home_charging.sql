-- works with code from 0001
-- home_chargers: where employees charge at home, and what their company pays them for a kWh since when until when.
create table home_chargers (
  id              uuid        primary key,
  organisation_id uuid        not null references companies,
  user_id         uuid        not null,
  charger_id      text        not null,
  -- Of a kWh, in major units.
  rate            numeric     not null check (rate > 0),
  currency        text        not null,
  -- `wallet`: into the employee's, from the company's; `payroll`: by the company itself, outside of here.
  paid_by         text        not null check (paid_by in ('wallet', 'payroll')),
  since           timestamptz not null,
  until           timestamptz check (until >= since)
);
create unique index home_chargers_current on home_chargers (organisation_id, user_id) where until is null;
create index home_chargers_by_charger on home_chargers (charger_id, user_id, since);

-- reimbursement_statements: what a company pays an employee for a month, once it is over. It is never changed.
create table reimbursement_statements (
  id              uuid        primary key,
  organisation_id uuid        not null,
  user_id         uuid        not null,
  month           date        not null,
  currency        text        not null,
  paid_by         text        not null,
  sessions        integer     not null,
  energy_wh       bigint      not null,
  -- Below zero where sessions of months before were corrected by more.
  amount_minor    bigint      not null,
  stated_at       timestamptz not null,
  unique (organisation_id, user_id, month, currency, paid_by)
);
create index reimbursement_statements_by_user on reimbursement_statements (user_id, id);
create index reimbursement_statements_by_month on reimbursement_statements (organisation_id, month, id);

-- reimbursements: of each session at home what is due for it, and of each correction by how much that is other than before.
create table reimbursements (
  session_id   uuid        not null,
  number       integer     not null,
  home_id      uuid        not null references home_chargers,
  energy_wh    bigint      not null,
  amount_minor bigint      not null,
  ended_at     timestamptz not null,
  statement_id uuid        references reimbursement_statements,
  primary key (session_id, number)
);
create index reimbursements_unstated on reimbursements (ended_at) where statement_id is null;
create index reimbursements_of on reimbursements (statement_id) where statement_id is not null;
