-- The schema notifications after all migrations, made by `npm run docs`. To read: what runs are the migrations.

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
  constraint deliveries_pkey PRIMARY KEY (id),
  constraint deliveries_event_id_address_key UNIQUE (event_id, address),
  constraint deliveries_message_id_fkey FOREIGN KEY (message_id) REFERENCES messages(id),
  constraint deliveries_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'dead'::text, 'obsolete'::text])))
);
CREATE INDEX deliveries_message ON notifications.deliveries USING btree (message_id);
CREATE INDEX deliveries_open ON notifications.deliveries USING btree (updated_at) WHERE (status = ANY (ARRAY['waiting'::text, 'sending'::text, 'failed'::text]));
CREATE INDEX deliveries_status ON notifications.deliveries USING btree (status, id);

create table inboxes (
  user_id   uuid     not null,
  position  integer  not null,
  constraint inboxes_pkey PRIMARY KEY (user_id),
  constraint inboxes_position_check CHECK (("position" > 0))
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
  constraint messages_pkey PRIMARY KEY (id),
  constraint messages_event_id_audience_kind_audience_key UNIQUE (event_id, audience_kind, audience),
  constraint messages_audience_kind_check CHECK ((audience_kind = ANY (ARRAY['person'::text, 'organisation'::text, 'address'::text]))),
  constraint messages_check CHECK ((addressed_at >= created_at)),
  constraint messages_check1 CHECK (((audience_kind <> 'address'::text) OR (locale IS NOT NULL)))
);
CREATE INDEX messages_open ON notifications.messages USING btree (created_at) WHERE (addressed_at IS NULL);

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
  constraint notifications_pkey PRIMARY KEY (id),
  constraint notifications_event_id_user_id_key UNIQUE (event_id, user_id),
  constraint notifications_user_id_position_key UNIQUE (user_id, "position")
);
CREATE INDEX notifications_unread ON notifications.notifications USING btree (user_id, "position") WHERE (read_at IS NULL);

create table preferences (
  user_id  uuid     not null,
  email    jsonb    not null default '{}'::jsonb,
  in_app   jsonb    not null default '{}'::jsonb,
  locale   text,
  version  integer  not null default 0,
  constraint preferences_pkey PRIMARY KEY (user_id)
);
