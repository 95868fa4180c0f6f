-- works with code from 0001
-- gateways: processes that hold connections; who is not seen for some seconds is gone, and its chargers with it.
create table gateways (
  id      uuid        primary key,
  seen_at timestamptz not null
);

-- chargers: what connects, by the identity it connects with; `connection_id` while it does.
create table chargers (
  id               text        primary key check (length(id) between 1 and 48),
  owner_kind       text        check (owner_kind in ('person', 'organisation')),
  owner_id         uuid,
  name             text,
  status           text        not null check (status in ('pending', 'accepted', 'rejected')),
  -- Keyed digest of what it proves itself with; null where it need not.
  password_digest  bytea,
  -- Presented by its certificate, where it must have one (security profile 3).
  certificate_serial text,
  vendor           text,
  model            text,
  serial_number    text,
  firmware         text,
  iccid            text,
  imsi             text,
  ocpp_version     text,
  boot_reason      text,
  booted_at        timestamptz,
  gateway_id       uuid,
  connection_id    uuid,
  address          text,
  connected_at     timestamptz,
  disconnected_at  timestamptz,
  last_heard_at    timestamptz,
  created_at       timestamptz not null,
  version          integer     not null default 1,
  check ((owner_kind is null) = (owner_id is null)),
  check ((gateway_id is null) = (connection_id is null))
);
create index chargers_by_age on chargers (created_at, id);
create index chargers_by_owner on chargers (owner_id, created_at, id);
create index chargers_by_gateway on chargers (gateway_id) where gateway_id is not null;

-- connectors: how each was last said to be; 0, 0 is the charger as a whole.
create table connectors (
  charger_id text        not null references chargers on delete cascade,
  evse       integer     not null,
  connector  integer     not null,
  status     text        not null,
  error_code text,
  info       text,
  at         timestamptz not null,
  primary key (charger_id, evse, connector)
);

-- tokens: cards and other proofs of who may charge, compared without regard to case.
create table tokens (
  id            uuid        primary key,
  id_token      text        not null check (length(id_token) between 1 and 255),
  type          text        not null,
  owner_kind    text        not null check (owner_kind in ('person', 'organisation')),
  owner_id      uuid        not null,
  -- The person whose sessions these are.
  user_id       uuid,
  -- Tokens of one group stop each other's sessions (1.6: parentIdTag).
  group_id      text,
  label         text,
  status        text        not null check (status in ('accepted', 'blocked')),
  expires_at    timestamptz,
  created_at    timestamptz not null,
  version       integer     not null default 1
);
create unique index tokens_by_value on tokens (upper(id_token));
create index tokens_by_age on tokens (created_at, id);
create index tokens_by_owner on tokens (owner_id, created_at, id);

-- What OCPP 1.6 calls a transaction: processes take a thousand at a time.
create sequence transaction_numbers as integer increment by 1000;

-- transactions: of all chargers. `number` is the id that 1.6 has from us, `reference` what the charger calls it; 1.6
-- knows one it begins by `start_key` alone, however often it says so.
create table transactions (
  id             uuid        primary key,
  charger_id     text        not null,
  reference      text        not null,
  start_key      text,
  evse           integer     not null,
  connector      integer     not null,
  token          json,
  -- Numbers of its messages that were taken (2.x), as ranges.
  taken          int4multirange not null default '{}',
  begun_at       timestamptz,
  received_at    timestamptz not null,
  ended_at       timestamptz,
  unique (charger_id, reference),
  unique (charger_id, start_key)
);
create index transactions_open on transactions (charger_id) where ended_at is null;

-- messages: what was said between a charger and the platform, with its answer; by the day, which goes as a whole.
create table messages (
  id                uuid        not null,
  at                timestamptz not null,
  charger_id        text        not null,
  direction         text        not null,
  ocpp_version      text        not null,
  message_id        text        not null,
  action            text        not null,
  payload           json,
  outcome           text        not null,
  answer            json,
  error_code        text,
  error_description text
);
create index messages_by_charger on messages (charger_id, id);

-- commands: calls to chargers, as asked for; `request_id` of who asked by an event.
create table commands (
  id           uuid        primary key,
  charger_id   text        not null,
  action       text        not null,
  payload      json        not null,
  request_id   uuid        unique,
  asked_by     json        not null,
  asked_at     timestamptz not null,
  until        timestamptz not null,
  sent_at      timestamptz,
  ended_at     timestamptz,
  outcome      text        check (outcome in ('answered', 'error', 'timeout', 'offline')),
  answer       json,
  error_code   text,
  error_description text
);
create index commands_open on commands (charger_id, asked_at) where ended_at is null;
create index commands_by_charger on commands (charger_id, id);
