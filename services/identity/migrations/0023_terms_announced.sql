-- works with code from 0001
-- Whether those are told of a version, ahead of its time, who agreed to one before it; until all are, up to which person (in the order of ids).
alter table terms add column announced boolean not null default true;
alter table terms add column announced_to uuid;
