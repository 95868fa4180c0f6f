-- offers: products as the marketplace tells of them, each with its variants, at the greatest version that was told.
create table offers (
  product_id uuid        primary key,
  vendor_id  uuid        not null,
  listing    json        not null,
  variants   uuid[]      not null,
  gone       boolean     not null default false,
  version    integer     not null check (version > 0)
);
create index offers_by_variant on offers using gin (variants);

-- tax_classes: rates that the tables do not know, by country.
create table tax_classes (
  code     text    primary key,
  percents json    not null,
  version  integer not null
);

-- stock: pieces of a variant. Those that are held are for orders that may still be paid; what is paid is in neither.
create table stock (
  variant_id    uuid    primary key,
  product_id    uuid    not null,
  on_hand       bigint  not null default 0,
  held          bigint  not null default 0 check (held >= 0),
  -- What the vendor stated last.
  count_version integer not null default 0,
  added         bigint  not null default 0,
  stated        integer not null default 0,
  -- How often orders changed it.
  moves         bigint  not null default 0
);

-- sellers: vendors as tax and invoices know them.
create table sellers (
  owner_id       uuid        primary key,
  owner_kind     text        not null check (owner_kind in ('person', 'organisation')),
  name           text        not null,
  address        json        not null,
  tax_id         text,
  small_business boolean     not null,
  version        integer     not null check (version > 0)
);

-- shipping_options: ways of a vendor to send things.
create table shipping_options (
  id              uuid        primary key,
  vendor_id       uuid        not null,
  name            text        not null,
  -- None: everywhere.
  countries       text[]      not null,
  currency        text        not null check (currency ~ '^[A-Z]{3}$'),
  price_minor     bigint      not null check (price_minor >= 0),
  per_kg_minor    bigint      not null check (per_kg_minor >= 0),
  free_from_minor bigint      check (free_from_minor >= 0),
  max_weight_g    bigint      check (max_weight_g > 0),
  min_days        integer,
  max_days        integer,
  version         integer     not null check (version > 0),
  created_at      timestamptz not null
);
create index shipping_options_by_vendor on shipping_options (vendor_id, created_at, id);

-- coupons: of a vendor for what is theirs, or of the platform for everything; `used` counts orders that are not cancelled.
create table coupons (
  id             uuid        primary key,
  vendor_id      uuid,
  code           text        not null unique,
  percent        text,
  amount_minor   bigint      check (amount_minor > 0),
  currency       text,
  least_minor    bigint      not null default 0,
  starts_at      timestamptz,
  ends_at        timestamptz,
  max_uses       integer     check (max_uses > 0),
  max_uses_each  integer     check (max_uses_each > 0),
  used           integer     not null default 0 check (used >= 0 and used <= coalesce(max_uses, used)),
  active         boolean     not null default true,
  version        integer     not null check (version > 0),
  created_at     timestamptz not null,
  check ((percent is null) <> (amount_minor is null)),
  check ((amount_minor is null) = (currency is null))
);
create index coupons_by_vendor on coupons (vendor_id, created_at, id);

-- gift_cards: money that was given by a code; the code itself is nowhere.
create table gift_cards (
  id            uuid        primary key,
  code_hash     bytea       not null unique,
  hint          text        not null,
  currency      text        not null check (currency ~ '^[A-Z]{3}$'),
  issued_minor  bigint      not null check (issued_minor > 0),
  balance_minor bigint      not null check (balance_minor between 0 and issued_minor),
  expires_at    timestamptz,
  created_at    timestamptz not null
);

-- orders: what a buyer bought at once; one a cart.
create table orders (
  id              uuid        primary key,
  number          text        not null constraint orders_number unique,
  user_id         uuid        not null,
  cart_id         uuid        not null constraint orders_cart unique,
  status          text        not null check (status in ('pending', 'processing', 'completed', 'cancelled', 'refunded')),
  payment_status  text        not null check (payment_status in ('pending', 'paid', 'failed', 'refunded')),
  payment_method  text,
  payment_id      uuid,
  payment_intent  text,
  -- Why nobody shall pay it any more, while the provider is asked to see to that.
  cancelling      text,
  currency        text        not null,
  subtotal_minor  bigint      not null,
  discount_minor  bigint      not null,
  shipping_minor  bigint      not null,
  tax_minor       bigint      not null,
  total_minor     bigint      not null check (total_minor >= 0),
  gift_minor      bigint      not null check (gift_minor between 0 and total_minor),
  refunded_minor  bigint      not null default 0 check (refunded_minor between 0 and total_minor),
  -- What banks took back.
  disputed_minor  bigint      not null default 0 check (disputed_minor >= 0),
  country         text        not null,
  billing         json        not null,
  shipping        json        not null,
  locale          text        not null,
  version         integer     not null check (version > 0),
  created_at      timestamptz not null,
  expires_at      timestamptz not null,
  paid_at         timestamptz,
  ended_at        timestamptz,
  check (total_minor = subtotal_minor - discount_minor + shipping_minor + added_tax_minor),
  added_tax_minor bigint      not null default 0
);
create index orders_by_user on orders (user_id, created_at desc, id desc);
create index orders_by_age on orders (created_at desc, id desc);
create index orders_unpaid on orders (expires_at) where status = 'pending';

