-- works with code from 0001
-- messages: in parts of a day by their id, which is made when they are written; what is old goes as a whole.
alter table messages rename to former_messages;
drop index messages_by_charger;
create table messages (like former_messages) partition by range (id);
create table messages_net partition of messages default;
do $$
begin
  execute format('create table messages_first partition of messages for values from (minvalue) to (%L)',
    kernel.uuid_at(date_trunc('hour', clock_timestamp() + interval '1 day')));
end $$;
insert into messages select * from former_messages;
drop table former_messages;
create index messages_by_charger on messages (charger_id, id);
-- What failed is rare, and what is looked for most.
create index messages_failed on messages (charger_id, id) where outcome <> 'answered';
