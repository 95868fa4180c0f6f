-- works with code from 0011
-- operators: what an admin verified organisations to be, as identity says it; `version` is the organisation's there, so that no older word counts.
create table operators (
  organisation_id uuid    primary key,
  kinds           text[]  not null,
  version         integer not null
);
