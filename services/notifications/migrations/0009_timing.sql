-- works with code from 0008
-- preferences: what comes by push and SMS, when nobody is to be disturbed, and when news comes as one mail; hours are those of a clock in `time_zone`.
alter table preferences
  add column push       jsonb not null default '{}',
  add column sms        jsonb not null default '{}',
  add column time_zone  text,
  add column quiet_from text  check (quiet_from ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  add column quiet_to   text  check (quiet_to ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  add column digest     text  not null default 'off' check (digest in ('off', 'daily', 'weekly')),
  add column digest_at  text  not null default '08:00' check (digest_at ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  add constraint preferences_quiet check ((quiet_from is null) = (quiet_to is null));

-- deliveries: by which channel; those of others than mail have a telephone number or a device as their address. What waits for a digest goes with the one
-- of that time.
alter table deliveries
  add column channel text not null default 'email' check (channel in ('email', 'push', 'sms')),
  add column digest_at timestamptz;
create index deliveries_digest on deliveries (user_id, digest_at) where digest_at is not null and status = 'waiting';
create index deliveries_channel on deliveries (channel, created_at, id) where channel <> 'email';
