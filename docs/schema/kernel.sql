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

create table lanes (
  subscription  text                      not null,
  lane          integer                   not null,
  service       text                      not null,
  at_offset     bigint                    not null,
  position      bigint                    not null,
  generation    bigint                    not null default 0,
  updated_at    timestamp with time zone  not null default now(),
  constraint lanes_pkey PRIMARY KEY (subscription, lane),
  constraint lanes_subscription_fkey FOREIGN KEY (subscription) REFERENCES subscriptions(name)
);
alter table lanes enable row level security;
create policy every on lanes for all to kernel using (true);
create policy own on lanes for all to ohmnibus_service using ((service = CURRENT_USER));

create table log (
  xid           xid8                      not null default pg_current_xact_id(),
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
);
CREATE INDEX log_topic ON kernel.log USING btree (topic, "position");
alter table log enable row level security;
create policy every on log for all to kernel using (true);
create policy own on log for insert to ohmnibus_service with check ((owner = CURRENT_USER));

create table migrations (
  service     text                      not null,
  number      integer                   not null,
  name        text                      not null,
  checksum    text                      not null,
  applied_at  timestamp with time zone  not null default now(),
  constraint migrations_pkey PRIMARY KEY (service, number)
);

create table parked (
  id            uuid                      not null default gen_random_uuid(),
  subscription  text                      not null,
  position      bigint                    not null,
  service       text                      not null,
  key           text                      not null,
  state         text                      not null,
  attempts      integer                   not null default 0,
  error         text,
  next_at       timestamp with time zone  not null default now(),
  parked_at     timestamp with time zone  not null default now(),
  topic         text                      not null,
  event_id      uuid                      not null,
  trace_id      text                      not null,
  actor         json                      not null,
  data          json                      not null,
  published_at  timestamp with time zone  not null,
  told_at       timestamp with time zone,
  constraint parked_pkey PRIMARY KEY (subscription, "position"),
  constraint parked_id_key UNIQUE (id),
  constraint parked_subscription_fkey FOREIGN KEY (subscription) REFERENCES subscriptions(name),
  constraint parked_state_check CHECK ((state = ANY (ARRAY['retrying'::text, 'dead'::text, 'waiting'::text])))
);
CREATE INDEX parked_due ON kernel.parked USING btree (next_at) WHERE (state = 'retrying'::text);
CREATE INDEX parked_key ON kernel.parked USING btree (subscription, key, "position");
CREATE INDEX parked_untold ON kernel.parked USING btree (parked_at) WHERE ((state = 'dead'::text) AND (told_at IS NULL));
alter table parked enable row level security;
create policy every on parked for all to kernel using (true);
create policy own on parked for all to ohmnibus_service using ((service = CURRENT_USER));

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
  name     text  not null,
  service  text  not null,
  topic    text  not null,
  constraint subscriptions_pkey PRIMARY KEY (name)
);
alter table subscriptions enable row level security;
create policy every on subscriptions for all to kernel using (true);
create policy own on subscriptions for all to ohmnibus_service using ((service = CURRENT_USER));

CREATE OR REPLACE FUNCTION kernel.add_job(task text, payload json, run_at timestamp with time zone, tries integer, job_key text, trace_id text)
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
    run_at => run_at, max_attempts => tries, job_key => job_key);
end $function$;
