-- The schema passports after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table access_links (
  passport_id  uuid     not null,
  number       integer  not null,
  day          date     not null,
  last_id      bigint   not null,
  size         integer  not null,
  salt         bytea    not null,
  hash         bytea    not null,
  constraint access_links_pkey PRIMARY KEY (passport_id, number),
  constraint access_links_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id) ON DELETE CASCADE,
  constraint access_links_number_check CHECK ((number > 0)),
  constraint access_links_size_check CHECK ((size > 0))
);
CREATE TRIGGER access_links_kept BEFORE DELETE OR UPDATE ON passports.access_links FOR EACH ROW EXECUTE FUNCTION keep_access();
CREATE TRIGGER access_links_whole BEFORE TRUNCATE ON passports.access_links FOR EACH STATEMENT EXECUTE FUNCTION keep_access();

create table access_log (
  id               bigint                    not null generated always as identity,
  passport_id      uuid                      not null,
  reader_id        uuid                      not null,
  organisation_id  uuid,
  audience         text                      not null,
  route            text                      not null,
  at               timestamp with time zone  not null,
  doc_id           uuid,
  purpose          text,
  points           integer[],
  constraint access_log_pkey PRIMARY KEY (id),
  constraint access_log_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id) ON DELETE CASCADE
);
CREATE INDEX access_log_at ON passports.access_log USING btree (at, passport_id);
CREATE INDEX access_log_of ON passports.access_log USING btree (passport_id, id);
CREATE TRIGGER access_log_kept BEFORE DELETE OR UPDATE ON passports.access_log FOR EACH ROW EXECUTE FUNCTION keep_access();
CREATE TRIGGER access_log_whole BEFORE TRUNCATE ON passports.access_log FOR EACH STATEMENT EXECUTE FUNCTION keep_access();

create table addressed_readers (
  id           uuid                      not null,
  passport_id  uuid                      not null,
  email        text                      not null,
  invited_by   uuid                      not null,
  reader_id    uuid,
  since        timestamp with time zone  not null,
  invited_at   timestamp with time zone,
  constraint addressed_readers_pkey PRIMARY KEY (id),
  constraint addressed_readers_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id) ON DELETE CASCADE
);
CREATE INDEX addressed_readers_waiting ON passports.addressed_readers USING btree (email) WHERE (reader_id IS NULL);
CREATE UNIQUE INDEX addressed_readers_emails ON passports.addressed_readers USING btree (passport_id, email);

create table assessments (
  passport_id  uuid        not null,
  from_on      date        not null,
  until_on     date        not null,
  owner_id     uuid        not null,
  rule_set     text        not null,
  ready        boolean     not null,
  version      integer     not null,
  rules        text        not null,
  missing      smallint[]  not null default '{}'::smallint[],
  constraint assessments_pkey PRIMARY KEY (passport_id, from_on),
  constraint assessments_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id) ON DELETE CASCADE,
  constraint assessments_check CHECK ((until_on > from_on))
);
CREATE INDEX assessments_of ON passports.assessments USING btree (owner_id, ready, until_on, passport_id);

create table checkpoints (
  day       date                      not null,
  size      integer                   not null,
  root      bytea                     not null,
  segments  bytea                     not null,
  jws       text                      not null,
  key       jsonb                     not null,
  made_at   timestamp with time zone  not null,
  constraint checkpoints_pkey PRIMARY KEY (day),
  constraint checkpoints_size_check CHECK ((size > 0))
);

create table filled_columns (
  name       text                      not null,
  filled_at  timestamp with time zone  not null default now(),
  constraint filled_columns_pkey PRIMARY KEY (name)
);

create table identifiers (
  key          text                      not null,
  passport_id  uuid                      not null,
  from_at      timestamp with time zone  not null,
  until_at     timestamp with time zone,
  constraint identifiers_pkey PRIMARY KEY (key),
  constraint identifiers_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id),
  constraint identifiers_check CHECK ((until_at >= from_at))
);
CREATE INDEX identifiers_of ON passports.identifiers USING btree (passport_id);

create table import_faults (
  import_id  uuid     not null,
  number     integer  not null,
  line       integer  not null,
  column     text,
  code       text     not null,
  value      text,
  detail     text     not null,
  mend       text     not null,
  constraint import_faults_pkey PRIMARY KEY (import_id, number),
  constraint import_faults_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
);
CREATE INDEX import_faults_by_line ON passports.import_faults USING btree (import_id, line);

create table import_made (
  import_id  uuid  not null,
  key        uuid  not null,
  constraint import_made_pkey PRIMARY KEY (import_id, key),
  constraint import_made_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
);

