-- works with code from 0001
-- sla: how long tickets of an owner may take and when their clock runs, where they say otherwise than the platform.
create table sla (
  owner_id      uuid    primary key,
  owner_kind    text    not null check (owner_kind in ('person', 'organisation')),
  -- Like 1-5 08:00-18:00.
  working_hours text,
  holidays      date[],
  critical_s    integer check (critical_s > 0),
  high_s        integer check (high_s > 0),
  normal_s      integer check (normal_s > 0),
  low_s         integer check (low_s > 0),
  version       integer not null
);

-- works: who planned them.
alter table works add column planned_by uuid;
