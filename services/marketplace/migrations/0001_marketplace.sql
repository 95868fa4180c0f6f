-- categories: the tree in which products are found; `path` leads from the root to itself, `attributes` defines what products of it say of themselves.
create table categories (
  id         uuid        primary key,
  parent_id  uuid        references categories,
  path       uuid[]      not null check (cardinality(path) between 1 and 8),
  slug       text        not null unique,
  names      json       not null,
  attributes json       not null,
  position   integer     not null,
  version    integer     not null check (version > 0),
  updated_at timestamptz not null
);
create index categories_children on categories (parent_id);

-- tax_classes: rates that the tables of taxes do not know, by country.
create table tax_classes (
  code       text        primary key,
  name       text        not null,
  percents   json       not null,
  version    integer     not null check (version > 0),
  updated_at timestamptz not null
);

-- suspended_vendors: who may not sell at present.
create table suspended_vendors (
  vendor_id uuid primary key
);

-- products: one row a product as its vendor describes it; the last columns are what it is found by, written anew with each change of the others.
create table products (
  id              uuid        primary key,
  owner_kind      text        not null check (owner_kind in ('person', 'organisation')),
  owner_id        uuid        not null,
  -- As the vendor names it in files.
  reference       text,
  slug            text        not null,
  kind            text        not null check (kind in ('physical', 'digital', 'battery')),
  status          text        not null check (status in ('draft', 'pending', 'active', 'rejected')),
  reason          text,
  language        text        not null check (language in ('en', 'de')),
  name            text        not null,
  description     text        not null,
  translations    json       not null,
  category_id     uuid        references categories,
  tags            text[]      not null,
  attributes      json       not null,
  tax_class       text        not null references tax_classes,
  tax_included    boolean     not null,
  featured        boolean     not null default false,
  passport_id     uuid        check ((passport_id is not null) = (kind = 'battery')),
  -- What everybody may know of the battery, and the version of the passport that says it.
  passport        json,
  version         integer     not null check (version > 0),
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  submitted_at    timestamptz,
  deleted_at      timestamptz,
  thumbnail       text,
  rating_sum      integer     not null default 0 check (rating_sum >= 0),
  review_count    integer     not null default 0 check (review_count >= 0),
  sold            integer     not null default 0 check (sold >= 0),
  download_count  integer     not null default 0 check (download_count >= 0),
  for_sale        boolean     not null,
  in_stock        boolean     not null,
  rating          numeric(3, 2) generated always as
    (case when review_count = 0 then 0 else round(rating_sum::numeric / review_count, 2) end) stored,
  facets          text[]      not null,
  words_en        tsvector    not null,
  words_de        tsvector    not null,
  check (not for_sale or (status = 'active' and deleted_at is null))
);
create unique index products_references on products (owner_id, reference) where reference is not null and deleted_at is null;
-- One listing a battery.
create unique index products_passports on products (passport_id) where passport_id is not null and deleted_at is null;
create index products_by_owner on products (owner_id, created_at, id) where deleted_at is null;
create index products_by_status on products (status, created_at, id) where deleted_at is null;
create index products_by_category on products (category_id) where category_id is not null;
-- Each order in which everybody sees them.
create index products_newest on products (created_at, id) where for_sale;
create index products_popular on products (sold, id) where for_sale;
create index products_rated on products (rating, id) where for_sale;
-- All filters and words in one; the list of entries that wait stays short, as each search reads it through.
create index products_search on products using gin (facets, words_en, words_de) with (gin_pending_list_limit = 64) where for_sale;

-- slugs: every name a product has had in addresses; all lead to it, and it goes by the one that is `current`.
create table slugs (
  slug       text    primary key,
  -- A name is taken before its product is there.
  product_id uuid    not null,
  current    boolean not null
);
create unique index slugs_current on slugs (product_id) where current;

-- variants: what of a product is bought. Pieces are `counted + added` as the vendor says, `available` as orders do.
create table variants (
  id                uuid        primary key,
  product_id        uuid        not null references products,
  owner_id          uuid        not null,
  position          integer     not null,
  sku               text        not null,
  options           json       not null,
  prices            json       not null,
  weight_g          integer     check (weight_g >= 0),
  stock_policy      text        not null check (stock_policy in ('deny', 'backorder', 'preorder', 'unlimited')),
  available_at      timestamptz,
  max_per_order     integer     check (max_per_order > 0),
  serial            text,
  delivery          json,
  counted           integer     not null default 0 check (counted >= 0),
  count_version     integer     not null default 0,
  added             integer     not null default 0,
  stock_version     integer     not null default 0,
  available         integer,
  available_version integer     not null default 0,
  deleted_at        timestamptz
);
create unique index variants_skus on variants (owner_id, sku) where deleted_at is null;
create index variants_by_product on variants (product_id, position);

