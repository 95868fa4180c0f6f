-- works with code from 0001
-- transfers: when documents took the file in; it does not lie here any more.
alter table transfers add column filed_at timestamptz;
