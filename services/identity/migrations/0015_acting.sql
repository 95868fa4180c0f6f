-- works with code from 0001
-- Sessions that an admin has in the place of somebody, to help them: no refresh token, and none outlives the rights of the admin.
alter table sessions add column acted_by uuid references users on delete cascade;
create index sessions_acted_by on sessions (acted_by) where acted_by is not null;
