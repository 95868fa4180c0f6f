-- works with code from 0001
-- requests: how they ended in the words of `command.ended`, with what the charger answered.
alter table requests drop column outcome, drop column ended_at,
  add column outcome text check (outcome in ('answered', 'error', 'timeout', 'offline')),
  add column status text,
  add column error_code text;

-- Of rows that are written again and again while a session goes on, none of the indexed columns change.
alter table sessions set (fillfactor = 70);

-- chargers: when it was said whose each is; a charger that was forgotten and comes again counts its versions anew.
alter table chargers drop column owner_version, add column owner_at timestamptz;
