-- The schema ocpp after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table alerts (
  id                  uuid                      not null,
  charger_id          text                      not null,
  kind                text                      not null,
  type                text                      not null,
  component           text,
  component_instance  text,
  evse                integer,
  connector           integer,
  variable            text,
  variable_instance   text,
  value               text,
  severity            integer,
  cleared             boolean                   not null,
  code                text,
  info                text,
  monitor_id          integer,
  transaction         text,
  at                  timestamp with time zone  not null,
  received_at         timestamp with time zone  not null,
  constraint alerts_pkey PRIMARY KEY (id),
  constraint alerts_kind_check CHECK ((kind = ANY (ARRAY['monitoring'::text, 'security'::text])))
);
CREATE INDEX alerts_by_charger ON ocpp.alerts USING btree (charger_id, id);

create table attempts (
  identity  text                      not null,
  address   text                      not null,
  code      text                      not null,
  detail    text                      not null,
  tries     integer                   not null,
  first_at  timestamp with time zone  not null,
  last_at   timestamp with time zone  not null,
  constraint attempts_pkey PRIMARY KEY (identity, address, code)
);
CREATE INDEX attempts_by_age ON ocpp.attempts USING btree (last_at);

create table authority (
  id           uuid                      not null,
  certificate  text                      not null,
  sealed_key   text                      not null,
  created_at   timestamp with time zone  not null,
  constraint authority_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX authority_alone ON ocpp.authority USING btree ((true));

create table bookings (
  booking_id      uuid                      not null,
  version         integer                   not null,
  charger_id      text,
  evse            integer                   not null,
  driver_id       uuid                      not null,
  id_token        text,
  reservation_id  integer                   not null,
  hold_from_at    timestamp with time zone  not null,
  expires_at      timestamp with time zone  not null,
  to_at           timestamp with time zone  not null,
  state           text                      not null,
  constraint bookings_pkey PRIMARY KEY (booking_id),
  constraint bookings_state_check CHECK ((state = ANY (ARRAY['kept'::text, 'used'::text, 'over'::text])))
);
CREATE INDEX bookings_by_charger ON ocpp.bookings USING btree (charger_id, to_at) WHERE (state <> 'over'::text);
CREATE INDEX bookings_by_end ON ocpp.bookings USING btree (to_at);

create table certificates (
  id                uuid                      not null,
  charger_id        text,
  serial            text                      not null,
  name              text                      not null,
  fingerprint       text                      not null,
  certificate       text                      not null,
  begins_at         timestamp with time zone  not null,
  ends_at           timestamp with time zone  not null,
  issued_at         timestamp with time zone  not null,
  installed_at      timestamp with time zone,
  refused_at        timestamp with time zone,
  used_at           timestamp with time zone,
  revoked_at        timestamp with time zone,
  renewal_asked_at  timestamp with time zone,
  ending_told_at    timestamp with time zone,
  constraint certificates_pkey PRIMARY KEY (id),
  constraint certificates_fingerprint_key UNIQUE (fingerprint),
  constraint certificates_serial_key UNIQUE (serial),
  constraint certificates_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE SET NULL
);
CREATE INDEX certificates_by_charger ON ocpp.certificates USING btree (charger_id, id);
CREATE INDEX certificates_by_end ON ocpp.certificates USING btree (ends_at) WHERE (revoked_at IS NULL);

create table charger_tariffs (
  charger_id  text                      not null,
  evse        integer                   not null,
  tariff_id   text                      not null,
  tariff      json                      not null,
  state       text                      not null,
  said        text                      not null,
  at          timestamp with time zone  not null,
  constraint charger_tariffs_pkey PRIMARY KEY (charger_id, evse),
  constraint charger_tariffs_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE,
  constraint charger_tariffs_state_check CHECK ((state = ANY (ARRAY['accepted'::text, 'refused'::text, 'unknown'::text])))
);

create table chargers (
  id                    text                      not null,
  owner_kind            text,
  owner_id              uuid,
  name                  text,
  status                text                      not null,
  password_digest       bytea,
  certificate_serial    text,
  vendor                text,
  model                 text,
  serial_number         text,
  firmware              text,
  iccid                 text,
  imsi                  text,
  ocpp_version          text,
  boot_reason           text,
  booted_at             timestamp with time zone,
  gateway_id            uuid,
  connection_id         uuid,
  address               text,
  connected_at          timestamp with time zone,
  disconnected_at       timestamp with time zone,
  last_heard_at         timestamp with time zone,
  created_at            timestamp with time zone  not null,
  version               integer                   not null default 1,
  time_zone             text,
  next_password_digest  bytea,
  words                 tsvector                  generated always as (to_tsvector('simple'::regconfig, regexp_replace(lower(((((((((id || ' '::text) || COALESCE(name, ''::text)) || ' '::text) || COALESCE(vendor, ''::text)) || ' '::text) || COALESCE(model, ''::text)) || ' '::text) || COALESCE(serial_number, ''::text))), '[^[:alnum:]]+'::text, ' '::text, 'g'::text))) stored,
  adopts                boolean                   not null default false,
  lost_at               timestamp with time zone,
  updated_at            timestamp with time zone  not null default now(),
  constraint chargers_pkey PRIMARY KEY (id),
  constraint chargers_check CHECK (((owner_kind IS NULL) = (owner_id IS NULL))),
  constraint chargers_check1 CHECK (((gateway_id IS NULL) = (connection_id IS NULL))),
  constraint chargers_id_check CHECK (((length(id) >= 1) AND (length(id) <= 48))),
  constraint chargers_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint chargers_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'rejected'::text])))
);
CREATE INDEX chargers_away ON ocpp.chargers USING btree (created_at, id) WHERE (connection_id IS NULL);
CREATE INDEX chargers_away_by_owner ON ocpp.chargers USING btree (owner_id, created_at, id) WHERE (connection_id IS NULL);
CREATE INDEX chargers_by_age ON ocpp.chargers USING btree (created_at, id);
CREATE INDEX chargers_by_change ON ocpp.chargers USING btree (owner_id, updated_at);
CREATE INDEX chargers_by_gateway ON ocpp.chargers USING btree (gateway_id) WHERE (gateway_id IS NOT NULL);
CREATE INDEX chargers_by_owner ON ocpp.chargers USING btree (owner_id, created_at, id);
CREATE INDEX chargers_by_words ON ocpp.chargers USING gin (words);
CREATE INDEX chargers_here ON ocpp.chargers USING btree (created_at, id) WHERE (connection_id IS NOT NULL);
CREATE INDEX chargers_here_by_owner ON ocpp.chargers USING btree (owner_id, created_at, id) WHERE (connection_id IS NOT NULL);
CREATE INDEX chargers_of_nobody ON ocpp.chargers USING btree (created_at, id) WHERE (owner_id IS NULL);
CREATE INDEX chargers_waiting ON ocpp.chargers USING btree (created_at, id) WHERE (status <> 'accepted'::text);
CREATE INDEX chargers_waiting_by_owner ON ocpp.chargers USING btree (owner_id, created_at, id) WHERE (status <> 'accepted'::text);
CREATE TRIGGER chargers_change BEFORE UPDATE OF owner_kind, owner_id, name, status, password_digest, next_password_digest, adopts, certificate_serial, time_zone, vendor, model, serial_number, firmware, iccid, imsi, version ON ocpp.chargers FOR EACH ROW WHEN ((new.updated_at = old.updated_at)) EXECUTE FUNCTION note_change();

