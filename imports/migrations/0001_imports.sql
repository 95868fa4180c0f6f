-- works with code from 0001
-- imports: a file somebody sent to have its lines taken over, how far that is, and what was wrong with it.
create table imports (
  id         uuid        primary key,
  user_id    uuid        not null,
  -- Who sent it, as they acted.
  actor      json        not null,
  dry_run    boolean     not null,
  state      text        not null check (state in ('waiting', 'running', 'done', 'failed')),
  -- Until it is done.
  content    text,
  delimiter  text        not null,
  size_bytes integer     not null,
  read_bytes integer     not null default 0,
  lines      integer     not null default 0,
  created    integer     not null default 0,
  updated    integer     not null default 0,
  unchanged  integer     not null default 0,
  failed     integer     not null default 0,
  faults     json        not null default '[]',
  created_at timestamptz not null,
  ended_at   timestamptz
);
create index imports_by_age on imports (created_at);
