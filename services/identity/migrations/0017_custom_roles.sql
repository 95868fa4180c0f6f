-- works with code from 0001
-- organisation_roles: roles that an organisation has defined, beside the four that all have. What they let do is of the list `permissions` of the contracts.
create table organisation_roles (
  id              uuid        primary key,
  organisation_id uuid        not null references organisations on delete cascade,
  name            text        not null,
  permissions     text[]      not null check (cardinality(permissions) > 0),
  version         integer     not null default 1,
  created_at      timestamptz not null,
  unique (organisation_id, id)
);
create unique index organisation_roles_name on organisation_roles (organisation_id, lower(name));

-- Who has one of them; `role` is then what it comes to, for all that asks no further. Never one of another organisation.
alter table members add column role_id uuid;
alter table members add foreign key (organisation_id, role_id) references organisation_roles (organisation_id, id);
create index members_role on members (role_id) where role_id is not null;

alter table invitations add column role_id uuid;
alter table invitations add foreign key (organisation_id, role_id) references organisation_roles (organisation_id, id) on delete cascade;
create index invitations_role on invitations (role_id) where role_id is not null;
