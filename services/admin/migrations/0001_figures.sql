-- things: what is counted, one row a thing, as it was told last. Of two tellings the one with the greater `rank` is the later one. `state` is null for what
-- is gone, whose row stays so that what is told late does not bring it back. `facet` is what it is told apart by beside its state, as a currency; `day`
-- since when it is in that state.
create table things (
  kind   text   not null,
  id     uuid   not null,
  rank   text   collate "C" not null,
  state  text,
  facet  text   not null,
  amount bigint not null,
  day    date   not null,
  primary key (kind, id)
) with (fillfactor = 80);

-- counts: how many things there are in each state and what they come to; the database keeps it with every change of `things`.
create table counts (
  kind   text   not null,
  state  text   not null,
  facet  text   not null,
  day    date   not null,
  number bigint not null,
  amount bigint not null,
  primary key (kind, state, facet, day)
) with (fillfactor = 50);

-- One statement, in one order: two who count at once do not wait for each other in a circle. What comes to nothing leaves no row.
create function count_new() returns trigger language plpgsql as $$
begin
  insert into counts as c (kind, state, facet, day, number, amount)
  select kind, state, facet, day, count(*), sum(amount) from told where state is not null group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (kind, state, facet, day) do update set number = c.number + excluded.number, amount = c.amount + excluded.amount;
  delete from counts where number = 0 and amount = 0 and (kind, state, facet, day) in (select kind, state, facet, day from told);
  return null;
end $$;
create function count_changed() returns trigger language plpgsql as $$
begin
  insert into counts as c (kind, state, facet, day, number, amount)
  select kind, state, facet, day, sum(sign), sum(sign * amount)
  from (select *, 1 as sign from told union all select *, -1 from before) both_of where state is not null
  group by 1, 2, 3, 4 having sum(sign) <> 0 or sum(sign * amount) <> 0 order by 1, 2, 3, 4
  on conflict (kind, state, facet, day) do update set number = c.number + excluded.number, amount = c.amount + excluded.amount;
  delete from counts where number = 0 and amount = 0 and (kind, state, facet, day) in (select kind, state, facet, day from before);
  return null;
end $$;
create trigger things_new after insert on things referencing new table as told for each statement execute function count_new();
create trigger things_changed after update on things referencing new table as told old table as before
  for each statement execute function count_changed();
