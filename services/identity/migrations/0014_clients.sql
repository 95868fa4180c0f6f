-- works with code from 0001
-- clients: apps that people sign in to with their account here. Those without an organisation are of the platform; `first_party` ones are part of
-- it, and nobody is asked whether to let them in. Public ones (apps on devices and in browsers) have no secret.
create table clients (
  id               uuid        primary key,
  organisation_id  uuid        references organisations on delete cascade,
  name             text        not null,
  first_party      boolean     not null,
  secret_hash      bytea,
  redirect_uris    text[]      not null check (cardinality(redirect_uris) > 0),
  post_logout_uris text[]      not null,
  scopes           text[]      not null check (cardinality(scopes) > 0),
  created_at       timestamptz not null,
  check (not first_party or organisation_id is null)
);
create index clients_organisation on clients (organisation_id, id);

-- client_visits: who was sent here by a client and has not been sent back; each is sent back once.
create table client_visits (
  id           uuid        primary key,
  client_id    uuid        not null references clients on delete cascade,
  redirect_uri text        not null,
  scopes       text[]      not null,
  state        text,
  nonce        text,
  challenge    text        not null,
  prompt       text        not null check (prompt in ('none', 'login', 'consent', 'as needed')),
  max_age_s    integer     check (max_age_s >= 0),
  created_at   timestamptz not null,
  expires_at   timestamptz not null
);
create index client_visits_client on client_visits (client_id);
create index client_visits_expiry on client_visits (expires_at);

-- client_consents: what a person lets a client do, for themselves or for an organisation.
create table client_consents (
  id              uuid        primary key,
  user_id         uuid        not null references users on delete cascade,
  client_id       uuid        not null references clients on delete cascade,
  organisation_id uuid        references organisations on delete cascade,
  scopes          text[]      not null,
  created_at      timestamptz not null,
  changed_at      timestamptz not null,
  unique nulls not distinct (user_id, client_id, organisation_id)
);
create index client_consents_client on client_consents (client_id);
create index client_consents_organisation on client_consents (organisation_id) where organisation_id is not null;

-- client_grants: what a client holds of a person: at first a code, then tokens, which carry the id as session. Without `offline_access` it ends with
-- the session it was given in. The organisation is no reference: what acts for one that is gone has to be refused, not to act for the person.
create table client_grants (
  id               uuid        primary key,
  user_id          uuid        not null references users on delete cascade,
  client_id        uuid        not null references clients on delete cascade,
  session_id       uuid        references sessions on delete cascade,
  organisation_id  uuid,
  scopes           text[]      not null,
  nonce            text,
  authenticated_at timestamptz not null,
  methods          text[]      not null,
  code_hash        bytea       not null unique,
  redirect_uri     text        not null,
  challenge        text        not null,
  refresh_hash     bytea,
  previous_hash    bytea,
  rotated_at       timestamptz not null,
  created_at       timestamptz not null,
  used_at          timestamptz not null,
  expires_at       timestamptz not null,
  ends_at          timestamptz not null
);
create index client_grants_user on client_grants (user_id, client_id);
create index client_grants_client on client_grants (client_id);
create index client_grants_session on client_grants (session_id) where session_id is not null;
create index client_grants_expiry on client_grants (expires_at);
