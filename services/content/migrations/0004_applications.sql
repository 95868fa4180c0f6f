-- works with code from 0001
-- applications: where each of them stands, and what those who decide noted of it.
alter table applications
  add column stage   text not null default 'received',
  add column note    text not null default '',
  add column version int  not null default 1;
