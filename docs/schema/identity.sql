-- The schema identity after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table api_keys (
  id                  uuid                      not null,
  user_id             uuid,
  service_account_id  uuid,
  organisation_id     uuid,
  name                text                      not null,
  start               text                      not null,
  hash                bytea                     not null,
  previous_hash       bytea,
  previous_until      timestamp with time zone,
  scopes              text[]                    not null,
  created_at          timestamp with time zone  not null,
  expires_at          timestamp with time zone  not null,
  used_at             timestamp with time zone,
  issuer              text,
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_hash_key UNIQUE (hash),
  constraint api_keys_previous_hash_key UNIQUE (previous_hash),
  constraint api_keys_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint api_keys_service_account_id_fkey FOREIGN KEY (service_account_id) REFERENCES service_accounts(id) ON DELETE CASCADE,
  constraint api_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint api_keys_check CHECK (((user_id IS NULL) <> (service_account_id IS NULL))),
  constraint api_keys_check1 CHECK (((previous_hash IS NULL) = (previous_until IS NULL))),
  constraint api_keys_scopes_check CHECK ((cardinality(scopes) > 0))
);
CREATE INDEX api_keys_expiry ON identity.api_keys USING btree (expires_at);
CREATE INDEX api_keys_organisation ON identity.api_keys USING btree (organisation_id) WHERE (organisation_id IS NOT NULL);
CREATE INDEX api_keys_service_account ON identity.api_keys USING btree (service_account_id, id);
CREATE INDEX api_keys_user ON identity.api_keys USING btree (user_id, id);

create table challenges (
  hash        bytea                     not null,
  purpose     text                      not null,
  user_id     uuid,
  expires_at  timestamp with time zone  not null,
  constraint challenges_pkey PRIMARY KEY (hash),
  constraint challenges_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint challenges_purpose_check CHECK ((purpose = ANY (ARRAY['registration'::text, 'proof'::text, 'sign-in'::text])))
);
CREATE INDEX challenges_expiry ON identity.challenges USING btree (expires_at);
CREATE INDEX challenges_user ON identity.challenges USING btree (user_id);

