-- works with code from 0001
-- Accounts of a role, and those that are disabled, by address: few of them among many others are found at once.
create index users_by_role on users (role, email);
create index users_disabled on users (email) where disabled;
