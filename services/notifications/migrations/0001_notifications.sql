-- messages: what one event has to tell one audience. A job turns it, once, into what each person of the audience gets.
create table messages (
  id            uuid        primary key,
  event_id      uuid        not null,
  event         text        not null,
  audience_kind text        not null check (audience_kind in ('person', 'organisation', 'address')),
  audience      text        not null,
  locale        text,
  facts         jsonb       not null,
  path          text,
  -- Audiences that hear of the event in other words; who belongs to one of them is left out here.
  told          jsonb       not null,
  created_at    timestamptz not null,
  addressed_at  timestamptz check (addressed_at >= created_at),
  unique (event_id, audience_kind, audience),
  -- Nobody can be asked which language an address reads.
  check (audience_kind <> 'address' or locale is not null)
);
create index messages_open on messages (created_at) where addressed_at is null;

-- inboxes: the last position each person's notifications have. Whoever adds one holds the row until the commit, so positions become visible in order.
create table inboxes (
  user_id  uuid    primary key,
  position integer not null check (position > 0)
);

-- notifications: what people see in the application, in the language they read when it was written.
create table notifications (
  id         uuid        primary key,
  user_id    uuid        not null,
  position   integer     not null,
  event_id   uuid        not null,
  event      text        not null,
  title      text        not null,
  text       text        not null,
  path       text,
  created_at timestamptz not null,
  read_at    timestamptz,
  unique (user_id, position),
  unique (event_id, user_id)
);
create index notifications_unread on notifications (user_id, position) where read_at is null;

-- deliveries: one mail to one address, from the wish to the answer of the mail server. What is secret in it is fetched when it goes out.
create table deliveries (
  id         uuid        primary key,
  message_id uuid        not null references messages,
  event_id   uuid        not null,
  address    citext      not null,
  name       text,
  locale     text        not null,
  status     text        not null default 'waiting' check (status in ('waiting', 'sending', 'sent', 'failed', 'dead', 'obsolete')),
  tries      integer     not null default 0,
  error      text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (event_id, address)
);
create index deliveries_status on deliveries (status, id);
create index deliveries_open on deliveries (updated_at) where status in ('waiting', 'sending', 'failed');
create index deliveries_message on deliveries (message_id);

-- preferences: what a person chose; events they say nothing about follow the defaults.
create table preferences (
  user_id uuid    primary key,
  email   jsonb   not null default '{}',
  in_app  jsonb   not null default '{}',
  locale  text,
  version integer not null default 0
);
