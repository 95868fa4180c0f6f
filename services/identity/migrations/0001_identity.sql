-- users: one row a person whose address is proven.
create table users (
  id            uuid        primary key,
  email         text        collate "C" not null unique check (email = lower(email)),
  password_hash text        not null,
  first_name    text        not null,
  last_name     text        not null,
  locale        text        not null,
  role          text        not null default 'user',
  disabled      boolean     not null default false,
  version       integer     not null default 1,
  created_at    timestamptz not null
);
create index users_admins on users (id) where role = 'admin';

-- registrations: who wants an account and has not proven the address yet; several may claim one address, each with its own password.
create table registrations (
  id             uuid        primary key,
  email          text        collate "C" not null,
  password_hash  text        not null,
  first_name     text        not null,
  last_name      text        not null,
  locale         text        not null,
  address_prefix text        not null,
  created_at     timestamptz not null,
  expires_at     timestamptz not null
);
create index registrations_email on registrations (email);
create index registrations_expiry on registrations (expires_at);

-- codes: one-time codes that wait for an answer, one a registration and one a change of address. `hash` is keyed; `sealed` holds code and
-- link for the mail, encrypted, and goes when the tries are used up.
create table codes (
  id              uuid        primary key,
  purpose         text        not null check (purpose in ('registration', 'email-change')),
  email           text        collate "C" not null,
  registration_id uuid        unique references registrations on delete cascade,
  user_id         uuid        unique references users on delete cascade,
  hash            bytea       not null,
  link_hash       bytea       unique,
  sealed          bytea,
  tries           integer     not null default 0,
  expires_at      timestamptz not null,
  check ((purpose = 'registration') = (registration_id is not null)),
  check ((purpose = 'email-change') = (user_id is not null))
);
create index codes_email on codes (email) where purpose = 'registration';
create index codes_expiry on codes (expires_at);

-- resends: when an address may have its next code, whether anybody knows it or not.
create table resends (
  email   text        collate "C" primary key,
  times   integer     not null,
  next_at timestamptz not null
);
create index resends_next on resends (next_at);

-- organisations: what people act for together. `version` counts every change, of its members too, and its row is the lock for them.
create table organisations (
  id         uuid        primary key,
  name       text        not null,
  version    integer     not null default 1,
  created_at timestamptz not null
);

-- members: who belongs to an organisation, as what.
create table members (
  organisation_id uuid        not null references organisations on delete cascade,
  user_id         uuid        not null references users on delete cascade,
  role            text        not null check (role in ('owner', 'admin', 'editor', 'viewer')),
  joined_at       timestamptz not null,
  primary key (organisation_id, user_id)
);
create index members_user on members (user_id, organisation_id);

-- invitations: one an organisation and address. `sealed` holds the secret of the link for the mail, encrypted.
create table invitations (
  id              uuid        primary key,
  organisation_id uuid        not null references organisations on delete cascade,
  email           text        collate "C" not null,
  role            text        not null check (role in ('owner', 'admin', 'editor', 'viewer')),
  locale          text        not null,
  token_hash      bytea       not null unique,
  sealed          bytea       not null,
  created_at      timestamptz not null,
  expires_at      timestamptz not null,
  unique (organisation_id, email)
);
create index invitations_expiry on invitations (expires_at);

-- sessions: one row from sign-in to sign-out; the family of its refresh tokens, of which only the last two are known, as hashes.
-- `expires_at` moves with use, up to `ends_at`. A person who left `organisation_id` acts for themselves again.
create table sessions (
  id              uuid        primary key,
  user_id         uuid        not null references users on delete cascade,
  organisation_id uuid        references organisations on delete set null,
  refresh_hash    bytea       not null,
  previous_hash   bytea,
  rotated_at      timestamptz not null,
  device          text        not null,
  address_prefix  text        not null,
  created_at      timestamptz not null,
  used_at         timestamptz not null,
  expires_at      timestamptz not null,
  ends_at         timestamptz not null
);
create index sessions_user on sessions (user_id, id);
create index sessions_organisation on sessions (organisation_id) where organisation_id is not null;
create index sessions_expiry on sessions (expires_at);

-- signing_keys: the keys of access tokens; the private part is encrypted. A key is published as `next` before it signs.
create table signing_keys (
  kid         text        primary key,
  state       text        not null check (state in ('next', 'current', 'previous')),
  public_key  jsonb       not null,
  sealed      bytea       not null,
  created_at  timestamptz not null,
  -- Since when it has this state.
  changed_at  timestamptz not null
);
create unique index signing_keys_one on signing_keys (state) where state <> 'previous';
