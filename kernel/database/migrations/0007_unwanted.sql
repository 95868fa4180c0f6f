-- works with code from 0001
-- dead_letters.unwanted_by: who wants a dead letter given up; a second one has to want it too.
alter table dead_letters add column unwanted_by uuid;
