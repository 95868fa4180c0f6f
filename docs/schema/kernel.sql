-- The schema kernel after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table answers (
  key          bytea                     not null,
  service      text                      not null,
  fingerprint  text                      not null,
  answer       json                      not null,
  answered_at  timestamp with time zone  not null default now(),
  constraint answers_pkey PRIMARY KEY (key)
);
CREATE INDEX answers_age ON kernel.answers USING btree (answered_at);
alter table answers enable row level security;
create policy every on answers for all to kernel using (true);
create policy own on answers for all to ohmnibus_service using ((service = CURRENT_USER));

create table cursors (
  subscription  text                      not null,
  partition     integer                   not null,
  service       text                      not null,
  at_offset     bigint                    not null,
  position      bigint                    not null,
  generation    bigint                    not null default 0,
  incarnation   text                      not null default ''::text,
  updated_at    timestamp with time zone  not null default now(),
  constraint cursors_pkey PRIMARY KEY (subscription, partition),
  constraint cursors_subscription_fkey FOREIGN KEY (subscription) REFERENCES subscriptions(name)
);
alter table cursors enable row level security;
create policy every on cursors for all to kernel using (true);
create policy looked_through on cursors for select to admin using (true);
create policy own on cursors for all to ohmnibus_service using ((service = CURRENT_USER));

create table dead_letters (
  id            uuid                      not null default gen_random_uuid(),
  subscription  text                      not null,
  position      bigint                    not null,
  service       text                      not null,
  key           text                      not null,
  state         text                      not null,
  attempts      integer                   not null default 0,
  error         text,
  next_at       timestamp with time zone  not null default now(),
  failed_at     timestamp with time zone  not null default now(),
  topic         text                      not null,
  event_id      uuid                      not null,
  trace_id      text                      not null,
  actor         json                      not null,
  data          json                      not null,
  published_at  timestamp with time zone  not null,
  told_at       timestamp with time zone,
  unwanted_by   uuid,
  constraint dead_letters_pkey PRIMARY KEY (subscription, "position"),
  constraint dead_letters_id_key UNIQUE (id),
  constraint dead_letters_subscription_fkey FOREIGN KEY (subscription) REFERENCES subscriptions(name),
  constraint dead_letters_state_check CHECK ((state = ANY (ARRAY['retrying'::text, 'dead'::text, 'waiting'::text])))
);
CREATE INDEX dead_letters_due ON kernel.dead_letters USING btree (next_at) WHERE (state = 'retrying'::text);
CREATE INDEX dead_letters_key ON kernel.dead_letters USING btree (subscription, key, "position");
CREATE INDEX dead_letters_untold ON kernel.dead_letters USING btree (failed_at) WHERE ((state = 'dead'::text) AND (told_at IS NULL));
alter table dead_letters enable row level security;
create policy every on dead_letters for all to kernel using (true);
create policy looked_through on dead_letters for select to admin using (true);
create policy own on dead_letters for all to ohmnibus_service using ((service = CURRENT_USER));
create policy tried_again on dead_letters for update to admin using ((state = 'dead'::text)) with check ((state = 'retrying'::text));

create table log (
  position      bigint                    not null generated always as identity,
  event_id      uuid                      not null,
  topic         text                      not null,
  owner         text                      not null,
  key           text                      not null,
  trace_id      text                      not null,
  actor         json                      not null,
  data          json                      not null,
  published_at  timestamp with time zone  not null default clock_timestamp(),
  constraint log_pkey PRIMARY KEY ("position")
) partition by RANGE ("position");
CREATE INDEX log_search ON ONLY kernel.log USING brin (key text_bloom_ops, "left"(trace_id, 32) text_bloom_ops) WITH (pages_per_range='64');
CREATE INDEX log_topic ON ONLY kernel.log USING btree (topic, "position");
alter table log enable row level security;
create policy every on log for all to kernel using (true);
create policy looked_through on log for select to admin using (true);
create policy own on log for insert to ohmnibus_service with check ((owner = CURRENT_USER));

