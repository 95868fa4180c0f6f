-- works with code from 0021
-- The version that a passport had at a moment, null where there was none. Versions are numbered without end and none is older than the one before: it is
-- found by halving, in fourteen looks among ten thousand, and costs writers no further index.
create function version_at(passport uuid, newest integer, moment timestamptz) returns integer
  language plpgsql stable parallel safe as $$
declare
  low integer := 0;
  high integer := newest;
  middle integer;
  made timestamptz;
begin
  while low < high loop
    middle := (low + high + 1) / 2;
    select at into made from versions where passport_id = passport and version <= middle order by version desc limit 1;
    if made <= moment then
      low := middle;
    else
      high := middle - 1;
    end if;
  end loop;
  return nullif(low, 0);
end $$;
