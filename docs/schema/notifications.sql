-- The schema notifications after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table closed_addresses (
  address      citext                    not null,
  user_id      uuid,
  because      text                      not null,
  detail       text                      not null,
  closed_at    timestamp with time zone  not null,
  reopened_at  timestamp with time zone,
  constraint closed_addresses_pkey PRIMARY KEY (address),
  constraint closed_addresses_because_check CHECK ((because = ANY (ARRAY['bounced'::text, 'complained'::text, 'unsubscribed'::text])))
);
CREATE INDEX closed_addresses_listed ON notifications.closed_addresses USING btree (closed_at, address) WHERE (reopened_at IS NULL);
CREATE INDEX closed_addresses_user ON notifications.closed_addresses USING btree (user_id) WHERE (user_id IS NOT NULL);

create table deliveries (
  id          uuid                      not null,
  message_id  uuid                      not null,
  event_id    uuid                      not null,
  address     citext                    not null,
  name        text,
  locale      text                      not null,
  status      text                      not null default 'waiting'::text,
  tries       integer                   not null default 0,
  error       text,
  created_at  timestamp with time zone  not null,
  updated_at  timestamp with time zone  not null,
  mail_id     uuid,
  user_id     uuid,
  channel     text                      not null default 'email'::text,
  digest_at   timestamp with time zone,
  constraint deliveries_pkey1 PRIMARY KEY (id, event_id),
  constraint deliveries_event_id_address_key1 UNIQUE (event_id, address),
  constraint deliveries_channel_check CHECK ((channel = ANY (ARRAY['email'::text, 'push'::text, 'sms'::text]))),
  constraint deliveries_status_check1 CHECK ((status = ANY (ARRAY['waiting'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'dead'::text, 'obsolete'::text])))
) partition by RANGE (event_id);
CREATE INDEX deliveries_channel ON ONLY notifications.deliveries USING btree (channel, created_at, id) WHERE (channel <> 'email'::text);
CREATE INDEX deliveries_created ON ONLY notifications.deliveries USING btree (created_at, id);
CREATE INDEX deliveries_digest ON ONLY notifications.deliveries USING btree (user_id, digest_at) WHERE ((digest_at IS NOT NULL) AND (status = 'waiting'::text));
CREATE INDEX deliveries_mail ON ONLY notifications.deliveries USING btree (mail_id) WHERE (mail_id IS NOT NULL);
CREATE INDEX deliveries_open ON ONLY notifications.deliveries USING btree (updated_at) WHERE (status = ANY (ARRAY['waiting'::text, 'sending'::text, 'failed'::text]));
CREATE INDEX deliveries_status_created ON ONLY notifications.deliveries USING btree (status, created_at, id);
CREATE INDEX deliveries_user ON ONLY notifications.deliveries USING btree (user_id) WHERE (user_id IS NOT NULL);
CREATE INDEX deliveries_waiting ON ONLY notifications.deliveries USING btree (address) WHERE ((status = 'waiting'::text) AND (mail_id IS NULL));

create table inboxes (
  user_id   uuid     not null,
  position  integer  not null,
  constraint inboxes_pkey PRIMARY KEY (user_id),
  constraint inboxes_position_check CHECK (("position" > 0))
);

create table mailings (
  address  citext                    not null,
  event    text                      not null,
  next_at  timestamp with time zone  not null,
  waiting  boolean                   not null,
  constraint mailings_pkey PRIMARY KEY (address, event)
);

create table messages (
  id             uuid                      not null,
  event_id       uuid                      not null,
  event          text                      not null,
  audience_kind  text                      not null,
  audience       text                      not null,
  locale         text,
  facts          jsonb                     not null,
  path           text,
  told           jsonb                     not null,
  created_at     timestamp with time zone  not null,
  addressed_at   timestamp with time zone,
  actor_id       uuid,
  constraint messages_pkey1 PRIMARY KEY (id, event_id),
  constraint messages_event_id_audience_kind_audience_key1 UNIQUE (event_id, audience_kind, audience),
  constraint messages_audience_kind_check CHECK ((audience_kind = ANY (ARRAY['person'::text, 'organisation'::text, 'managers'::text, 'role'::text, 'address'::text]))),
  constraint messages_check2 CHECK ((addressed_at >= created_at)),
  constraint messages_check3 CHECK (((audience_kind <> 'address'::text) OR (locale IS NOT NULL)))
) partition by RANGE (event_id);
CREATE INDEX messages_open ON ONLY notifications.messages USING btree (created_at) WHERE (addressed_at IS NULL);

create table notifications (
  id          uuid                      not null,
  user_id     uuid                      not null,
  position    integer                   not null,
  event_id    uuid                      not null,
  event       text                      not null,
  title       text                      not null,
  text        text                      not null,
  path        text,
  created_at  timestamp with time zone  not null,
  read_at     timestamp with time zone,
  constraint notifications_pkey1 PRIMARY KEY (id, event_id),
  constraint notifications_event_id_user_id_key1 UNIQUE (event_id, user_id)
) partition by RANGE (event_id);
CREATE INDEX notifications_position ON ONLY notifications.notifications USING btree (user_id, "position");
CREATE INDEX notifications_unread ON ONLY notifications.notifications USING btree (user_id, "position") WHERE (read_at IS NULL);

