-- The schema orders after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table categories (
  id       uuid     not null,
  path     uuid[]   not null,
  version  integer  not null,
  constraint categories_pkey PRIMARY KEY (id)
);
CREATE CONSTRAINT TRIGGER categories_priced AFTER INSERT OR DELETE OR UPDATE ON orders.categories DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pricing_changed();

create table commission_rules (
  id            uuid                      not null,
  vendor_id     uuid,
  category_id   uuid,
  basis_points  integer                   not null,
  fixed         json,
  from_at       timestamp with time zone  not null,
  until_at      timestamp with time zone,
  version       integer                   not null,
  constraint commission_rules_pkey PRIMARY KEY (id)
);
CREATE INDEX commission_rules_by_vendor ON orders.commission_rules USING btree (vendor_id);
CREATE CONSTRAINT TRIGGER commission_rules_priced AFTER INSERT OR DELETE OR UPDATE ON orders.commission_rules DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pricing_changed();

create table coupon_uses (
  coupon_id       uuid    not null,
  order_id        uuid    not null,
  user_id         uuid    not null,
  discount_minor  bigint  not null,
  constraint coupon_uses_pkey PRIMARY KEY (order_id, coupon_id),
  constraint coupon_uses_coupon_id_fkey FOREIGN KEY (coupon_id) REFERENCES coupons(id),
  constraint coupon_uses_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
);
CREATE INDEX coupon_uses_by_user ON orders.coupon_uses USING btree (coupon_id, user_id);

create table coupons (
  id             uuid                      not null,
  vendor_id      uuid,
  code           text                      not null,
  percent        text,
  amount_minor   bigint,
  currency       text,
  least_minor    bigint                    not null default 0,
  starts_at      timestamp with time zone,
  ends_at        timestamp with time zone,
  max_uses       integer,
  max_uses_each  integer,
  used           integer                   not null default 0,
  active         boolean                   not null default true,
  version        integer                   not null,
  created_at     timestamp with time zone  not null,
  constraint coupons_pkey PRIMARY KEY (id),
  constraint coupons_code_key UNIQUE (code),
  constraint coupons_amount_minor_check CHECK ((amount_minor > 0)),
  constraint coupons_check CHECK (((used >= 0) AND (used <= COALESCE(max_uses, used)))),
  constraint coupons_check1 CHECK (((percent IS NULL) <> (amount_minor IS NULL))),
  constraint coupons_check2 CHECK (((amount_minor IS NULL) = (currency IS NULL))),
  constraint coupons_max_uses_check CHECK ((max_uses > 0)),
  constraint coupons_max_uses_each_check CHECK ((max_uses_each > 0)),
  constraint coupons_version_check CHECK ((version > 0))
);
CREATE INDEX coupons_by_age ON orders.coupons USING btree (created_at, id);
CREATE INDEX coupons_by_vendor ON orders.coupons USING btree (vendor_id, created_at, id);

create table downloads (
  line_id      uuid     not null,
  document_id  uuid     not null,
  file_name    text     not null,
  most         integer,
  used         integer  not null default 0,
  constraint downloads_pkey PRIMARY KEY (line_id),
  constraint downloads_line_id_fkey FOREIGN KEY (line_id) REFERENCES order_lines(id),
  constraint downloads_check CHECK (((used >= 0) AND (used <= COALESCE(most, used))))
);

create table gift_cards (
  id             uuid                      not null,
  code_hash      bytea                     not null,
  hint           text                      not null,
  currency       text                      not null,
  issued_minor   bigint                    not null,
  balance_minor  bigint                    not null,
  expires_at     timestamp with time zone,
  created_at     timestamp with time zone  not null,
  constraint gift_cards_pkey PRIMARY KEY (id),
  constraint gift_cards_code_hash_key UNIQUE (code_hash),
  constraint gift_cards_check CHECK (((balance_minor >= 0) AND (balance_minor <= issued_minor))),
  constraint gift_cards_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint gift_cards_issued_minor_check CHECK ((issued_minor > 0))
);
CREATE INDEX gift_cards_by_age ON orders.gift_cards USING btree (created_at, id);

