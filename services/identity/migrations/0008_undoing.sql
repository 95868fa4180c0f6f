-- works with code from 0001
-- email_undos: one row a change of address that whoever reads the former one may still take back; `sealed` holds the secret of the link for the
-- mail, encrypted.
create table email_undos (
  id         uuid        primary key,
  user_id    uuid        not null references users on delete cascade,
  email      text        collate "C" not null,
  token_hash bytea       not null unique,
  sealed     bytea       not null,
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index email_undos_user on email_undos (user_id);
create index email_undos_expiry on email_undos (expires_at);

-- When and how (RFC 8176) whoever has a session proved last to be somebody; sessions of former code did so by password when they began.
alter table sessions add column authenticated_at timestamptz, add column methods text[] not null default '{pwd}';
-- Whether a person has a second factor, as every sign-in and refresh asks.
alter table users add column second_factor boolean not null default false;
