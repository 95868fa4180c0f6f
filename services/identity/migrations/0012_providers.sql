-- works with code from 0001
-- provider_accounts: accounts elsewhere by which people sign in here, by who issues them and the name they have there; never by an address.
create table provider_accounts (
  issuer    text        collate "C" not null,
  subject   text        collate "C" not null,
  user_id   uuid        not null references users on delete cascade,
  linked_at timestamptz not null,
  used_at   timestamptz,
  primary key (issuer, subject),
  unique (user_id, issuer)
);

-- provider_visits: who was sent to a provider and has not come back; each comes back once. `user_id` is set for who links an account of theirs.
create table provider_visits (
  id         uuid        primary key,
  provider   text        not null,
  state      text        not null,
  nonce      text        not null,
  verifier   text        not null,
  return_to  text,
  user_id    uuid        references users on delete cascade,
  expires_at timestamptz not null
);
create index provider_visits_user on provider_visits (user_id) where user_id is not null;
create index provider_visits_expiry on provider_visits (expires_at);
