-- documents: one row a document; its bytes lie under `file_key`, which changes when another file replaces it.
create table documents (
  id            uuid        primary key,
  owner_kind    text        not null check (owner_kind in ('person', 'organisation')),
  owner_id      uuid        not null,
  passport_id   uuid,
  file_name     text        not null,
  title         text        not null,
  kind          text        not null,
  language      text,
  content_type  text        not null,
  size_bytes    bigint      not null check (size_bytes > 0),
  sha256        text        not null check (sha256 ~ '^[0-9a-f]{64}$'),
  file_key      text        not null unique,
  version       integer     not null check (version > 0),
  missing_since timestamptz,
  created_at    timestamptz not null,
  updated_at    timestamptz not null
);
create index documents_by_owner on documents (owner_id, created_at, id);
create index documents_by_passport on documents (passport_id, created_at, id) where passport_id is not null;

-- deleted_passports: passports that are gone, so that nothing is attached to one whose end is only heard of now.
create table deleted_passports (
  passport_id uuid        primary key,
  deleted_at  timestamptz not null
);
