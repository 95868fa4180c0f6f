-- works with code from 0001
-- organisation_kinds: what an organisation says that it is. `id` is another one each time that something an admin looks at changes, so that
-- nobody verifies what they have not seen. `evidence` are documents of the organisation.
create table organisation_kinds (
  id              uuid        primary key,
  organisation_id uuid        not null references organisations on delete cascade,
  kind            text        not null
    check (kind in ('manufacturer', 'importer', 'operator', 'workshop', 'recycler', 'authority', 'vendor')),
  state           text        not null check (state in ('asked', 'verified', 'refused')),
  evidence        uuid[]      not null check (cardinality(evidence) > 0),
  asked_by        uuid        references users on delete set null,
  asked_at        timestamptz not null,
  decided_by      uuid        references users on delete set null,
  decided_at      timestamptz,
  note            text,
  unique (organisation_id, kind),
  check ((state = 'asked') = (decided_at is null))
);
create index organisation_kinds_waiting on organisation_kinds (asked_at, id) where state = 'asked';
create index organisation_kinds_asked_by on organisation_kinds (asked_by);
create index organisation_kinds_decided_by on organisation_kinds (decided_by);

-- organisation_identifiers: the numbers an organisation is registered by, with check digits that are right. Two may say the same until one of
-- them is verified.
create table organisation_identifiers (
  organisation_id uuid not null references organisations on delete cascade,
  scheme          text not null check (scheme in ('VAT', 'EORI', 'LEI', 'GLN')),
  value           text collate "C" not null,
  primary key (organisation_id, scheme)
);
create index organisation_identifiers_value on organisation_identifiers (scheme, value);
