-- works with code from 0001
-- imports: of what they are, null of those before, and what their file is called; those of a person, the latest first.
alter table imports add column what text, add column file text;
create index imports_of_user on imports (user_id, what, id);
