-- works with code from 0022
-- interest_requests: who asked to read a published passport by a legitimate interest, what was answered, and until when it was given.
-- What they may read by it stands in readers; `asker_name` is who they say they are.
create table interest_requests (
  id          uuid        primary key,
  passport_id uuid        not null references passports on delete cascade,
  asker_kind  text        not null check (asker_kind in ('person', 'organisation')),
  asker_id    uuid        not null,
  asked_by    uuid        not null,
  asker_name  text        not null,
  purpose     text        not null,
  reason      text        not null,
  asked_until timestamptz,
  state       text        not null check (state in ('open', 'asked_back', 'given', 'refused', 'withdrawn', 'revoked')),
  question    text,
  answer      text,
  decision    text,
  given_until timestamptz,
  due_at      timestamptz not null,
  created_at  timestamptz not null,
  updated_at  timestamptz not null
);

-- One at a time of each about a passport.
create unique index interest_requests_waiting on interest_requests (passport_id, asker_id) where state in ('open', 'asked_back');
create index interest_requests_of_asker on interest_requests (asker_id, id);
create index interest_requests_by_person on interest_requests (asked_by);