create table gift_uses (
  gift_card_id    uuid    not null,
  order_id        uuid    not null,
  amount_minor    bigint  not null,
  returned_minor  bigint  not null default 0,
  constraint gift_uses_pkey PRIMARY KEY (order_id, gift_card_id),
  constraint gift_uses_gift_card_id_fkey FOREIGN KEY (gift_card_id) REFERENCES gift_cards(id),
  constraint gift_uses_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint gift_uses_amount_minor_check CHECK ((amount_minor > 0)),
  constraint gift_uses_check CHECK (((returned_minor >= 0) AND (returned_minor <= amount_minor)))
);

create table invoice_lines (
  invoice_id   uuid     not null,
  position     integer  not null,
  name         text     not null,
  description  text,
  quantity     numeric  not null,
  unit         text     not null,
  price        numeric  not null,
  net_minor    bigint   not null,
  tax_minor    bigint   not null,
  gross_minor  bigint   not null,
  treatment    json     not null,
  about        json     not null,
  credits      integer,
  constraint invoice_lines_pkey PRIMARY KEY (invoice_id, "position"),
  constraint invoice_lines_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  constraint invoice_lines_check CHECK (((net_minor + tax_minor) = gross_minor)),
  constraint invoice_lines_position_check CHECK (("position" > 0))
);
CREATE TRIGGER invoice_lines_complete AFTER INSERT ON orders.invoice_lines REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_complete();
CREATE TRIGGER invoice_lines_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON orders.invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table invoice_payments (
  cause       text                      not null,
  invoice_id  uuid                      not null,
  minor       bigint                    not null,
  means       text                      not null,
  paid_at     timestamp with time zone  not null,
  constraint invoice_payments_pkey PRIMARY KEY (cause),
  constraint invoice_payments_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  constraint invoice_payments_minor_check CHECK ((minor <> 0))
);
CREATE INDEX invoice_payments_of ON orders.invoice_payments USING btree (invoice_id);
CREATE TRIGGER invoice_payments_count AFTER INSERT ON orders.invoice_payments REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_paid();
CREATE TRIGGER invoice_payments_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON orders.invoice_payments FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table invoice_series (
  seller_id  uuid      not null,
  kind       text      not null,
  year       smallint  not null,
  prefix     text      not null,
  next       integer   not null default 1,
  last_on    date,
  constraint invoice_series_pkey PRIMARY KEY (seller_id, kind, year),
  constraint invoice_series_kind_check CHECK ((kind = ANY (ARRAY['invoice'::text, 'credit-note'::text])))
);
CREATE TRIGGER invoice_series_on BEFORE UPDATE ON orders.invoice_series FOR EACH ROW EXECUTE FUNCTION invoice_series_forward();
CREATE TRIGGER invoice_series_stay BEFORE DELETE OR TRUNCATE ON orders.invoice_series FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table invoice_states (
  invoice_id      uuid                      not null,
  gross_minor     bigint                    not null,
  due_on          date,
  paid_minor      bigint                    not null default 0,
  credited_minor  bigint                    not null default 0,
  seller_id       uuid,
  buyer_id        uuid,
  kind            text,
  issued_at       timestamp with time zone,
  constraint invoice_states_pkey PRIMARY KEY (invoice_id),
  constraint invoice_states_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoices(id),
  constraint invoice_states_credited CHECK (((credited_minor >= 0) AND (credited_minor <= gross_minor)))
);
CREATE INDEX invoice_states_due ON orders.invoice_states USING btree (due_on, invoice_id) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open ON orders.invoice_states USING btree (issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open_of_buyer ON orders.invoice_states USING btree (buyer_id, issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open_of_seller ON orders.invoice_states USING btree (seller_id, issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE TRIGGER invoice_states_begin BEFORE INSERT ON orders.invoice_states FOR EACH ROW EXECUTE FUNCTION invoice_state_of();
CREATE TRIGGER invoice_states_follow BEFORE UPDATE OF gross_minor, paid_minor, credited_minor ON orders.invoice_states FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION invoice_refuse();
CREATE TRIGGER invoice_states_stay BEFORE DELETE OR TRUNCATE ON orders.invoice_states FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table invoice_taxes (
  invoice_id  uuid     not null,
  position    integer  not null,
  category    text     not null,
  percent     numeric  not null,
  reasons     text[]   not null,
  net_minor   bigint   not null,
  tax_minor   bigint   not null,
  parts       json     not null,
  constraint invoice_taxes_pkey PRIMARY KEY (invoice_id, "position"),
  constraint invoice_taxes_invoice_id_fkey FOREIGN KEY (invoice_id) REFERENCES invoices(id)
);
CREATE TRIGGER invoice_taxes_complete AFTER INSERT ON orders.invoice_taxes REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_complete();
CREATE TRIGGER invoice_taxes_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON orders.invoice_taxes FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table invoices (
  id              uuid                      not null,
  cause           text                      not null,
  kind            text                      not null,
  seller_id       uuid                      not null,
  year            smallint                  not null,
  sequence        integer                   not null,
  number          text                      not null,
  issued_on       date                      not null,
  issued_at       timestamp with time zone  not null,
  buyer_id        uuid,
  seller          json                      not null,
  buyer           json                      not null,
  currency        text                      not null,
  language        text                      not null,
  prices          text                      not null,
  supplied_from   date                      not null,
  supplied_to     date                      not null,
  due_on          date,
  net_minor       bigint                    not null,
  tax_minor       bigint                    not null,
  gross_minor     bigint                    not null,
  prepaid_minor   bigint                    not null,
  terms           json                      not null,
  credits         uuid,
  credits_number  text,
  credits_on      date,
  reason          text,
  issued_in       xid8                      not null default pg_current_xact_id(),
  constraint invoices_pkey PRIMARY KEY (id),
  constraint invoices_cause UNIQUE (cause),
  constraint invoices_number UNIQUE (seller_id, number),
  constraint invoices_seller_id_kind_year_sequence_key UNIQUE (seller_id, kind, year, sequence),
  constraint invoices_credits_fkey FOREIGN KEY (credits) REFERENCES invoices(id),
  constraint invoices_seller_id_kind_year_fkey FOREIGN KEY (seller_id, kind, year) REFERENCES invoice_series(seller_id, kind, year),
  constraint invoices_check CHECK ((supplied_to >= supplied_from)),
  constraint invoices_check1 CHECK (((prepaid_minor >= 0) AND (prepaid_minor <= gross_minor))),
  constraint invoices_check2 CHECK (((net_minor + tax_minor) = gross_minor)),
  constraint invoices_check3 CHECK (((kind = 'credit-note'::text) = (credits IS NOT NULL))),
  constraint invoices_gross_minor_check CHECK ((gross_minor >= 0)),
  constraint invoices_prices_check CHECK ((prices = ANY (ARRAY['net'::text, 'gross'::text]))),
  constraint invoices_sequence_check CHECK ((sequence > 0))
);
CREATE INDEX credit_notes_by_time ON orders.invoices USING btree (issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX credit_notes_of_buyer ON orders.invoices USING btree (buyer_id, issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX credit_notes_of_seller ON orders.invoices USING btree (seller_id, issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX invoices_by_time ON orders.invoices USING btree (issued_at DESC, id DESC);
CREATE INDEX invoices_credits ON orders.invoices USING btree (credits) WHERE (credits IS NOT NULL);
CREATE INDEX invoices_of_buyer ON orders.invoices USING btree (buyer_id, issued_at DESC, id DESC);
CREATE INDEX invoices_of_seller ON orders.invoices USING btree (seller_id, issued_at DESC, id DESC);
CREATE TRIGGER invoices_credited AFTER INSERT ON orders.invoices REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_credited();
CREATE TRIGGER invoices_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON orders.invoices FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX ledger_accounts_by_owner ON orders.ledger_accounts USING btree (owner_id);
CREATE TRIGGER ledger_balances_follow BEFORE UPDATE OF balance_minor, held_minor ON orders.ledger_accounts FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION ledger_refuse();

create table ledger_entries (
  cause_id  uuid                      not null,
  kind      text                      not null,
  at        timestamp with time zone  not null,
  about     json,
  constraint ledger_entries_pkey PRIMARY KEY (cause_id, kind)
);
CREATE INDEX ledger_entries_by_time ON orders.ledger_entries USING brin (at);
CREATE TRIGGER ledger_entries_stay BEFORE DELETE OR UPDATE ON orders.ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

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
CREATE INDEX ledger_holds_by_account ON orders.ledger_holds USING btree (account_id) WHERE (state = 'open'::text);
CREATE INDEX ledger_holds_open ON orders.ledger_holds USING btree (expires_at) WHERE (state = 'open'::text);
CREATE TRIGGER ledger_holds_move AFTER INSERT OR UPDATE ON orders.ledger_holds FOR EACH ROW EXECUTE FUNCTION ledger_hold();
CREATE TRIGGER ledger_holds_stay BEFORE DELETE ON orders.ledger_holds FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

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
CREATE INDEX ledger_transfers_by_cause ON orders.ledger_transfers USING btree (cause_id, kind);
CREATE INDEX ledger_transfers_from ON orders.ledger_transfers USING btree (from_id, id);
CREATE INDEX ledger_transfers_to ON orders.ledger_transfers USING btree (to_id, id);
CREATE TRIGGER ledger_transfers_move AFTER INSERT ON orders.ledger_transfers REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION ledger_move();
CREATE TRIGGER ledger_transfers_stay BEFORE DELETE OR UPDATE ON orders.ledger_transfers FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

create table licence_keys (
  id          uuid                      not null,
  variant_id  uuid                      not null,
  vendor_id   uuid                      not null,
  sealed      bytea                     not null,
  key_hash    bytea                     not null,
  line_id     uuid,
  added_at    timestamp with time zone  not null,
  given_at    timestamp with time zone,
  constraint licence_keys_pkey PRIMARY KEY (id),
  constraint licence_keys_variant_id_key_hash_key UNIQUE (variant_id, key_hash),
  constraint licence_keys_line_id_fkey FOREIGN KEY (line_id) REFERENCES order_lines(id)
);
CREATE INDEX licence_keys_by_line ON orders.licence_keys USING btree (line_id) WHERE (line_id IS NOT NULL);
CREATE INDEX licence_keys_free ON orders.licence_keys USING btree (variant_id, id) WHERE (line_id IS NULL);

create table offers (
  product_id  uuid     not null,
  vendor_id   uuid     not null,
  listing     json     not null,
  variants    uuid[]   not null,
  gone        boolean  not null default false,
  version     integer  not null,
  constraint offers_pkey PRIMARY KEY (product_id),
  constraint offers_version_check CHECK ((version > 0))
);
CREATE INDEX offers_by_variant ON orders.offers USING gin (variants);

create table order_disputes (
  order_id      uuid                      not null,
  dispute_id    text                      not null,
  state         text                      not null,
  amount_minor  bigint                    not null,
  at            timestamp with time zone  not null,
  constraint order_disputes_pkey PRIMARY KEY (order_id, dispute_id),
  constraint order_disputes_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint order_disputes_state_check CHECK ((state = ANY (ARRAY['opened'::text, 'won'::text, 'lost'::text])))
);

create table order_lines (
  id                       uuid                      not null,
  order_id                 uuid                      not null,
  part_id                  uuid                      not null,
  position                 integer                   not null,
  product_id               uuid                      not null,
  variant_id               uuid                      not null,
  vendor_id                uuid                      not null,
  name                     text                      not null,
  slug                     text                      not null,
  sku                      text                      not null,
  options                  text                      not null,
  kind                     text                      not null,
  thumbnail                text,
  serial                   text,
  passport_id              uuid,
  delivery                 json,
  quantity                 integer                   not null,
  counted                  boolean                   not null,
  later                    boolean                   not null,
  price_minor              bigint                    not null,
  discount_minor           bigint                    not null,
  net_minor                bigint                    not null,
  tax_minor                bigint                    not null,
  total_minor              bigint                    not null,
  treatment                json                      not null,
  commission_basis_points  integer                   not null default 0,
  commission_minor         bigint                    not null default 0,
  refunded_minor           bigint                    not null default 0,
  sent                     integer                   not null default 0,
  handed_over_at           timestamp with time zone,
  constraint order_lines_pkey PRIMARY KEY (id),
  constraint order_lines_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint order_lines_part_id_fkey FOREIGN KEY (part_id) REFERENCES order_parts(id),
  constraint order_lines_check CHECK ((total_minor = (net_minor + tax_minor))),
  constraint order_lines_check1 CHECK (((refunded_minor >= 0) AND (refunded_minor <= total_minor))),
  constraint order_lines_check2 CHECK (((sent >= 0) AND (sent <= quantity))),
  constraint order_lines_price_minor_check CHECK ((price_minor >= 0)),
  constraint order_lines_quantity_check CHECK ((quantity > 0))
);
CREATE INDEX order_lines_awaiting ON orders.order_lines USING btree (variant_id, id) WHERE ((kind = 'digital'::text) AND (handed_over_at IS NULL));
CREATE INDEX order_lines_by_order ON orders.order_lines USING btree (order_id, "position");

create table order_log (
  id        bigint                    not null generated always as identity,
  order_id  uuid                      not null,
  at        timestamp with time zone  not null,
  kind      text                      not null,
  about     json,
  constraint order_log_pkey PRIMARY KEY (id),
  constraint order_log_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id)
);
CREATE INDEX order_log_by_order ON orders.order_log USING btree (order_id, id);

create table order_parts (
  id                       uuid                      not null,
  order_id                 uuid                      not null,
  position                 integer                   not null,
  vendor_id                uuid                      not null,
  owner_kind               text                      not null,
  state                    text                      not null,
  shipping_minor           bigint                    not null,
  shipping_option          text,
  shipping_tax             json,
  tax_minor                bigint                    not null,
  total_minor              bigint                    not null,
  commission_minor         bigint                    not null default 0,
  refunded_minor           bigint                    not null default 0,
  shipping_refunded_minor  bigint                    not null default 0,
  invoice_id               uuid,
  delivered_at             timestamp with time zone,
  created_at               timestamp with time zone  not null,
  constraint order_parts_pkey PRIMARY KEY (id),
  constraint order_parts_order_id_vendor_id_key UNIQUE (order_id, vendor_id),
  constraint order_parts_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint order_parts_check CHECK (((refunded_minor >= 0) AND (refunded_minor <= total_minor))),
  constraint order_parts_check1 CHECK (((shipping_refunded_minor >= 0) AND (shipping_refunded_minor <= shipping_minor))),
  constraint order_parts_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'processing'::text, 'shipped'::text, 'delivered'::text, 'cancelled'::text, 'refunded'::text])))
);
CREATE INDEX order_parts_by_age ON orders.order_parts USING btree (created_at DESC, id DESC);
CREATE INDEX order_parts_by_vendor ON orders.order_parts USING btree (vendor_id, created_at DESC, id DESC);

create table order_refunds (
  id              uuid                      not null,
  order_id        uuid                      not null,
  reference       text                      not null,
  amount_minor    bigint                    not null,
  gift_minor      bigint                    not null default 0,
  reason          text                      not null,
  shares          json                      not null,
  state           text                      not null,
  created_at      timestamp with time zone  not null,
  ended_at        timestamp with time zone,
  rounding_minor  bigint                    not null default 0,
  constraint order_refunds_pkey PRIMARY KEY (id),
  constraint order_refunds_order_id_reference_key UNIQUE (order_id, reference),
  constraint order_refunds_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint order_refunds_amount_minor_check CHECK ((amount_minor > 0)),
  constraint order_refunds_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'succeeded'::text, 'failed'::text])))
);

