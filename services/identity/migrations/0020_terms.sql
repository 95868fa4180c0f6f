-- works with code from 0001
-- terms: what people agree to (terms), are told (notice), or may allow (consent): one row a version, counted by its key. One that holds is never
-- changed, as answers are to its words; `digest` is the SHA-256 of its texts.
create table terms (
  id           uuid        primary key,
  key          text        collate "C" not null check (key ~ '^[a-z][a-z0-9-]{0,39}$'),
  kind         text        not null check (kind in ('terms', 'notice', 'consent')),
  version      integer     not null check (version > 0),
  texts        jsonb       not null,
  digest       bytea       not null,
  effective_at timestamptz not null,
  published_at timestamptz not null,
  published_by uuid        not null,
  unique (key, version)
);

-- terms_answers: what people said to which version, each time. Rows stay as they are, as proof; of who left, device and address go at once, and the
-- rest, by then of a pseudonym, once it can be asked for no more. `address_hash` is keyed: it confirms an address that is known, and tells none.
create table terms_answers (
  id           uuid        primary key,
  user_id      uuid        not null,
  terms_id     uuid        not null references terms,
  answer       text        not null check (answer in ('agreed', 'withdrawn')),
  locale       text        not null,
  device       text,
  address_hash bytea,
  created_at   timestamptz not null,
  left_at      timestamptz
);
create index terms_answers_user on terms_answers (user_id, id);
create index terms_answers_terms on terms_answers (terms_id, id);
create index terms_answers_left on terms_answers (left_at) where left_at is not null;
