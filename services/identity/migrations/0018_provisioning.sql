-- works with code from 0001
-- organisation_domains: domains of addresses that an organisation says are its own; `verified_at` since its record stood in DNS, or an admin said so.
create table organisation_domains (
  organisation_id uuid        not null references organisations on delete cascade,
  domain          text        collate "C" not null,
  token           text        not null,
  created_at      timestamptz not null,
  verified_at     timestamptz,
  primary key (organisation_id, domain)
);
create unique index organisation_domains_verified on organisation_domains (domain) where verified_at is not null;

-- scim_tokens: what the provider of an organisation keeps its people up to date with; SHA-256 digests.
create table scim_tokens (
  id              uuid        primary key,
  organisation_id uuid        not null references organisations on delete cascade,
  start           text        not null,
  hash            bytea       not null unique,
  created_at      timestamptz not null,
  expires_at      timestamptz not null,
  used_at         timestamptz
);
create index scim_tokens_organisation on scim_tokens (organisation_id, id);

-- scim_users: who the provider of an organisation says belongs to it, and what it says of them (`said`, RFC 7643 without what we add). `made` is
-- whether the account was made for it; `by_groups` whether what they are in the organisation follows from groups.
create table scim_users (
  organisation_id uuid        not null references organisations on delete cascade,
  user_id         uuid        not null references users on delete cascade,
  user_name       text        not null,
  external_id     text,
  active          boolean     not null,
  said            jsonb       not null,
  made            boolean     not null,
  by_groups       boolean     not null default false,
  version         integer     not null default 1,
  created_at      timestamptz not null,
  changed_at      timestamptz not null,
  primary key (organisation_id, user_id)
);
create unique index scim_users_name on scim_users (organisation_id, lower(user_name));
create index scim_users_external on scim_users (organisation_id, external_id) where external_id is not null;
create index scim_users_user on scim_users (user_id);

-- scim_groups: groups of the provider of an organisation; one stands for a role where an admin of the organisation has said so, for one of the four or
-- for one that the organisation has defined.
create table scim_groups (
  id              uuid        primary key,
  organisation_id uuid        not null references organisations on delete cascade,
  display_name    text        not null,
  external_id     text,
  role            text        check (role in ('admin', 'editor', 'viewer')),
  role_id         uuid,
  version         integer     not null default 1,
  created_at      timestamptz not null,
  changed_at      timestamptz not null,
  check (role is null or role_id is null),
  unique (organisation_id, id),
  foreign key (organisation_id, role_id) references organisation_roles (organisation_id, id)
);
create unique index scim_groups_name on scim_groups (organisation_id, lower(display_name));
create index scim_groups_role on scim_groups (role_id) where role_id is not null;

-- scim_members: who is in which group; people of the same organisation.
create table scim_members (
  organisation_id uuid not null,
  group_id        uuid not null,
  user_id         uuid not null,
  primary key (group_id, user_id),
  foreign key (organisation_id, group_id) references scim_groups (organisation_id, id) on delete cascade,
  foreign key (organisation_id, user_id) references scim_users (organisation_id, user_id) on delete cascade
);
create index scim_members_user on scim_members (organisation_id, user_id);
