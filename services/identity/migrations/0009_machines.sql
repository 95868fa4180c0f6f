-- works with code from 0001
-- service_accounts: programs that act for an organisation by themselves; they stay when the person who made them goes.
create table service_accounts (
  id              uuid        primary key,
  organisation_id uuid        not null references organisations on delete cascade,
  name            text        not null,
  role            text        not null check (role in ('editor', 'viewer')),
  created_at      timestamptz not null
);
create index service_accounts_organisation on service_accounts (organisation_id, id);

-- api_keys: secrets of programs, of which only SHA-256 digests are kept. A key acts as its person, for the organisation they acted for when they
-- made it, or as its service account. After a rotation the former secret is good until `previous_until`. `used_at` is when it last got an access
-- token, which lives for minutes: it is not written at each request.
create table api_keys (
  id                 uuid        primary key,
  user_id            uuid        references users on delete cascade,
  service_account_id uuid        references service_accounts on delete cascade,
  organisation_id    uuid        references organisations on delete cascade,
  name               text        not null,
  start              text        not null,
  hash               bytea       not null unique,
  previous_hash      bytea       unique,
  previous_until     timestamptz,
  scopes             text[]      not null check (cardinality(scopes) > 0),
  created_at         timestamptz not null,
  expires_at         timestamptz not null,
  used_at            timestamptz,
  check ((user_id is null) <> (service_account_id is null)),
  check ((previous_hash is null) = (previous_until is null))
);
create index api_keys_user on api_keys (user_id, id);
create index api_keys_service_account on api_keys (service_account_id, id);
create index api_keys_organisation on api_keys (organisation_id) where organisation_id is not null;
create index api_keys_expiry on api_keys (expires_at);
