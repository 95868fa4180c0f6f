-- passports: one row a battery passport as it is now, with the columns it is found by; columns.ts tells what fills them. Its data is in `versions`.
create table passports (
  id              uuid        primary key,
  owner_kind      text        not null check (owner_kind in ('person', 'organisation')),
  owner_id        uuid        not null,
  status          text        not null check (status in ('draft', 'published', 'archived')),
  version         integer     not null check (version > 0),
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  identifier      text,
  serial          text,
  model           text,
  category        text,
  chemistry       text,
  mass_kg         double precision check (mass_kg >= 0),
  manufactured_on date,
  words           tsvector    not null
);

create unique index passports_identifier on passports (owner_id, identifier) where identifier is not null;

-- Each order of the list within one owner. A cursor cannot stand on a null, so the empty sort as the least.
create index passports_by_created on passports (owner_id, created_at, id);
create index passports_by_updated on passports (owner_id, updated_at, id);
create index passports_by_identifier on passports (owner_id, coalesce(identifier, ''), id);
create index passports_by_model on passports (owner_id, coalesce(model, ''), id);
create index passports_by_manufactured on passports (owner_id, coalesce(manufactured_on, '-infinity'), id);

-- The same over all owners. The condition always holds, but only a query that states it may use these: the planner would take one of them
-- for a large owner too, and walk past a million rows when that owner's stand at its end.
create index passports_all_by_created on passports (created_at, id) where version > 0;
create index passports_all_by_updated on passports (updated_at, id) where version > 0;
create index passports_all_by_identifier on passports (coalesce(identifier, ''), id) where version > 0;
create index passports_all_by_model on passports (coalesce(model, ''), id) where version > 0;
create index passports_all_by_manufactured on passports (coalesce(manufactured_on, '-infinity'), id) where version > 0;

-- Any combination of filters in one index, for when few passports match; when many do, walking an order finds a page sooner.
-- The list of entries that wait to be put in their place stays short: a search reads it through, and the insert that fills it empties it.
create index passports_search on passports using gin (owner_id, identifier, serial, model, category, chemistry, status, words)
  with (gin_pending_list_limit = 64);

-- versions: each state a passport has been in, whole, with who made it and when. A change of status is a version with the same data.
-- `json`, not `jsonb`, so that data leaves as it came, keys in their order.
create table versions (
  passport_id    uuid        not null references passports on delete cascade,
  version        integer     not null,
  status         text        not null,
  actor_id       uuid        not null,
  actor_role     text        not null,
  at             timestamptz not null,
  updated_fields text[]      not null,
  data           json        not null,
  primary key (passport_id, version)
);

-- readers: to whom a passport was opened beside its owner.
create table readers (
  passport_id uuid        not null references passports on delete cascade,
  reader_id   uuid        not null,
  kind        text        not null check (kind in ('person', 'organisation')),
  since       timestamptz not null,
  primary key (passport_id, reader_id)
);
create index readers_passports on readers (reader_id, passport_id);
