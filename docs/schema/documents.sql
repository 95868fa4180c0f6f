-- The schema documents after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table deleted_passports (
  passport_id  uuid                      not null,
  deleted_at   timestamp with time zone  not null,
  constraint deleted_passports_pkey PRIMARY KEY (passport_id)
);

create table documents (
  id              uuid                      not null,
  owner_kind      text                      not null,
  owner_id        uuid                      not null,
  passport_id     uuid,
  file_name       text                      not null,
  title           text                      not null,
  kind            text                      not null,
  language        text,
  content_type    text                      not null,
  size_bytes      bigint                    not null,
  sha256          text                      not null,
  file_key        text                      not null,
  version         integer                   not null,
  missing_since   timestamp with time zone,
  created_at      timestamp with time zone  not null,
  updated_at      timestamp with time zone  not null,
  scan            text                      not null default 'off'::text,
  scan_key        text,
  scan_found      text,
  scan_queued_at  timestamp with time zone,
  attribute       text,
  constraint documents_pkey PRIMARY KEY (id),
  constraint documents_file_key_key UNIQUE (file_key),
  constraint documents_check CHECK (((scan = 'infected'::text) = (scan_found IS NOT NULL))),
  constraint documents_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint documents_scan_check CHECK ((scan = ANY (ARRAY['off'::text, 'waiting'::text, 'clean'::text, 'infected'::text]))),
  constraint documents_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
  constraint documents_size_bytes_check CHECK ((size_bytes > 0)),
  constraint documents_version_check CHECK ((version > 0))
);
CREATE INDEX documents_by_change ON documents.documents USING btree (owner_id, updated_at);
CREATE INDEX documents_by_kind ON documents.documents USING btree (owner_id, kind, created_at, id);
CREATE INDEX documents_by_kind_and_language ON documents.documents USING btree (owner_id, kind, lower(language), created_at, id);
CREATE INDEX documents_by_language ON documents.documents USING btree (owner_id, lower(language), created_at, id);
CREATE INDEX documents_by_owner ON documents.documents USING btree (owner_id, created_at, id);
CREATE INDEX documents_by_passport ON documents.documents USING btree (passport_id, created_at, id) WHERE (passport_id IS NOT NULL);
CREATE INDEX documents_unscanned ON documents.documents USING btree (scan_queued_at NULLS FIRST, id) WHERE ((scan = 'off'::text) OR (scan_key IS DISTINCT FROM file_key));
CREATE INDEX documents_waiting ON documents.documents USING btree (scan_queued_at) WHERE (scan = 'waiting'::text);

create table passport_owners (
  passport_id  uuid     not null,
  owner_kind   text     not null,
  owner_id     uuid     not null,
  version      integer  not null,
  constraint passport_owners_pkey PRIMARY KEY (passport_id),
  constraint passport_owners_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);

create table readings (
  id               bigint                    not null generated always as identity,
  passport_id      uuid                      not null,
  doc_id           uuid,
  reader_id        uuid                      not null,
  organisation_id  uuid,
  audience         text                      not null,
  route            text                      not null,
  at               timestamp with time zone  not null,
  constraint readings_pkey PRIMARY KEY (id)
);
CREATE INDEX readings_of ON documents.readings USING btree (passport_id, id);
comment on table readings is 'handed over to passports.access_log';

create table removed_files (
  file_id     uuid                      not null,
  removed_at  timestamp with time zone  not null,
  constraint removed_files_pkey PRIMARY KEY (file_id)
);

create table scanner (
  one      boolean                   not null default true,
  seen_at  timestamp with time zone  not null,
  constraint scanner_pkey PRIMARY KEY (one),
  constraint scanner_one_check CHECK (one)
);
