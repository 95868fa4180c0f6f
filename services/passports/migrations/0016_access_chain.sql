-- works with code from 0015
-- access_log: it is only added to; rows go with the draft that they are of, and nobody else takes one away or changes it.
create function keep_access() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not exists (select from passports where id = old.passport_id) then
    return old;
  end if;
  raise exception 'the access log is only added to';
end $$;
create trigger access_log_kept before update or delete on access_log for each row execute function keep_access();
create trigger access_log_whole before truncate on access_log for each statement execute function keep_access();
create index access_log_at on access_log (at, passport_id);

-- access_links: what was read of a passport up to the end of a day, after what the link before has, a thousand rows at most: `hash` is of all of
-- them and of the hash before, and stands in the checkpoint of the day; `salt` keeps anybody from trying out who read.
create table access_links (
  passport_id uuid    not null references passports on delete cascade,
  number      integer not null check (number > 0),
  day         date    not null,
  last_id     bigint  not null,
  size        integer not null check (size > 0),
  salt        bytea   not null,
  hash        bytea   not null,
  primary key (passport_id, number)
);
create trigger access_links_kept before update or delete on access_links for each row execute function keep_access();
create trigger access_links_whole before truncate on access_links for each statement execute function keep_access();
