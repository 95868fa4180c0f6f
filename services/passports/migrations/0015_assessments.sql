-- works with code from 0014
-- assessments: whether a passport is ready by the law, a row for each span of days on which that and the rule set are the same.
-- `version` is the passport's that was looked at, `rules` tells the tables of the law that it was held to:
-- what is of another one is looked at again by the job `check readiness`.
create table assessments (
  passport_id uuid    not null references passports on delete cascade,
  from_on     date    not null,
  until_on    date    not null check (until_on > from_on),
  owner_id    uuid    not null,
  rule_set    text    not null,
  ready       boolean not null,
  version     integer not null,
  rules       text    not null,
  primary key (passport_id, from_on)
);

-- For when few passports of an owner are ready, or few are not; when many are, walking an order of the list finds a page sooner.
create index assessments_of on assessments (owner_id, ready, until_on, passport_id);

-- readiness_checks: up to which change all passports were looked at by these rules.
create table readiness_checks (
  one      boolean     primary key default true check (one),
  rules    text        not null,
  until_at timestamptz not null
);
insert into readiness_checks (rules, until_at) values ('', '-infinity');
