-- works with code from 0001
-- exclusions: those of planned work follow it; a later \`work_version\` holds. Who planned it may not be known.
alter table exclusions add column work_version integer, alter column created_by drop not null;
