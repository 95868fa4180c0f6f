-- works with code from 0001
-- What is open is looked at by far the most, and is little beside what was.
create index incidents_open_by_owner on incidents
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), opened_at, id) where closed_at is null;
create index tickets_open_by_owner on tickets
  (coalesce(owner_id, '00000000-0000-0000-0000-000000000000'), created_at, id) where state not in ('resolved', 'closed');
create index tickets_open_by_assignee on tickets (assignee_id, created_at, id) where state not in ('resolved', 'closed');
create index tickets_open_by_age on tickets (created_at, id) where state not in ('resolved', 'closed');
create index technicians_by_user on technicians (user_id) where deleted_at is null;
