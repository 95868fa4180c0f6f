-- works with code from 0001
-- local_lists: lists of tokens that chargers keep for when they are offline: `version` is that of the list a charger
-- has, 0 where it has none. One that is not enabled is emptied.
create table local_lists (
  charger_id text        primary key references chargers on delete cascade,
  enabled    boolean     not null,
  -- Tokens of the owner of the charger, or all.
  scope      text        not null check (scope in ('owner', 'all')),
  version    integer     not null default 0,
  state      text        not null check (state in ('waiting', 'current', 'refused')),
  said       text,
  synced_at  timestamptz
);

-- local_list_entries: what the list of a charger holds.
create table local_list_entries (
  charger_id text        not null references local_lists on delete cascade,
  id_token   text        not null,
  type       text        not null,
  status     text        not null,
  expires_at timestamptz,
  group_id   text,
  primary key (charger_id, id_token)
);

-- token_changes: whose tokens have changed since somebody looked whether lists have to.
create table token_changes (
  id       bigint generated always as identity primary key,
  owner_id uuid   not null
);
create function note_token_change() returns trigger language plpgsql as $$
begin
  insert into token_changes (owner_id) values (coalesce(new.owner_id, old.owner_id));
  if new.owner_id <> old.owner_id then insert into token_changes (owner_id) values (old.owner_id); end if;
  return null;
end $$;
create trigger token_changed after insert or update or delete on tokens
  for each row execute function note_token_change();
