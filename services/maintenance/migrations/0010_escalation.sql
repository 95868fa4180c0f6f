-- works with code from 0001
-- sla: who is told too when a ticket has taken longer than it may: a person, or all of a role in the organisation.
alter table sla
  add column escalate_person uuid,
  add column escalate_role   text,
  add constraint sla_escalates_once check (escalate_person is null or escalate_role is null);
