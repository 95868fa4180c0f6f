-- works with code from 0001
-- transfers: files that a charger was asked for: logs, diagnostics, what it has stored of a customer. Who has the token
-- brings the file, once; what a charger has stored of a customer comes in messages and stands in `customer_parts`.
create table transfers (
  id           uuid        primary key,
  charger_id   text        not null,
  kind         text        not null check (kind in ('diagnostics', 'security', 'customer')),
  request_id   integer     not null,
  -- Where it goes, if not here.
  location     text,
  token_digest bytea       unique,
  token_until  timestamptz,
  status       text        not null check (status in ('asked', 'coming', 'stored', 'elsewhere', 'failed')),
  -- As the charger says it.
  said         text,
  file_name    text,
  file_key     text,
  content_type text,
  size_bytes   bigint,
  sha256       text,
  asked_by     uuid,
  asked_at     timestamptz not null,
  ended_at     timestamptz
);
create index transfers_by_charger on transfers (charger_id, id);
create index transfers_by_age on transfers (asked_at);