create table charging_profiles (
  charger_id   text                      not null,
  id           integer                   not null,
  evse         integer                   not null,
  source       text                      not null,
  profile      json                      not null,
  reported_at  timestamp with time zone  not null,
  constraint charging_profiles_pkey PRIMARY KEY (charger_id, id, evse),
  constraint charging_profiles_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);

create table commands (
  id                 uuid                      not null,
  charger_id         text                      not null,
  action             text                      not null,
  payload            json                      not null,
  request_id         uuid,
  asked_by           json                      not null,
  asked_at           timestamp with time zone  not null,
  until              timestamp with time zone  not null,
  sent_at            timestamp with time zone,
  ended_at           timestamp with time zone,
  outcome            text,
  answer             json,
  error_code         text,
  error_description  text,
  connection_id      uuid,
  constraint commands_pkey PRIMARY KEY (id),
  constraint commands_request_id_key UNIQUE (request_id),
  constraint commands_outcome_check CHECK ((outcome = ANY (ARRAY['answered'::text, 'error'::text, 'timeout'::text, 'offline'::text])))
);
CREATE INDEX commands_abandoned ON ocpp.commands USING btree (id) WHERE (ended_at IS NULL);
CREATE INDEX commands_by_charger ON ocpp.commands USING btree (charger_id, id);
CREATE INDEX commands_open ON ocpp.commands USING btree (charger_id, asked_at) WHERE (ended_at IS NULL);

