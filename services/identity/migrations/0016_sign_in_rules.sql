-- works with code from 0001
-- Whether who acts for an organisation has to have a second factor.
alter table organisations add column needs_factor boolean not null default false;
