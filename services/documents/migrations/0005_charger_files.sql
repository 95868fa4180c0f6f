-- works with code from 0001
-- removed_files: files of chargers that are to be nowhere any more, should they still come.
create table removed_files (
  file_id    uuid        primary key,
  removed_at timestamptz not null
);
