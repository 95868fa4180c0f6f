-- works with code from 0001
-- gone: generations that are neither read nor made any more, and since when; their rows go some at a time.
create table gone (
  number smallint    primary key,
  at     timestamptz not null default now()
);
-- What a generation left behind that was too large to go at once.
insert into gone (number)
  select n from generation_numbers s, generate_series(1, case when s.is_called then s.last_value else 1 end) n
  where n not in (select number from generations);
