-- works with code from 0002
-- imports: what of a file its lines do not hold, told once for all lines of which it is so.
alter table imports add column losses json not null default '[]';
