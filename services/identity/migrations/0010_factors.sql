-- works with code from 0001
-- totp: the authenticator app of a person. `sealed` is its secret, encrypted, null until a code of it was given; `pending` one that is being set
-- up. No code works twice: that of `last_step` (of 30 seconds since 1970) was the last.
create table totp (
  user_id       uuid        primary key references users on delete cascade,
  sealed        bytea,
  pending       bytea,
  pending_until timestamptz,
  last_step     bigint      not null default 0,
  created_at    timestamptz not null,
  used_at       timestamptz
);

-- passkeys: what WebAuthn calls credentials; `counter` only rises, or stays 0 where the authenticator does not count.
create table passkeys (
  id            uuid        primary key,
  user_id       uuid        not null references users on delete cascade,
  credential_id text        collate "C" not null unique,
  public_key    bytea       not null,
  counter       bigint      not null,
  transports    text[]      not null,
  synced        boolean     not null,
  name          text        not null,
  created_at    timestamptz not null,
  used_at       timestamptz
);
create index passkeys_user on passkeys (user_id, id);

-- recovery_codes: for whoever has lost the factors; each works once and is gone then. `hash` is keyed.
create table recovery_codes (
  user_id uuid  not null references users on delete cascade,
  hash    bytea not null,
  primary key (user_id, hash)
);

-- challenges: what passkeys have to sign; each is answered once, for what it was made for and by whom (null: whoever has the passkey).
create table challenges (
  hash       bytea       primary key,
  purpose    text        not null check (purpose in ('registration', 'proof', 'sign-in')),
  user_id    uuid        references users on delete cascade,
  expires_at timestamptz not null
);
create index challenges_expiry on challenges (expires_at);
create index challenges_user on challenges (user_id);

-- pending_sign_ins: whoever gave the password and still has to give the second factor. A changed password ends them.
create table pending_sign_ins (
  token_hash    bytea       primary key,
  user_id       uuid        not null references users on delete cascade,
  password_hash text        not null,
  tries         integer     not null default 0,
  expires_at    timestamptz not null
);
create index pending_sign_ins_user on pending_sign_ins (user_id);
create index pending_sign_ins_expiry on pending_sign_ins (expires_at);
