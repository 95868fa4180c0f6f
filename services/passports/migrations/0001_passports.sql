-- passports: one row a battery passport as it is now, with the columns it is searched by (columns.ts fills them). Its data is in `versions`.
create table passports (
  id              uuid             primary key,
  owner_kind      text             not null check (owner_kind in ('person', 'organisation')),
  owner_id        uuid             not null,
  status          text             not null check (status in ('draft', 'published', 'archived')),
  version         integer          not null check (version > 0),
  created_at      timestamptz      not null,
  updated_at      timestamptz      not null,
  identifier      text,
  serial          text,
  model           text,
  category        text,
  chemistry       text,
  mass_kg         double precision,
  manufactured_on date,
  words           tsvector         not null
);

create unique index passports_identifier on passports (owner_id, identifier) where identifier is not null;

-- Each order of the list, of one owner and (for admins) of all. The empty sort as the least, since a cursor cannot stand on a null.
create index passports_by_created on passports (owner_id, created_at, id);
create index passports_by_updated on passports (owner_id, updated_at, id);
create index passports_by_identifier on passports (owner_id, coalesce(identifier, ''), id);
create index passports_by_model on passports (owner_id, coalesce(model, ''), id);
create index passports_by_manufactured on passports (owner_id, coalesce(manufactured_on, '-infinity'), id);
create index passports_all_by_created on passports (created_at, id);
create index passports_all_by_updated on passports (updated_at, id);
create index passports_all_by_identifier on passports (coalesce(identifier, ''), id);
create index passports_all_by_model on passports (coalesce(model, ''), id);
create index passports_all_by_manufactured on passports (coalesce(manufactured_on, '-infinity'), id);

-- Any combination of filters in one index, for when few passports match; when many do, the orders above find a page sooner.
create index passports_search on passports using gin (owner_id, identifier, serial, model, category, chemistry, status, words);

-- versions: each state a passport has been in, whole, with who made it and when. A change of status is a version with the same data.
create table versions (
  passport_id    uuid        not null references passports on delete cascade,
  version        integer     not null,
  status         text        not null,
  actor_id       uuid,
  actor_role     text        not null,
  at             timestamptz not null,
  updated_fields text[]      not null,
  data           json        not null,
  primary key (passport_id, version)
);

-- readers: to whom a passport was opened, beside its owner.
create table readers (
  passport_id uuid        not null references passports on delete cascade,
  reader_id   uuid        not null,
  kind        text        not null check (kind in ('person', 'organisation')),
  since       timestamptz not null,
  primary key (passport_id, reader_id)
);
create index readers_passports on readers (reader_id, passport_id);
