-- works with code from 0001
-- phones: the number that somebody proved last, so that what strangers ask for is not counted against them.
alter table phones add column proven text;
update phones set proven = number where verified_at is not null;
