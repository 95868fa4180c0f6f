-- works with code from 0001
-- drivers_blocked: who may charge no more, or again, as was said last; tokens they have or get follow.
create table drivers_blocked (
  driver_id uuid        primary key,
  -- Null where they may charge again.
  reason    text,
  at        timestamptz not null
);

create function follow_driver() returns trigger language plpgsql as $$
begin
  new.blocked_for := (select reason from drivers_blocked where driver_id = new.user_id);
  return new;
end $$;
create trigger tokens_follow_driver before insert or update of user_id on tokens
  for each row when (new.user_id is not null) execute function follow_driver();
