-- lanes: how far each reaction has come in each part of its topic; moved in the transaction of the effect. The log is one lane (-1), Kafka one a
-- partition. `at_offset` is the last one handled; `position` the last position of the log, so that what a relay sends twice is skipped; `generation`
-- grows when somebody takes the lane, so that who had it before can no longer move it; `incarnation` is Kafka's id of the topic, which one that is
-- made anew does not have.
create table lanes (
  subscription text        not null references subscriptions,
  lane         integer     not null,
  service      text        not null,
  at_offset    bigint      not null,
  position     bigint      not null,
  generation   bigint      not null default 0,
  incarnation  text        not null default '',
  updated_at   timestamptz not null default now(),
  primary key (subscription, lane)
) with (fillfactor = 50);

insert into lanes (subscription, lane, service, at_offset, position) select name, -1, service, position, position from subscriptions;
alter table subscriptions drop column position, drop column updated_at;

grant select, insert, update, delete on lanes to kernel;
grant select, update on lanes to ohmnibus_service;
alter table lanes enable row level security;
create policy own on lanes to ohmnibus_service using (service = current_user);
create policy every on lanes to kernel using (true);

-- parked: what failed is kept whole, as it may have come over Kafka from another database. `told_at`: when it was sent to the topic of dead letters.
alter table parked drop constraint parked_position_fkey,
  add column topic text, add column event_id uuid, add column trace_id text, add column actor json, add column data json,
  add column published_at timestamptz, add column told_at timestamptz;
update parked p set topic = l.topic, event_id = l.event_id, trace_id = l.trace_id, actor = l.actor, data = l.data, published_at = l.published_at
  from log l where l.position = p.position;
alter table parked alter column topic set not null, alter column event_id set not null, alter column trace_id set not null,
  alter column actor set not null, alter column data set not null, alter column published_at set not null;
drop index parked_position;
create index parked_untold on parked (parked_at) where state = 'dead' and told_at is null;

-- relay: how far the log has been sent to Kafka; one row.
create table relay (
  only_row   boolean     primary key default true check (only_row),
  position   bigint      not null default 0,
  updated_at timestamptz not null default now()
) with (fillfactor = 50);
insert into relay default values;
grant select, update on relay to kernel;
