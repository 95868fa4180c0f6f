-- works with code from 0001
-- low_balances: below which balance a driver wants to be told, and since when it has been lower and was told.
create table low_balances (
  driver_id   uuid   not null,
  currency    text   not null,
  -- Null: as the platform has it.
  below_minor bigint check (below_minor >= 0),
  low_since   timestamptz,
  primary key (driver_id, currency)
);
