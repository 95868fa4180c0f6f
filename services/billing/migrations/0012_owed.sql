-- works with code from 0001
-- booking_fees: where and when each came to be and how it is taxed, as invoices say it; what of it is owed, and its invoice.
-- Of those from before `treatment` is null: they are on no invoice.
alter table booking_fees
  add column asked_at   timestamptz,
  add column time_zone  text,
  add column treatment  json,
  add column owed_minor bigint not null default 0,
  add column invoice_id uuid;
create index booking_fees_uninvoiced on booking_fees (seller_id, driver_id, asked_at)
  where state = 'booked' and treatment is not null and invoice_id is null;
create index booking_fees_owed on booking_fees (driver_id, currency, asked_at) where owed_minor > 0;

-- charges: `owed_minor` is what is owed still; until now it stayed as it was when the session was booked. What was paid
-- since were the oldest, and so were their invoices.
create index charges_owed on charges (booked_id, currency, charged_at) where owed_minor > 0 and not on_account;
with owed as (
  select session_id, invoice_id, invoiced_revision = revision as is_invoiced, owed_minor,
    least(owed_minor, greatest(0, coalesce((
      select -balance_minor from ledger_accounts a
      where a.kind = 'debt' and a.owner_id = c.booked_id and a.currency = c.currency), 0)
      - sum(owed_minor) over (partition by booked_id, currency order by charged_at desc, session_id desc)
      + owed_minor)) as left_minor
  from charges c where owed_minor > 0 and not on_account and booked_id is not null),
paid as (
  insert into invoice_payments (cause, invoice_id, minor, means, paid_at)
  select 'owed before ' || invoice_id, invoice_id, sum(owed_minor - left_minor), 'wallet', now()
  from owed where is_invoiced and invoice_id is not null and left_minor < owed_minor group by invoice_id
  on conflict do nothing)
update charges c set owed_minor = left_minor from owed o
where o.session_id = c.session_id and o.left_minor < c.owed_minor;
