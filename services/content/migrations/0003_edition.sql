-- works with code from 0001
-- edition: another one after each transaction that changes an article; a page that was made in it stands while it stays.
create table edition (count bigint not null);
insert into edition values (0);

create function edition_changed() returns trigger language plpgsql as $$
begin
  -- Once a transaction, and at its end, so that nobody waits for one who holds articles that others want.
  if current_setting('content.edition', true) is distinct from pg_current_xact_id()::text then
    perform set_config('content.edition', pg_current_xact_id()::text, true);
    update edition set count = count + 1;
  end if;
  return null;
end
$$;

-- Whether an article helped stands on no page.
create constraint trigger articles_edition
  after insert or delete or update of slug, title, summary, body, tags, details, state, published_at, version on articles
  deferrable initially deferred for each row execute function edition_changed();
