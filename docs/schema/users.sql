-- The schema users after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table addresses (
  id                uuid                      not null,
  user_id           uuid                      not null,
  name              text                      not null,
  company           text,
  lines             text[]                    not null,
  city              text,
  postal_code       text,
  region            text,
  country           text                      not null,
  telephone         text,
  note              text,
  default_billing   boolean                   not null,
  default_shipping  boolean                   not null,
  version           integer                   not null,
  created_at        timestamp with time zone  not null,
  constraint addresses_pkey PRIMARY KEY (id),
  constraint addresses_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
  constraint addresses_lines_check CHECK (((cardinality(lines) >= 1) AND (cardinality(lines) <= 6))),
  constraint addresses_version_check CHECK ((version > 0))
);
CREATE INDEX addresses_by_user ON users.addresses USING btree (user_id, id);
CREATE UNIQUE INDEX addresses_billing ON users.addresses USING btree (user_id) WHERE default_billing;
CREATE UNIQUE INDEX addresses_shipping ON users.addresses USING btree (user_id) WHERE default_shipping;

create table bills (
  id               uuid                      not null,
  subscription_id  uuid                      not null,
  kind             text                      not null,
  number           integer                   not null,
  plan_id          uuid                      not null,
  plan_name        text                      not null,
  price_minor      bigint                    not null,
  interval         text                      not null,
  lines            json                      not null,
  amount_minor     bigint                    not null,
  credit_minor     bigint                    not null,
  from_at          timestamp with time zone,
  to_at            timestamp with time zone,
  state            text                      not null,
  attempts         integer                   not null default 0,
  next_try_at      timestamp with time zone,
  payment_id       uuid,
  failure          text,
  invoice_id       uuid,
  created_at       timestamp with time zone  not null,
  paid_at          timestamp with time zone,
  constraint bills_pkey PRIMARY KEY (id),
  constraint bills_one UNIQUE (subscription_id, kind, number),
  constraint bills_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plans(id),
  constraint bills_subscription_id_fkey FOREIGN KEY (subscription_id) REFERENCES subscriptions(id),
  constraint bills_amount_minor_check CHECK ((amount_minor >= 0)),
  constraint bills_credit_minor_check CHECK ((credit_minor >= 0)),
  constraint bills_kind_check CHECK ((kind = ANY (ARRAY['period'::text, 'change'::text]))),
  constraint bills_state_check CHECK ((state = ANY (ARRAY['open'::text, 'paid'::text, 'void'::text])))
);
CREATE INDEX bills_by_subscription ON users.bills USING btree (subscription_id, created_at DESC, id DESC);
CREATE UNIQUE INDEX bills_open ON users.bills USING btree (subscription_id, kind) WHERE (state = 'open'::text);