create table client_consents (
  id               uuid                      not null,
  user_id          uuid                      not null,
  client_id        uuid                      not null,
  organisation_id  uuid,
  scopes           text[]                    not null,
  created_at       timestamp with time zone  not null,
  changed_at       timestamp with time zone  not null,
  constraint client_consents_pkey PRIMARY KEY (id),
  constraint client_consents_user_id_client_id_organisation_id_key UNIQUE NULLS NOT DISTINCT (user_id, client_id, organisation_id),
  constraint client_consents_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients(id) ON DELETE CASCADE,
  constraint client_consents_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint client_consents_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX client_consents_client ON identity.client_consents USING btree (client_id);
CREATE INDEX client_consents_organisation ON identity.client_consents USING btree (organisation_id) WHERE (organisation_id IS NOT NULL);

create table client_grants (
  id                uuid                      not null,
  user_id           uuid                      not null,
  client_id         uuid                      not null,
  session_id        uuid,
  organisation_id   uuid,
  scopes            text[]                    not null,
  nonce             text,
  authenticated_at  timestamp with time zone  not null,
  methods           text[]                    not null,
  code_hash         bytea                     not null,
  redirect_uri      text                      not null,
  challenge         text                      not null,
  refresh_hash      bytea,
  previous_hash     bytea,
  rotated_at        timestamp with time zone  not null,
  created_at        timestamp with time zone  not null,
  used_at           timestamp with time zone  not null,
  expires_at        timestamp with time zone  not null,
  ends_at           timestamp with time zone  not null,
  issuer            text,
  constraint client_grants_pkey PRIMARY KEY (id),
  constraint client_grants_code_hash_key UNIQUE (code_hash),
  constraint client_grants_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients(id) ON DELETE CASCADE,
  constraint client_grants_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE,
  constraint client_grants_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX client_grants_client ON identity.client_grants USING btree (client_id);
CREATE INDEX client_grants_expiry ON identity.client_grants USING btree (expires_at);
CREATE INDEX client_grants_session ON identity.client_grants USING btree (session_id) WHERE (session_id IS NOT NULL);
CREATE INDEX client_grants_user ON identity.client_grants USING btree (user_id, client_id);

create table client_visits (
  id            uuid                      not null,
  client_id     uuid                      not null,
  redirect_uri  text                      not null,
  scopes        text[]                    not null,
  state         text,
  nonce         text,
  challenge     text                      not null,
  prompt        text                      not null,
  max_age_s     integer,
  created_at    timestamp with time zone  not null,
  expires_at    timestamp with time zone  not null,
  constraint client_visits_pkey PRIMARY KEY (id),
  constraint client_visits_client_id_fkey FOREIGN KEY (client_id) REFERENCES clients(id) ON DELETE CASCADE,
  constraint client_visits_max_age_s_check CHECK ((max_age_s >= 0)),
  constraint client_visits_prompt_check CHECK ((prompt = ANY (ARRAY['none'::text, 'login'::text, 'consent'::text, 'as needed'::text])))
);
CREATE INDEX client_visits_client ON identity.client_visits USING btree (client_id);
CREATE INDEX client_visits_expiry ON identity.client_visits USING btree (expires_at);

create table clients (
  id                uuid                      not null,
  organisation_id   uuid,
  name              text                      not null,
  first_party       boolean                   not null,
  secret_hash       bytea,
  redirect_uris     text[]                    not null,
  post_logout_uris  text[]                    not null,
  scopes            text[]                    not null,
  created_at        timestamp with time zone  not null,
  constraint clients_pkey PRIMARY KEY (id),
  constraint clients_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint clients_check CHECK (((NOT first_party) OR (organisation_id IS NULL))),
  constraint clients_redirect_uris_check CHECK ((cardinality(redirect_uris) > 0)),
  constraint clients_scopes_check CHECK ((cardinality(scopes) > 0))
);
CREATE INDEX clients_organisation ON identity.clients USING btree (organisation_id, id);

create table codes (
  id               uuid                      not null,
  purpose          text                      not null,
  email            text                      not null,
  registration_id  uuid,
  user_id          uuid,
  hash             bytea                     not null,
  link_hash        bytea,
  sealed           bytea,
  tries            integer                   not null default 0,
  expires_at       timestamp with time zone  not null,
  constraint codes_pkey PRIMARY KEY (id),
  constraint codes_link_hash_key UNIQUE (link_hash),
  constraint codes_registration_id_key UNIQUE (registration_id),
  constraint codes_user_id_key UNIQUE (user_id),
  constraint codes_registration_id_fkey FOREIGN KEY (registration_id) REFERENCES registrations(id) ON DELETE CASCADE,
  constraint codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint codes_check CHECK (((purpose = 'registration'::text) = (registration_id IS NOT NULL))),
  constraint codes_check1 CHECK (((purpose = 'email-change'::text) = (user_id IS NOT NULL))),
  constraint codes_purpose_check CHECK ((purpose = ANY (ARRAY['registration'::text, 'email-change'::text])))
);
CREATE INDEX codes_email ON identity.codes USING btree (email) WHERE (purpose = 'registration'::text);
CREATE INDEX codes_expiry ON identity.codes USING btree (expires_at);

create table email_undos (
  id          uuid                      not null,
  user_id     uuid                      not null,
  email       text                      not null,
  token_hash  bytea                     not null,
  sealed      bytea                     not null,
  created_at  timestamp with time zone  not null,
  expires_at  timestamp with time zone  not null,
  constraint email_undos_pkey PRIMARY KEY (id),
  constraint email_undos_token_hash_key UNIQUE (token_hash),
  constraint email_undos_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX email_undos_expiry ON identity.email_undos USING btree (expires_at);
CREATE INDEX email_undos_user ON identity.email_undos USING btree (user_id);

create table guesses (
  code_id  uuid                      not null,
  guesser  text                      not null,
  tries    integer                   not null,
  until    timestamp with time zone  not null,
  constraint guesses_pkey PRIMARY KEY (code_id, guesser)
);
CREATE INDEX guesses_until ON identity.guesses USING btree (until);

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
CREATE INDEX import_faults_by_line ON identity.import_faults USING btree (import_id, line);

create table import_made (
  import_id  uuid  not null,
  key        uuid  not null,
  constraint import_made_pkey PRIMARY KEY (import_id, key),
  constraint import_made_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
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
CREATE INDEX imports_by_age ON identity.imports USING btree (created_at);
CREATE INDEX imports_of_user ON identity.imports USING btree (user_id, what, id);

create table invitations (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  email            text                      not null,
  role             text                      not null,
  locale           text                      not null,
  token_hash       bytea                     not null,
  sealed           bytea                     not null,
  created_at       timestamp with time zone  not null,
  expires_at       timestamp with time zone  not null,
  invited_by       uuid,
  role_id          uuid,
  constraint invitations_pkey PRIMARY KEY (id),
  constraint invitations_organisation_id_email_key UNIQUE (organisation_id, email),
  constraint invitations_token_hash_key UNIQUE (token_hash),
  constraint invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES users(id) ON DELETE CASCADE,
  constraint invitations_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint invitations_organisation_id_role_id_fkey FOREIGN KEY (organisation_id, role_id) REFERENCES organisation_roles(organisation_id, id) ON DELETE CASCADE,
  constraint invitations_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'editor'::text, 'viewer'::text])))
);
CREATE INDEX invitations_email ON identity.invitations USING btree (email);
CREATE INDEX invitations_expiry ON identity.invitations USING btree (expires_at);
CREATE INDEX invitations_inviter ON identity.invitations USING btree (invited_by);
CREATE INDEX invitations_role ON identity.invitations USING btree (role_id) WHERE (role_id IS NOT NULL);

