-- works with code from 0009
-- import_mappings: what heads of columns stand for in the files of an owner, by the head; null for what is left out.
create table import_mappings (
  owner_id   uuid        primary key,
  owner_kind text        not null check (owner_kind in ('person', 'organisation')),
  columns    json        not null,
  updated_at timestamptz not null
);
