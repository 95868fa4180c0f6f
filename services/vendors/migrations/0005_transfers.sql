-- works with code from 0003: a bank file that older code writes takes payouts by transfer too, which then go that way alone
-- How a payout goes, frozen when it is asked for: in a bank file, or by a transfer to an account at the provider.
alter table payouts
  add column via            text   not null default 'bank' check (via in ('bank', 'stripe')),
  add column destination    text,
  -- What of it was taken back.
  add column reversed_minor bigint not null default 0 check (reversed_minor between 0 and amount_minor),
  add check (via = 'bank' or destination is not null);
create index payouts_to_transfer on payouts (requested_at) where status = 'approved' and via = 'stripe';
