-- works with code from 0001
-- parts: what is in stock, which never falls below zero.
create table parts (
  id         uuid        primary key,
  owner_kind text        not null check (owner_kind in ('person', 'organisation')),
  owner_id   uuid        not null,
  number     text        not null,
  name       text        not null,
  stock      integer     not null check (stock >= 0),
  version    integer     not null,
  created_at timestamptz not null
);
create unique index parts_by_number on parts (owner_id, number);
create index parts_by_owner on parts (owner_id, created_at, id);
create index parts_by_age on parts (created_at, id);

-- ticket_parts: what of it went into a ticket.
create table ticket_parts (
  ticket_id uuid    not null references tickets,
  part_id   uuid    not null references parts,
  quantity  integer not null check (quantity > 0),
  primary key (ticket_id, part_id)
);

-- works: what is planned at a station, and takes connectors out of service for so long.
create table works (
  id           uuid        primary key,
  station_id   uuid        not null,
  charger_id   text,
  -- Null for all of the charger.
  evse         integer,
  owner_kind   text        check (owner_kind in ('person', 'organisation')),
  owner_id     uuid,
  place        text        not null,
  title        text        not null,
  from_at      timestamptz not null,
  to_at        timestamptz not null,
  state        text        not null check (state in ('planned', 'active', 'done', 'cancelled')),
  -- What its charger was asked last, and whether it has answered; asked again while it has not.
  request_id   uuid,
  requested_at timestamptz,
  answered     boolean     not null default true,
  answer       text,
  version      integer     not null,
  created_at   timestamptz not null,
  check (from_at < to_at)
);
create index works_by_owner on works
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), created_at, id);
create index works_by_age on works (created_at, id);
create index works_by_station on works (station_id, created_at, id);
create index works_ahead on works (from_at) where state in ('planned', 'active');
create index works_unanswered on works (requested_at) where not answered;
create index works_by_request on works (request_id) where request_id is not null;
