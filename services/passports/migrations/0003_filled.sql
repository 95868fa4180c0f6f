-- works with code from 0001
-- filled_columns: columns of `passports` that hold what the data of each passport says, of those made before the column too; see backfill.ts.
create table filled_columns (
  name      text        primary key,
  filled_at timestamptz not null default now()
);
insert into filled_columns (name)
values ('identifier'), ('serial'), ('model'), ('category'), ('chemistry'), ('massKg'), ('manufacturedOn');

-- By chemistry, whatever its case, of one owner and over all.
create index passports_by_chemistry on passports (owner_id, lower(chemistry), created_at, id);
create index passports_all_by_chemistry on passports (lower(chemistry), created_at, id) where version > 0;
