-- works with code from 0001
-- terminals: where each wants to be told of what it has to do, and until when the secret before the last one holds, too.
alter table terminals
  add column webhook_url  text,
  add column former_until timestamptz;
