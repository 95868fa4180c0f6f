-- The schema admin after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table approvals (
  id          uuid                      not null,
  act         text                      not null,
  object      text                      not null,
  payload     text                      not null,
  reason      text                      not null,
  asked_by    uuid                      not null,
  asked_at    timestamp with time zone  not null,
  ends_at     timestamp with time zone  not null,
  state       text                      not null,
  decided_by  uuid,
  decided_at  timestamp with time zone,
  note        text,
  outcome     text,
  constraint approvals_pkey PRIMARY KEY (id),
  constraint approvals_act_check CHECK ((act = ANY (ARRAY['account.delete'::text, 'setting.change'::text, 'dead-letters.replay'::text]))),
  constraint approvals_by_another CHECK (((state <> ALL (ARRAY['approved'::text, 'done'::text, 'failed'::text])) OR ((decided_by IS NOT NULL) AND (decided_by <> asked_by)))),
  constraint approvals_outcome_check CHECK ((outcome IS JSON OBJECT)),
  constraint approvals_payload_check CHECK ((payload IS JSON OBJECT)),
  constraint approvals_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'approved'::text, 'refused'::text, 'withdrawn'::text, 'lapsed'::text, 'done'::text, 'failed'::text])))
);
CREATE INDEX approvals_by_state ON admin.approvals USING btree (state, asked_at, id);
CREATE UNIQUE INDEX approvals_once ON admin.approvals USING btree (act, object) WHERE (state = ANY (ARRAY['asked'::text, 'approved'::text]));

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

create table setting_versions (
  key         text                      not null,
  version     integer                   not null,
  value       text                      not null,
  changed_by  uuid                      not null,
  changed_at  timestamp with time zone  not null,
  constraint setting_versions_pkey PRIMARY KEY (key, version),
  constraint setting_versions_key_fkey FOREIGN KEY (key) REFERENCES settings(key)
);

create table settings (
  key          text                      not null,
  kind         text                      not null,
  choices      text[]                    not null,
  critical     boolean                   not null,
  description  text                      not null,
  value        text                      not null,
  version      integer                   not null,
  changed_by   uuid                      not null,
  changed_at   timestamp with time zone  not null,
  constraint settings_pkey PRIMARY KEY (key),
  constraint settings_kind_check CHECK ((kind = ANY (ARRAY['text'::text, 'integer'::text, 'decimal'::text, 'boolean'::text, 'choice'::text]))),
  constraint settings_value_check CHECK ((value IS JSON SCALAR)),
  constraint settings_version_check CHECK ((version > 0))
);

create table switch_versions (
  name        text                      not null,
  version     integer                   not null,
  turned      text                      not null,
  changed_by  uuid                      not null,
  changed_at  timestamp with time zone  not null,
  constraint switch_versions_pkey PRIMARY KEY (name, version),
  constraint switch_versions_name_fkey FOREIGN KEY (name) REFERENCES switches(name),
  constraint switch_versions_turned_check CHECK ((turned IS JSON OBJECT))
);

create table switches (
  name                text                      not null,
  description         text                      not null,
  is_on               boolean                   not null,
  share_basis_points  integer                   not null,
  only_for            uuid[]                    not null,
  never_for           uuid[]                    not null,
  version             integer                   not null,
  changed_by          uuid                      not null,
  changed_at          timestamp with time zone  not null,
  constraint switches_pkey PRIMARY KEY (name),
  constraint switches_share_basis_points_check CHECK (((share_basis_points >= 0) AND (share_basis_points <= 10000))),
  constraint switches_version_check CHECK ((version > 0))
);

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
