-- works with code from 0001
-- tariff_uses: since when each is in force; those that no longer are stand in tariff_uses_past, as sessions that are told of
-- late cost what was in force at their begin.
alter table tariff_uses add column since timestamptz not null default now();
update tariff_uses u set since = t.created_at from tariffs t where t.id = u.tariff_id;
alter table tariff_uses
  drop constraint tariff_uses_group_id_fkey,
  add constraint tariff_uses_group foreign key (group_id) references driver_groups;

create table tariff_uses_past (
  tariff_id  uuid        not null references tariffs,
  owner_id   uuid        not null,
  station_id uuid,
  evse       integer,
  connector  integer,
  -- A group that is gone since has nobody in it.
  group_id   uuid,
  since      timestamptz not null,
  until      timestamptz not null check (until > since)
);
create index tariff_uses_past_by_owner on tariff_uses_past (owner_id, until);

-- sellers: their number at the local tax office.
alter table sellers add column tax_number text;

-- charges: `refused` is what costs more than can be booked.
alter table charges
  drop constraint charges_state_check,
  add constraint charges_state check (state in ('running', 'due', 'charged', 'free', 'refused'));

-- drivers: who has deleted their account, and what of their money is kept, under the pseudonym they are since.
alter table drivers add column left_at timestamptz;
create index drivers_left on drivers (driver_id) where left_at is not null;
create table kept_money (
  driver_id   uuid        not null,
  currency    text        not null,
  minor       bigint      not null check (minor >= 0),
  -- `no-payment`: it came from no payment that could be given back.
  reason      text        not null check (reason in ('no-payment', 'refund-failed')),
  since       timestamptz not null,
  primary key (driver_id, currency)
);
