-- works with code from 0003
-- addressed_readers: whom a passport was opened to by their address, as its owner wrote it; `reader_id` once the address is somebody's.
-- The owner sees the address alone, whether or not anybody has it.
create table addressed_readers (
  id          uuid        primary key,
  passport_id uuid        not null references passports on delete cascade,
  email       text        not null,
  invited_by  uuid        not null,
  reader_id   uuid,
  since       timestamptz not null,
  invited_at  timestamptz
);
create unique index addressed_readers_emails on addressed_readers (passport_id, email);
create index addressed_readers_waiting on addressed_readers (email) where reader_id is null;

-- Readers by their id; the others read by an address alone.
alter table readers add column by_id boolean not null default true;

-- Whose the passport became with a version, where it changed hands.
alter table versions add column owner_kind text check (owner_kind in ('person', 'organisation')), add column owner_id uuid;