create table charges (
  session_id   uuid                      not null,
  user_id      uuid                      not null,
  charger_id   text                      not null,
  energy_wh    bigint                    not null,
  currency     text                      not null,
  total_minor  bigint                    not null,
  started_at   timestamp with time zone  not null,
  ended_at     timestamp with time zone  not null,
  revision     integer                   not null,
  constraint charges_pkey PRIMARY KEY (session_id)
);
CREATE INDEX charges_by_user ON users.charges USING btree (user_id, ended_at DESC, session_id DESC);

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
CREATE TRIGGER invoice_lines_complete AFTER INSERT ON users.invoice_lines REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_complete();
CREATE TRIGGER invoice_lines_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON users.invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX invoice_payments_of ON users.invoice_payments USING btree (invoice_id);
CREATE TRIGGER invoice_payments_count AFTER INSERT ON users.invoice_payments REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_paid();
CREATE TRIGGER invoice_payments_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON users.invoice_payments FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE TRIGGER invoice_series_on BEFORE UPDATE ON users.invoice_series FOR EACH ROW EXECUTE FUNCTION invoice_series_forward();
CREATE TRIGGER invoice_series_stay BEFORE DELETE OR TRUNCATE ON users.invoice_series FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX invoice_states_due ON users.invoice_states USING btree (due_on, invoice_id) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open ON users.invoice_states USING btree (issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open_of_buyer ON users.invoice_states USING btree (buyer_id, issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open_of_seller ON users.invoice_states USING btree (seller_id, issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE TRIGGER invoice_states_begin BEFORE INSERT ON users.invoice_states FOR EACH ROW EXECUTE FUNCTION invoice_state_of();
CREATE TRIGGER invoice_states_follow BEFORE UPDATE OF gross_minor, paid_minor, credited_minor ON users.invoice_states FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION invoice_refuse();
CREATE TRIGGER invoice_states_stay BEFORE DELETE OR TRUNCATE ON users.invoice_states FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE TRIGGER invoice_taxes_complete AFTER INSERT ON users.invoice_taxes REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_complete();
CREATE TRIGGER invoice_taxes_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON users.invoice_taxes FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX credit_notes_by_time ON users.invoices USING btree (issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX credit_notes_of_buyer ON users.invoices USING btree (buyer_id, issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX credit_notes_of_seller ON users.invoices USING btree (seller_id, issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX invoices_by_time ON users.invoices USING btree (issued_at DESC, id DESC);
CREATE INDEX invoices_credits ON users.invoices USING btree (credits) WHERE (credits IS NOT NULL);
CREATE INDEX invoices_of_buyer ON users.invoices USING btree (buyer_id, issued_at DESC, id DESC);
CREATE INDEX invoices_of_seller ON users.invoices USING btree (seller_id, issued_at DESC, id DESC);
CREATE TRIGGER invoices_credited AFTER INSERT ON users.invoices REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_credited();
CREATE TRIGGER invoices_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON users.invoices FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table leavers (
  user_id  uuid                      not null,
  left_at  timestamp with time zone  not null,
  constraint leavers_pkey PRIMARY KEY (user_id)
);

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
CREATE INDEX payment_events_by_age ON users.payment_events USING btree (received_at);
CREATE INDEX payment_events_dead ON users.payment_events USING btree (received_at, id) WHERE (state = 'dead'::text);
CREATE INDEX payment_events_under_way ON users.payment_events USING btree (due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'parked'::text]));

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
CREATE INDEX payment_refunds_under_way ON users.payment_refunds USING btree (created_at) WHERE (state = ANY (ARRAY['asked'::text, 'pending'::text]));

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
CREATE INDEX payments_under_way ON users.payments USING btree (checked_at) WHERE (state <> ALL (ARRAY['cancelled'::text, 'succeeded'::text]));

create table plan_sellers (
  owner_id        uuid     not null,
  name            text     not null,
  address         json     not null,
  tax_id          text,
  small_business  boolean  not null,
  version         integer  not null,
  constraint plan_sellers_pkey PRIMARY KEY (owner_id),
  constraint plan_sellers_version_check CHECK ((version > 0))
);

create table plans (
  id            uuid                      not null,
  owner_kind    text                      not null,
  owner_id      uuid                      not null,
  name          text                      not null,
  description   text                      not null,
  sold          text                      not null,
  currency      text                      not null,
  price_minor   bigint                    not null,
  interval      text                      not null,
  trial_days    integer                   not null,
  withdrawn_at  timestamp with time zone,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  constraint plans_pkey PRIMARY KEY (id),
  constraint plans_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint plans_interval_check CHECK (("interval" = ANY (ARRAY['month'::text, 'year'::text]))),
  constraint plans_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint plans_price_minor_check CHECK ((price_minor >= 0)),
  constraint plans_sold_check CHECK ((sold = ANY (ARRAY['digital'::text, 'services'::text]))),
  constraint plans_trial_days_check CHECK (((trial_days >= 0) AND (trial_days <= 365))),
  constraint plans_version_check CHECK ((version > 0))
);
CREATE INDEX plans_by_owner ON users.plans USING btree (owner_id, id);
CREATE INDEX plans_offered ON users.plans USING btree (id) WHERE (withdrawn_at IS NULL);

create table products (
  product_id  uuid                      not null,
  name        text                      not null,
  slug        text                      not null,
  thumbnail   text,
  for_sale    boolean                   not null,
  deleted     boolean                   not null,
  variants    json                      not null,
  version     integer                   not null,
  turns_at    timestamp with time zone,
  constraint products_pkey PRIMARY KEY (product_id)
);
CREATE INDEX products_turning ON users.products USING btree (turns_at) WHERE (turns_at IS NOT NULL);

create table profiles (
  user_id       uuid                      not null,
  display_name  text                      not null,
  telephone     text,
  avatar_id     uuid,
  language      text                      not null,
  country       text,
  time_zone     text                      not null,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  constraint profiles_pkey PRIMARY KEY (user_id),
  constraint profiles_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
  constraint profiles_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text]))),
  constraint profiles_version_check CHECK ((version > 0))
);
CREATE INDEX profiles_by_avatar ON users.profiles USING btree (avatar_id) WHERE (avatar_id IS NOT NULL);

create table purchase_refunds (
  refund_id     uuid     not null,
  order_id      uuid     not null,
  user_id       uuid     not null,
  amount_minor  bigint   not null,
  failed        boolean  not null,
  constraint purchase_refunds_pkey PRIMARY KEY (refund_id)
);
CREATE INDEX purchase_refunds_by_order ON users.purchase_refunds USING btree (order_id);
CREATE INDEX purchase_refunds_by_user ON users.purchase_refunds USING btree (user_id);

create table purchases (
  order_id         uuid                      not null,
  user_id          uuid                      not null,
  number           text                      not null,
  currency         text,
  total_minor      bigint,
  items            json,
  placed_at        timestamp with time zone,
  status           text,
  status_version   integer                   not null default 0,
  payment_status   text,
  payment_version  integer                   not null default 0,
  constraint purchases_pkey PRIMARY KEY (order_id)
);
CREATE INDEX purchases_by_user ON users.purchases USING btree (user_id, placed_at DESC, order_id DESC) WHERE (placed_at IS NOT NULL);

