-- works with code from 0019
-- rule_checks: what another rule set would change of all passports of an owner, or of everybody (`owner_id` is null then), as a job finds it.
create table rule_checks (
  id         uuid        primary key,
  owner_id   uuid,
  user_id    uuid        not null,
  rule_set   text        not null,
  against    text        not null,
  on_day     date        not null,
  state      text        not null default 'running' check (state in ('running', 'done')),
  checked    integer     not null default 0,
  ready_now  integer     not null default 0,
  ready_then integer     not null default 0,
  gained     integer     not null default 0,
  lost       integer     not null default 0,
  points     jsonb       not null default '{}',
  losing     uuid[]      not null default '{}',
  created_at timestamptz not null,
  ended_at   timestamptz
);

-- rule_sets: those that ever decided here, so that one that was removed is told from one that never was.
create table rule_sets (
  id    text        primary key,
  since timestamptz not null
);