create table import_mappings (
  owner_id    uuid                      not null,
  owner_kind  text                      not null,
  columns     json                      not null,
  updated_at  timestamp with time zone  not null,
  constraint import_mappings_pkey PRIMARY KEY (owner_id),
  constraint import_mappings_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);

create table imports (
  id          uuid                      not null,
  user_id     uuid                      not null,
  actor       json                      not null,
  dry_run     boolean                   not null,
  state       text                      not null,
  content     text,
  delimiter   text                      not null,
  size_bytes  integer                   not null,
  read_bytes  integer                   not null default 0,
  lines       integer                   not null default 0,
  created     integer                   not null default 0,
  updated     integer                   not null default 0,
  unchanged   integer                   not null default 0,
  failed      integer                   not null default 0,
  faults      json                      not null default '[]'::json,
  created_at  timestamp with time zone  not null,
  ended_at    timestamp with time zone,
  what        text,
  file        text,
  losses      json                      not null default '[]'::json,
  file_key    text,
  mode        text                      not null default 'both'::text,
  read_by     json,
  original    bytea,
  rate        real,
  undone      integer                   not null default 0,
  retained    integer                   not null default 0,
  constraint imports_pkey PRIMARY KEY (id),
  constraint imports_mode_check CHECK ((mode = ANY (ARRAY['create'::text, 'update'::text, 'both'::text]))),
  constraint imports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'paused'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'undoing'::text, 'undone'::text])))
);
CREATE INDEX imports_by_age ON passports.imports USING btree (created_at);
CREATE INDEX imports_of_user ON passports.imports USING btree (user_id, what, id);

