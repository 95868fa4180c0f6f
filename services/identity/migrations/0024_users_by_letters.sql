-- works with code from 0001
-- Accounts by any letters of their name or address: part of one is found without reading all others.
create index users_by_letters on users
  using gin (lower(' ' || first_name || ' ' || last_name || ' ' || email collate "default") extensions.gin_trgm_ops)
  with (gin_pending_list_limit = 64);
