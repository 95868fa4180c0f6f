-- works with code from 0001
-- Those of an operator are counted without a look at each.
drop index sessions_by_owner;
create index sessions_by_owner on sessions (owner_id, started_at, id) include (driver_id);
-- What is under way is little beside all that ever was.
create index sessions_under_way_by_owner on sessions (owner_id, started_at, id) include (driver_id) where ended_at is null;
create index sessions_under_way_by_driver on sessions (driver_id, started_at, id) where ended_at is null;