create table migrations (
  service     text                      not null,
  number      integer                   not null,
  name        text                      not null,
  checksum    text                      not null,
  applied_at  timestamp with time zone  not null default now(),
  works_from  integer,
  constraint migrations_pkey PRIMARY KEY (service, number)
);

create table relay (
  only_row    boolean                   not null default true,
  position    bigint                    not null default 0,
  updated_at  timestamp with time zone  not null default now(),
  constraint relay_pkey PRIMARY KEY (only_row),
  constraint relay_only_row_check CHECK (only_row)
);

create table schedules (
  service  text                      not null,
  purpose  text                      not null,
  next_at  timestamp with time zone  not null,
  constraint schedules_pkey PRIMARY KEY (service, purpose)
);

create table subscriptions (
  name         text                      not null,
  service      text                      not null,
  topic        text                      not null,
  id           text,
  purpose      text,
  begins_at    timestamp with time zone,
  orphaned_at  timestamp with time zone,
  constraint subscriptions_pkey PRIMARY KEY (name)
);
CREATE UNIQUE INDEX subscriptions_id ON kernel.subscriptions USING btree (service, topic, id);
alter table subscriptions enable row level security;
create policy every on subscriptions for all to kernel using (true);
create policy looked_through on subscriptions for select to admin using (true);
create policy own on subscriptions for all to ohmnibus_service using ((service = CURRENT_USER));

CREATE OR REPLACE FUNCTION kernel.add_job(task text, payload json, run_at timestamp with time zone, tries integer, job_key text, trace_id text)
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'kernel', 'pg_temp'
AS $function$select kernel.add_job(task, payload, run_at, tries, job_key, trace_id, 0)$function$;

CREATE OR REPLACE FUNCTION kernel.add_job(task text, payload json, run_at timestamp with time zone, tries integer, job_key text, trace_id text, priority integer)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'kernel', 'pg_temp'
AS $function$
begin
  if split_part(task, '.', 1) <> session_user then
    raise exception 'job % is not one of %', task, session_user using errcode = '42501';
  end if;
  perform graphile_worker.add_job(task, json_build_object('payload', payload, 'traceId', trace_id),
    run_at => run_at, max_attempts => tries, job_key => job_key, priority => priority);
end $function$;

