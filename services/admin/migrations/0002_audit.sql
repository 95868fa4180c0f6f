-- audit: what admins did, one row an act, for ever: of other services as their events tell it (`id` is that of the event), of this one as it did it.
create table audit (
  id       uuid        primary key,
  at       timestamptz not null,
  actor_id uuid        not null,
  service  text        not null,
  act      text        not null,
  object   text        not null,
  details  text        not null check (details is json object)
);
create index audit_at on audit (at, id);
create index audit_by_actor on audit (actor_id, at, id);
create index audit_by_object on audit (object, at, id);
create index audit_by_act on audit (act, at, id);

-- seals: the acts in the order in which they were sealed. `hash` is SHA-256 over the hash before it and the act, so that none can be changed, left out or
-- put in without all hashes behind it being others.
create table seals (
  number   bigint primary key check (number > 0),
  entry_id uuid   not null unique references audit,
  hash     bytea  not null check (length(hash) = 32)
);

-- unsealed: what waits to be sealed, so that nobody has to look for it among all that is.
create table unsealed (
  entry_id uuid primary key references audit
);
create function await_seal() returns trigger language plpgsql as $$
begin
  insert into unsealed select id from written;
  return null;
end $$;
create trigger audit_written after insert on audit referencing new table as written for each statement execute function await_seal();

-- What is sealed of an act: the same text whoever asks, in whatever time zone.
create function audit_text(a audit) returns text stable language sql
return json_build_array(a.id, (extract(epoch from a.at) * 1000000)::bigint, a.actor_id, a.service, a.act, a.object, a.details)::text;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'what admins did is written down for ever: % of % is refused', lower(tg_op), tg_table_name using errcode = '42501';
end $$;
create trigger audit_stays before update or delete or truncate on audit for each statement execute function refuse_change();
create trigger seals_stay before update or delete or truncate on seals for each statement execute function refuse_change();