create table company_cards (
  card_id     uuid     not null,
  token_id    uuid     not null,
  company_id  uuid     not null,
  holder_id   uuid     not null,
  ended_for   text,
  version     integer  not null,
  constraint company_cards_pkey PRIMARY KEY (card_id)
);
CREATE INDEX company_cards_by_company ON ocpp.company_cards USING btree (company_id) WHERE (ended_for IS NULL);
CREATE INDEX company_cards_by_token ON ocpp.company_cards USING btree (token_id);

create table connectors (
  charger_id     text                      not null,
  evse           integer                   not null,
  connector      integer                   not null,
  status         text                      not null,
  error_code     text,
  info           text,
  at             timestamp with time zone  not null,
  faulted_since  timestamp with time zone,
  failed_at      timestamp with time zone,
  constraint connectors_pkey PRIMARY KEY (charger_id, evse, connector),
  constraint connectors_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);
CREATE INDEX connectors_in_trouble ON ocpp.connectors USING btree (charger_id) WHERE ((status = 'faulted'::text) OR (faulted_since IS NOT NULL));

create table customer_parts (
  charger_id   text                      not null,
  request_id   integer                   not null,
  seq_no       integer                   not null,
  data         text                      not null,
  is_last      boolean                   not null,
  received_at  timestamp with time zone  not null,
  constraint customer_parts_pkey PRIMARY KEY (charger_id, request_id, seq_no)
);
CREATE INDEX customer_parts_by_age ON ocpp.customer_parts USING btree (received_at);

create table drivers_blocked (
  driver_id  uuid                      not null,
  reason     text,
  at         timestamp with time zone  not null,
  constraint drivers_blocked_pkey PRIMARY KEY (driver_id)
);

create table firmware_campaigns (
  id           uuid                      not null,
  owner_kind   text                      not null,
  owner_id     uuid                      not null,
  name         text                      not null,
  firmware     json                      not null,
  starts_at    timestamp with time zone  not null,
  window_from  text,
  window_to    text,
  share        integer                   not null,
  stop_after   integer                   not null,
  state        text                      not null,
  created_at   timestamp with time zone  not null,
  ended_at     timestamp with time zone,
  version      integer                   not null default 1,
  constraint firmware_campaigns_pkey PRIMARY KEY (id),
  constraint firmware_campaigns_check CHECK (((window_from IS NULL) = (window_to IS NULL))),
  constraint firmware_campaigns_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint firmware_campaigns_share_check CHECK ((share > 0)),
  constraint firmware_campaigns_state_check CHECK ((state = ANY (ARRAY['running'::text, 'paused'::text, 'stopped'::text, 'cancelled'::text, 'done'::text]))),
  constraint firmware_campaigns_stop_after_check CHECK ((stop_after > 0))
);
CREATE INDEX firmware_campaigns_by_owner ON ocpp.firmware_campaigns USING btree (owner_id, id);
CREATE INDEX firmware_campaigns_running ON ocpp.firmware_campaigns USING btree (id) WHERE (state = 'running'::text);

create table firmware_updates (
  id           uuid                      not null,
  campaign_id  uuid,
  charger_id   text                      not null,
  firmware     json                      not null,
  request_id   integer,
  ask_id       uuid,
  state        text                      not null,
  said         text,
  created_at   timestamp with time zone  not null,
  changed_at   timestamp with time zone  not null,
  constraint firmware_updates_pkey PRIMARY KEY (id),
  constraint firmware_updates_campaign_id_fkey FOREIGN KEY (campaign_id) REFERENCES firmware_campaigns(id) ON DELETE CASCADE,
  constraint firmware_updates_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'asked'::text, 'under-way'::text, 'installed'::text, 'failed'::text, 'cancelled'::text])))
);
CREATE INDEX firmware_updates_by_campaign ON ocpp.firmware_updates USING btree (campaign_id, state, id);
CREATE INDEX firmware_updates_by_charger ON ocpp.firmware_updates USING btree (charger_id, id);
CREATE UNIQUE INDEX firmware_updates_active ON ocpp.firmware_updates USING btree (charger_id) WHERE (state = ANY (ARRAY['asked'::text, 'under-way'::text]));