create table orders (
  id               uuid                      not null,
  number           text                      not null,
  user_id          uuid                      not null,
  cart_id          uuid                      not null,
  status           text                      not null,
  payment_status   text                      not null,
  payment_method   text,
  payment_id       uuid,
  payment_intent   text,
  cancelling       text,
  currency         text                      not null,
  subtotal_minor   bigint                    not null,
  discount_minor   bigint                    not null,
  shipping_minor   bigint                    not null,
  tax_minor        bigint                    not null,
  total_minor      bigint                    not null,
  gift_minor       bigint                    not null,
  refunded_minor   bigint                    not null default 0,
  disputed_minor   bigint                    not null default 0,
  country          text                      not null,
  billing          json                      not null,
  shipping         json                      not null,
  locale           text                      not null,
  version          integer                   not null,
  created_at       timestamp with time zone  not null,
  expires_at       timestamp with time zone  not null,
  paid_at          timestamp with time zone,
  ended_at         timestamp with time zone,
  added_tax_minor  bigint                    not null default 0,
  guest            boolean                   not null default false,
  constraint orders_pkey PRIMARY KEY (id),
  constraint orders_cart UNIQUE (cart_id),
  constraint orders_number UNIQUE (number),
  constraint orders_check CHECK (((gift_minor >= 0) AND (gift_minor <= total_minor))),
  constraint orders_check1 CHECK (((refunded_minor >= 0) AND (refunded_minor <= total_minor))),
  constraint orders_check2 CHECK ((total_minor = (((subtotal_minor - discount_minor) + shipping_minor) + added_tax_minor))),
  constraint orders_disputed_minor_check CHECK ((disputed_minor >= 0)),
  constraint orders_payment_status_check CHECK ((payment_status = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text, 'refunded'::text]))),
  constraint orders_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'processing'::text, 'completed'::text, 'cancelled'::text, 'refunded'::text]))),
  constraint orders_total_minor_check CHECK ((total_minor >= 0)),
  constraint orders_version_check CHECK ((version > 0))
);
CREATE INDEX orders_by_age ON orders.orders USING btree (created_at DESC, id DESC);
CREATE INDEX orders_by_user ON orders.orders USING btree (user_id, created_at DESC, id DESC);
CREATE INDEX orders_unpaid ON orders.orders USING btree (expires_at) WHERE (status = 'pending'::text);