CREATE OR REPLACE FUNCTION kernel.add_part(family regclass, part text, key text, lower text, upper text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  home regnamespace := (select relnamespace from pg_class where oid = family);
  net regclass := to_regclass(format('%s.%I', home, (select relname from pg_class where oid = family) || '_net'));
begin
  execute format('create table %s.%I (like %s including defaults including constraints)
    with (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000)', home, part, family);
  execute format('lock table %s in access exclusive mode', net);
  execute format('with moved as (delete from %1$s where %2$I >= %3$L and %2$I < %4$L returning *) insert into %5$s.%6$I select * from moved',
    net, key, lower, upper, home, part);
  execute format('alter table %s attach partition %s.%I for values from (%L) to (%L)', family, home, part, lower, upper);
end $function$;

CREATE OR REPLACE FUNCTION kernel.begin_log_part(ahead integer DEFAULT 1)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'kernel', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
declare
  width constant bigint := 1000000000;
  last bigint;
  present bigint;
begin
  perform pg_advisory_xact_lock(7305218803);
  last := (select last_value from log_position_seq);
  -- Others take positions while we look: the jump must not land behind them.
  present := (last + width / 10) / width + ahead;
  perform make_log_parts(present);
  perform setval('log_position_seq', present * width, false);
  return present;
end $function$;

CREATE OR REPLACE FUNCTION kernel.is_over(part regclass, before timestamp with time zone, passed bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
declare
  over boolean;
begin
  execute format('select max(position) <= $1 and max(published_at) < $2
    from (select position, published_at from %s order by position desc limit 1000) newest', part) using passed, before into over;
  return coalesce(over, true);
end $function$;

CREATE OR REPLACE FUNCTION kernel.make_log_parts(present bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'kernel', 'pg_temp'
AS $function$
declare
  width constant bigint := 1000000000;
  part bigint;
begin
  for part in select generate_series(present, present + 2) union select position / width from log_net order by 1 loop
    if not exists (select from pg_inherits where inhparent = 'log'::regclass and inhrelid = to_regclass('log_' || part)) then
      perform add_part('log', 'log_' || part, 'position', (part * width)::text, ((part + 1) * width)::text);
    end if;
  end loop;
end $function$;

CREATE OR REPLACE FUNCTION kernel.tend(family text, at timestamp with time zone, period interval, before timestamp with time zone)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'kernel', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
declare
  owned constant regclass := format('%I.%I', session_user, family)::regclass;
  key constant text := (select attname from pg_partitioned_table join pg_attribute on attrelid = partrelid and attnum = partattrs[0] where partrelid = owned);
  lower timestamptz;
  upper timestamptz;
  part record;
  dropped integer := 0;
begin
  perform pg_advisory_xact_lock(7305218803);
  for part in
    select inhrelid::regclass as name, to_timestamp(('x' || left(replace(bound, '-', ''), 12))::bit(48)::bigint / 1000.0) as ends
    from pg_inherits join pg_class on oid = inhrelid, substring(pg_get_expr(relpartbound, oid) from 'TO \(''([0-9a-f-]+)''\)') bound
    where inhparent = owned and bound is not null order by bound
  loop
    upper := part.ends;
    continue when part.ends > before;
    execute format('drop table %s', part.name);
    dropped := dropped + 1;
  end loop;
  upper := coalesce(upper, at);
  while upper < at + 2 * period loop
    lower := upper;
    upper := date_trunc('hour', greatest(lower, at) + greatest(period, interval '1 hour'));
    perform add_part(owned, format('%s_until_%s', family, to_char(upper at time zone 'UTC', 'YYYYMMDDHH24')), key, uuid_at(lower)::text, uuid_at(upper)::text);
  end loop;
  execute format('delete from %I.%I where %I < %L', session_user, family || '_net', key, uuid_at(before));
  return dropped;
end $function$;

CREATE OR REPLACE FUNCTION kernel.tend_log(closing timestamp with time zone, before timestamp with time zone, passed bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'kernel', 'pg_temp'
 SET lock_timeout TO '1s'
AS $function$
declare
  width constant bigint := 1000000000;
  present bigint;
  oldest record;
begin
  perform pg_advisory_xact_lock(7305218803);
  present := (select last_value from log_position_seq) / width;
  if (select published_at < closing from log where position >= present * width order by position limit 1) then
    present := begin_log_part();
  else
    perform make_log_parts(present);
  end if;
  select inhrelid::regclass as part, substr(relname, 5)::bigint as number into oldest from pg_inherits join pg_class on oid = inhrelid
    where inhparent = 'log'::regclass and relname ~ '^log_\d+$' order by 2 limit 1;
  if before is null or oldest.number >= present or not is_over(oldest.part, before, passed) then
    return false;
  end if;
  -- And again once nobody writes: a transaction may have had a position in it since before the part was closed.
  lock table only log in access exclusive mode;
  if not is_over(oldest.part, before, passed) then
    return false;
  end if;
  execute format('drop table %s', oldest.part);
  return true;
end $function$;

CREATE OR REPLACE FUNCTION kernel.uuid_at(at timestamp with time zone)
 RETURNS uuid
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog'
RETURN ((lpad(to_hex(((EXTRACT(epoch FROM at) * (1000)::numeric))::bigint), 12, '0'::text) || repeat('0'::text, 20)))::uuid;

create view lanes as
 SELECT subscription,
    partition AS lane,
    service,
    at_offset,
    "position",
    generation,
    incarnation,
    updated_at
   FROM cursors;

create view parked as
 SELECT id,
    subscription,
    "position",
    service,
    key,
    state,
    attempts,
    error,
    next_at,
    failed_at AS parked_at,
    topic,
    event_id,
    trace_id,
    actor,
    data,
    published_at,
    told_at
   FROM dead_letters;
