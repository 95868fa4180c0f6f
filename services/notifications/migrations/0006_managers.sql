-- works with code from 0003
-- messages: for those who look after the money of an organisation too.
alter table messages drop constraint messages_audience_kind_check,
  add constraint messages_audience_kind_check
    check (audience_kind in ('person', 'organisation', 'managers', 'role', 'address'));