create table free_vend (
  charger_id  text     not null,
  number      integer  not null,
  evse        integer,
  begins      text,
  ends        text,
  constraint free_vend_pkey PRIMARY KEY (charger_id, number),
  constraint free_vend_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE,
  constraint free_vend_begins_check CHECK ((begins ~ '^\d\d:\d\d$'::text)),
  constraint free_vend_check CHECK (((begins IS NULL) = (ends IS NULL))),
  constraint free_vend_ends_check CHECK ((ends ~ '^\d\d:\d\d$'::text)),
  constraint free_vend_evse_check CHECK ((evse > 0))
);

create table gateways (
  id       uuid                      not null,
  seen_at  timestamp with time zone  not null,
  constraint gateways_pkey PRIMARY KEY (id)
);

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
CREATE INDEX import_faults_by_line ON ocpp.import_faults USING btree (import_id, line);

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
CREATE INDEX imports_by_age ON ocpp.imports USING btree (created_at);
CREATE INDEX imports_of_user ON ocpp.imports USING btree (user_id, what, id);

create table installed_certificates (
  charger_id        text                      not null,
  type              text                      not null,
  number            integer                   not null,
  hash_algorithm    text                      not null,
  issuer_name_hash  text                      not null,
  issuer_key_hash   text                      not null,
  serial_number     text                      not null,
  is_below          boolean                   not null,
  reported_at       timestamp with time zone  not null,
  constraint installed_certificates_pkey PRIMARY KEY (charger_id, type, number),
  constraint installed_certificates_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);

create table local_list_entries (
  charger_id  text                      not null,
  id_token    text                      not null,
  type        text                      not null,
  status      text                      not null,
  expires_at  timestamp with time zone,
  group_id    text,
  constraint local_list_entries_pkey PRIMARY KEY (charger_id, id_token),
  constraint local_list_entries_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES local_lists(charger_id) ON DELETE CASCADE
);

create table local_lists (
  charger_id  text                      not null,
  enabled     boolean                   not null,
  scope       text                      not null,
  version     integer                   not null default 0,
  state       text                      not null,
  said        text,
  synced_at   timestamp with time zone,
  constraint local_lists_pkey PRIMARY KEY (charger_id),
  constraint local_lists_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE,
  constraint local_lists_scope_check CHECK ((scope = ANY (ARRAY['owner'::text, 'all'::text]))),
  constraint local_lists_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'current'::text, 'refused'::text])))
);

create table messages (
  id                 uuid                      not null,
  at                 timestamp with time zone  not null,
  charger_id         text                      not null,
  direction          text                      not null,
  ocpp_version       text                      not null,
  message_id         text                      not null,
  action             text                      not null,
  payload            json,
  outcome            text                      not null,
  answer             json,
  error_code         text,
  error_description  text
) partition by RANGE (id);
CREATE INDEX messages_by_charger ON ONLY ocpp.messages USING btree (charger_id, id);
CREATE INDEX messages_by_time ON ONLY ocpp.messages USING btree (id);
CREATE INDEX messages_failed ON ONLY ocpp.messages USING btree (charger_id, id) WHERE (outcome <> 'answered'::text);

create table monitors (
  charger_id          text                      not null,
  id                  integer                   not null,
  component           text                      not null,
  component_instance  text                      not null,
  evse                integer                   not null,
  connector           integer                   not null,
  variable            text                      not null,
  variable_instance   text                      not null,
  type                text                      not null,
  value               double precision          not null,
  severity            integer                   not null,
  transaction         boolean                   not null,
  kind                text,
  reported_at         timestamp with time zone  not null,
  constraint monitors_pkey PRIMARY KEY (charger_id, id),
  constraint monitors_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);

create table notices (
  charger_id  text                      not null,
  topic       text                      not null,
  key         text                      not null,
  data        json                      not null,
  at          timestamp with time zone  not null,
  constraint notices_pkey PRIMARY KEY (charger_id, topic, key),
  constraint notices_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);

create table prices_due (
  charger_id  text                      not null,
  since       timestamp with time zone  not null,
  after       timestamp with time zone  not null,
  constraint prices_due_pkey PRIMARY KEY (charger_id),
  constraint prices_due_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);