create table interest_requests (
  id           uuid                      not null,
  passport_id  uuid                      not null,
  asker_kind   text                      not null,
  asker_id     uuid                      not null,
  asked_by     uuid                      not null,
  asker_name   text                      not null,
  purpose      text                      not null,
  reason       text                      not null,
  asked_until  timestamp with time zone,
  state        text                      not null,
  question     text,
  answer       text,
  decision     text,
  given_until  timestamp with time zone,
  due_at       timestamp with time zone  not null,
  created_at   timestamp with time zone  not null,
  updated_at   timestamp with time zone  not null,
  owner_id     uuid,
  constraint interest_requests_pkey PRIMARY KEY (id),
  constraint interest_requests_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id) ON DELETE CASCADE,
  constraint interest_requests_asker_kind_check CHECK ((asker_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint interest_requests_state_check CHECK ((state = ANY (ARRAY['open'::text, 'asked_back'::text, 'given'::text, 'refused'::text, 'withdrawn'::text, 'revoked'::text])))
);
CREATE INDEX interest_requests_by_person ON passports.interest_requests USING btree (asked_by);
CREATE INDEX interest_requests_of_asker ON passports.interest_requests USING btree (asker_id, id);
CREATE INDEX interest_requests_of_owner ON passports.interest_requests USING btree (owner_id, id);
CREATE INDEX interest_requests_of_passport ON passports.interest_requests USING btree (passport_id, id);
CREATE UNIQUE INDEX interest_requests_waiting ON passports.interest_requests USING btree (passport_id, asker_id) WHERE (state = ANY (ARRAY['open'::text, 'asked_back'::text]));
CREATE TRIGGER interest_requests_owner BEFORE INSERT ON passports.interest_requests FOR EACH ROW EXECUTE FUNCTION owner_of_interest();

create table law_day (
  one  boolean  not null default true,
  day  date     not null,
  constraint law_day_pkey PRIMARY KEY (one),
  constraint law_day_one_check CHECK (one)
);

create table operators (
  organisation_id  uuid     not null,
  kinds            text[]   not null,
  version          integer  not null,
  constraint operators_pkey PRIMARY KEY (organisation_id)
);

create table passports (
  id                uuid                      not null,
  owner_kind        text                      not null,
  owner_id          uuid                      not null,
  status            text                      not null,
  version           integer                   not null,
  created_at        timestamp with time zone  not null,
  updated_at        timestamp with time zone  not null,
  identifier        text,
  serial            text,
  model             text,
  category          text,
  chemistry         text,
  mass_kg           double precision,
  manufactured_on   date,
  words             tsvector                  not null,
  identifier_whole  text,
  granularity       text                      not null default 'item'::text,
  parent_id         uuid,
  seen              jsonb,
  authority_at      timestamp with time zone,
  interest_at       timestamp with time zone,
  words_authority   tsvector,
  words_interest    tsvector,
  constraint passports_pkey PRIMARY KEY (id),
  constraint passports_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES passports(id),
  constraint passports_check CHECK ((parent_id <> id)),
  constraint passports_family CHECK (((granularity <> 'model'::text) OR (parent_id IS NULL))),
  constraint passports_granularity_check CHECK ((granularity = ANY (ARRAY['model'::text, 'batch'::text, 'item'::text]))),
  constraint passports_mass_kg_check CHECK ((mass_kg >= (0)::double precision)),
  constraint passports_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint passports_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'published'::text, 'archived'::text]))),
  constraint passports_version_check CHECK ((version > 0))
);
CREATE INDEX passports_all_by_chemistry ON passports.passports USING btree (lower(chemistry), created_at, id) WHERE (version > 0);
CREATE INDEX passports_all_by_created ON passports.passports USING btree (created_at, id) WHERE (version > 0);
CREATE INDEX passports_all_by_identifier ON passports.passports USING btree (COALESCE(identifier, ''::text), id) WHERE (version > 0);
CREATE INDEX passports_all_by_manufactured ON passports.passports USING btree (COALESCE(manufactured_on, '-infinity'::date), id) WHERE (version > 0);
CREATE INDEX passports_all_by_model ON passports.passports USING btree (COALESCE(model, ''::text), id) WHERE (version > 0);
CREATE INDEX passports_all_by_updated ON passports.passports USING btree (updated_at, id) WHERE (version > 0);
CREATE INDEX passports_by_category_status ON passports.passports USING btree (owner_id, category, status, created_at, id);
CREATE INDEX passports_by_chemistry ON passports.passports USING btree (owner_id, lower(chemistry), created_at, id);
CREATE INDEX passports_by_created ON passports.passports USING btree (owner_id, created_at, id);
CREATE INDEX passports_by_identifier ON passports.passports USING btree (owner_id, COALESCE(identifier, ''::text), id);
CREATE INDEX passports_by_manufactured ON passports.passports USING btree (owner_id, COALESCE(manufactured_on, '-infinity'::date), id);
CREATE INDEX passports_by_model ON passports.passports USING btree (owner_id, COALESCE(model, ''::text), id);
CREATE INDEX passports_by_updated ON passports.passports USING btree (owner_id, updated_at, id);
CREATE INDEX passports_children ON passports.passports USING btree (parent_id, id) WHERE (parent_id IS NOT NULL);
CREATE INDEX passports_for_authorities ON passports.passports USING btree (authority_at, id) WHERE (status <> 'draft'::text);
CREATE INDEX passports_search ON passports.passports USING gin (owner_id, identifier, serial, model, category, chemistry, status, words) WITH (gin_pending_list_limit='64');
CREATE INDEX passports_words_authority ON passports.passports USING gin (words_authority) WHERE (words_authority IS NOT NULL);
CREATE UNIQUE INDEX passports_identifier ON passports.passports USING btree (owner_id, identifier) WHERE ((identifier IS NOT NULL) AND (identifier_whole IS NULL));
CREATE UNIQUE INDEX passports_identifier_whole ON passports.passports USING btree (owner_id, digest_of(identifier_whole)) WHERE (identifier_whole IS NOT NULL);
CREATE TRIGGER passports_moved AFTER UPDATE OF owner_id ON passports.passports FOR EACH ROW WHEN ((old.owner_id IS DISTINCT FROM new.owner_id)) EXECUTE FUNCTION move_interests();
CREATE TRIGGER passports_versions AFTER DELETE ON passports.passports FOR EACH ROW EXECUTE FUNCTION drop_versions();