create table members (
  organisation_id  uuid                      not null,
  user_id          uuid                      not null,
  role             text                      not null,
  joined_at        timestamp with time zone  not null,
  role_id          uuid,
  constraint members_pkey PRIMARY KEY (organisation_id, user_id),
  constraint members_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint members_organisation_id_role_id_fkey FOREIGN KEY (organisation_id, role_id) REFERENCES organisation_roles(organisation_id, id),
  constraint members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint members_role_check CHECK ((role = ANY (ARRAY['owner'::text, 'admin'::text, 'editor'::text, 'viewer'::text])))
);
CREATE INDEX members_role ON identity.members USING btree (role_id) WHERE (role_id IS NOT NULL);
CREATE INDEX members_user ON identity.members USING btree (user_id, organisation_id);

create table organisation_domains (
  organisation_id  uuid                      not null,
  domain           text                      not null,
  token            text                      not null,
  created_at       timestamp with time zone  not null,
  verified_at      timestamp with time zone,
  constraint organisation_domains_pkey PRIMARY KEY (organisation_id, domain),
  constraint organisation_domains_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX organisation_domains_verified ON identity.organisation_domains USING btree (domain) WHERE (verified_at IS NOT NULL);

create table organisation_identifiers (
  organisation_id  uuid  not null,
  scheme           text  not null,
  value            text  not null,
  constraint organisation_identifiers_pkey PRIMARY KEY (organisation_id, scheme),
  constraint organisation_identifiers_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint organisation_identifiers_scheme_check CHECK ((scheme = ANY (ARRAY['VAT'::text, 'EORI'::text, 'LEI'::text, 'GLN'::text])))
);
CREATE INDEX organisation_identifiers_value ON identity.organisation_identifiers USING btree (scheme, value);

create table organisation_kinds (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  kind             text                      not null,
  state            text                      not null,
  evidence         uuid[]                    not null,
  asked_by         uuid,
  asked_at         timestamp with time zone  not null,
  decided_by       uuid,
  decided_at       timestamp with time zone,
  note             text,
  constraint organisation_kinds_pkey PRIMARY KEY (id),
  constraint organisation_kinds_organisation_id_kind_key UNIQUE (organisation_id, kind),
  constraint organisation_kinds_asked_by_fkey FOREIGN KEY (asked_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint organisation_kinds_decided_by_fkey FOREIGN KEY (decided_by) REFERENCES users(id) ON DELETE SET NULL,
  constraint organisation_kinds_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint organisation_kinds_check CHECK (((state = 'asked'::text) = (decided_at IS NULL))),
  constraint organisation_kinds_evidence_check CHECK ((cardinality(evidence) > 0)),
  constraint organisation_kinds_kind_check CHECK ((kind = ANY (ARRAY['manufacturer'::text, 'importer'::text, 'operator'::text, 'workshop'::text, 'recycler'::text, 'authority'::text, 'vendor'::text]))),
  constraint organisation_kinds_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'verified'::text, 'refused'::text])))
);
CREATE INDEX organisation_kinds_asked_by ON identity.organisation_kinds USING btree (asked_by);
CREATE INDEX organisation_kinds_decided_by ON identity.organisation_kinds USING btree (decided_by);
CREATE INDEX organisation_kinds_waiting ON identity.organisation_kinds USING btree (asked_at, id) WHERE (state = 'asked'::text);

