-- works with code from 0001
-- identifiers: what was ever printed on a battery leads to its passport for ever, and never to another one's. `key` is the
-- path of GS1 Digital Link, a DID, a UUID or a URL, as codes/codes.ts spells it; `until_at` since when another one is used.
create table identifiers (
  key         text        primary key,
  passport_id uuid        not null references passports,
  from_at     timestamptz not null,
  until_at    timestamptz check (until_at >= from_at)
);
create index identifiers_of on identifiers (passport_id);