create table readers (
  passport_id  uuid                      not null,
  reader_id    uuid                      not null,
  kind         text                      not null,
  since        timestamp with time zone  not null,
  by_id        boolean                   not null default true,
  audience     text                      not null default 'owner'::text,
  until_at     timestamp with time zone,
  purpose      text,
  request_id   uuid,
  named        json,
  constraint readers_pkey PRIMARY KEY (passport_id, reader_id),
  constraint readers_passport_id_fkey FOREIGN KEY (passport_id) REFERENCES passports(id) ON DELETE CASCADE,
  constraint readers_audience_check CHECK ((audience = ANY (ARRAY['owner'::text, 'interest'::text]))),
  constraint readers_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX readers_passports ON passports.readers USING btree (reader_id, passport_id);

create table readiness_checks (
  one       boolean                   not null default true,
  rules     text                      not null,
  until_at  timestamp with time zone  not null,
  constraint readiness_checks_pkey PRIMARY KEY (one),
  constraint readiness_checks_one_check CHECK (one)
);

create table refused_serials (
  serialisation_id  uuid     not null,
  row               integer  not null,
  serial            text     not null,
  code              text     not null,
  detail            text     not null,
  constraint refused_serials_pkey PRIMARY KEY (serialisation_id, "row"),
  constraint refused_serials_serialisation_id_fkey FOREIGN KEY (serialisation_id) REFERENCES serialisations(id) ON DELETE CASCADE
);

create table rule_checks (
  id          uuid                      not null,
  owner_id    uuid,
  user_id     uuid                      not null,
  rule_set    text                      not null,
  against     text                      not null,
  on_day      date                      not null,
  state       text                      not null default 'running'::text,
  checked     integer                   not null default 0,
  ready_now   integer                   not null default 0,
  ready_then  integer                   not null default 0,
  gained      integer                   not null default 0,
  lost        integer                   not null default 0,
  points      jsonb                     not null default '{}'::jsonb,
  losing      uuid[]                    not null default '{}'::uuid[],
  created_at  timestamp with time zone  not null,
  ended_at    timestamp with time zone,
  constraint rule_checks_pkey PRIMARY KEY (id),
  constraint rule_checks_state_check CHECK ((state = ANY (ARRAY['running'::text, 'done'::text])))
);

create table rule_sets (
  id     text                      not null,
  since  timestamp with time zone  not null,
  constraint rule_sets_pkey PRIMARY KEY (id)
);

create table seals (
  day          date     not null,
  place        integer  not null,
  leaf         bytea    not null,
  passport_id  uuid,
  chain        text     not null,
  version      integer,
  constraint seals_pkey PRIMARY KEY (day, place),
  constraint seals_day_fkey FOREIGN KEY (day) REFERENCES checkpoints(day) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX seals_of ON passports.seals USING btree (passport_id, chain, day);

create table serialisations (
  id          uuid                      not null,
  parent_id   uuid                      not null,
  model_id    uuid                      not null,
  owner_kind  text                      not null,
  owner_id    uuid                      not null,
  user_id     uuid                      not null,
  actor       json                      not null,
  spec        json,
  state       text                      not null,
  problem     text,
  total       integer                   not null,
  done        integer                   not null default 0,
  created     integer                   not null default 0,
  failed      integer                   not null default 0,
  created_at  timestamp with time zone  not null,
  ended_at    timestamp with time zone,
  constraint serialisations_pkey PRIMARY KEY (id),
  constraint serialisations_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES passports(id),
  constraint serialisations_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text, 'cancelled'::text]))),
  constraint serialisations_total_check CHECK (((total >= 1) AND (total <= 100000)))
);
CREATE INDEX serialisations_by_parent ON passports.serialisations USING btree (parent_id);
CREATE INDEX serialisations_of ON passports.serialisations USING btree (model_id, id);
CREATE INDEX serialisations_of_user ON passports.serialisations USING btree (user_id, id);

create table settings (
  owner_id       uuid                      not null,
  owner_kind     text                      not null,
  publication    text                      not null default 'tell'::text,
  updated_at     timestamp with time zone  not null,
  due_diligence  boolean,
  public_host    text,
  constraint settings_pkey PRIMARY KEY (owner_id),
  constraint settings_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint settings_publication_check CHECK ((publication = ANY (ARRAY['tell'::text, 'block'::text])))
);

create table tombstones (
  hash  bytea                     not null,
  at    timestamp with time zone  not null,
  constraint tombstones_pkey PRIMARY KEY (hash)
);

create table versions (
  passport_id     uuid                      not null,
  version         integer                   not null,
  status          text                      not null,
  actor_id        uuid,
  actor_role      text                      not null,
  at              timestamp with time zone  not null,
  updated_fields  text[]                    not null,
  data            json                      not null,
  owner_kind      text,
  owner_id        uuid,
  seen            jsonb,
  reason          text,
  hash            bytea,
  hash_salts      bytea,
  hash_views      jsonb,
  said            json,
  parent_version  integer,
  constraint versions_pkey PRIMARY KEY (passport_id, version),
  constraint versions_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX versions_unchained ON passports.versions USING btree (passport_id) WHERE (hash IS NULL);

CREATE OR REPLACE FUNCTION passports.digest_of(text)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN sha256(convert_to($1, 'UTF8'::name));

CREATE OR REPLACE FUNCTION passports.drop_versions()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  delete from versions where passport_id = old.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION passports.keep_access()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' and not exists (select from passports where id = old.passport_id) then
    return old;
  end if;
  raise exception 'the access log is only added to';
end $function$;

CREATE OR REPLACE FUNCTION passports.move_interests()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update interest_requests set owner_id = new.owner_id where passport_id = new.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION passports.owner_of_interest()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  select owner_id into new.owner_id from passports where id = new.passport_id for share;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION passports.version_at(passport uuid, newest integer, moment timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
AS $function$
declare
  low integer := 0;
  high integer := newest;
  middle integer;
  made timestamptz;
begin
  while low < high loop
    middle := (low + high + 1) / 2;
    select at into made from versions where passport_id = passport and version <= middle order by version desc limit 1;
    if made <= moment then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  return nullif(low, 0);
end $function$;