create table organisation_roles (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  name             text                      not null,
  permissions      text[]                    not null,
  version          integer                   not null default 1,
  created_at       timestamp with time zone  not null,
  constraint organisation_roles_pkey PRIMARY KEY (id),
  constraint organisation_roles_organisation_id_id_key UNIQUE (organisation_id, id),
  constraint organisation_roles_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint organisation_roles_permissions_check CHECK ((cardinality(permissions) > 0))
);
CREATE UNIQUE INDEX organisation_roles_name ON identity.organisation_roles USING btree (organisation_id, lower(name));

create table organisations (
  id               uuid                      not null,
  name             text                      not null,
  version          integer                   not null default 1,
  created_at       timestamp with time zone  not null,
  needs_factor     boolean                   not null default false,
  provider         text,
  provider_issuer  text,
  only_provider    boolean                   not null default false,
  constraint organisations_pkey PRIMARY KEY (id),
  constraint organisations_check CHECK (((provider IS NULL) = (provider_issuer IS NULL))),
  constraint organisations_check1 CHECK (((NOT only_provider) OR (provider_issuer IS NOT NULL)))
);

create table passkeys (
  id             uuid                      not null,
  user_id        uuid                      not null,
  credential_id  text                      not null,
  public_key     bytea                     not null,
  counter        bigint                    not null,
  transports     text[]                    not null,
  synced         boolean                   not null,
  name           text                      not null,
  created_at     timestamp with time zone  not null,
  used_at        timestamp with time zone,
  constraint passkeys_pkey PRIMARY KEY (id),
  constraint passkeys_credential_id_key UNIQUE (credential_id),
  constraint passkeys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX passkeys_user ON identity.passkeys USING btree (user_id, id);

create table pending_sign_ins (
  token_hash     bytea                     not null,
  user_id        uuid                      not null,
  password_hash  text                      not null,
  tries          integer                   not null default 0,
  expires_at     timestamp with time zone  not null,
  issuer         text,
  constraint pending_sign_ins_pkey PRIMARY KEY (token_hash),
  constraint pending_sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX pending_sign_ins_expiry ON identity.pending_sign_ins USING btree (expires_at);
CREATE INDEX pending_sign_ins_user ON identity.pending_sign_ins USING btree (user_id);

create table provider_accounts (
  issuer     text                      not null,
  subject    text                      not null,
  user_id    uuid                      not null,
  linked_at  timestamp with time zone  not null,
  used_at    timestamp with time zone,
  constraint provider_accounts_pkey PRIMARY KEY (issuer, subject),
  constraint provider_accounts_user_id_issuer_key UNIQUE (user_id, issuer),
  constraint provider_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table provider_visits (
  id          uuid                      not null,
  provider    text                      not null,
  state       text                      not null,
  nonce       text                      not null,
  verifier    text                      not null,
  return_to   text,
  user_id     uuid,
  expires_at  timestamp with time zone  not null,
  constraint provider_visits_pkey PRIMARY KEY (id),
  constraint provider_visits_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX provider_visits_expiry ON identity.provider_visits USING btree (expires_at);
CREATE INDEX provider_visits_user ON identity.provider_visits USING btree (user_id) WHERE (user_id IS NOT NULL);

create table recovery_codes (
  user_id  uuid   not null,
  hash     bytea  not null,
  constraint recovery_codes_pkey PRIMARY KEY (user_id, hash),
  constraint recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table registrations (
  id              uuid                      not null,
  email           text                      not null,
  password_hash   text                      not null,
  first_name      text                      not null,
  last_name       text                      not null,
  locale          text                      not null,
  address_prefix  text                      not null,
  created_at      timestamp with time zone  not null,
  expires_at      timestamp with time zone  not null,
  return_to       text,
  constraint registrations_pkey PRIMARY KEY (id)
);
CREATE INDEX registrations_email ON identity.registrations USING btree (email);
CREATE INDEX registrations_expiry ON identity.registrations USING btree (expires_at);

create table resends (
  email    text                      not null,
  times    integer                   not null,
  next_at  timestamp with time zone  not null,
  constraint resends_pkey PRIMARY KEY (email)
);
CREATE INDEX resends_next ON identity.resends USING btree (next_at);

create table resets (
  id          uuid                      not null,
  email       text                      not null,
  user_id     uuid,
  hash        bytea                     not null,
  link_hash   bytea                     not null,
  sealed      bytea                     not null,
  expires_at  timestamp with time zone  not null,
  constraint resets_pkey PRIMARY KEY (id),
  constraint resets_link_hash_key UNIQUE (link_hash),
  constraint resets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX resets_email ON identity.resets USING btree (email);
CREATE INDEX resets_expiry ON identity.resets USING btree (expires_at);
CREATE INDEX resets_user ON identity.resets USING btree (user_id);

create table revocations (
  session_id  uuid                      not null,
  before      timestamp with time zone  not null,
  revoked_at  timestamp with time zone  not null default now(),
  constraint revocations_pkey PRIMARY KEY (session_id)
);
CREATE INDEX revocations_age ON identity.revocations USING btree (revoked_at);

create table scim_groups (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  display_name     text                      not null,
  external_id      text,
  role             text,
  role_id          uuid,
  version          integer                   not null default 1,
  created_at       timestamp with time zone  not null,
  changed_at       timestamp with time zone  not null,
  constraint scim_groups_pkey PRIMARY KEY (id),
  constraint scim_groups_organisation_id_id_key UNIQUE (organisation_id, id),
  constraint scim_groups_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint scim_groups_organisation_id_role_id_fkey FOREIGN KEY (organisation_id, role_id) REFERENCES organisation_roles(organisation_id, id),
  constraint scim_groups_check CHECK (((role IS NULL) OR (role_id IS NULL))),
  constraint scim_groups_role_check CHECK ((role = ANY (ARRAY['admin'::text, 'editor'::text, 'viewer'::text])))
);
CREATE INDEX scim_groups_role ON identity.scim_groups USING btree (role_id) WHERE (role_id IS NOT NULL);
CREATE UNIQUE INDEX scim_groups_name ON identity.scim_groups USING btree (organisation_id, lower(display_name));

create table scim_members (
  organisation_id  uuid  not null,
  group_id         uuid  not null,
  user_id          uuid  not null,
  constraint scim_members_pkey PRIMARY KEY (group_id, user_id),
  constraint scim_members_organisation_id_group_id_fkey FOREIGN KEY (organisation_id, group_id) REFERENCES scim_groups(organisation_id, id) ON DELETE CASCADE,
  constraint scim_members_organisation_id_user_id_fkey FOREIGN KEY (organisation_id, user_id) REFERENCES scim_users(organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX scim_members_user ON identity.scim_members USING btree (organisation_id, user_id);

create table scim_tokens (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  start            text                      not null,
  hash             bytea                     not null,
  created_at       timestamp with time zone  not null,
  expires_at       timestamp with time zone  not null,
  used_at          timestamp with time zone,
  constraint scim_tokens_pkey PRIMARY KEY (id),
  constraint scim_tokens_hash_key UNIQUE (hash),
  constraint scim_tokens_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE
);
CREATE INDEX scim_tokens_organisation ON identity.scim_tokens USING btree (organisation_id, id);

create table scim_users (
  organisation_id  uuid                      not null,
  user_id          uuid                      not null,
  user_name        text                      not null,
  external_id      text,
  active           boolean                   not null,
  said             jsonb                     not null,
  made             boolean                   not null,
  by_groups        boolean                   not null default false,
  version          integer                   not null default 1,
  created_at       timestamp with time zone  not null,
  changed_at       timestamp with time zone  not null,
  constraint scim_users_pkey PRIMARY KEY (organisation_id, user_id),
  constraint scim_users_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint scim_users_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX scim_users_external ON identity.scim_users USING btree (organisation_id, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX scim_users_user ON identity.scim_users USING btree (user_id);
CREATE UNIQUE INDEX scim_users_name ON identity.scim_users USING btree (organisation_id, lower(user_name));

create table service_accounts (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  name             text                      not null,
  role             text                      not null,
  created_at       timestamp with time zone  not null,
  role_id          uuid,
  constraint service_accounts_pkey PRIMARY KEY (id),
  constraint service_accounts_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint service_accounts_organisation_id_role_id_fkey FOREIGN KEY (organisation_id, role_id) REFERENCES organisation_roles(organisation_id, id),
  constraint service_accounts_role_check CHECK ((role = ANY (ARRAY['editor'::text, 'viewer'::text])))
);
CREATE INDEX service_accounts_organisation ON identity.service_accounts USING btree (organisation_id, id);
CREATE INDEX service_accounts_role ON identity.service_accounts USING btree (role_id) WHERE (role_id IS NOT NULL);

create table sessions (
  id                uuid                      not null,
  user_id           uuid                      not null,
  organisation_id   uuid,
  refresh_hash      bytea                     not null,
  previous_hash     bytea,
  rotated_at        timestamp with time zone  not null,
  device            text                      not null,
  address_prefix    text                      not null,
  created_at        timestamp with time zone  not null,
  used_at           timestamp with time zone  not null,
  expires_at        timestamp with time zone  not null,
  ends_at           timestamp with time zone  not null,
  authenticated_at  timestamp with time zone,
  methods           text[]                    not null default '{pwd}'::text[],
  acted_by          uuid,
  issuer            text,
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_acted_by_fkey FOREIGN KEY (acted_by) REFERENCES users(id) ON DELETE CASCADE,
  constraint sessions_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE SET NULL,
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX sessions_acted_by ON identity.sessions USING btree (acted_by) WHERE (acted_by IS NOT NULL);
CREATE INDEX sessions_expiry ON identity.sessions USING btree (expires_at);
CREATE INDEX sessions_organisation ON identity.sessions USING btree (organisation_id) WHERE (organisation_id IS NOT NULL);
CREATE INDEX sessions_user ON identity.sessions USING btree (user_id, id);

create table sign_ins (
  id              uuid                      not null,
  user_id         uuid                      not null,
  outcome         text                      not null,
  methods         text[]                    not null,
  device          text                      not null,
  address_prefix  text                      not null,
  browser         bytea,
  created_at      timestamp with time zone  not null,
  constraint sign_ins_pkey PRIMARY KEY (id),
  constraint sign_ins_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint sign_ins_outcome_check CHECK ((outcome = ANY (ARRAY['signed-in'::text, 'password-wrong'::text, 'factor-wrong'::text])))
);
CREATE INDEX sign_ins_age ON identity.sign_ins USING btree (created_at);
CREATE INDEX sign_ins_browser ON identity.sign_ins USING btree (user_id, browser) WHERE (outcome = 'signed-in'::text);
CREATE INDEX sign_ins_known ON identity.sign_ins USING btree (user_id, device, address_prefix) WHERE (outcome = 'signed-in'::text);
CREATE INDEX sign_ins_user ON identity.sign_ins USING btree (user_id, id);

create table signing_keys (
  kid         text                      not null,
  state       text                      not null,
  public_key  jsonb                     not null,
  sealed      bytea                     not null,
  created_at  timestamp with time zone  not null,
  changed_at  timestamp with time zone  not null,
  constraint signing_keys_pkey PRIMARY KEY (kid),
  constraint signing_keys_state_check CHECK ((state = ANY (ARRAY['next'::text, 'current'::text, 'previous'::text])))
);
CREATE UNIQUE INDEX signing_keys_one ON identity.signing_keys USING btree (state) WHERE (state <> 'previous'::text);

create table terms (
  id            uuid                      not null,
  key           text                      not null,
  kind          text                      not null,
  version       integer                   not null,
  texts         jsonb                     not null,
  digest        bytea                     not null,
  effective_at  timestamp with time zone  not null,
  published_at  timestamp with time zone  not null,
  published_by  uuid                      not null,
  announced     boolean                   not null default true,
  announced_to  uuid,
  constraint terms_pkey PRIMARY KEY (id),
  constraint terms_key_version_key UNIQUE (key, version),
  constraint terms_key_check CHECK ((key ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
  constraint terms_kind_check CHECK ((kind = ANY (ARRAY['terms'::text, 'notice'::text, 'consent'::text]))),
  constraint terms_version_check CHECK ((version > 0))
);

create table terms_answers (
  id            uuid                      not null,
  user_id       uuid                      not null,
  terms_id      uuid                      not null,
  answer        text                      not null,
  locale        text                      not null,
  device        text,
  address_hash  bytea,
  created_at    timestamp with time zone  not null,
  left_at       timestamp with time zone,
  constraint terms_answers_pkey PRIMARY KEY (id),
  constraint terms_answers_terms_id_fkey FOREIGN KEY (terms_id) REFERENCES terms(id),
  constraint terms_answers_answer_check CHECK ((answer = ANY (ARRAY['agreed'::text, 'withdrawn'::text])))
);
CREATE INDEX terms_answers_left ON identity.terms_answers USING btree (left_at) WHERE (left_at IS NOT NULL);
CREATE INDEX terms_answers_terms ON identity.terms_answers USING btree (terms_id, id);
CREATE INDEX terms_answers_user ON identity.terms_answers USING btree (user_id, id);

create table totp (
  user_id        uuid                      not null,
  sealed         bytea,
  pending        bytea,
  pending_until  timestamp with time zone,
  last_step      bigint                    not null default 0,
  created_at     timestamp with time zone  not null,
  used_at        timestamp with time zone,
  constraint totp_pkey PRIMARY KEY (user_id),
  constraint totp_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);

create table users (
  id             uuid                      not null,
  email          text                      not null,
  password_hash  text                      not null,
  first_name     text                      not null,
  last_name      text                      not null,
  locale         text                      not null,
  role           text                      not null default 'user'::text,
  disabled       boolean                   not null default false,
  version        integer                   not null default 1,
  created_at     timestamp with time zone  not null,
  second_factor  boolean                   not null default false,
  updated_at     timestamp with time zone  not null default now(),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_email_key UNIQUE (email),
  constraint users_email_check CHECK ((email = lower(email)))
);
CREATE INDEX users_admins ON identity.users USING btree (id) WHERE (role = 'admin'::text);
CREATE INDEX users_by_change ON identity.users USING btree (updated_at, id);
CREATE INDEX users_by_created ON identity.users USING btree (created_at, email);
CREATE INDEX users_by_letters ON identity.users USING gin (lower((((((' '::text || first_name) || ' '::text) || last_name) || ' '::text) || (email COLLATE "default"))) gin_trgm_ops) WITH (gin_pending_list_limit='64');
CREATE INDEX users_by_role ON identity.users USING btree (role, email);
CREATE INDEX users_disabled ON identity.users USING btree (email) WHERE disabled;

create table views (
  id               uuid                      not null,
  user_id          uuid,
  organisation_id  uuid,
  list             text                      not null,
  name             text                      not null,
  asked            json                      not null,
  hidden           json                      not null,
  compact          boolean                   not null,
  created_at       timestamp with time zone  not null,
  updated_at       timestamp with time zone  not null,
  constraint views_pkey PRIMARY KEY (id),
  constraint views_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES organisations(id) ON DELETE CASCADE,
  constraint views_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint views_check CHECK (((user_id IS NULL) <> (organisation_id IS NULL)))
);
CREATE UNIQUE INDEX views_of_organisation ON identity.views USING btree (organisation_id, list, lower(name));
CREATE UNIQUE INDEX views_of_user ON identity.views USING btree (user_id, list, lower(name));
