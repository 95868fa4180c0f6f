-- works with code from 0001
-- Cards that a payer lets us keep: a payment with one is paid by what the provider kept when the first succeeded, without
-- the payer.
alter table payments
  -- The payer agrees that it is kept for later.
  add column keeps       boolean not null default false,
  -- Who pays, as the provider knows them.
  add column customer    text,
  -- With what it is paid without the payer, and with what it was paid where that is kept.
  add column method      text,
  add column kept_method text;