create table reports (
  charger_id  text                      not null,
  kind        text                      not null,
  request_id  integer                   not null,
  asked_at    timestamp with time zone  not null,
  constraint reports_pkey PRIMARY KEY (charger_id, kind, request_id),
  constraint reports_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE,
  constraint reports_kind_check CHECK ((kind = ANY (ARRAY['variables'::text, 'monitors'::text, 'profiles'::text])))
);

create table token_changes (
  id        bigint  not null generated always as identity,
  owner_id  uuid    not null,
  constraint token_changes_pkey PRIMARY KEY (id)
);

create table tokens (
  id           uuid                      not null,
  id_token     text                      not null,
  type         text                      not null,
  owner_kind   text                      not null,
  owner_id     uuid                      not null,
  user_id      uuid,
  group_id     text,
  label        text,
  status       text                      not null,
  expires_at   timestamp with time zone,
  created_at   timestamp with time zone  not null,
  version      integer                   not null default 1,
  exclusive    boolean                   not null default false,
  blocked_for  text,
  words        tsvector                  generated always as (to_tsvector('simple'::regconfig, regexp_replace(lower(((((id_token || ' '::text) || COALESCE(label, ''::text)) || ' '::text) || COALESCE(group_id, ''::text))), '[^[:alnum:]]+'::text, ' '::text, 'g'::text))) stored,
  updated_at   timestamp with time zone  not null default now(),
  constraint tokens_pkey PRIMARY KEY (id),
  constraint tokens_id_token_check CHECK (((length(id_token) >= 1) AND (length(id_token) <= 255))),
  constraint tokens_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint tokens_status_check CHECK ((status = ANY (ARRAY['accepted'::text, 'blocked'::text])))
);
CREATE INDEX tokens_blocked ON ocpp.tokens USING btree (created_at, id) WHERE (status <> 'accepted'::text);
CREATE INDEX tokens_blocked_by_owner ON ocpp.tokens USING btree (owner_id, created_at, id) WHERE (status <> 'accepted'::text);
CREATE INDEX tokens_by_age ON ocpp.tokens USING btree (created_at, id);
CREATE INDEX tokens_by_change ON ocpp.tokens USING btree (owner_id, updated_at);
CREATE INDEX tokens_by_group ON ocpp.tokens USING btree (group_id, created_at, id) WHERE (group_id IS NOT NULL);
CREATE INDEX tokens_by_owner ON ocpp.tokens USING btree (owner_id, created_at, id);
CREATE INDEX tokens_by_owner_and_type ON ocpp.tokens USING btree (owner_id, type, created_at, id);
CREATE INDEX tokens_by_type ON ocpp.tokens USING btree (type, created_at, id);
CREATE INDEX tokens_by_user ON ocpp.tokens USING btree (user_id, created_at, id) WHERE (user_id IS NOT NULL);
CREATE INDEX tokens_by_words ON ocpp.tokens USING gin (words);
CREATE UNIQUE INDEX tokens_by_value ON ocpp.tokens USING btree (upper(id_token));
CREATE TRIGGER token_changed AFTER INSERT OR DELETE OR UPDATE ON ocpp.tokens FOR EACH ROW EXECUTE FUNCTION note_token_change();
CREATE TRIGGER tokens_change BEFORE UPDATE ON ocpp.tokens FOR EACH ROW WHEN ((new.updated_at = old.updated_at)) EXECUTE FUNCTION note_change();
CREATE TRIGGER tokens_follow_driver BEFORE INSERT OR UPDATE OF user_id ON ocpp.tokens FOR EACH ROW WHEN ((new.user_id IS NOT NULL)) EXECUTE FUNCTION follow_driver();

create table transaction_costs (
  transaction_id  uuid                      not null,
  charger_id      text                      not null,
  reference       text                      not null,
  total           numeric,
  is_final        boolean                   not null,
  tariff_id       text,
  at              timestamp with time zone  not null,
  constraint transaction_costs_pkey PRIMARY KEY (transaction_id),
  constraint transaction_costs_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);
CREATE INDEX transaction_costs_by_age ON ocpp.transaction_costs USING btree (at);
CREATE INDEX transaction_costs_by_reference ON ocpp.transaction_costs USING btree (charger_id, reference);

