-- offers: products as the marketplace tells of them, at the greatest version that was told.
create table offers (
  product_id uuid    primary key,
  for_sale   boolean not null,
  version    integer not null check (version > 0)
);

-- variants: what of them can be put into a cart.
create table variants (
  variant_id uuid    primary key,
  product_id uuid    not null,
  -- By currency: priceMinor, and a sale with its days.
  prices     json    not null,
  most       integer,
  version    integer not null
);
create index variants_by_product on variants (product_id);

-- carts: of a person, or of a browser that has a token; one of each.
create table carts (
  id         uuid        primary key,
  -- What an order of it is known by; another one once there is an order.
  order_key  uuid        not null unique,
  user_id    uuid        unique,
  token_hash bytea       unique,
  currency   text        not null check (currency ~ '^[A-Z]{3}$'),
  country    text,
  coupons    text[]      not null default '{}',
  gift_cards text[]      not null default '{}',
  shipping   json        not null default '[]',
  version    integer     not null default 1,
  expires_at timestamptz not null,
  check ((user_id is null) <> (token_hash is null))
);
create index carts_by_expiry on carts (expires_at);

-- cart_lines: what is in them.
create table cart_lines (
  id          uuid        primary key,
  cart_id     uuid        not null references carts on delete cascade,
  product_id  uuid        not null,
  variant_id  uuid        not null,
  quantity    integer     not null check (quantity between 1 and 10000),
  -- What the buyer was told that one costs.
  price_minor bigint      not null,
  added_at    timestamptz not null,
  constraint cart_lines_one unique (cart_id, variant_id)
);