create table payment_disputes (
  payment_id    uuid                      not null,
  provider_id   text                      not null,
  amount_minor  bigint                    not null,
  state         text                      not null,
  created_at    timestamp with time zone  not null,
  ended_at      timestamp with time zone,
  constraint payment_disputes_pkey PRIMARY KEY (payment_id, provider_id),
  constraint payment_disputes_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint payment_disputes_amount_minor_check CHECK ((amount_minor >= 0)),
  constraint payment_disputes_state_check CHECK ((state = ANY (ARRAY['open'::text, 'won'::text, 'lost'::text])))
);

create table payment_events (
  id           uuid                      not null,
  provider     text                      not null,
  event_id     text                      not null,
  type         text                      not null,
  account      text,
  facts        json                      not null,
  body         text                      not null,
  state        text                      not null default 'waiting'::text,
  attempts     integer                   not null default 0,
  error        text,
  received_at  timestamp with time zone  not null,
  due_at       timestamp with time zone  not null,
  ended_at     timestamp with time zone,
  constraint payment_events_pkey PRIMARY KEY (id),
  constraint payment_events_provider_event_id_key UNIQUE (provider, event_id),
  constraint payment_events_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'parked'::text, 'done'::text, 'ignored'::text, 'dead'::text])))
);
CREATE INDEX payment_events_by_age ON orders.payment_events USING btree (received_at);
CREATE INDEX payment_events_dead ON orders.payment_events USING btree (received_at, id) WHERE (state = 'dead'::text);
CREATE INDEX payment_events_under_way ON orders.payment_events USING btree (due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'parked'::text]));

