-- works with code from 0001
-- invoicing: how a driver wants to be billed, and as whom.
create table invoicing (
  driver_id uuid    primary key,
  every     text    not null check (every in ('session', 'month')),
  -- Null: by the name of the account.
  party     json,
  language  text    not null check (language in ('en', 'de')),
  version   integer not null
);

-- Charges that are on an invoice, as they were booked.
alter table charges add column invoiced_revision integer not null default 0, add column invoice_id uuid;
create index charges_uninvoiced on charges (ended_at, session_id)
  where state = 'charged' and invoiced_revision < revision and driver_id is not null;
