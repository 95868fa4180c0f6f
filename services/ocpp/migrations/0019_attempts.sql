-- works with code from 0001
-- attempts: connections that were refused within the last hour, a row an identity, an address and a reason.
create table attempts (
  identity text        not null,
  address  text        not null,
  code     text        not null,
  detail   text        not null,
  tries    integer     not null,
  first_at timestamptz not null,
  last_at  timestamptz not null,
  primary key (identity, address, code)
);
create index attempts_by_age on attempts (last_at);
