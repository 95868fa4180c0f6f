-- works with code from 0006
-- passports: what one is of, and the passport whose values it begins with. `seen` has for each audience beside the owner a number and a time that
-- count only what that audience sees (null of a draft, and of what was published before this, until the job `recount` was there); `words_…` what
-- that audience finds it by, `…_at` the time again, to sort by.
alter table passports
  add column granularity text not null default 'item' check (granularity in ('model', 'batch', 'item')),
  add column parent_id uuid references passports check (parent_id <> id),
  add column seen jsonb,
  add column authority_at timestamptz,
  add column interest_at timestamptz,
  add column words_authority tsvector,
  add column words_interest tsvector,
  add constraint passports_family check (granularity <> 'model' or parent_id is null);
create index passports_children on passports (parent_id, id) where parent_id is not null;
create index passports_for_authorities on passports (authority_at, id) where status <> 'draft';
create index passports_words_authority on passports using gin (words_authority) where words_authority is not null;

-- versions: what of it each audience saw change, beside its number and time; why, where it has to be said.
alter table versions add column seen jsonb, add column reason text;

-- readers: `owner` reads what the owner reads, `interest` what the law opens to persons with a legitimate interest, until its end.
alter table readers
  add column audience text not null default 'owner' check (audience in ('owner', 'interest')),
  add column until_at timestamptz;

-- access_log: each answer above point 1 of Annex XIII to somebody who is not the owner's, there before it was given.
create table access_log (
  id              bigint      generated always as identity primary key,
  passport_id     uuid        not null references passports on delete cascade,
  reader_id       uuid        not null,
  organisation_id uuid,
  audience        text        not null,
  route           text        not null,
  at              timestamptz not null
);
create index access_log_of on access_log (passport_id, id);
