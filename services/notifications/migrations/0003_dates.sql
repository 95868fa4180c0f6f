-- works with code from 0002
-- Mails are listed by when they were made, of one status or of all, from any time on.
create index deliveries_created on deliveries (created_at, id);
create index deliveries_status_created on deliveries (status, created_at, id);
drop index deliveries_status;
