-- works with code from 0001
-- certificates: when it was told that one ends soon and has no successor.
alter table certificates add column ending_told_at timestamptz;