create table payment_refunds (
  id            uuid                      not null,
  payment_id    uuid                      not null,
  reference     text,
  told          boolean                   not null default true,
  amount_minor  bigint                    not null,
  state         text                      not null,
  key_number    integer                   not null default 0,
  provider_id   text,
  failure       text,
  created_at    timestamp with time zone  not null,
  ended_at      timestamp with time zone,
  constraint payment_refunds_pkey PRIMARY KEY (id),
  constraint payment_refunds_payment_id_provider_id_key UNIQUE (payment_id, provider_id),
  constraint payment_refunds_payment_id_reference_key UNIQUE (payment_id, reference),
  constraint payment_refunds_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint payment_refunds_amount_minor_check CHECK ((amount_minor > 0)),
  constraint payment_refunds_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'pending'::text, 'succeeded'::text, 'failed'::text])))
);
CREATE INDEX payment_refunds_under_way ON orders.payment_refunds USING btree (created_at) WHERE (state = ANY (ARRAY['asked'::text, 'pending'::text]));

create table payments (
  id                    uuid                      not null,
  purpose               text                      not null,
  reference             text                      not null,
  payer_kind            text,
  payer_id              uuid,
  amount_minor          bigint                    not null,
  currency              text                      not null,
  capture               text                      not null,
  description           text                      not null,
  return_to             text                      not null,
  provider              text                      not null,
  provider_id           text,
  client_secret         text,
  state                 text                      not null default 'asked'::text,
  authorised_minor      bigint                    not null default 0,
  captured_minor        bigint                    not null default 0,
  refunded_minor        bigint                    not null default 0,
  capture_wanted_minor  bigint,
  cancel_wanted         boolean                   not null default false,
  key_number            integer                   not null default 0,
  failure               text,
  created_at            timestamp with time zone  not null,
  checked_at            timestamp with time zone  not null,
  failed_at             timestamp with time zone,
  authorised_at         timestamp with time zone,
  cancelled_at          timestamp with time zone,
  captured_at           timestamp with time zone,
  keeps                 boolean                   not null default false,
  customer              text,
  method                text,
  kept_method           text,
  constraint payments_pkey PRIMARY KEY (id),
  constraint payments_provider_provider_id_key UNIQUE (provider, provider_id),
  constraint payments_purpose_reference_key UNIQUE (purpose, reference),
  constraint payments_amount_minor_check CHECK ((amount_minor > 0)),
  constraint payments_capture_check CHECK ((capture = ANY (ARRAY['automatic'::text, 'manual'::text]))),
  constraint payments_check CHECK (((payer_id IS NULL) = (payer_kind IS NULL))),
  constraint payments_check1 CHECK (((authorised_minor >= 0) AND (authorised_minor <= amount_minor))),
  constraint payments_check2 CHECK (((captured_minor >= 0) AND (captured_minor <= amount_minor))),
  constraint payments_check3 CHECK (((refunded_minor >= 0) AND (refunded_minor <= captured_minor))),
  constraint payments_check4 CHECK (((capture_wanted_minor >= 1) AND (capture_wanted_minor <= amount_minor))),
  constraint payments_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint payments_payer_kind_check CHECK ((payer_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint payments_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'pending'::text, 'failed'::text, 'authorised'::text, 'cancelled'::text, 'succeeded'::text])))
);
CREATE INDEX payments_under_way ON orders.payments USING btree (checked_at) WHERE (state <> ALL (ARRAY['cancelled'::text, 'succeeded'::text]));

