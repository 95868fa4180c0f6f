-- works with code from 0003
-- Jobs have an urgency: those of a lower priority begin first. Code that knows none adds with 0, which is normal.
create function add_job(
  task text, payload json, run_at timestamptz, tries integer, job_key text, trace_id text, priority integer
) returns void
language plpgsql security definer set search_path = kernel, pg_temp as $$
begin
  if split_part(task, '.', 1) <> session_user then
    raise exception 'job % is not one of %', task, session_user using errcode = '42501';
  end if;
  perform graphile_worker.add_job(task, json_build_object('payload', payload, 'traceId', trace_id),
    run_at => run_at, max_attempts => tries, job_key => job_key, priority => priority);
end $$;
revoke execute on function add_job(text, json, timestamptz, integer, text, text, integer) from public;
grant execute on function add_job(text, json, timestamptz, integer, text, text, integer) to ohmnibus_service;

create or replace function add_job(
  task text, payload json, run_at timestamptz, tries integer, job_key text, trace_id text
) returns void
language sql set search_path = kernel, pg_temp as
  'select kernel.add_job(task, payload, run_at, tries, job_key, trace_id, 0)';

-- Who looks for jobs of some tasks alone does not read all others that wait. The engine's own index is by priority.
create index jobs_by_task on graphile_worker._private_jobs (task_id, priority, run_at) where is_available = true;
