-- works with code from 0001
-- views: how somebody, or an organisation, looks at a list of the API: filters and order as `asked`, columns that are hidden, by a name. One of an
-- organisation is of all its members, whoever of them saved it.
create table views (
  id              uuid        primary key,
  user_id         uuid        references users on delete cascade,
  organisation_id uuid        references organisations on delete cascade,
  list            text        not null,
  name            text        not null,
  asked           json        not null,
  hidden          json        not null,
  compact         boolean     not null,
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  check ((user_id is null) <> (organisation_id is null))
);
create unique index views_of_user on views (user_id, list, lower(name));
create unique index views_of_organisation on views (organisation_id, list, lower(name));