create table phones (
  user_id          uuid                      not null,
  number           text                      not null,
  generation       integer                   not null,
  code_sent_at     timestamp with time zone  not null,
  code_tries       integer                   not null default 0,
  verified_at      timestamp with time zone,
  stopped_at       timestamp with time zone,
  stopped_because  text,
  counted_on       date                      not null,
  counted          integer                   not null default 0,
  proven           text,
  constraint phones_pkey PRIMARY KEY (user_id),
  constraint phones_number_check CHECK ((number ~ '^\+[1-9][0-9]{6,14}$'::text))
);
CREATE INDEX phones_number ON notifications.phones USING btree (number);

create table preferences (
  user_id     uuid     not null,
  email       jsonb    not null default '{}'::jsonb,
  in_app      jsonb    not null default '{}'::jsonb,
  locale      text,
  version     integer  not null default 0,
  push        jsonb    not null default '{}'::jsonb,
  sms         jsonb    not null default '{}'::jsonb,
  time_zone   text,
  quiet_from  text,
  quiet_to    text,
  digest      text     not null default 'off'::text,
  digest_at   text     not null default '08:00'::text,
  constraint preferences_pkey PRIMARY KEY (user_id),
  constraint preferences_digest_at_check CHECK ((digest_at ~ '^([01]\d|2[0-3]):[0-5]\d$'::text)),
  constraint preferences_digest_check CHECK ((digest = ANY (ARRAY['off'::text, 'daily'::text, 'weekly'::text]))),
  constraint preferences_quiet CHECK (((quiet_from IS NULL) = (quiet_to IS NULL))),
  constraint preferences_quiet_from_check CHECK ((quiet_from ~ '^([01]\d|2[0-3]):[0-5]\d$'::text)),
  constraint preferences_quiet_to_check CHECK ((quiet_to ~ '^([01]\d|2[0-3]):[0-5]\d$'::text))
);

create table push_devices (
  id           uuid                      not null,
  user_id      uuid                      not null,
  endpoint     text                      not null,
  public_key   text                      not null,
  auth_secret  text                      not null,
  name         text                      not null,
  created_at   timestamp with time zone  not null,
  used_at      timestamp with time zone,
  constraint push_devices_pkey PRIMARY KEY (id),
  constraint push_devices_endpoint_key UNIQUE (endpoint)
);
CREATE INDEX push_devices_user ON notifications.push_devices USING btree (user_id, id);

create table push_keys (
  one         boolean                   not null default true,
  public_key  text                      not null,
  sealed      bytea                     not null,
  created_at  timestamp with time zone  not null,
  constraint push_keys_pkey PRIMARY KEY (one),
  constraint push_keys_one_check CHECK (one)
);

create table webhook_calls (
  id          uuid                      not null,
  webhook_id  uuid                      not null,
  event_id    uuid                      not null,
  event       text                      not null,
  body        text                      not null,
  status      text                      not null default 'waiting'::text,
  tries       integer                   not null default 0,
  next_at     timestamp with time zone  not null,
  answer      integer,
  error       text,
  created_at  timestamp with time zone  not null,
  updated_at  timestamp with time zone  not null,
  constraint webhook_calls_pkey PRIMARY KEY (id),
  constraint webhook_calls_webhook_id_event_id_key UNIQUE (webhook_id, event_id),
  constraint webhook_calls_webhook_id_fkey FOREIGN KEY (webhook_id) REFERENCES webhooks(id) ON DELETE CASCADE,
  constraint webhook_calls_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'sending'::text, 'delivered'::text, 'dead'::text])))
);
CREATE INDEX webhook_calls_created ON notifications.webhook_calls USING btree (created_at);
CREATE INDEX webhook_calls_dead ON notifications.webhook_calls USING btree (created_at, id) WHERE (status = 'dead'::text);
CREATE INDEX webhook_calls_listed ON notifications.webhook_calls USING btree (webhook_id, created_at, id);
CREATE INDEX webhook_calls_open ON notifications.webhook_calls USING btree (webhook_id, next_at) WHERE (status = ANY (ARRAY['waiting'::text, 'sending'::text]));

create table webhooks (
  id                uuid                      not null,
  owner_kind        text                      not null,
  owner_id          text                      not null,
  url               text                      not null,
  description       text                      not null,
  events            text[]                    not null,
  generation        integer                   not null default 1,
  former_until      timestamp with time zone,
  disabled_because  text,
  failing_since     timestamp with time zone,
  failures          integer                   not null default 0,
  rests_until       timestamp with time zone,
  version           integer                   not null default 1,
  created_at        timestamp with time zone  not null,
  updated_at        timestamp with time zone  not null,
  constraint webhooks_pkey PRIMARY KEY (id),
  constraint webhooks_disabled_because_check CHECK ((disabled_because = ANY (ARRAY['owner'::text, 'failures'::text, 'gone'::text]))),
  constraint webhooks_generation_check CHECK ((generation > 0)),
  constraint webhooks_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text, 'role'::text])))
);
CREATE INDEX webhooks_failing ON notifications.webhooks USING btree (id) WHERE ((failing_since IS NOT NULL) OR (disabled_because = ANY (ARRAY['failures'::text, 'gone'::text])));
CREATE INDEX webhooks_owner ON notifications.webhooks USING btree (owner_kind, owner_id, id);
