-- works with code from 0001
-- terminals: devices that take cards at the pole, of whoever sells there.
create table terminals (
  id         uuid        primary key,
  owner_kind text        not null check (owner_kind in ('person', 'organisation')),
  owner_id   uuid        not null,
  name       text        not null,
  -- Which of its secrets holds: they are derived from ours.
  secret_number integer  not null default 1,
  created_at timestamptz not null,
  heard_at   timestamptz,
  deleted_at timestamptz
);
create index terminals_by_owner on terminals (owner_id, id);

-- visits: who charges without an account and pays in advance, by card on a page or at a terminal.
create table visits (
  id             uuid        primary key,
  -- Of the page that shows it: who has it is who paid.
  key            text        not null unique,
  -- Of one at a terminal, and how the terminal calls it.
  terminal_id    uuid,
  reference      text,
  payment_id     uuid        references payments,
  station_id     uuid        not null,
  station_name   text        not null,
  charger_id     text        not null,
  evse           integer     not null,
  connector      integer     not null,
  seller_kind    text        not null check (seller_kind in ('person', 'organisation')),
  seller_id      uuid        not null,
  tariff_id      uuid        not null,
  version        integer     not null,
  place          json        not null,
  currency       text        not null,
  -- At most so much is taken.
  amount_minor   bigint      not null check (amount_minor > 0),
  email          text,
  language       text        not null check (language in ('en', 'de')),
  -- What the charger begins with, in capitals.
  token          text        not null unique,
  state          text        not null check (state in ('paying', 'starting', 'charging', 'done', 'failed')),
  -- Why it failed, or why nothing could be taken.
  reason         text,
  -- Of the start.
  request_id     uuid        unique,
  begin_by       timestamptz,
  session_id     uuid        unique,
  stop_wanted_at timestamptz,
  stop_asked_at  timestamptz,
  -- What is taken once it is known, and what of that goes back.
  capture_minor  bigint      check (capture_minor between 0 and amount_minor),
  returned_minor bigint      not null default 0,
  captured_minor bigint      not null default 0,
  created_at     timestamptz not null,
  authorised_at  timestamptz,
  ended_at       timestamptz,
  -- Of one at a terminal: when it had done what was to be done.
  closed_at      timestamptz,
  unique (terminal_id, reference),
  check ((terminal_id is null) = (payment_id is not null)),
  foreign key (tariff_id, version) references tariff_terms
);
create index visits_under_way on visits (created_at) where state in ('paying', 'starting', 'charging');
create index visits_to_do on visits (terminal_id, created_at) where capture_minor is not null and closed_at is null;
create index visits_by_place on visits (station_id, evse) where state = 'paying';
