-- The schema admin after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table audit (
  id        uuid                      not null,
  at        timestamp with time zone  not null,
  actor_id  uuid                      not null,
  service   text                      not null,
  act       text                      not null,
  object    text                      not null,
  details   text                      not null,
  constraint audit_pkey PRIMARY KEY (id),
  constraint audit_details_check CHECK ((details IS JSON OBJECT))
);
CREATE INDEX audit_at ON admin.audit USING btree (at, id);
CREATE INDEX audit_by_act ON admin.audit USING btree (act, at, id);
CREATE INDEX audit_by_actor ON admin.audit USING btree (actor_id, at, id);
CREATE INDEX audit_by_object ON admin.audit USING btree (object, at, id);
CREATE TRIGGER audit_stays BEFORE DELETE OR UPDATE OR TRUNCATE ON admin.audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_written AFTER INSERT ON admin.audit REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION await_seal();

create table counts (
  kind    text    not null,
  state   text    not null,
  facet   text    not null,
  day     date    not null,
  number  bigint  not null,
  amount  bigint  not null,
  constraint counts_pkey PRIMARY KEY (kind, state, facet, day)
);

create table seals (
  number    bigint  not null,
  entry_id  uuid    not null,
  hash      bytea   not null,
  constraint seals_pkey PRIMARY KEY (number),
  constraint seals_entry_id_key UNIQUE (entry_id),
  constraint seals_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES audit(id),
  constraint seals_hash_check CHECK ((length(hash) = 32)),
  constraint seals_number_check CHECK ((number > 0))
);
CREATE TRIGGER seals_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON admin.seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table things (
  kind    text    not null,
  id      uuid    not null,
  rank    text    not null,
  state   text,
  facet   text    not null,
  amount  bigint  not null,
  day     date    not null,
  constraint things_pkey PRIMARY KEY (kind, id)
);
CREATE TRIGGER things_changed AFTER UPDATE ON admin.things REFERENCING OLD TABLE AS before NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION count_changed();
CREATE TRIGGER things_new AFTER INSERT ON admin.things REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION count_new();

create table unsealed (
  entry_id  uuid  not null,
  constraint unsealed_pkey PRIMARY KEY (entry_id),
  constraint unsealed_entry_id_fkey FOREIGN KEY (entry_id) REFERENCES audit(id)
);

CREATE OR REPLACE FUNCTION admin.audit_text(a audit)
 RETURNS text
 LANGUAGE sql
 STABLE
RETURN (json_build_array((a).id, ((EXTRACT(epoch FROM (a).at) * (1000000)::numeric))::bigint, (a).actor_id, (a).service, (a).act, (a).object, (a).details))::text;

CREATE OR REPLACE FUNCTION admin.await_seal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into unsealed select id from written;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION admin.count_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into counts as c (kind, state, facet, day, number, amount)
  select kind, state, facet, day, sum(sign), sum(sign * amount)
  from (select *, 1 as sign from told union all select *, -1 from before) both_of where state is not null
  group by 1, 2, 3, 4 having sum(sign) <> 0 or sum(sign * amount) <> 0 order by 1, 2, 3, 4
  on conflict (kind, state, facet, day) do update set number = c.number + excluded.number, amount = c.amount + excluded.amount;
  delete from counts where number = 0 and amount = 0 and (kind, state, facet, day) in (select kind, state, facet, day from before);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION admin.count_new()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into counts as c (kind, state, facet, day, number, amount)
  select kind, state, facet, day, count(*), sum(amount) from told where state is not null group by 1, 2, 3, 4 order by 1, 2, 3, 4
  on conflict (kind, state, facet, day) do update set number = c.number + excluded.number, amount = c.amount + excluded.amount;
  delete from counts where number = 0 and amount = 0 and (kind, state, facet, day) in (select kind, state, facet, day from told);
  return null;
end $function$;

CREATE OR REPLACE FUNCTION admin.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'what admins did is written down for ever: % of % is refused', lower(tg_op), tg_table_name using errcode = '42501';
end $function$;
