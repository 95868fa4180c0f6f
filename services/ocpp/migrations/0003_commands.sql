-- works with code from 0001
-- commands: the connection that a call was sent over, or is to be.
alter table commands add column connection_id uuid;
create index commands_abandoned on commands (id) where ended_at is null;
