-- works with code from 0001
-- What a virus scanner said of the file `scan_key`. Of any other file of the document it says nothing, so that a verdict
-- is never another file's, also where code from before puts a file in the place of one: read both together.
-- `scan_queued_at` is when the file was last put in line for the scanner.
alter table documents
  add scan text not null default 'off' check (scan in ('off', 'waiting', 'clean', 'infected')),
  add scan_key text,
  add scan_found text check ((scan = 'infected') = (scan_found is not null)),
  add scan_queued_at timestamptz;
create index documents_waiting on documents (scan_queued_at) where scan = 'waiting';
create index documents_unscanned on documents (scan_queued_at nulls first, id)
  where scan = 'off' or scan_key is distinct from file_key;

-- scanner: when a process that has a virus scanner last looked after the documents that wait for it.
create table scanner (
  one     boolean     primary key default true check (one),
  seen_at timestamptz not null
);
