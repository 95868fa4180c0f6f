-- works with code from 0001
-- editions: their sum grows with each transaction that changes a product; what was found out since stands while it stays. Many rows, so that who changes something waits for nobody.
create table editions (
  slot  integer primary key,
  count bigint  not null
) with (fillfactor = 10);
insert into editions select slot, 0 from generate_series(0, 31) slot;

create function edition_changed() returns trigger language plpgsql as $$
begin
  -- Once a transaction, however much it changes.
  if current_setting('marketplace.edition', true) is distinct from pg_current_xact_id()::text then
    perform set_config('marketplace.edition', pg_current_xact_id()::text, true);
    update editions set count = count + 1 where slot = pg_backend_pid() % 32;
  end if;
  return null;
end $$;

-- Last in their transactions, so that two that change several things never wait for each other crosswise.
create constraint trigger products_edition after insert or update or delete on products deferrable initially deferred
  for each row execute function edition_changed();

-- When prices change by themselves: each part of them begins where the one before it ends.
create index offers_begin on offers (from_at) where from_at > '-infinity';
