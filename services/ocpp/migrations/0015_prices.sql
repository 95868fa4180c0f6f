-- works with code from 0001
-- prices_due: chargers that are to be told what charging costs, since then; not before `after` where they did not answer.
create table prices_due (
  charger_id text        primary key references chargers on delete cascade,
  since      timestamptz not null,
  after      timestamptz not null
);

-- charger_tariffs: what a charger was told that charging costs (2.1, I07), by EVSE; at 0 what counts where there is
-- nothing of an EVSE's own.
create table charger_tariffs (
  charger_id text        not null references chargers on delete cascade,
  evse       integer     not null,
  tariff_id  text        not null,
  tariff     json        not null,
  -- `unknown` after it has started anew.
  state      text        not null check (state in ('accepted', 'refused', 'unknown')),
  said       text        not null,
  at         timestamptz not null,
  primary key (charger_id, evse)
);

-- transaction_costs: what a charger was told last that a transaction costs, in major units with tax.
create table transaction_costs (
  transaction_id uuid        primary key,
  charger_id     text        not null references chargers on delete cascade,
  reference      text        not null,
  -- Null where it was told by which tariff alone.
  total          numeric,
  is_final       boolean     not null,
  -- By which it costs, where it is not that of the EVSE.
  tariff_id      text,
  at             timestamptz not null
);
create index transaction_costs_by_reference on transaction_costs (charger_id, reference);
create index transaction_costs_by_age on transaction_costs (at);