-- order_parts: what one vendor sells of an order.
create table order_parts (
  id               uuid    primary key,
  order_id         uuid    not null references orders,
  position         integer not null,
  vendor_id        uuid    not null,
  owner_kind       text    not null,
  state            text    not null
                           check (state in ('pending', 'processing', 'shipped', 'delivered', 'cancelled', 'refunded')),
  shipping_minor   bigint  not null,
  shipping_option  text,
  shipping_tax     json,
  tax_minor        bigint  not null,
  total_minor      bigint  not null,
  commission_minor bigint  not null default 0,
  refunded_minor   bigint  not null default 0 check (refunded_minor between 0 and total_minor),
  shipping_refunded_minor bigint not null default 0 check (shipping_refunded_minor between 0 and shipping_minor),
  invoice_id       uuid,
  delivered_at     timestamptz,
  created_at       timestamptz not null,
  unique (order_id, vendor_id)
);
create index order_parts_by_vendor on order_parts (vendor_id, created_at desc, id desc);

-- order_lines: things as they were bought.
create table order_lines (
  id               uuid    primary key,
  order_id         uuid    not null references orders,
  part_id          uuid    not null references order_parts,
  position         integer not null,
  product_id       uuid    not null,
  variant_id       uuid    not null,
  vendor_id        uuid    not null,
  name             text    not null,
  slug             text    not null,
  sku              text    not null,
  options          text    not null,
  kind             text    not null,
  thumbnail        text,
  serial           text,
  passport_id      uuid,
  delivery         json,
  quantity         integer not null check (quantity > 0),
  -- Whether its pieces are counted.
  counted          boolean not null,
  -- Sold before it is there.
  later            boolean not null,
  price_minor      bigint  not null check (price_minor >= 0),
  discount_minor   bigint  not null,
  net_minor        bigint  not null,
  tax_minor        bigint  not null,
  total_minor      bigint  not null check (total_minor = net_minor + tax_minor),
  treatment        json    not null,
  commission_basis_points integer not null default 0,
  commission_minor bigint  not null default 0,
  refunded_minor   bigint  not null default 0 check (refunded_minor between 0 and total_minor),
  sent             integer not null default 0 check (sent between 0 and quantity),
  handed_over_at   timestamptz
);
create index order_lines_by_order on order_lines (order_id, position);
create index order_lines_awaiting on order_lines (variant_id, id) where kind = 'digital' and handed_over_at is null;

-- order_log: what happened to an order, for who has to answer for it.
create table order_log (
  id       bigint      generated always as identity primary key,
  order_id uuid        not null references orders,
  at       timestamptz not null,
  kind     text        not null,
  about    json
);
create index order_log_by_order on order_log (order_id, id);

-- coupon_uses: which order had which coupon; those of cancelled orders are gone.
create table coupon_uses (
  coupon_id      uuid   not null references coupons,
  order_id       uuid   not null references orders,
  user_id        uuid   not null,
  discount_minor bigint not null,
  primary key (order_id, coupon_id)
);
create index coupon_uses_by_user on coupon_uses (coupon_id, user_id);

-- gift_uses: what gift cards pay of orders.
create table gift_uses (
  gift_card_id   uuid   not null references gift_cards,
  order_id       uuid   not null references orders,
  amount_minor   bigint not null check (amount_minor > 0),
  returned_minor bigint not null default 0 check (returned_minor between 0 and amount_minor),
  primary key (order_id, gift_card_id)
);

-- order_refunds: money that goes back.
create table order_refunds (
  id            uuid        primary key,
  order_id      uuid        not null references orders,
  -- Of the request: asked again it is the same.
  reference     text        not null,
  amount_minor  bigint      not null check (amount_minor > 0),
  gift_minor    bigint      not null default 0,
  reason        text        not null,
  shares        json        not null,
  state         text        not null check (state in ('asked', 'succeeded', 'failed')),
  created_at    timestamptz not null,
  ended_at      timestamptz,
  unique (order_id, reference)
);

-- order_disputes: what buyers' banks took back, or tried to.
create table order_disputes (
  order_id     uuid        not null references orders,
  dispute_id   text        not null,
  state        text        not null check (state in ('opened', 'won', 'lost')),
  amount_minor bigint      not null,
  at           timestamptz not null,
  primary key (order_id, dispute_id)
);

-- shipments: what a vendor sent at once.
create table shipments (
  id           uuid        primary key,
  order_id     uuid        not null references orders,
  part_id      uuid        not null references order_parts,
  carrier      text,
  tracking     text,
  tracking_url text,
  lines        json        not null,
  shipped_at   timestamptz not null,
  delivered_at timestamptz
);
create index shipments_by_order on shipments (order_id);

-- licence_keys: keys of a variant; each is given once, to one line.
create table licence_keys (
  id         uuid        primary key,
  variant_id uuid        not null,
  vendor_id  uuid        not null,
  -- Sealed: who reads the table reads no key.
  sealed     bytea       not null,
  -- One key is in the pool of a variant once.
  key_hash   bytea       not null,
  line_id    uuid        references order_lines,
  added_at   timestamptz not null,
  given_at   timestamptz,
  unique (variant_id, key_hash)
);
create index licence_keys_free on licence_keys (variant_id, id) where line_id is null;
create index licence_keys_by_line on licence_keys (line_id) where line_id is not null;

-- downloads: how often the file of a line was fetched.
create table downloads (
  line_id     uuid        primary key references order_lines,
  document_id uuid        not null,
  file_name   text        not null,
  most        integer,
  used        integer     not null default 0 check (used >= 0 and used <= coalesce(most, used))
);
