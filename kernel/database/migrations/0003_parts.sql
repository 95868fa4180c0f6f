-- Tables that grow for ever are kept in parts, so that what is old goes by dropping a part: at once, whatever it holds, and nothing is left to vacuum.

-- Adds a part to a partitioned table. It is made apart and attached, which lets writers go on; what the net caught for it moves along.
create function add_part(family regclass, part text, key text, lower text, upper text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
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
end $$;
revoke execute on function add_part from public;

-- log: every event, in parts of positions. Part n holds the positions from n × 1,000,000,000; a new part begins with a jump of the sequence to its first
-- position, which readers take for any other gap. `xid` stands first so that a transaction has its id before it takes a position.
lock table log in access exclusive mode;
alter table log rename to log_0;
alter index log_pkey rename to log_0_pkey;
alter index log_topic rename to log_0_topic;
drop policy own on log_0;
drop policy every on log_0;
alter table log_0 disable row level security;
revoke all on log_0 from ohmnibus_service;

do $$
declare
  width constant bigint := 1000000000;
  last bigint := coalesce(pg_sequence_last_value('log_position_seq'), 0);
begin
  alter table log_0 alter position drop identity;
  create table log (like log_0 including defaults) partition by range (position);
  alter table log alter position add generated always as identity (cache 1);
  perform setval('log_position_seq', greatest(last, 1), last > 0);
  alter table log add primary key (position);
  create index log_topic on log (topic, position);
  -- What no part is for: should the sequence be moved by hand, nothing is refused.
  create table log_net partition of log default;
  execute format('alter table log attach partition log_0 for values from (0) to (%s)', (last / width + 1) * width);
end $$;
-- Rows are only added: let it be frozen bit by bit, not all at once when the ids of transactions run out.
alter table log_0 set (autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 200000);

grant insert on log to ohmnibus_service;
alter table log enable row level security;
create policy own on log for insert to ohmnibus_service with check (owner = current_user);
create policy every on log to kernel using (true);

-- Begins a part of the log, the next or one further on, and has two more ready behind it. The answer is its number. After a restore it is called with
-- 1000: positions that events had after the back-up, and that others have seen, are never used again.
create function begin_log_part(ahead integer default 1) returns bigint
language plpgsql security definer set search_path = kernel, pg_temp set lock_timeout = '1s' as $$
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
end $$;

-- Parts for this number, for the two behind it, and for what the net has caught.
create function make_log_parts(present bigint) returns void
language plpgsql set search_path = kernel, pg_temp as $$
declare
  width constant bigint := 1000000000;
  part bigint;
begin
  for part in select generate_series(present, present + 2) union select position / width from log_net order by 1 loop
    if not exists (select from pg_inherits where inhparent = 'log'::regclass and inhrelid = to_regclass('log_' || part)) then
      perform add_part('log', 'log_' || part, 'position', (part * width)::text, ((part + 1) * width)::text);
    end if;
  end loop;
end $$;
revoke execute on function begin_log_part, make_log_parts from public;

-- Whether all events of a part are older than `before` and not behind `passed`.
create function is_over(part regclass, before timestamptz, passed bigint) returns boolean
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  over boolean;
begin
  execute format('select max(position) <= $1 and max(published_at) < $2
    from (select position, published_at from %s order by position desc limit 1000) newest', part) using passed, before into over;
  return coalesce(over, true);
end $$;

-- Begins a new part when the first event of the present one is older than `closing`, and drops the oldest part when its events are all older than `before`
-- (none when null) and not behind `passed`, the last position that no reader wants any more. True when it dropped one: there may be another.
create function tend_log(closing timestamptz, before timestamptz, passed bigint) returns boolean
language plpgsql security definer set search_path = kernel, pg_temp set lock_timeout = '1s' as $$
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
end $$;
revoke execute on function is_over, tend_log from public;
grant execute on function begin_log_part, tend_log to kernel;

-- The first UUIDv7 of a moment.
create function uuid_at(at timestamptz) returns uuid immutable language sql set search_path = pg_catalog
return (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid;

-- For tables of services that are partitioned by a UUIDv7: has parts of `period` ready for the next time, and drops those that are all older than
-- `before`. The calling service's own tables only. The answer is how many parts it dropped.
create function tend(family text, at timestamptz, period interval, before timestamptz) returns integer
language plpgsql security definer set search_path = kernel, pg_temp set lock_timeout = '1s' as $$
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
end $$;
revoke execute on function tend from public;
grant execute on function tend, uuid_at to ohmnibus_service, kernel;

-- answers: some go every hour, thousands at once; vacuumed when a fiftieth has gone, not a fifth.
alter table answers set (autovacuum_vacuum_scale_factor = 0.02);

-- Jobs come and go while thousands may wait: what is dead among those is walked past by each look for the next one.
alter table graphile_worker._private_jobs set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
