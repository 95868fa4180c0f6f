-- The schema vendors after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table account_changes (
  id              uuid                      not null,
  vendor_id       uuid                      not null,
  iban            text,
  account_holder  text,
  replaced        boolean                   not null,
  changed_by      uuid,
  changed_at      timestamp with time zone  not null,
  constraint account_changes_pkey PRIMARY KEY (id),
  constraint account_changes_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors(id)
);
CREATE INDEX account_changes_of_vendor ON vendors.account_changes USING btree (vendor_id, changed_at);

create table categories (
  category_id  uuid     not null,
  path         uuid[]   not null,
  version      integer  not null,
  constraint categories_pkey PRIMARY KEY (category_id)
);

create table commission_rules (
  id            uuid                      not null,
  vendor_id     uuid,
  category_id   uuid,
  basis_points  integer                   not null,
  fixed_minor   bigint,
  currency      text,
  from_at       timestamp with time zone  not null,
  until_at      timestamp with time zone,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  constraint commission_rules_pkey PRIMARY KEY (id),
  constraint commission_rules_basis_points_check CHECK (((basis_points >= 0) AND (basis_points <= 10000))),
  constraint commission_rules_check CHECK (((fixed_minor IS NULL) = (currency IS NULL))),
  constraint commission_rules_fixed_minor_check CHECK ((fixed_minor >= 0)),
  constraint commission_rules_version_check CHECK ((version > 0))
);
CREATE INDEX commission_rules_by_age ON vendors.commission_rules USING btree (from_at, id);

create table decisions (
  id          uuid                      not null,
  vendor_id   uuid                      not null,
  decision    text                      not null,
  reason      text,
  decided_by  uuid                      not null,
  decided_at  timestamp with time zone  not null,
  constraint decisions_pkey PRIMARY KEY (id),
  constraint decisions_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors(id),
  constraint decisions_decision_check CHECK ((decision = ANY (ARRAY['approve'::text, 'reject'::text, 'suspend'::text, 'reinstate'::text])))
);
CREATE INDEX decisions_of_vendor ON vendors.decisions USING btree (vendor_id, decided_at, id);