create table transactions (
  id           uuid                      not null,
  charger_id   text                      not null,
  reference    text                      not null,
  start_key    text,
  evse         integer                   not null,
  connector    integer                   not null,
  token        json,
  taken        int4multirange            not null default '{}'::int4multirange,
  begun_at     timestamp with time zone,
  received_at  timestamp with time zone  not null,
  ended_at     timestamp with time zone,
  constraint transactions_pkey PRIMARY KEY (id),
  constraint transactions_charger_id_reference_key UNIQUE (charger_id, reference),
  constraint transactions_charger_id_start_key_key UNIQUE (charger_id, start_key)
);
CREATE INDEX transactions_by_key ON ocpp.transactions USING btree (token_key(token)) WHERE (ended_at IS NULL);
CREATE INDEX transactions_open ON ocpp.transactions USING btree (charger_id) WHERE (ended_at IS NULL);

create table transfers (
  id            uuid                      not null,
  charger_id    text                      not null,
  kind          text                      not null,
  request_id    integer                   not null,
  location      text,
  token_digest  bytea,
  token_until   timestamp with time zone,
  status        text                      not null,
  said          text,
  file_name     text,
  file_key      text,
  content_type  text,
  size_bytes    bigint,
  sha256        text,
  asked_by      uuid,
  asked_at      timestamp with time zone  not null,
  ended_at      timestamp with time zone,
  filed_at      timestamp with time zone,
  constraint transfers_pkey PRIMARY KEY (id),
  constraint transfers_token_digest_key UNIQUE (token_digest),
  constraint transfers_kind_check CHECK ((kind = ANY (ARRAY['diagnostics'::text, 'security'::text, 'customer'::text]))),
  constraint transfers_status_check CHECK ((status = ANY (ARRAY['asked'::text, 'coming'::text, 'stored'::text, 'elsewhere'::text, 'failed'::text])))
);
CREATE INDEX transfers_by_age ON ocpp.transfers USING btree (asked_at);
CREATE INDEX transfers_by_charger ON ocpp.transfers USING btree (charger_id, id);

create table variables (
  charger_id          text                      not null,
  component           text                      not null,
  component_instance  text                      not null,
  evse                integer                   not null,
  connector           integer                   not null,
  variable            text                      not null,
  variable_instance   text                      not null,
  attribute           text                      not null,
  value               text,
  mutability          text,
  persistent          boolean,
  constant            boolean,
  data_type           text,
  unit                text,
  min_limit           double precision,
  max_limit           double precision,
  values_list         text,
  monitored           boolean,
  waiting             text,
  waiting_at          timestamp with time zone,
  reported_at         timestamp with time zone  not null,
  constraint variables_pkey PRIMARY KEY (charger_id, component, component_instance, evse, connector, variable, variable_instance, attribute),
  constraint variables_charger_id_fkey FOREIGN KEY (charger_id) REFERENCES chargers(id) ON DELETE CASCADE
);
CREATE INDEX variables_waiting ON ocpp.variables USING btree (charger_id) WHERE (waiting_at IS NOT NULL);

CREATE OR REPLACE FUNCTION ocpp.follow_driver()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  card record;
begin
  -- The one that charges now, else one whose holder has left.
  select company_id, ended_for into card from company_cards
  where token_id = new.id and holder_id = new.user_id and (ended_for is null or ended_for = 'left')
  order by ended_for nulls first limit 1;
  new.blocked_for := case
    when card.ended_for = 'left' then 'left'
    else (select reason from drivers_blocked where driver_id = coalesce(card.company_id, new.user_id)) end;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION ocpp.note_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  new.updated_at := now();
  return new;
end $function$;

CREATE OR REPLACE FUNCTION ocpp.note_token_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into token_changes (owner_id) values (coalesce(new.owner_id, old.owner_id));
  if new.owner_id <> old.owner_id then insert into token_changes (owner_id) values (old.owner_id); end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION ocpp.token_key(token json)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN upper(COALESCE(CASE WHEN ((token ->> 'type'::text) ~* '^(eMAID|MacAddress|EVCCID)$'::text) THEN NULLIF(regexp_replace((token ->> 'idToken'::text), '[-:*[:space:]]'::text, ''::text, 'g'::text), ''::text) ELSE NULL::text END, (token ->> 'idToken'::text)));
