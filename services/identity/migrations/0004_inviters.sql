-- works with code from 0001
-- An invitation is good as long as who made it may invite; those of former code are looked up in the log.
alter table invitations add column invited_by uuid references users on delete cascade;
create index invitations_inviter on invitations (invited_by);
update invitations i set invited_by = u.id
from kernel.log l join users u on u.id::text = l.actor->>'userId'
where l.topic = 'organisation.member-invited' and l.data->>'invitationId' = i.id::text;
