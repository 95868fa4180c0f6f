-- The schema billing after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table booking_fees (
  fee_id       uuid                      not null,
  booking_id   uuid                      not null,
  kind         text                      not null,
  driver_id    uuid                      not null,
  seller_kind  text                      not null,
  seller_id    uuid                      not null,
  currency     text                      not null,
  net_minor    bigint                    not null,
  tax_minor    bigint                    not null,
  state        text                      not null,
  asked_at     timestamp with time zone,
  time_zone    text,
  treatment    json,
  owed_minor   bigint                    not null default 0,
  invoice_id   uuid,
  constraint booking_fees_pkey PRIMARY KEY (fee_id),
  constraint booking_fees_seller_kind_check CHECK ((seller_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint booking_fees_state_check CHECK ((state = ANY (ARRAY['booked'::text, 'given-back'::text, 'waived'::text])))
);
CREATE INDEX booking_fees_owed ON billing.booking_fees USING btree (driver_id, currency, asked_at) WHERE (owed_minor > 0);
CREATE INDEX booking_fees_uninvoiced ON billing.booking_fees USING btree (seller_id, driver_id, asked_at) WHERE ((state = 'booked'::text) AND (treatment IS NOT NULL) AND (invoice_id IS NULL));

create table charger_stations (
  charger_id  text                      not null,
  station_id  uuid                      not null,
  station_at  timestamp with time zone  not null,
  constraint charger_stations_pkey PRIMARY KEY (charger_id)
);

create table charges (
  session_id          uuid                      not null,
  charger_id          text                      not null,
  station_id          uuid,
  evse                integer                   not null,
  connector           integer                   not null,
  seller_kind         text,
  seller_id           uuid,
  driver_id           uuid,
  started_at          timestamp with time zone  not null,
  ended_at            timestamp with time zone,
  energy_wh           bigint                    not null,
  told_at             timestamp with time zone  not null,
  state               text                      not null,
  agreed_at           timestamp with time zone,
  tariff_id           uuid,
  version             integer,
  quote_id            uuid,
  place               json,
  revision            integer                   not null default 0,
  price               json,
  currency            text,
  net_minor           bigint                    not null default 0,
  tax_minor           bigint                    not null default 0,
  total_minor         bigint                    not null default 0,
  owed_minor          bigint                    not null default 0,
  charged_at          timestamp with time zone,
  invoiced_revision   integer                   not null default 0,
  invoice_id          uuid,
  taxed               json,
  token               text,
  company_id          uuid,
  card_id             uuid,
  cost_centre_id      uuid,
  booked_kind         text,
  booked_id           uuid,
  on_account          boolean                   not null default false,
  credited_net_minor  bigint                    not null default 0,
  credited_tax_minor  bigint                    not null default 0,
  constraint charges_pkey PRIMARY KEY (session_id),
  constraint charges_tariff_id_version_fkey FOREIGN KEY (tariff_id, version) REFERENCES tariff_terms(tariff_id, version),
  constraint charges_booked_kind_check CHECK ((booked_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint charges_seller_kind_check CHECK ((seller_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint charges_state CHECK ((state = ANY (ARRAY['running'::text, 'due'::text, 'charged'::text, 'free'::text, 'refused'::text])))
);
CREATE INDEX charges_by_company ON billing.charges USING btree (company_id, session_id) WHERE (company_id IS NOT NULL);
CREATE INDEX charges_by_company_and_time ON billing.charges USING btree (company_id, started_at) WHERE (company_id IS NOT NULL);
CREATE INDEX charges_by_cost_centre ON billing.charges USING btree (cost_centre_id, ended_at) WHERE (cost_centre_id IS NOT NULL);
CREATE INDEX charges_by_driver ON billing.charges USING btree (driver_id, session_id);
CREATE INDEX charges_by_driver_and_time ON billing.charges USING btree (driver_id, started_at);
CREATE INDEX charges_by_seller ON billing.charges USING btree (seller_id, session_id);
CREATE INDEX charges_by_seller_and_time ON billing.charges USING btree (seller_id, started_at);
CREATE INDEX charges_due ON billing.charges USING btree (session_id) WHERE (state = 'due'::text);
CREATE INDEX charges_nowhere ON billing.charges USING btree (charger_id) WHERE ((agreed_at IS NULL) AND (state = ANY (ARRAY['running'::text, 'due'::text])));
CREATE INDEX charges_owed ON billing.charges USING btree (booked_id, currency, charged_at) WHERE ((owed_minor > 0) AND (NOT on_account));
CREATE INDEX charges_to_invoice ON billing.charges USING btree (seller_id, booked_id, session_id) WHERE ((state = 'charged'::text) AND (invoiced_revision < revision) AND (driver_id IS NOT NULL));
CREATE INDEX charges_uninvoiced ON billing.charges USING btree (ended_at, session_id) WHERE ((state = 'charged'::text) AND (invoiced_revision < revision) AND (driver_id IS NOT NULL));

create table companies (
  organisation_id  uuid                      not null,
  party            json                      not null,
  language         text                      not null,
  buyer_reference  text,
  version          integer                   not null,
  created_at       timestamp with time zone  not null,
  constraint companies_pkey PRIMARY KEY (organisation_id),
  constraint companies_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text])))
);

create table company_cards (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  token_id         uuid                      not null,
  id_token         text                      not null,
  type             text                      not null,
  holder_id        uuid                      not null,
  cost_centre_id   uuid,
  label            text,
  assigned_at      timestamp with time zone  not null,
  ended_at         timestamp with time zone,
  ended_for        text,
  version          integer                   not null,
  constraint company_cards_pkey PRIMARY KEY (id),
  constraint company_cards_cost_centre_id_fkey FOREIGN KEY (cost_centre_id) REFERENCES cost_centres(id),
  constraint company_cards_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES companies(organisation_id),
  constraint company_cards_check CHECK (((ended_at IS NULL) = (ended_for IS NULL))),
  constraint company_cards_ended_for_check CHECK ((ended_for = ANY (ARRAY['left'::text, 'removed'::text, 'given-back'::text])))
);
CREATE INDEX company_cards_by_holder ON billing.company_cards USING btree (holder_id, id);
CREATE INDEX company_cards_by_value ON billing.company_cards USING btree (upper(id_token), assigned_at);
CREATE INDEX company_cards_of ON billing.company_cards USING btree (organisation_id, id);
CREATE UNIQUE INDEX company_cards_current ON billing.company_cards USING btree (upper(id_token)) WHERE (ended_at IS NULL);

create table company_employees (
  organisation_id  uuid     not null,
  user_id          uuid     not null,
  cost_centre_id   uuid,
  policy           json,
  version          integer  not null,
  constraint company_employees_pkey PRIMARY KEY (organisation_id, user_id),
  constraint company_employees_cost_centre_id_fkey FOREIGN KEY (cost_centre_id) REFERENCES cost_centres(id),
  constraint company_employees_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES companies(organisation_id)
);

create table company_terms (
  organisation_id  uuid     not null,
  seller_id        uuid     not null,
  limit_minor      bigint,
  due_in_days      integer  not null,
  version          integer  not null,
  constraint company_terms_pkey PRIMARY KEY (organisation_id, seller_id),
  constraint company_terms_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES companies(organisation_id),
  constraint company_terms_due_in_days_check CHECK (((due_in_days >= 0) AND (due_in_days <= 180))),
  constraint company_terms_limit_minor_check CHECK ((limit_minor >= 0))
);
CREATE INDEX company_terms_by_seller ON billing.company_terms USING btree (seller_id, organisation_id);

create table cost_centre_alerts (
  cost_centre_id  uuid     not null,
  month           date     not null,
  percent         integer  not null,
  constraint cost_centre_alerts_pkey PRIMARY KEY (cost_centre_id, month, percent),
  constraint cost_centre_alerts_cost_centre_id_fkey FOREIGN KEY (cost_centre_id) REFERENCES cost_centres(id)
);

create table cost_centres (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  code             text                      not null,
  name             text                      not null,
  budget_minor     bigint,
  budget_currency  text,
  alert_percent    integer                   not null,
  version          integer                   not null,
  created_at       timestamp with time zone  not null,
  closed_at        timestamp with time zone,
  constraint cost_centres_pkey PRIMARY KEY (id),
  constraint cost_centres_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES companies(organisation_id),
  constraint cost_centres_alert_percent_check CHECK (((alert_percent >= 1) AND (alert_percent <= 100))),
  constraint cost_centres_budget_minor_check CHECK ((budget_minor > 0)),
  constraint cost_centres_check CHECK (((budget_minor IS NULL) = (budget_currency IS NULL)))
);
CREATE INDEX cost_centres_of ON billing.cost_centres USING btree (organisation_id, id);
CREATE UNIQUE INDEX cost_centres_code ON billing.cost_centres USING btree (organisation_id, code) WHERE (closed_at IS NULL);

create table credits (
  id           uuid                      not null,
  session_id   uuid                      not null,
  seller_id    uuid                      not null,
  currency     text                      not null,
  total_minor  bigint                    not null,
  tax_minor    bigint                    not null,
  reason       text                      not null,
  state        text                      not null,
  proposed_by  uuid                      not null,
  proposed_at  timestamp with time zone  not null,
  decided_by   uuid,
  decided_at   timestamp with time zone,
  constraint credits_pkey PRIMARY KEY (id),
  constraint credits_session_id_fkey FOREIGN KEY (session_id) REFERENCES charges(session_id),
  constraint credits_check CHECK (((tax_minor >= 0) AND (tax_minor <= total_minor))),
  constraint credits_check1 CHECK (((state = 'proposed'::text) = (decided_at IS NULL))),
  constraint credits_state_check CHECK ((state = ANY (ARRAY['proposed'::text, 'booked'::text, 'refused'::text]))),
  constraint credits_total_minor_check CHECK ((total_minor > 0))
);
CREATE INDEX credits_of ON billing.credits USING btree (session_id, id);
CREATE INDEX credits_proposed ON billing.credits USING btree (seller_id, id) WHERE (state = 'proposed'::text);

create table driver_group_members (
  group_id   uuid  not null,
  driver_id  uuid  not null,
  constraint driver_group_members_pkey PRIMARY KEY (group_id, driver_id),
  constraint driver_group_members_group_id_fkey FOREIGN KEY (group_id) REFERENCES driver_groups(id) ON DELETE CASCADE
);
CREATE INDEX driver_group_members_by_driver ON billing.driver_group_members USING btree (driver_id);

create table driver_groups (
  id          uuid                      not null,
  owner_kind  text                      not null,
  owner_id    uuid                      not null,
  name        text                      not null,
  version     integer                   not null default 1,
  created_at  timestamp with time zone  not null,
  constraint driver_groups_pkey PRIMARY KEY (id),
  constraint driver_groups_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX driver_groups_by_owner ON billing.driver_groups USING btree (owner_id, id);

create table drivers (
  driver_id    uuid                      not null,
  blocked_at   timestamp with time zone,
  left_at      timestamp with time zone,
  blocked_for  text,
  constraint drivers_pkey PRIMARY KEY (driver_id),
  constraint drivers_blocked_for_check CHECK ((blocked_for = ANY (ARRAY['debt'::text, 'balance'::text])))
);
CREATE INDEX drivers_left ON billing.drivers USING btree (driver_id) WHERE (left_at IS NOT NULL);

create table home_chargers (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  user_id          uuid                      not null,
  charger_id       text                      not null,
  rate             numeric                   not null,
  currency         text                      not null,
  paid_by          text                      not null,
  since            timestamp with time zone  not null,
  until            timestamp with time zone,
  constraint home_chargers_pkey PRIMARY KEY (id),
  constraint home_chargers_organisation_id_fkey FOREIGN KEY (organisation_id) REFERENCES companies(organisation_id),
  constraint home_chargers_check CHECK ((until >= since)),
  constraint home_chargers_paid_by_check CHECK ((paid_by = ANY (ARRAY['wallet'::text, 'payroll'::text]))),
  constraint home_chargers_rate_check CHECK ((rate > (0)::numeric))
);
CREATE INDEX home_chargers_by_charger ON billing.home_chargers USING btree (charger_id, user_id, since);
CREATE UNIQUE INDEX home_chargers_current ON billing.home_chargers USING btree (organisation_id, user_id) WHERE (until IS NULL);

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
CREATE TRIGGER invoice_lines_complete AFTER INSERT ON billing.invoice_lines REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_complete();
CREATE TRIGGER invoice_lines_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON billing.invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX invoice_payments_of ON billing.invoice_payments USING btree (invoice_id);
CREATE TRIGGER invoice_payments_count AFTER INSERT ON billing.invoice_payments REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_paid();
CREATE TRIGGER invoice_payments_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON billing.invoice_payments FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE TRIGGER invoice_series_on BEFORE UPDATE ON billing.invoice_series FOR EACH ROW EXECUTE FUNCTION invoice_series_forward();
CREATE TRIGGER invoice_series_stay BEFORE DELETE OR TRUNCATE ON billing.invoice_series FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX invoice_states_due ON billing.invoice_states USING btree (due_on, invoice_id) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open ON billing.invoice_states USING btree (issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open_of_buyer ON billing.invoice_states USING btree (buyer_id, issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE INDEX invoice_states_open_of_seller ON billing.invoice_states USING btree (seller_id, issued_at DESC, invoice_id DESC) WHERE ((kind = 'invoice'::text) AND ((paid_minor + credited_minor) < gross_minor));
CREATE TRIGGER invoice_states_begin BEFORE INSERT ON billing.invoice_states FOR EACH ROW EXECUTE FUNCTION invoice_state_of();
CREATE TRIGGER invoice_states_follow BEFORE UPDATE OF gross_minor, paid_minor, credited_minor ON billing.invoice_states FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION invoice_refuse();
CREATE TRIGGER invoice_states_stay BEFORE DELETE OR TRUNCATE ON billing.invoice_states FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE TRIGGER invoice_taxes_complete AFTER INSERT ON billing.invoice_taxes REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_complete();
CREATE TRIGGER invoice_taxes_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON billing.invoice_taxes FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

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
CREATE INDEX credit_notes_by_time ON billing.invoices USING btree (issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX credit_notes_of_buyer ON billing.invoices USING btree (buyer_id, issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX credit_notes_of_seller ON billing.invoices USING btree (seller_id, issued_at DESC, id DESC) WHERE (kind = 'credit-note'::text);
CREATE INDEX invoices_by_time ON billing.invoices USING btree (issued_at DESC, id DESC);
CREATE INDEX invoices_credits ON billing.invoices USING btree (credits) WHERE (credits IS NOT NULL);
CREATE INDEX invoices_of_buyer ON billing.invoices USING btree (buyer_id, issued_at DESC, id DESC);
CREATE INDEX invoices_of_seller ON billing.invoices USING btree (seller_id, issued_at DESC, id DESC);
CREATE TRIGGER invoices_credited AFTER INSERT ON billing.invoices REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION invoice_credited();
CREATE TRIGGER invoices_stay BEFORE DELETE OR UPDATE OR TRUNCATE ON billing.invoices FOR EACH STATEMENT EXECUTE FUNCTION invoice_refuse();

create table invoicing (
  driver_id  uuid     not null,
  every      text     not null,
  party      json,
  language   text     not null,
  version    integer  not null,
  constraint invoicing_pkey PRIMARY KEY (driver_id),
  constraint invoicing_every_check CHECK ((every = ANY (ARRAY['session'::text, 'month'::text]))),
  constraint invoicing_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text])))
);

create table kept_money (
  driver_id  uuid                      not null,
  currency   text                      not null,
  minor      bigint                    not null,
  reason     text                      not null,
  since      timestamp with time zone  not null,
  constraint kept_money_pkey PRIMARY KEY (driver_id, currency),
  constraint kept_money_minor_check CHECK ((minor >= 0)),
  constraint kept_money_reason_check CHECK ((reason = ANY (ARRAY['no-payment'::text, 'refund-failed'::text])))
);

create table least_balance (
  one          boolean  not null default true,
  least_minor  bigint   not null,
  constraint least_balance_pkey PRIMARY KEY (one),
  constraint least_balance_one_check CHECK (one)
);

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
CREATE INDEX ledger_accounts_by_owner ON billing.ledger_accounts USING btree (owner_id);
CREATE TRIGGER ledger_balances_follow BEFORE UPDATE OF balance_minor, held_minor ON billing.ledger_accounts FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION ledger_refuse();

create table ledger_entries (
  cause_id  uuid                      not null,
  kind      text                      not null,
  at        timestamp with time zone  not null,
  about     json,
  constraint ledger_entries_pkey PRIMARY KEY (cause_id, kind)
);
CREATE INDEX ledger_entries_by_time ON billing.ledger_entries USING brin (at);
CREATE TRIGGER ledger_entries_stay BEFORE DELETE OR UPDATE ON billing.ledger_entries FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

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
CREATE INDEX ledger_holds_by_account ON billing.ledger_holds USING btree (account_id) WHERE (state = 'open'::text);
CREATE INDEX ledger_holds_open ON billing.ledger_holds USING btree (expires_at) WHERE (state = 'open'::text);
CREATE TRIGGER ledger_holds_move AFTER INSERT OR UPDATE ON billing.ledger_holds FOR EACH ROW EXECUTE FUNCTION ledger_hold();
CREATE TRIGGER ledger_holds_stay BEFORE DELETE ON billing.ledger_holds FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

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
CREATE INDEX ledger_transfers_by_cause ON billing.ledger_transfers USING btree (cause_id, kind);
CREATE INDEX ledger_transfers_from ON billing.ledger_transfers USING btree (from_id, id);
CREATE INDEX ledger_transfers_to ON billing.ledger_transfers USING btree (to_id, id);
CREATE TRIGGER ledger_transfers_move AFTER INSERT ON billing.ledger_transfers REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION ledger_move();
CREATE TRIGGER ledger_transfers_stay BEFORE DELETE OR UPDATE ON billing.ledger_transfers FOR EACH ROW EXECUTE FUNCTION ledger_refuse();

create table low_balances (
  driver_id    uuid                      not null,
  currency     text                      not null,
  below_minor  bigint,
  low_since    timestamp with time zone,
  constraint low_balances_pkey PRIMARY KEY (driver_id, currency),
  constraint low_balances_below_minor_check CHECK ((below_minor >= 0))
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
CREATE INDEX payment_events_by_age ON billing.payment_events USING btree (received_at);
CREATE INDEX payment_events_dead ON billing.payment_events USING btree (received_at, id) WHERE (state = 'dead'::text);
CREATE INDEX payment_events_under_way ON billing.payment_events USING btree (due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'parked'::text]));

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
CREATE INDEX payment_refunds_under_way ON billing.payment_refunds USING btree (created_at) WHERE (state = ANY (ARRAY['asked'::text, 'pending'::text]));

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
CREATE INDEX payments_by_payer ON billing.payments USING btree (payer_id, captured_at) WHERE (payer_id IS NOT NULL);
CREATE INDEX payments_under_way ON billing.payments USING btree (checked_at) WHERE (state <> ALL (ARRAY['cancelled'::text, 'succeeded'::text]));

create table quotes (
  id          uuid                      not null,
  driver_id   uuid,
  station_id  uuid                      not null,
  evse        integer                   not null,
  connector   integer                   not null,
  tariff_id   uuid                      not null,
  version     integer                   not null,
  price       json                      not null,
  created_at  timestamp with time zone  not null,
  expires_at  timestamp with time zone  not null,
  constraint quotes_pkey PRIMARY KEY (id),
  constraint quotes_tariff_id_version_fkey FOREIGN KEY (tariff_id, version) REFERENCES tariff_terms(tariff_id, version)
);
CREATE INDEX quotes_by_age ON billing.quotes USING btree (expires_at);
CREATE INDEX quotes_by_place ON billing.quotes USING btree (station_id, evse, driver_id, expires_at);

create table reimbursement_statements (
  id               uuid                      not null,
  organisation_id  uuid                      not null,
  user_id          uuid                      not null,
  month            date                      not null,
  currency         text                      not null,
  paid_by          text                      not null,
  sessions         integer                   not null,
  energy_wh        bigint                    not null,
  amount_minor     bigint                    not null,
  stated_at        timestamp with time zone  not null,
  constraint reimbursement_statements_pkey PRIMARY KEY (id),
  constraint reimbursement_statements_organisation_id_user_id_month_curr_key UNIQUE (organisation_id, user_id, month, currency, paid_by)
);
CREATE INDEX reimbursement_statements_by_month ON billing.reimbursement_statements USING btree (organisation_id, month, id);
CREATE INDEX reimbursement_statements_by_user ON billing.reimbursement_statements USING btree (user_id, id);

create table reimbursements (
  session_id    uuid                      not null,
  number        integer                   not null,
  home_id       uuid                      not null,
  energy_wh     bigint                    not null,
  amount_minor  bigint                    not null,
  ended_at      timestamp with time zone  not null,
  statement_id  uuid,
  constraint reimbursements_pkey PRIMARY KEY (session_id, number),
  constraint reimbursements_home_id_fkey FOREIGN KEY (home_id) REFERENCES home_chargers(id),
  constraint reimbursements_statement_id_fkey FOREIGN KEY (statement_id) REFERENCES reimbursement_statements(id)
);
CREATE INDEX reimbursements_of ON billing.reimbursements USING btree (statement_id) WHERE (statement_id IS NOT NULL);
CREATE INDEX reimbursements_unstated ON billing.reimbursements USING btree (ended_at) WHERE (statement_id IS NULL);

create table sellers (
  owner_id        uuid     not null,
  name            text     not null,
  address         json     not null,
  tax_id          text,
  small_business  boolean  not null,
  rounding        text     not null,
  version         integer  not null,
  tax_number      text,
  constraint sellers_pkey PRIMARY KEY (owner_id),
  constraint sellers_rounding_check CHECK ((rounding = ANY (ARRAY['line'::text, 'document'::text])))
);

create table tariff_terms (
  tariff_id  uuid                      not null,
  version    integer                   not null,
  terms      json                      not null,
  since      timestamp with time zone  not null,
  constraint tariff_terms_pkey PRIMARY KEY (tariff_id, version),
  constraint tariff_terms_tariff_id_fkey FOREIGN KEY (tariff_id) REFERENCES tariffs(id)
);

create table tariff_uses (
  tariff_id   uuid                      not null,
  owner_id    uuid                      not null,
  station_id  uuid,
  evse        integer,
  connector   integer,
  group_id    uuid,
  since       timestamp with time zone  not null default now(),
  constraint tariff_uses_one UNIQUE NULLS NOT DISTINCT (owner_id, station_id, evse, connector, group_id),
  constraint tariff_uses_group FOREIGN KEY (group_id) REFERENCES driver_groups(id),
  constraint tariff_uses_tariff_id_fkey FOREIGN KEY (tariff_id) REFERENCES tariffs(id),
  constraint tariff_uses_check CHECK (((evse IS NULL) OR (station_id IS NOT NULL))),
  constraint tariff_uses_check1 CHECK (((connector IS NULL) OR (evse IS NOT NULL)))
);
CREATE INDEX tariff_uses_by_group ON billing.tariff_uses USING btree (group_id);
CREATE INDEX tariff_uses_by_tariff ON billing.tariff_uses USING btree (tariff_id);

create table tariff_uses_past (
  tariff_id   uuid                      not null,
  owner_id    uuid                      not null,
  station_id  uuid,
  evse        integer,
  connector   integer,
  group_id    uuid,
  since       timestamp with time zone  not null,
  until       timestamp with time zone  not null,
  constraint tariff_uses_past_tariff_id_fkey FOREIGN KEY (tariff_id) REFERENCES tariffs(id),
  constraint tariff_uses_past_check CHECK ((until > since))
);
CREATE INDEX tariff_uses_past_by_owner ON billing.tariff_uses_past USING btree (owner_id, until);

create table tariffs (
  id            uuid                      not null,
  owner_kind    text                      not null,
  owner_id      uuid                      not null,
  name          text                      not null,
  version       integer                   not null,
  created_at    timestamp with time zone  not null,
  withdrawn_at  timestamp with time zone,
  constraint tariffs_pkey PRIMARY KEY (id),
  constraint tariffs_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint tariffs_version_check CHECK ((version > 0))
);
CREATE INDEX tariffs_by_owner ON billing.tariffs USING btree (owner_id, id);

create table terminals (
  id             uuid                      not null,
  owner_kind     text                      not null,
  owner_id       uuid                      not null,
  name           text                      not null,
  secret_number  integer                   not null default 1,
  created_at     timestamp with time zone  not null,
  heard_at       timestamp with time zone,
  deleted_at     timestamp with time zone,
  webhook_url    text,
  former_until   timestamp with time zone,
  constraint terminals_pkey PRIMARY KEY (id),
  constraint terminals_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text])))
);
CREATE INDEX terminals_by_owner ON billing.terminals USING btree (owner_id, id);

