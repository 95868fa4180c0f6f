-- What people were told is kept in parts by the time of the event it is about, so that it can be dropped by age (kernel.tend); an event tells nobody
-- twice as long as its part is there. The part before the first holds all there was.
alter table messages rename to former_messages;
alter table notifications rename to former_notifications;
alter table deliveries rename to former_deliveries;

-- messages: what one event has to tell one audience. A job turns it, once, into what each person of the audience gets.
create table messages (
  id            uuid        not null,
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
  primary key (id, event_id),
  unique (event_id, audience_kind, audience),
  -- Nobody can be asked which language an address reads.
  check (audience_kind <> 'address' or locale is not null)
) partition by range (event_id);

-- notifications: what people see in the application, in the language they read when it was written. `position` is theirs alone: who adds one holds their
-- inbox.
create table notifications (
  id         uuid        not null,
  user_id    uuid        not null,
  position   integer     not null,
  event_id   uuid        not null,
  event      text        not null,
  title      text        not null,
  text       text        not null,
  path       text,
  created_at timestamptz not null,
  read_at    timestamptz,
  primary key (id, event_id),
  unique (event_id, user_id)
) partition by range (event_id);

-- deliveries: one mail to one address, from the wish to the answer of the mail server. What is secret in it is fetched when it goes out.
create table deliveries (
  id         uuid        not null,
  message_id uuid        not null,
  event_id   uuid        not null,
  address    citext      not null,
  name       text,
  locale     text        not null,
  status     text        not null default 'waiting' check (status in ('waiting', 'sending', 'sent', 'failed', 'dead', 'obsolete')),
  tries      integer     not null default 0,
  error      text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (id, event_id),
  unique (event_id, address)
) partition by range (event_id);

do $$
declare
  family text;
  first_end constant uuid := kernel.uuid_at(date_trunc('hour', clock_timestamp() + interval '1 day'));
begin
  foreach family in array array['messages', 'notifications', 'deliveries'] loop
    execute format('create table %1$s_net partition of %1$s default', family);
    execute format('create table %1$s_former partition of %1$s for values from (minvalue) to (%2$L)', family, first_end);
    execute format('insert into %1$s select * from former_%1$s', family);
  end loop;
end $$;
drop table former_deliveries, former_notifications, former_messages;

create index messages_open on messages (created_at) where addressed_at is null;
create index notifications_position on notifications (user_id, position);
create index notifications_unread on notifications (user_id, position) where read_at is null;
create index deliveries_status on deliveries (status, id);
create index deliveries_open on deliveries (updated_at) where status in ('waiting', 'sending', 'failed');
