-- works with code from 0001
-- passport_owners: to whom a passport has moved, so that what is attached by who has not heard of it yet is theirs too.
create table passport_owners (
  passport_id uuid        primary key,
  owner_kind  text        not null check (owner_kind in ('person', 'organisation')),
  owner_id    uuid        not null,
  version     integer     not null
);
