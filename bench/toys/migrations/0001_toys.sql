-- seen: one row an event that was reacted to.
create table seen (
  event_id uuid primary key,
  toy_id   uuid not null
);