create table pricing (
  one      boolean  not null default true,
  version  bigint   not null,
  constraint pricing_pkey PRIMARY KEY (one),
  constraint pricing_one_check CHECK (one)
);

create table returns (
  id            uuid                      not null,
  order_id      uuid                      not null,
  part_id       uuid                      not null,
  vendor_id     uuid                      not null,
  user_id       uuid                      not null,
  reason        text                      not null,
  note          text,
  photos        uuid[]                    not null,
  lines         json                      not null,
  state         text                      not null,
  answer        text,
  restocked     boolean,
  amount_minor  bigint,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  decided_at    timestamp with time zone,
  received_at   timestamp with time zone,
  constraint returns_pkey PRIMARY KEY (id),
  constraint returns_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint returns_part_id_fkey FOREIGN KEY (part_id) REFERENCES order_parts(id),
  constraint returns_amount_minor_check CHECK ((amount_minor >= 0)),
  constraint returns_check CHECK (((state = 'received'::text) = (received_at IS NOT NULL))),
  constraint returns_reason_check CHECK ((reason = ANY (ARRAY['withdrawal'::text, 'broken'::text, 'wrong'::text, 'other'::text]))),
  constraint returns_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'approved'::text, 'refused'::text, 'withdrawn'::text, 'received'::text]))),
  constraint returns_version_check CHECK ((version > 0))
);
CREATE INDEX returns_by_age ON orders.returns USING btree (created_at DESC, id DESC);
CREATE INDEX returns_by_order ON orders.returns USING btree (order_id, id);
CREATE INDEX returns_by_vendor ON orders.returns USING btree (vendor_id, created_at DESC, id DESC);

