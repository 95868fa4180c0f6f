-- works with code from 0003
-- mailings: when the next mail of a kind may go to an address, and whether a job waits to send it; who adds a delivery or claims some holds the row.
create table mailings (
  address citext      not null,
  event   text        not null,
  next_at timestamptz not null,
  waiting boolean     not null,
  primary key (address, event)
);

-- Who caused the event hears nothing of it by mail.
alter table messages add column actor_id uuid;

-- The mail that tells of several deliveries at once; null for those that go out alone.
alter table deliveries add column mail_id uuid;
create index deliveries_waiting on deliveries (address) where status = 'waiting' and mail_id is null;
create index deliveries_mail on deliveries (mail_id) where mail_id is not null;
