-- works with code from 0001
-- credits: what a seller gave back of a session by hand, and why. Above a limit a second person has to agree first.
create table credits (
  id          uuid        primary key,
  session_id  uuid        not null references charges,
  seller_id   uuid        not null,
  currency    text        not null,
  -- With tax; of it `tax_minor` is tax.
  total_minor bigint      not null check (total_minor > 0),
  tax_minor   bigint      not null check (tax_minor between 0 and total_minor),
  reason      text        not null,
  state       text        not null check (state in ('proposed', 'booked', 'refused')),
  proposed_by uuid        not null,
  proposed_at timestamptz not null,
  decided_by  uuid,
  decided_at  timestamptz,
  check ((state = 'proposed') = (decided_at is null))
);
create index credits_of on credits (session_id, id);
create index credits_proposed on credits (seller_id, id) where state = 'proposed';
