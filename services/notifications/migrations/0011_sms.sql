-- works with code from 0010
-- phones: the number of a person, proven by a code that was sent there. Codes are derived, and stand nowhere. What goes there is counted by day.
create table phones (
  user_id      uuid        primary key,
  number       text        not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  -- Of the code, when it went out, and how often another was tried.
  generation   integer     not null,
  code_sent_at timestamptz not null,
  code_tries   integer     not null default 0,
  verified_at  timestamptz,
  -- Its reader answered with a stop word, or nothing arrives there; in `stopped_because` what was said.
  stopped_at      timestamptz,
  stopped_because text,
  counted_on   date        not null,
  counted      integer     not null default 0
);
create index phones_number on phones (number);
