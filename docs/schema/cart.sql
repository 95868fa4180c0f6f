-- The schema cart after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table cart_lines (
  id           uuid                      not null,
  cart_id      uuid                      not null,
  product_id   uuid                      not null,
  variant_id   uuid                      not null,
  quantity     integer                   not null,
  price_minor  bigint                    not null,
  added_at     timestamp with time zone  not null,
  constraint cart_lines_pkey PRIMARY KEY (id),
  constraint cart_lines_one UNIQUE (cart_id, variant_id),
  constraint cart_lines_cart_id_fkey FOREIGN KEY (cart_id) REFERENCES carts(id) ON DELETE CASCADE,
  constraint cart_lines_quantity_check CHECK (((quantity >= 1) AND (quantity <= 10000)))
);

create table carts (
  id          uuid                      not null,
  order_key   uuid                      not null,
  user_id     uuid,
  token_hash  bytea,
  currency    text                      not null,
  country     text,
  coupons     text[]                    not null default '{}'::text[],
  gift_cards  text[]                    not null default '{}'::text[],
  shipping    json                      not null default '[]'::json,
  version     integer                   not null default 1,
  expires_at  timestamp with time zone  not null,
  region      text,
  constraint carts_pkey PRIMARY KEY (id),
  constraint carts_order_key_key UNIQUE (order_key),
  constraint carts_token_hash_key UNIQUE (token_hash),
  constraint carts_user_id_key UNIQUE (user_id),
  constraint carts_check CHECK (((user_id IS NULL) <> (token_hash IS NULL))),
  constraint carts_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text))
);
CREATE INDEX carts_by_expiry ON cart.carts USING btree (expires_at);

create table offers (
  product_id  uuid     not null,
  for_sale    boolean  not null,
  version     integer  not null,
  constraint offers_pkey PRIMARY KEY (product_id),
  constraint offers_version_check CHECK ((version > 0))
);

create table variants (
  variant_id  uuid     not null,
  product_id  uuid     not null,
  prices      json     not null,
  most        integer,
  version     integer  not null,
  constraint variants_pkey PRIMARY KEY (variant_id)
);
CREATE INDEX variants_by_product ON cart.variants USING btree (product_id);