create table visits (
  id              uuid                      not null,
  key             text                      not null,
  terminal_id     uuid,
  reference       text,
  payment_id      uuid,
  station_id      uuid                      not null,
  station_name    text                      not null,
  charger_id      text                      not null,
  evse            integer                   not null,
  connector       integer                   not null,
  seller_kind     text                      not null,
  seller_id       uuid                      not null,
  tariff_id       uuid                      not null,
  version         integer                   not null,
  place           json                      not null,
  currency        text                      not null,
  amount_minor    bigint                    not null,
  email           text,
  language        text                      not null,
  token           text                      not null,
  state           text                      not null,
  reason          text,
  request_id      uuid,
  begin_by        timestamp with time zone,
  session_id      uuid,
  stop_wanted_at  timestamp with time zone,
  stop_asked_at   timestamp with time zone,
  capture_minor   bigint,
  returned_minor  bigint                    not null default 0,
  captured_minor  bigint                    not null default 0,
  created_at      timestamp with time zone  not null,
  authorised_at   timestamp with time zone,
  ended_at        timestamp with time zone,
  closed_at       timestamp with time zone,
  constraint visits_pkey PRIMARY KEY (id),
  constraint visits_key_key UNIQUE (key),
  constraint visits_request_id_key UNIQUE (request_id),
  constraint visits_session_id_key UNIQUE (session_id),
  constraint visits_terminal_id_reference_key UNIQUE (terminal_id, reference),
  constraint visits_token_key UNIQUE (token),
  constraint visits_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES payments(id),
  constraint visits_tariff_id_version_fkey FOREIGN KEY (tariff_id, version) REFERENCES tariff_terms(tariff_id, version),
  constraint visits_amount_minor_check CHECK ((amount_minor > 0)),
  constraint visits_check CHECK (((capture_minor >= 0) AND (capture_minor <= amount_minor))),
  constraint visits_check1 CHECK (((terminal_id IS NULL) = (payment_id IS NOT NULL))),
  constraint visits_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text]))),
  constraint visits_seller_kind_check CHECK ((seller_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint visits_state_check CHECK ((state = ANY (ARRAY['paying'::text, 'starting'::text, 'charging'::text, 'done'::text, 'failed'::text])))
);
CREATE INDEX visits_by_place ON billing.visits USING btree (station_id, evse) WHERE (state = 'paying'::text);
CREATE INDEX visits_to_do ON billing.visits USING btree (terminal_id, created_at) WHERE ((capture_minor IS NOT NULL) AND (closed_at IS NULL));
CREATE INDEX visits_under_way ON billing.visits USING btree (created_at) WHERE (state = ANY (ARRAY['paying'::text, 'starting'::text, 'charging'::text]));

CREATE OR REPLACE FUNCTION billing.invoice_complete()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from made join invoices i on i.id = made.invoice_id where i.issued_in <> pg_current_xact_id()) then
    raise exception '% is never added to: the invoice is issued', tg_table_name using errcode = 'restrict_violation';
  end if;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION billing.invoice_credited()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update invoice_states s set credited_minor = s.credited_minor + c.minor
  from (select credits as id, sum(gross_minor)::bigint as minor from made where credits is not null group by credits) c
  where s.invoice_id = c.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION billing.invoice_paid()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update invoice_states s set paid_minor = s.paid_minor + p.minor
  from (select invoice_id as id, sum(minor)::bigint as minor from made group by invoice_id) p where s.invoice_id = p.id;
  return null;
end $function$;

CREATE OR REPLACE FUNCTION billing.invoice_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never changed: an invoice that is wrong is credited', tg_table_name
    using errcode = 'restrict_violation';
end $function$;

CREATE OR REPLACE FUNCTION billing.invoice_series_forward()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if new.next < old.next or (new.seller_id, new.kind, new.year, new.prefix) <> (old.seller_id, old.kind, old.year, old.prefix) then
    raise exception 'a series of numbers never goes back' using errcode = 'restrict_violation';
  end if;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION billing.invoice_state_of()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  select seller_id, buyer_id, kind, issued_at into new.seller_id, new.buyer_id, new.kind, new.issued_at
  from invoices where id = new.invoice_id;
  return new;
end $function$;

CREATE OR REPLACE FUNCTION billing.ledger_hold()
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

CREATE OR REPLACE FUNCTION billing.ledger_move()
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

CREATE OR REPLACE FUNCTION billing.ledger_refuse()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never changed: what was booked wrong is booked back', tg_table_name
    using errcode = 'restrict_violation';
end $function$;
