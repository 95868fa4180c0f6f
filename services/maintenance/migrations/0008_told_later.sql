-- works with code from 0001
-- ticket_notes.told_at: when the platform heard of it, where that was later than it was done: a technician had no network.
alter table ticket_notes add column told_at timestamptz check (told_at >= noted_at);
