-- works with code from 0001
-- commission_rules: what the platform keeps, as vendors tells of it.
create table commission_rules (
  id           uuid        primary key,
  vendor_id    uuid,
  category_id  uuid,
  basis_points integer     not null,
  fixed        json,
  from_at      timestamptz not null,
  until_at     timestamptz,
  version      integer     not null
);
create index commission_rules_by_vendor on commission_rules (vendor_id);

-- categories: from the root to each, for the rules that hold below one.
create table categories (
  id      uuid    primary key,
  path    uuid[]  not null,
  version integer not null
);
