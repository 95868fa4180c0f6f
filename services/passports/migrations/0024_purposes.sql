-- works with code from 0023
-- readers: `purpose` is that of Art. 77(2) by which somebody reads by their interest, as far as it was said; `request_id` the request that it was given
-- by, null where it was opened otherwise: taking the request back ends that alone.
alter table readers
  add column purpose text,
  add column request_id uuid;
update readers r set purpose = q.purpose, request_id = q.id from interest_requests q
where q.state = 'given' and q.passport_id = r.passport_id and q.asker_id = r.reader_id and r.audience = 'interest' and r.until_at = q.given_until;

-- access_log: also for which purpose somebody read, where their interest has one, and which points of Annex XIII were open to them; both null of rows
-- of before, which are bound without.
alter table access_log
  add column purpose text,
  add column points integer[];

-- interest_requests: `owner_id` is that of the passport, whoever has it now, so that an owner's list costs its page. Triggers keep it, for code of
-- before too: who asks waits for a move that is under way, and a move for who asks.
alter table interest_requests add column owner_id uuid;
update interest_requests q set owner_id = p.owner_id from passports p where p.id = q.passport_id;

create function owner_of_interest() returns trigger language plpgsql as $$
begin
  select owner_id into new.owner_id from passports where id = new.passport_id for share;
  return new;
end $$;
create trigger interest_requests_owner before insert on interest_requests for each row execute function owner_of_interest();

create function move_interests() returns trigger language plpgsql as $$
begin
  update interest_requests set owner_id = new.owner_id where passport_id = new.id;
  return null;
end $$;
create trigger passports_moved after update of owner_id on passports for each row
  when (old.owner_id is distinct from new.owner_id) execute function move_interests();

create index interest_requests_of_owner on interest_requests (owner_id, id);
create index interest_requests_of_passport on interest_requests (passport_id, id);
