-- works with code from 0001
-- resets: one row a request for a new password that waits for an answer, `user_id` null where the address has no account to give one, so that
-- all that follows is the same. `hash` is of the code and keyed, `link_hash` of the link; `sealed` holds both for the mail, encrypted.
create table resets (
  id         uuid        primary key,
  email      text        collate "C" not null,
  user_id    uuid        references users on delete cascade,
  hash       bytea       not null,
  link_hash  bytea       not null unique,
  sealed     bytea       not null,
  expires_at timestamptz not null
);
create index resets_email on resets (email);
create index resets_user on resets (user_id);
create index resets_expiry on resets (expires_at);

-- guesses: wrong tries at a code, by who made them: the browser it was made for (`own`) or a place. Nobody's guesses end a code for another.
create table guesses (
  code_id uuid    not null,
  guesser text    not null,
  tries   integer not null,
  until   timestamptz not null,
  primary key (code_id, guesser)
);
create index guesses_until on guesses (until);

-- Where whoever registers on a page is led once the address is proven, on this site.
alter table registrations add column return_to text;
