-- works with code from 0001
-- When an account changed last. Of accounts that were there before nobody knows: they changed when this was asked first.
alter table users add column updated_at timestamptz not null default now();
create index users_by_change on users (updated_at, id);
