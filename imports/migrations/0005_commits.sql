-- works with code from 0004
-- imports: which lines it takes; what its heads were read by; the file as it came, where that is not its content; lines a
-- second; how many that it made were taken back, and how many stayed.
alter table imports
  add column mode     text    not null default 'both' check (mode in ('create', 'update', 'both')),
  add column read_by  json,
  add column original bytea,
  add column rate     real,
  add column undone   integer not null default 0,
  add column retained integer not null default 0,
  drop constraint imports_state_check,
  add constraint imports_state_check check
    (state in ('waiting', 'running', 'paused', 'done', 'failed', 'cancelled', 'undoing', 'undone'));

-- import_faults: what was wrong with which line, in the order they were found.
create table import_faults (
  import_id uuid    not null references imports on delete cascade,
  number    integer not null,
  line      integer not null,
  "column"  text,
  code      text    not null,
  value     text,
  detail    text    not null,
  mend      text    not null,
  primary key (import_id, number)
);
create index import_faults_by_line on import_faults (import_id, line);

-- import_made: what an import made and can take back.
create table import_made (
  import_id uuid not null references imports on delete cascade,
  key       uuid not null,
  primary key (import_id, key)
);

insert into import_faults
select i.id, f.ordinality, (f.value ->> 'line')::int, f.value ->> 'column', 'import_invalid', null, f.value ->> 'detail', ''
from imports i, json_array_elements(i.faults) with ordinality f;
