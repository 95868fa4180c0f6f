-- works with code from 0001
-- When a charger or a token changed last, whoever writes it; of a charger what it is and what its operator says of it, not what
-- it does: that has times of its own, and is written too often. Of those that were there nobody knows: they changed just now.
alter table chargers add column updated_at timestamptz not null default now();
alter table tokens add column updated_at timestamptz not null default now();
create index chargers_by_change on chargers (owner_id, updated_at);
create index tokens_by_change on tokens (owner_id, updated_at);

create function note_change() returns trigger language plpgsql as $$
begin
  new.updated_at := now();
  return new;
end $$;
create trigger chargers_change before update of owner_kind, owner_id, name, status, password_digest, next_password_digest,
  adopts, certificate_serial, time_zone, vendor, model, serial_number, firmware, iccid, imsi, version
  on chargers for each row when (new.updated_at = old.updated_at) execute function note_change();
create trigger tokens_change before update on tokens
  for each row when (new.updated_at = old.updated_at) execute function note_change();
