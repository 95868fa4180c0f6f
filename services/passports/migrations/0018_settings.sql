-- works with code from 0017
-- settings: what an owner decided about their passports.
-- `publication` is `block` where nothing is published that lacks what the law makes mandatory.
create table settings (
  owner_id    uuid        primary key,
  owner_kind  text        not null check (owner_kind in ('person', 'organisation')),
  publication text        not null default 'tell' check (publication in ('tell', 'block')),
  updated_at  timestamptz not null
);