create table ledger_accounts (
  id             uuid    not null,
  kind           text    not null,
  owner_kind     text,
  owner_id       uuid,
  currency       text    not null,
  balance_minor  bigint  not null default 0,
  held_minor     bigint  not null default 0,
  least_minor    bigint,
  constraint ledger_accounts_pkey PRIMARY KEY (id),
  constraint ledger_accounts_id_currency_key UNIQUE (id, currency),
  constraint ledger_accounts_one UNIQUE NULLS NOT DISTINCT (kind, owner_kind, owner_id, currency),
  constraint ledger_accounts_check CHECK (((owner_kind IS NULL) = (owner_id IS NULL))),
  constraint ledger_accounts_covered CHECK (((balance_minor - held_minor) >= least_minor)),
  constraint ledger_accounts_held_minor_check CHECK ((held_minor >= 0)),
  constraint ledger_accounts_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX ledger_accounts_by_owner ON vendors.ledger_accounts USING btree (owner_id);
CREATE TRIGGER ledger_balances_follow BEFORE UPDATE OF balance_minor, held_minor ON vendors.ledger_accounts FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION ledger_refuse();

create table ledger_entries (
  cause_id  uuid                      not null,
  kind      text                      not null,
  at        timestamp with time zone  not null,
  about     json,
  constraint ledger_entries_pkey PRIMARY KEY (cause_id, kind)
);
CREATE INDEX ledger_entries_by_time ON vendors.ledger_entries USING brin (at);
CREATE TRIGGER ledger_entries_stay BEFORE DELETE OR UPDATE ON vendors.ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

create table ledger_holds (
  id          uuid                      not null,
  account_id  uuid                      not null,
  minor       bigint                    not null,
  state       text                      not null default 'open'::text,
  created_at  timestamp with time zone  not null,
  expires_at  timestamp with time zone  not null,
  ended_at    timestamp with time zone,
  constraint ledger_holds_pkey PRIMARY KEY (id),
  constraint ledger_holds_account_id_fkey FOREIGN KEY (account_id) REFERENCES ledger_accounts(id),
  constraint ledger_holds_minor_check CHECK ((minor > 0)),
  constraint ledger_holds_state_check CHECK ((state = ANY (ARRAY['open'::text, 'settled'::text, 'released'::text])))
);
CREATE INDEX ledger_holds_by_account ON vendors.ledger_holds USING btree (account_id) WHERE (state = 'open'::text);
CREATE INDEX ledger_holds_open ON vendors.ledger_holds USING btree (expires_at) WHERE (state = 'open'::text);
CREATE TRIGGER ledger_holds_move AFTER INSERT OR UPDATE ON vendors.ledger_holds FOR EACH ROW EXECUTE FUNCTION ledger_hold();
CREATE TRIGGER ledger_holds_stay BEFORE DELETE ON vendors.ledger_holds FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

create table ledger_transfers (
  id        bigint  not null generated always as identity,
  cause_id  uuid    not null,
  kind      text    not null,
  from_id   uuid    not null,
  to_id     uuid    not null,
  currency  text    not null,
  minor     bigint  not null,
  constraint ledger_transfers_pkey PRIMARY KEY (id),
  constraint ledger_transfers_cause_id_kind_fkey FOREIGN KEY (cause_id, kind) REFERENCES ledger_entries(cause_id, kind),
  constraint ledger_transfers_from_id_currency_fkey FOREIGN KEY (from_id, currency) REFERENCES ledger_accounts(id, currency),
  constraint ledger_transfers_to_id_currency_fkey FOREIGN KEY (to_id, currency) REFERENCES ledger_accounts(id, currency),
  constraint ledger_transfers_check CHECK ((from_id <> to_id)),
  constraint ledger_transfers_minor_check CHECK ((minor > 0))
);
CREATE INDEX ledger_transfers_by_cause ON vendors.ledger_transfers USING btree (cause_id, kind);
CREATE INDEX ledger_transfers_from ON vendors.ledger_transfers USING btree (from_id, id);
CREATE INDEX ledger_transfers_to ON vendors.ledger_transfers USING btree (to_id, id);
CREATE TRIGGER ledger_transfers_move AFTER INSERT ON vendors.ledger_transfers REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION ledger_move();
CREATE TRIGGER ledger_transfers_stay BEFORE DELETE OR UPDATE ON vendors.ledger_transfers FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

create table moves (
  cause             text                      not null,
  vendor_id         uuid                      not null,
  order_id          uuid                      not null,
  product_id        uuid,
  currency          text                      not null,
  pieces            integer                   not null,
  total_minor       bigint                    not null,
  commission_minor  bigint                    not null,
  at                timestamp with time zone  not null,
  constraint moves_pkey PRIMARY KEY (cause)
);
CREATE INDEX moves_of_vendor ON vendors.moves USING btree (vendor_id, at);

create table order_changes (
  cause_id  uuid                      not null,
  kind      text                      not null,
  order_id  uuid                      not null,
  currency  text                      not null,
  parts     json,
  minor     bigint,
  at        timestamp with time zone  not null,
  booked    boolean                   not null default false,
  constraint order_changes_pkey PRIMARY KEY (cause_id, kind),
  constraint order_changes_check CHECK (((parts IS NULL) <> (minor IS NULL)))
);
CREATE INDEX order_changes_waiting ON vendors.order_changes USING btree (order_id) WHERE (NOT booked);

create table payout_files (
  id           uuid                      not null,
  currency     text                      not null,
  count        integer                   not null,
  total_minor  bigint                    not null,
  xml          text                      not null,
  created_by   uuid                      not null,
  created_at   timestamp with time zone  not null,
  constraint payout_files_pkey PRIMARY KEY (id),
  constraint payout_files_count_check CHECK ((count > 0)),
  constraint payout_files_total_minor_check CHECK ((total_minor > 0))
);
CREATE INDEX payout_files_by_age ON vendors.payout_files USING btree (created_at, id);

create table payouts (
  id              uuid                      not null,
  vendor_id       uuid                      not null,
  owner_kind      text                      not null,
  currency        text                      not null,
  amount_minor    bigint                    not null,
  iban            text                      not null,
  account_holder  text                      not null,
  status          text                      not null,
  requested_by    uuid,
  requested_at    timestamp with time zone  not null,
  approved_by     uuid,
  approved_at     timestamp with time zone,
  file_id         uuid,
  sent_at         timestamp with time zone,
  ended_at        timestamp with time zone,
  ended_by        uuid,
  reason          text,
  version         integer                   not null,
  via             text                      not null default 'bank'::text,
  destination     text,
  reversed_minor  bigint                    not null default 0,
  constraint payouts_pkey PRIMARY KEY (id),
  constraint payouts_file_id_fkey FOREIGN KEY (file_id) REFERENCES payout_files(id),
  constraint payouts_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors(id),
  constraint payouts_amount_minor_check CHECK ((amount_minor > 0)),
  constraint payouts_check CHECK ((approved_by <> requested_by)),
  constraint payouts_check1 CHECK (((reversed_minor >= 0) AND (reversed_minor <= amount_minor))),
  constraint payouts_check2 CHECK (((via = 'bank'::text) OR (destination IS NOT NULL))),
  constraint payouts_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint payouts_status_check CHECK ((status = ANY (ARRAY['requested'::text, 'approved'::text, 'sent'::text, 'paid'::text, 'failed'::text, 'cancelled'::text]))),
  constraint payouts_version_check CHECK ((version > 0)),
  constraint payouts_via_check CHECK ((via = ANY (ARRAY['bank'::text, 'stripe'::text])))
);
CREATE INDEX payouts_by_age ON vendors.payouts USING btree (requested_at, id);
CREATE INDEX payouts_by_status ON vendors.payouts USING btree (status, requested_at, id);
CREATE INDEX payouts_of_file ON vendors.payouts USING btree (file_id);
CREATE INDEX payouts_of_vendor ON vendors.payouts USING btree (vendor_id, requested_at, id);
CREATE INDEX payouts_to_transfer ON vendors.payouts USING btree (requested_at) WHERE ((status = 'approved'::text) AND (via = 'stripe'::text));

create table products (
  product_id   uuid     not null,
  vendor_id    uuid     not null,
  name         text     not null,
  slug         text     not null,
  thumbnail    text,
  for_sale     boolean  not null,
  gone         boolean  not null,
  category_id  uuid,
  version      integer  not null,
  constraint products_pkey PRIMARY KEY (product_id)
);
CREATE INDEX products_of_vendor ON vendors.products USING btree (vendor_id, name, product_id) WHERE (for_sale AND (NOT gone));

create table reviews (
  review_id  uuid     not null,
  vendor_id  uuid     not null,
  rating     integer  not null,
  shown      boolean  not null,
  version    integer  not null,
  constraint reviews_pkey PRIMARY KEY (review_id)
);
CREATE INDEX reviews_of_vendor ON vendors.reviews USING btree (vendor_id) WHERE shown;

create table slugs (
  slug       text  not null,
  vendor_id  uuid  not null,
  constraint slugs_pkey PRIMARY KEY (slug),
  constraint slugs_vendor_id_fkey FOREIGN KEY (vendor_id) REFERENCES vendors(id)
);

create table sold_parts (
  order_id          uuid                      not null,
  vendor_id         uuid                      not null,
  part_id           uuid,
  owner_kind        text,
  number            text,
  position          integer,
  currency          text,
  total_minor       bigint,
  commission_minor  bigint,
  goods             boolean,
  sold_at           timestamp with time zone,
  delivered_at      timestamp with time zone,
  pending_minor     bigint                    not null default 0,
  settled_at        timestamp with time zone,
  constraint sold_parts_pkey PRIMARY KEY (order_id, vendor_id),
  constraint sold_parts_part_id_key UNIQUE (part_id),
  constraint sold_parts_check CHECK (((settled_at IS NULL) OR (pending_minor = 0))),
  constraint sold_parts_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX sold_parts_by_sale ON vendors.sold_parts USING btree (sold_at) WHERE (part_id IS NOT NULL);
CREATE INDEX sold_parts_due ON vendors.sold_parts USING btree (vendor_id, currency, delivered_at) WHERE ((settled_at IS NULL) AND (delivered_at IS NOT NULL) AND (part_id IS NOT NULL));

create table statements (
  vendor_id  uuid                      not null,
  month      text                      not null,
  revision   integer                   not null,
  figures    json                      not null,
  issued_at  timestamp with time zone  not null,
  constraint statements_pkey PRIMARY KEY (vendor_id, month, revision),
  constraint statements_month_check CHECK ((month ~ '^20[0-9]{2}-(0[1-9]|1[0-2])$'::text)),
  constraint statements_revision_check CHECK ((revision > 0))
);

create table transfer_accounts (
  owner_id     uuid                      not null,
  owner_kind   text                      not null,
  provider_id  text                      not null,
  ready        boolean                   not null default false,
  due          text[]                    not null default '{}'::text[],
  disabled     text,
  version      integer                   not null default 1,
  checked_at   timestamp with time zone  not null,
  created_at   timestamp with time zone  not null,
  constraint transfer_accounts_pkey PRIMARY KEY (owner_id),
  constraint transfer_accounts_provider_id_key UNIQUE (provider_id),
  constraint transfer_accounts_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint transfer_accounts_version_check CHECK ((version > 0))
);
CREATE INDEX transfer_accounts_waiting ON vendors.transfer_accounts USING btree (checked_at) WHERE (NOT ready);

create table transfer_reversals (
  id            uuid                      not null,
  transfer_id   uuid                      not null,
  ours          boolean                   not null,
  amount_minor  bigint                    not null,
  state         text                      not null,
  key_number    integer                   not null default 0,
  provider_id   text,
  failure       text,
  created_at    timestamp with time zone  not null,
  ended_at      timestamp with time zone,
  constraint transfer_reversals_pkey PRIMARY KEY (id),
  constraint transfer_reversals_transfer_id_provider_id_key UNIQUE (transfer_id, provider_id),
  constraint transfer_reversals_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES transfers(id),
  constraint transfer_reversals_amount_minor_check CHECK ((amount_minor > 0)),
  constraint transfer_reversals_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'succeeded'::text, 'failed'::text])))
);
CREATE INDEX transfer_reversals_under_way ON vendors.transfer_reversals USING btree (transfer_id) WHERE (state = 'asked'::text);

