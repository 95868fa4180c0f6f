-- works with code from 0001
-- chargers: one that `adopts` has been somewhere else, where its password is known and not told: the first it brings
-- becomes its own.
alter table chargers add column adopts boolean not null default false;
