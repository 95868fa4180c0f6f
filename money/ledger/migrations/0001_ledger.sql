-- works with code from 0001
-- ledger_accounts: what somebody has (above zero) or owes (below), in one currency. `held_minor` is spoken for.
create table ledger_accounts (
  id            uuid        primary key,
  -- In the words of who includes the ledger: wallet, revenue, clearing.
  kind          text        not null,
  owner_kind    text        check (owner_kind in ('person', 'organisation')),
  -- Null for the platform's own.
  owner_id      uuid,
  currency      text        not null,
  balance_minor bigint      not null default 0,
  held_minor    bigint      not null default 0 check (held_minor >= 0),
  -- What is left after holds never falls below it; null where there is no end.
  least_minor   bigint,
  created_at    timestamptz not null default now(),
  check ((owner_kind is null) = (owner_id is null)),
  constraint ledger_accounts_covered check (balance_minor - held_minor >= least_minor),
  constraint ledger_accounts_one unique nulls not distinct (kind, owner_kind, owner_id, currency),
  unique (id, currency)
);
create index ledger_accounts_by_owner on ledger_accounts (owner_id);

-- ledger_entries: what was booked, once for each cause and kind.
create table ledger_entries (
  cause_id uuid        not null,
  kind     text        not null,
  at       timestamptz not null,
  -- For people who read a statement.
  about    json,
  primary key (cause_id, kind)
);

-- ledger_transfers: from one account to another of the same currency, so that no posting is without its counter-posting.
create table ledger_transfers (
  id       bigint   generated always as identity primary key,
  cause_id uuid     not null,
  kind     text     not null,
  from_id  uuid     not null,
  to_id    uuid     not null,
  currency text     not null,
  minor    bigint   not null check (minor > 0),
  check (from_id <> to_id),
  foreign key (cause_id, kind) references ledger_entries,
  foreign key (from_id, currency) references ledger_accounts (id, currency),
  foreign key (to_id, currency) references ledger_accounts (id, currency)
);
create index ledger_transfers_by_cause on ledger_transfers (cause_id, kind);
create index ledger_transfers_from on ledger_transfers (from_id, id);
create index ledger_transfers_to on ledger_transfers (to_id, id);

-- ledger_holds: what is spoken for of an account until it is settled or released.
create table ledger_holds (
  id         uuid        primary key,
  account_id uuid        not null references ledger_accounts,
  minor      bigint      not null check (minor > 0),
  state      text        not null default 'open' check (state in ('open', 'settled', 'released')),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at   timestamptz
);
create index ledger_holds_open on ledger_holds (expires_at) where state = 'open';
create index ledger_holds_by_account on ledger_holds (account_id) where state = 'open';

-- Balances follow from transfers and holds, and from nothing else.
create function ledger_move() returns trigger language plpgsql as $$
begin
  update ledger_accounts a set balance_minor = a.balance_minor + d.minor
  from (
    select id, sum(minor) as minor
    from (select to_id as id, minor from made union all select from_id, -minor from made) as both_sides
    group by id
  ) as d
  where a.id = d.id;
  return null;
end $$;
create trigger ledger_transfers_move after insert on ledger_transfers
  referencing new table as made for each statement execute function ledger_move();

create function ledger_hold() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    update ledger_accounts set held_minor = held_minor + new.minor where id = new.account_id;
  elsif old.state <> 'open' or new.state = 'open' or (new.account_id, new.minor) <> (old.account_id, old.minor) then
    raise exception 'a hold ends once' using errcode = 'restrict_violation';
  else
    update ledger_accounts set held_minor = held_minor - new.minor where id = new.account_id;
  end if;
  return null;
end $$;
create trigger ledger_holds_move after insert or update on ledger_holds for each row execute function ledger_hold();

create function ledger_refuse() returns trigger language plpgsql as $$
begin
  raise exception '% is never changed: what was booked wrong is booked back', tg_table_name
    using errcode = 'restrict_violation';
end $$;
create trigger ledger_transfers_stay before update or delete on ledger_transfers
  for each row execute function ledger_refuse();
create trigger ledger_entries_stay before update or delete on ledger_entries
  for each row execute function ledger_refuse();
create trigger ledger_balances_follow before update of balance_minor, held_minor on ledger_accounts
  for each row when (pg_trigger_depth() = 0) execute function ledger_refuse();
create trigger ledger_holds_stay before delete on ledger_holds for each row execute function ledger_refuse();
