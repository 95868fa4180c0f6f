-- works with code from 0003
-- messages: for all who have a role on the platform too.
alter table messages drop constraint messages_audience_kind_check1,
  add constraint messages_audience_kind_check check (audience_kind in ('person', 'organisation', 'role', 'address'));