create table sellers (
  owner_id        uuid     not null,
  owner_kind      text     not null,
  name            text     not null,
  address         json     not null,
  tax_id          text,
  small_business  boolean  not null,
  version         integer  not null,
  constraint sellers_pkey PRIMARY KEY (owner_id),
  constraint sellers_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint sellers_version_check CHECK ((version > 0))
);
CREATE CONSTRAINT TRIGGER sellers_priced AFTER INSERT OR DELETE OR UPDATE ON orders.sellers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pricing_changed();

create table shipments (
  id            uuid                      not null,
  order_id      uuid                      not null,
  part_id       uuid                      not null,
  carrier       text,
  tracking      text,
  tracking_url  text,
  lines         json                      not null,
  shipped_at    timestamp with time zone  not null,
  delivered_at  timestamp with time zone,
  constraint shipments_pkey PRIMARY KEY (id),
  constraint shipments_order_id_fkey FOREIGN KEY (order_id) REFERENCES orders(id),
  constraint shipments_part_id_fkey FOREIGN KEY (part_id) REFERENCES order_parts(id)
);
CREATE INDEX shipments_by_order ON orders.shipments USING btree (order_id);

create table shipping_options (
  id               uuid                      not null,
  vendor_id        uuid                      not null,
  name             text                      not null,
  countries        text[]                    not null,
  currency         text                      not null,
  price_minor      bigint                    not null,
  per_kg_minor     bigint                    not null,
  free_from_minor  bigint,
  max_weight_g     bigint,
  min_days         integer,
  max_days         integer,
  version          integer                   not null,
  created_at       timestamp with time zone  not null,
  constraint shipping_options_pkey PRIMARY KEY (id),
  constraint shipping_options_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint shipping_options_free_from_minor_check CHECK ((free_from_minor >= 0)),
  constraint shipping_options_max_weight_g_check CHECK ((max_weight_g > 0)),
  constraint shipping_options_per_kg_minor_check CHECK ((per_kg_minor >= 0)),
  constraint shipping_options_price_minor_check CHECK ((price_minor >= 0)),
  constraint shipping_options_version_check CHECK ((version > 0))
);
CREATE INDEX shipping_options_by_vendor ON orders.shipping_options USING btree (vendor_id, created_at, id);
CREATE CONSTRAINT TRIGGER shipping_options_priced AFTER INSERT OR DELETE OR UPDATE ON orders.shipping_options DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pricing_changed();