-- stock_levels: what orders said of variants that are not known yet.
create table stock_levels (
  variant_id uuid    primary key,
  available  integer,
  version    integer not null
);

-- offers: from when until when a product for sale costs so much at the least, in each currency; the parts of a currency follow one another.
create table offers (
  product_id     uuid        not null references products,
  currency       text        not null,
  from_at        timestamptz not null,
  until_at       timestamptz not null check (until_at > from_at),
  price_minor    bigint      not null check (price_minor >= 0),
  original_minor bigint      check (original_minor > price_minor),
  primary key (product_id, currency, from_at)
);
create index offers_by_price on offers (currency, price_minor, product_id);

-- figures: attributes of products for sale that are numbers.
create table figures (
  product_id uuid             not null references products,
  key        text             not null,
  value      double precision not null,
  primary key (product_id, key)
);
create index figures_by_value on figures (key, value, product_id);

-- starts: each word of the names of products for sale, for who begins to type one.
create table starts (
  word       text collate "C" not null,
  product_id uuid             not null references products,
  primary key (word, product_id)
);
create index starts_by_product on starts (product_id);

-- vocabulary: every word of a product for sale, for who misspells one.
create table vocabulary (
  word text primary key
);
create index vocabulary_alike on vocabulary using gin (word extensions.gin_trgm_ops);

-- What a word that nobody uses may have been meant as.
create function alike(misspelt text) returns table (word text, likeness real) language sql stable
  set pg_trgm.similarity_threshold = 0.3 as $$
  select word, extensions.similarity(word, misspelt) from vocabulary
  where word operator(extensions.%) misspelt and abs(length(word) - length(misspelt)) <= 3
  order by 2 desc, 1 limit 3
$$;

-- synonyms: words that mean the same in searches.
create table synonyms (
  id         uuid        primary key,
  words      text[]      not null check (cardinality(words) between 2 and 20),
  created_at timestamptz not null
);

-- pictures: of products, from documents of their vendors; what is shown of one is a copy of ours, without anything but its pixels.
create table pictures (
  id          uuid        primary key,
  product_id  uuid        not null references products,
  document_id uuid        not null,
  position    integer     not null,
  alt         text        not null,
  state       text        not null check (state in ('waiting', 'ready', 'refused')),
  detail      text,
  width       integer,
  height      integer,
  file_key    text
);
create index pictures_by_product on pictures (product_id, position);

-- purchases: who has received what, and may say what they think of it.
create table purchases (
  user_id     uuid        not null,
  product_id  uuid        not null,
  order_id    uuid        not null,
  received_at timestamptz not null,
  primary key (user_id, product_id)
);

-- leavers: people who deleted their account; what comes of them later is not kept either.
create table leavers (
  user_id uuid primary key
);

-- deliveries: orders that were counted, so that none counts twice.
create table deliveries (
  order_id   uuid    not null,
  product_id uuid    not null,
  pieces     integer not null,
  primary key (order_id, product_id)
);
create index deliveries_by_product on deliveries (product_id);

-- reviews: what buyers say of products, one each.
create table reviews (
  id         uuid        primary key,
  product_id uuid        not null references products,
  -- Null once they have left.
  user_id    uuid,
  author     text,
  rating     integer     not null check (rating between 1 and 5),
  title      text,
  body       text,
  language   text        not null,
  state      text        not null check (state in ('visible', 'held', 'hidden')),
  reason     text,
  version    integer     not null check (version > 0),
  created_at timestamptz not null
);
create unique index reviews_once on reviews (product_id, user_id) where user_id is not null;
create index reviews_newest on reviews (product_id, state, created_at, id);
create index reviews_by_state on reviews (state, created_at, id);
create index reviews_by_user on reviews (user_id) where user_id is not null;

insert into tax_classes (code, name, percents, version, updated_at) values ('standard', 'Standard', '[]', 1, now());
