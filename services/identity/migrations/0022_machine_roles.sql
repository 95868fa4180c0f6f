-- works with code from 0001
-- A service account may have a role that its organisation has defined, as members may; `role` is then what that comes to.
alter table service_accounts add column role_id uuid;
alter table service_accounts add foreign key (organisation_id, role_id) references organisation_roles (organisation_id, id);
create index service_accounts_role on service_accounts (role_id) where role_id is not null;
