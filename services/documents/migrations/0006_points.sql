-- works with code from 0001
-- `attribute` is what of the law a document proves, where its owner says so; else its kind tells (law/data/policy.json).
alter table documents add attribute text;

-- readings: each answer about a passport's documents above point 1 of Annex XIII to somebody who is not the owner's, there
-- before it was given; of one document, or of a list of them.
create table readings (
  id              bigint      generated always as identity primary key,
  passport_id     uuid        not null,
  doc_id          uuid,
  reader_id       uuid        not null,
  organisation_id uuid,
  audience        text        not null,
  route           text        not null,
  at              timestamptz not null
);
create index readings_of on readings (passport_id, id);
