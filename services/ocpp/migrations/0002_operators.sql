-- works with code from 0001
-- chargers: `next_password_digest` of a password that was told and not used yet; its first use ends the former one.
-- `words` are what operators find it by.
alter table chargers
  add column time_zone            text,
  add column next_password_digest bytea,
  add column words                tsvector generated always as (to_tsvector('simple', regexp_replace(lower(
    id || ' ' || coalesce(name, '') || ' ' || coalesce(vendor, '') || ' ' || coalesce(model, '') || ' ' ||
    coalesce(serial_number, '')), '[^[:alnum:]]+', ' ', 'g'))) stored;
create index chargers_by_words on chargers using gin (words);

-- What is rarer has indexes of its own, over all and by owner; most are accepted, and most are connected.
create index chargers_of_nobody on chargers (created_at, id) where owner_id is null;
create index chargers_waiting on chargers (created_at, id) where status <> 'accepted';
create index chargers_waiting_by_owner on chargers (owner_id, created_at, id) where status <> 'accepted';
create index chargers_away on chargers (created_at, id) where connection_id is null;
create index chargers_away_by_owner on chargers (owner_id, created_at, id) where connection_id is null;
create index chargers_here on chargers (created_at, id) where connection_id is not null;
create index chargers_here_by_owner on chargers (owner_id, created_at, id) where connection_id is not null;

-- free_vend: where and when a charger lets anybody charge: at one EVSE or at all, at all times or between two times of
-- day in its time zone (over midnight where `ends` is the earlier).
create table free_vend (
  charger_id text    not null references chargers on delete cascade,
  number     integer not null,
  evse       integer check (evse > 0),
  begins     text    check (begins ~ '^\d\d:\d\d$'),
  ends       text    check (ends ~ '^\d\d:\d\d$'),
  primary key (charger_id, number),
  check ((begins is null) = (ends is null))
);

-- tokens: one that is `exclusive` has one session at a time; `blocked_for` says why others than operators block it.
alter table tokens
  add column exclusive   boolean not null default false,
  add column blocked_for text,
  add column words       tsvector generated always as (to_tsvector('simple', regexp_replace(lower(
    id_token || ' ' || coalesce(label, '') || ' ' || coalesce(group_id, '')), '[^[:alnum:]]+', ' ', 'g'))) stored;
create index tokens_by_words on tokens using gin (words);
create index tokens_by_user on tokens (user_id, created_at, id) where user_id is not null;
create index tokens_by_group on tokens (group_id, created_at, id) where group_id is not null;
create index tokens_blocked on tokens (created_at, id) where status <> 'accepted';
create index tokens_blocked_by_owner on tokens (owner_id, created_at, id) where status <> 'accepted';
create index tokens_by_type on tokens (type, created_at, id);
create index tokens_by_owner_and_type on tokens (owner_id, type, created_at, id);

-- Whether a token charges somewhere.
create index transactions_by_token on transactions (upper(token ->> 'idToken')) where ended_at is null;
