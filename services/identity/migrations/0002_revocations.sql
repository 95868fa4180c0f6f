-- revocations: sessions whose access tokens made before a moment are refused, for processes that start later; kept as long as a token may live.
create table revocations (
  session_id uuid        primary key,
  before     timestamptz not null,
  revoked_at timestamptz not null default now()
);
create index revocations_age on revocations (revoked_at);

insert into revocations (session_id, before, revoked_at)
  select session_id::uuid, max((data->>'before')::timestamptz), max(published_at)
  from kernel.log, json_array_elements_text(data->'sessionIds') as session_id
  where topic = 'session.revoked' and published_at > now() - interval '1 day'
  group by session_id;