create table transfers (
  id              uuid                      not null,
  reference       uuid                      not null,
  owner_id        uuid                      not null,
  account         text                      not null,
  amount_minor    bigint                    not null,
  currency        text                      not null,
  description     text                      not null,
  state           text                      not null default 'asked'::text,
  provider_id     text,
  key_number      integer                   not null default 0,
  failure         text,
  reversed_minor  bigint                    not null default 0,
  created_at      timestamp with time zone  not null,
  checked_at      timestamp with time zone  not null,
  ended_at        timestamp with time zone,
  constraint transfers_pkey PRIMARY KEY (id),
  constraint transfers_provider_id_key UNIQUE (provider_id),
  constraint transfers_reference_key UNIQUE (reference),
  constraint transfers_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES transfer_accounts(owner_id),
  constraint transfers_amount_minor_check CHECK ((amount_minor > 0)),
  constraint transfers_check CHECK (((reversed_minor >= 0) AND (reversed_minor <= amount_minor))),
  constraint transfers_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint transfers_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'succeeded'::text, 'failed'::text])))
);
CREATE INDEX transfers_by_age ON vendors.transfers USING btree (created_at);
CREATE INDEX transfers_of_owner ON vendors.transfers USING btree (owner_id);
CREATE INDEX transfers_under_way ON vendors.transfers USING btree (checked_at) WHERE (state = 'asked'::text);

