-- works with code from 0001
-- Invitations by address: how many wait for an answer of one person.
create index invitations_email on invitations (email);
