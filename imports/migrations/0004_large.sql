-- works with code from 0003
-- imports: where a file lies that was too large to be kept here, until it is done.
alter table imports add column file_key text;
