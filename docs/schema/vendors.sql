-- The schema vendors after all migrations, made by `npm run docs`. To read: what runs are the migrations.

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
