-- works with code from 0007
-- serialisations: an order for many items of a model, how far it is, and what it still needs: the serials or their range, the values of all, the
-- form of their identifiers. A chunk of items and how far the order is stand in one transaction, so that it goes on where it was.
create table serialisations (
  id          uuid        primary key,
  parent_id   uuid        not null references passports,
  model_id    uuid        not null,
  owner_kind  text        not null,
  owner_id    uuid        not null,
  user_id     uuid        not null,
  actor       json        not null,
  spec        json,
  state       text        not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  problem     text,
  total       integer     not null check (total between 1 and 100000),
  done        integer     not null default 0,
  created     integer     not null default 0,
  failed      integer     not null default 0,
  created_at  timestamptz not null,
  ended_at    timestamptz
);
create index serialisations_of on serialisations (model_id, id);
create index serialisations_by_parent on serialisations (parent_id);

-- refused_serials: rows of an order that became no passport, and why.
create table refused_serials (
  serialisation_id uuid    not null references serialisations on delete cascade,
  row              integer not null,
  serial           text    not null,
  code             text    not null,
  detail           text    not null,
  primary key (serialisation_id, row)
);
