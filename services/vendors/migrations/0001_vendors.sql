-- works with code from 0001
-- vendors: who sells, or wants to; their id is that of their owner.
create table vendors (
  id             uuid        primary key,
  owner_kind     text        not null check (owner_kind in ('person', 'organisation')),
  applicant_id   uuid,
  name           text        not null,
  slug           text        not null,
  description    text        not null,
  email          text,
  phone          text,
  website        text,
  avatar_id      uuid,
  -- Where their money goes, and whose account that is.
  iban           text,
  account_holder text,
  -- Documents that prove who they are.
  evidence       uuid[]      not null default '{}',
  terms_at       timestamptz,
  status         text        not null check (status in ('draft', 'pending', 'active', 'rejected', 'suspended', 'closed')),
  verified       boolean     not null,
  -- Why an admin decided as they did, who, and when.
  reason         text,
  decided_by     uuid,
  decided_at     timestamptz,
  submitted_at   timestamptz,
  version        integer     not null check (version > 0),
  created_at     timestamptz not null
);
create index vendors_waiting on vendors (submitted_at, id) where status = 'pending';
create index vendors_by_status on vendors (status, created_at, id);
create index vendors_by_age on vendors (created_at, id);

-- slugs: every name in addresses that vendors have or had; none is ever another's.
create table slugs (
  slug      text primary key,
  vendor_id uuid not null references vendors
);

-- decisions: what admins decided about vendors, for ever.
create table decisions (
  id         uuid        primary key,
  vendor_id  uuid        not null references vendors,
  decision   text        not null check (decision in ('approve', 'reject', 'suspend', 'reinstate')),
  reason     text,
  decided_by uuid        not null,
  decided_at timestamptz not null
);
create index decisions_of_vendor on decisions (vendor_id, decided_at, id);

-- commission_rules: what the platform keeps of what is sold.
create table commission_rules (
  id           uuid        primary key,
  vendor_id    uuid,
  category_id  uuid,
  basis_points integer     not null check (basis_points between 0 and 10000),
  fixed_minor  bigint      check (fixed_minor >= 0),
  currency     text,
  from_at      timestamptz not null,
  until_at     timestamptz,
  version      integer     not null check (version > 0),
  created_at   timestamptz not null,
  check ((fixed_minor is null) = (currency is null))
);
create index commission_rules_by_age on commission_rules (from_at, id);

-- products: what vendors have in the shop, as of the greatest version.
create table products (
  product_id  uuid    primary key,
  vendor_id   uuid    not null,
  name        text    not null,
  slug        text    not null,
  thumbnail   text,
  for_sale    boolean not null,
  gone        boolean not null,
  category_id uuid,
  version     integer not null
);
create index products_of_vendor on products (vendor_id, name, product_id) where for_sale and not gone;

-- categories: from the root to each, for the rules that hold below one.
create table categories (
  category_id uuid    primary key,
  path        uuid[]  not null,
  version     integer not null
);

-- reviews: what is thought of a vendor's products; hidden ones are kept for their version.
create table reviews (
  review_id uuid    primary key,
  vendor_id uuid    not null,
  rating    integer not null,
  shown     boolean not null,
  version   integer not null
);
create index reviews_of_vendor on reviews (vendor_id) where shown;

-- moves: money of lines that were sold, and of refunds of them (less than zero).
create table moves (
  -- Of the line, or of the refund and the line.
  cause            text        primary key,
  vendor_id        uuid        not null,
  order_id         uuid        not null,
  product_id       uuid,
  currency         text        not null,
  pieces           integer     not null,
  total_minor      bigint      not null,
  commission_minor bigint      not null,
  at               timestamptz not null
);
create index moves_of_vendor on moves (vendor_id, at);