create table stocks (
  variant_id  uuid     not null,
  product_id  uuid     not null,
  available   integer,
  version     integer  not null,
  constraint stocks_pkey PRIMARY KEY (variant_id)
);
CREATE INDEX stocks_by_product ON users.stocks USING btree (product_id);

create table subscriptions (
  id                uuid                      not null,
  user_id           uuid                      not null,
  plan_id           uuid                      not null,
  plan_name         text                      not null,
  owner_kind        text                      not null,
  owner_id          uuid                      not null,
  currency          text                      not null,
  price_minor       bigint                    not null,
  interval          text                      not null,
  time_zone         text                      not null,
  state             text                      not null,
  anchor_at         timestamp with time zone  not null,
  anchor_period     integer                   not null,
  period            integer                   not null,
  period_starts_at  timestamp with time zone  not null,
  period_ends_at    timestamp with time zone  not null,
  cancel_at_end     boolean                   not null default false,
  rest_ms           bigint,
  credit_minor      bigint                    not null default 0,
  customer          text,
  method            text,
  next_at           timestamp with time zone,
  reminded          integer                   not null default 0,
  version           integer                   not null,
  created_at        timestamp with time zone  not null,
  ended_at          timestamp with time zone,
  end_reason        text,
  constraint subscriptions_pkey PRIMARY KEY (id),
  constraint subscriptions_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES plans(id),
  constraint subscriptions_check CHECK ((period_ends_at >= period_starts_at)),
  constraint subscriptions_check1 CHECK (((rest_ms IS NOT NULL) = (state = 'paused'::text))),
  constraint subscriptions_check2 CHECK (((ended_at IS NOT NULL) = (state = 'cancelled'::text))),
  constraint subscriptions_credit_minor_check CHECK ((credit_minor >= 0)),
  constraint subscriptions_interval_check CHECK (("interval" = ANY (ARRAY['month'::text, 'year'::text]))),
  constraint subscriptions_period_check CHECK ((period >= 0)),
  constraint subscriptions_price_minor_check CHECK ((price_minor >= 0)),
  constraint subscriptions_state_check CHECK ((state = ANY (ARRAY['incomplete'::text, 'trialing'::text, 'active'::text, 'past-due'::text, 'paused'::text, 'cancelled'::text]))),
  constraint subscriptions_version_check CHECK ((version > 0))
);
CREATE INDEX subscriptions_by_user ON users.subscriptions USING btree (user_id, created_at DESC, id DESC);
CREATE INDEX subscriptions_due ON users.subscriptions USING btree (next_at) WHERE (next_at IS NOT NULL);
CREATE UNIQUE INDEX subscriptions_one ON users.subscriptions USING btree (user_id, plan_id) WHERE (state <> 'cancelled'::text);

create table wishes (
  id           uuid                      not null,
  user_id      uuid                      not null,
  product_id   uuid                      not null,
  currency     text                      not null,
  price_minor  bigint                    not null,
  alarm_minor  bigint,
  told_minor   bigint,
  sold_out     boolean                   not null default false,
  gone         boolean                   not null default false,
  created_at   timestamp with time zone  not null,
  constraint wishes_pkey PRIMARY KEY (id),
  constraint wishes_one UNIQUE (user_id, product_id),
  constraint wishes_alarm_minor_check CHECK ((alarm_minor >= 0)),
  constraint wishes_price_minor_check CHECK ((price_minor >= 0))
);
CREATE INDEX wishes_by_product ON users.wishes USING btree (product_id, id);
CREATE INDEX wishes_by_user ON users.wishes USING btree (user_id, created_at DESC, id DESC);

CREATE OR REPLACE FUNCTION users.invoice_complete()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from made join invoices i on i.id = made.invoice_id where i.issued_in <> pg_current_xact_id()) then
    raise exception '% is never added to: the invoice is issued', tg_table_name using errcode = 'restrict_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION users.invoice_credited()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update invoice_states s set credited_minor = s.credited_minor + c.minor
  from (select credits as id, sum(gross_minor)::bigint as minor from made where credits is not null group by credits) c
  where s.invoice_id = c.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION users.invoice_paid()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update invoice_states s set paid_minor = s.paid_minor + p.minor
  from (select invoice_id as id, sum(minor)::bigint as minor from made group by invoice_id) p where s.invoice_id = p.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION users.invoice_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never changed: an invoice that is wrong is credited', tg_table_name
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION users.invoice_series_forward()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.next < old.next or (new.seller_id, new.kind, new.year, new.prefix) <> (old.seller_id, old.kind, old.year, old.prefix) then
    raise exception 'a series of numbers never goes back' using errcode = 'restrict_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION users.invoice_state_of()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  select seller_id, buyer_id, kind, issued_at into new.seller_id, new.buyer_id, new.kind, new.issued_at
  from invoices where id = new.invoice_id;
  return new;
end $function$;
