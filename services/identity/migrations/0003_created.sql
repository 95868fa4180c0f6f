-- works with code from 0001
-- Accounts by when they were made: a list of a span of time does not walk past all others.
create index users_by_created on users (created_at, email);
