-- works with code from 0008
-- versions: each bound to the one before. `hash` is of all that its owner can prove; `hash_views` has for each view the hash of the last version that
-- view saw; `hash_salts` keep anybody from trying out what they do not see; `said` is what of it was proven by points of Annex XIII, as it was read
-- then. All are null of what was written before, until the job `chain versions` was there.
alter table versions
  add column hash bytea,
  add column hash_salts bytea,
  add column hash_views jsonb,
  add column said json,
  add column parent_version integer;
create index versions_unchained on versions (passport_id) where hash is null;

-- tombstones: of a draft that was deleted the last hash of its history, and nothing else.
create table tombstones (
  hash bytea       primary key,
  at   timestamptz not null
);

-- checkpoints: one a day on which anything changed: the root of a tree of all heads that moved since the one before, signed. `segments` are the
-- roots of 1,024 leaves each, so that a way through the tree is found without reading all of it.
create table checkpoints (
  day      date        primary key,
  size     integer     not null check (size > 0),
  root     bytea       not null,
  segments bytea       not null,
  jws      text        not null,
  key      jsonb       not null,
  made_at  timestamptz not null
);

-- seals: the leaves of the trees, in their order.
create table seals (
  day         date    not null references checkpoints deferrable initially deferred,
  place       integer not null,
  leaf        bytea   not null,
  passport_id uuid,
  chain       text    not null,
  version     integer,
  primary key (day, place)
);
create index seals_of on seals (passport_id, chain, day);
