-- log: every event, written in the transaction of the change it tells of. Positions are dense but for rollbacks; see kernel/events.ts.
-- `xid` stands first so that a transaction has its id before it takes a position.
create table log (
  xid          xid8        not null default pg_current_xact_id(),
  position     bigint      primary key generated always as identity (cache 1),
  event_id     uuid        not null,
  topic        text        not null,
  owner        text        not null,
  key          text        not null,
  trace_id     text        not null,
  actor        json        not null,
  data         json        not null,
  published_at timestamptz not null default clock_timestamp()
);
create index log_topic on log (topic, position);

-- subscriptions: how far each reaction has come; moved in the transaction of the effect.
create table subscriptions (
  name       text        primary key,
  service    text        not null,
  topic      text        not null,
  position   bigint      not null default 0,
  updated_at timestamptz not null default now()
);

-- parked: events whose reaction failed. `retrying` are tried again by themselves, `dead` wait for a person, `waiting` stand behind one of their key.
create table parked (
  id           uuid        not null unique default gen_random_uuid(),
  subscription text        not null references subscriptions,
  position     bigint      not null references log,
  service      text        not null,
  key          text        not null,
  state        text        not null check (state in ('retrying', 'dead', 'waiting')),
  attempts     integer     not null default 0,
  error        text,
  next_at      timestamptz not null default now(),
  parked_at    timestamptz not null default now(),
  primary key (subscription, position)
);
create index parked_due on parked (next_at) where state = 'retrying';
create index parked_key on parked (subscription, key, position);
create index parked_position on parked (position);

-- answers: results of requests with an Idempotency-Key, kept for a day.
create table answers (
  key         bytea       primary key,
  service     text        not null,
  fingerprint text        not null,
  answer      json        not null,
  answered_at timestamptz not null default now()
);
create index answers_age on answers (answered_at);

-- schedules: when each periodic work is due next, so that one process does it.
create table schedules (
  service text        not null,
  purpose text        not null,
  next_at timestamptz not null,
  primary key (service, purpose)
);

-- Services log in with their own role; here each sees what is its own and no more.
grant insert on log to ohmnibus_service;
grant select, insert, update on subscriptions to ohmnibus_service;
grant select, insert, update, delete on parked to ohmnibus_service;
grant select, insert on answers to ohmnibus_service;
grant select, insert, update, delete on all tables in schema kernel to kernel;

alter table log enable row level security;
alter table subscriptions enable row level security;
alter table parked enable row level security;
alter table answers enable row level security;
create policy own on log for insert to ohmnibus_service with check (owner = current_user);
create policy own on subscriptions to ohmnibus_service using (service = current_user);
create policy own on parked to ohmnibus_service using (service = current_user);
create policy own on answers to ohmnibus_service using (service = current_user);
create policy every on log to kernel using (true);
create policy every on subscriptions to kernel using (true);
create policy every on parked to kernel using (true);
create policy every on answers to kernel using (true);

-- Adds a job of the calling service in its transaction; the tables of the job engine are not for services.
create function add_job(task text, payload json, run_at timestamptz, tries integer, job_key text, trace_id text) returns void
language plpgsql security definer set search_path = kernel, pg_temp as $$
begin
  if split_part(task, '.', 1) <> session_user then
    raise exception 'job % is not one of %', task, session_user using errcode = '42501';
  end if;
  perform graphile_worker.add_job(task, json_build_object('payload', payload, 'traceId', trace_id),
    run_at => run_at, max_attempts => tries, job_key => job_key);
end $$;
revoke execute on function add_job from public;
grant execute on function add_job to ohmnibus_service;
