-- works with code from 0009
-- push_keys: by which push services know us (VAPID, RFC 8292); made once, as every device is bound to them. The private one is sealed.
create table push_keys (
  one        boolean     primary key default true check (one),
  public_key text        not null,
  sealed     bytea       not null,
  created_at timestamptz not null
);

-- push_devices: browsers that show messages to somebody, each by an address of its push service that nobody else knows.
create table push_devices (
  id          uuid        primary key,
  user_id     uuid        not null,
  endpoint    text        not null unique,
  public_key  text        not null,
  auth_secret text        not null,
  name        text        not null,
  created_at  timestamptz not null,
  used_at     timestamptz
);
create index push_devices_user on push_devices (user_id, id);