create table stock (
  variant_id     uuid     not null,
  product_id     uuid     not null,
  on_hand        bigint   not null default 0,
  held           bigint   not null default 0,
  count_version  integer  not null default 0,
  added          bigint   not null default 0,
  stated         integer  not null default 0,
  moves          bigint   not null default 0,
  constraint stock_pkey PRIMARY KEY (variant_id),
  constraint stock_held_check CHECK ((held >= 0))
);

create table tax_classes (
  code      text     not null,
  percents  json     not null,
  version   integer  not null,
  constraint tax_classes_pkey PRIMARY KEY (code)
);
CREATE CONSTRAINT TRIGGER tax_classes_priced AFTER INSERT OR DELETE OR UPDATE ON orders.tax_classes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pricing_changed();

CREATE OR REPLACE FUNCTION orders.invoice_complete()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from made join invoices i on i.id = made.invoice_id where i.issued_in <> pg_current_xact_id()) then
    raise exception '% is never added to: the invoice is issued', tg_table_name using errcode = 'restrict_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION orders.invoice_credited()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update invoice_states s set credited_minor = s.credited_minor + c.minor
  from (select credits as id, sum(gross_minor)::bigint as minor from made where credits is not null group by credits) c
  where s.invoice_id = c.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION orders.invoice_paid()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update invoice_states s set paid_minor = s.paid_minor + p.minor
  from (select invoice_id as id, sum(minor)::bigint as minor from made group by invoice_id) p where s.invoice_id = p.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION orders.invoice_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never changed: an invoice that is wrong is credited', tg_table_name
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION orders.invoice_series_forward()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.next < old.next or (new.seller_id, new.kind, new.year, new.prefix) <> (old.seller_id, old.kind, old.year, old.prefix) then
    raise exception 'a series of numbers never goes back' using errcode = 'restrict_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION orders.invoice_state_of()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  select seller_id, buyer_id, kind, issued_at into new.seller_id, new.buyer_id, new.kind, new.issued_at
  from invoices where id = new.invoice_id;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION orders.ledger_hold()
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

CREATE OR REPLACE FUNCTION orders.ledger_move()
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

CREATE OR REPLACE FUNCTION orders.ledger_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never changed: what was booked wrong is booked back', tg_table_name
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION orders.pricing_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update pricing set version = version + 1;
  return null;
end $function$;