create table vendors (
  id              uuid                      not null,
  owner_kind      text                      not null,
  applicant_id    uuid,
  name            text                      not null,
  slug            text                      not null,
  description     text                      not null,
  email           text,
  phone           text,
  website         text,
  avatar_id       uuid,
  iban            text,
  account_holder  text,
  evidence        uuid[]                    not null default '{}'::uuid[],
  terms_at        timestamp with time zone,
  status          text                      not null,
  verified        boolean                   not null,
  reason          text,
  decided_by      uuid,
  decided_at      timestamp with time zone,
  submitted_at    timestamp with time zone,
  version         integer                   not null,
  created_at      timestamp with time zone  not null,
  constraint vendors_pkey PRIMARY KEY (id),
  constraint vendors_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint vendors_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'pending'::text, 'active'::text, 'rejected'::text, 'suspended'::text, 'closed'::text]))),
  constraint vendors_version_check CHECK ((version > 0))
);
CREATE INDEX vendors_by_age ON vendors.vendors USING btree (created_at, id);
CREATE INDEX vendors_by_status ON vendors.vendors USING btree (status, created_at, id);
CREATE INDEX vendors_waiting ON vendors.vendors USING btree (submitted_at, id) WHERE (status = 'pending'::text);

CREATE OR REPLACE FUNCTION vendors.ledger_hold()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'INSERT' then
    update ledger_accounts set held_minor = held_minor + new.minor where id = new.account_id;
  elsif old.state <> 'open' or new.state = 'open' or (new.account_id, new.minor) <> (old.account_id, old.minor) then
    raise exception 'a hold ends once' using errcode = 'restrict_violation';
  else
    update ledger_accounts set held_minor = held_minor - new.minor where id = new.account_id;
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION vendors.ledger_move()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update ledger_accounts a set balance_minor = a.balance_minor + d.minor
  from (
    select id, sum(minor) as minor
    from (select to_id as id, minor from made union all select from_id, -minor from made) as both_sides
    group by id
  ) as d
  where a.id = d.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION vendors.ledger_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never changed: what was booked wrong is booked back', tg_table_name
    using errcode = 'restrict_violation';
end $function$;
