-- The schema marketplace after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table categories (
  id          uuid                      not null,
  parent_id   uuid,
  path        uuid[]                    not null,
  slug        text                      not null,
  names       json                      not null,
  attributes  json                      not null,
  position    integer                   not null,
  version     integer                   not null,
  updated_at  timestamp with time zone  not null,
  constraint categories_pkey PRIMARY KEY (id),
  constraint categories_slug_key UNIQUE (slug),
  constraint categories_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES categories(id),
  constraint categories_path_check CHECK (((cardinality(path) >= 1) AND (cardinality(path) <= 8))),
  constraint categories_version_check CHECK ((version > 0))
);
CREATE INDEX categories_children ON marketplace.categories USING btree (parent_id);

create table deliveries (
  order_id    uuid     not null,
  product_id  uuid     not null,
  pieces      integer  not null,
  constraint deliveries_pkey PRIMARY KEY (order_id, product_id)
);
CREATE INDEX deliveries_by_product ON marketplace.deliveries USING btree (product_id);

create table editions (
  slot   integer  not null,
  count  bigint   not null,
  constraint editions_pkey PRIMARY KEY (slot)
);

create table figures (
  product_id  uuid              not null,
  key         text              not null,
  value       double precision  not null,
  constraint figures_pkey PRIMARY KEY (product_id, key),
  constraint figures_product_id_fkey FOREIGN KEY (product_id) REFERENCES products(id)
);
CREATE INDEX figures_by_value ON marketplace.figures USING btree (key, value, product_id);

create table import_faults (
  import_id  uuid     not null,
  number     integer  not null,
  line       integer  not null,
  column     text,
  code       text     not null,
  value      text,
  detail     text     not null,
  mend       text     not null,
  constraint import_faults_pkey PRIMARY KEY (import_id, number),
  constraint import_faults_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
);
CREATE INDEX import_faults_by_line ON marketplace.import_faults USING btree (import_id, line);

create table import_made (
  import_id  uuid  not null,
  key        uuid  not null,
  constraint import_made_pkey PRIMARY KEY (import_id, key),
  constraint import_made_import_id_fkey FOREIGN KEY (import_id) REFERENCES imports(id) ON DELETE CASCADE
);

create table imports (
  id          uuid                      not null,
  user_id     uuid                      not null,
  actor       json                      not null,
  dry_run     boolean                   not null,
  state       text                      not null,
  content     text,
  delimiter   text                      not null,
  size_bytes  integer                   not null,
  read_bytes  integer                   not null default 0,
  lines       integer                   not null default 0,
  created     integer                   not null default 0,
  updated     integer                   not null default 0,
  unchanged   integer                   not null default 0,
  failed      integer                   not null default 0,
  faults      json                      not null default '[]'::json,
  created_at  timestamp with time zone  not null,
  ended_at    timestamp with time zone,
  what        text,
  file        text,
  losses      json                      not null default '[]'::json,
  file_key    text,
  mode        text                      not null default 'both'::text,
  read_by     json,
  original    bytea,
  rate        real,
  undone      integer                   not null default 0,
  retained    integer                   not null default 0,
  constraint imports_pkey PRIMARY KEY (id),
  constraint imports_mode_check CHECK ((mode = ANY (ARRAY['create'::text, 'update'::text, 'both'::text]))),
  constraint imports_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'paused'::text, 'done'::text, 'failed'::text, 'cancelled'::text, 'undoing'::text, 'undone'::text])))
);
CREATE INDEX imports_by_age ON marketplace.imports USING btree (created_at);
CREATE INDEX imports_of_user ON marketplace.imports USING btree (user_id, what, id);

create table leavers (
  user_id  uuid  not null,
  constraint leavers_pkey PRIMARY KEY (user_id)
);

create table offers (
  product_id      uuid                      not null,
  currency        text                      not null,
  from_at         timestamp with time zone  not null,
  until_at        timestamp with time zone  not null,
  price_minor     bigint                    not null,
  original_minor  bigint,
  constraint offers_pkey PRIMARY KEY (product_id, currency, from_at),
  constraint offers_product_id_fkey FOREIGN KEY (product_id) REFERENCES products(id),
  constraint offers_check CHECK ((until_at > from_at)),
  constraint offers_check1 CHECK ((original_minor > price_minor)),
  constraint offers_price_minor_check CHECK ((price_minor >= 0))
);
CREATE INDEX offers_begin ON marketplace.offers USING btree (from_at) WHERE (from_at > '-infinity'::timestamp with time zone);
CREATE INDEX offers_by_price ON marketplace.offers USING btree (currency, price_minor, product_id);

create table pictures (
  id           uuid     not null,
  product_id   uuid     not null,
  document_id  uuid     not null,
  position     integer  not null,
  alt          text     not null,
  state        text     not null,
  detail       text,
  width        integer,
  height       integer,
  file_key     text,
  constraint pictures_pkey PRIMARY KEY (id),
  constraint pictures_product_id_fkey FOREIGN KEY (product_id) REFERENCES products(id),
  constraint pictures_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'ready'::text, 'refused'::text])))
);
CREATE INDEX pictures_by_product ON marketplace.pictures USING btree (product_id, "position");

create table products (
  id              uuid                      not null,
  owner_kind      text                      not null,
  owner_id        uuid                      not null,
  reference       text,
  slug            text                      not null,
  kind            text                      not null,
  status          text                      not null,
  reason          text,
  language        text                      not null,
  name            text                      not null,
  description     text                      not null,
  translations    json                      not null,
  category_id     uuid,
  tags            text[]                    not null,
  attributes      json                      not null,
  tax_class       text                      not null,
  tax_included    boolean                   not null,
  featured        boolean                   not null default false,
  passport_id     uuid,
  passport        json,
  version         integer                   not null,
  created_at      timestamp with time zone  not null,
  updated_at      timestamp with time zone  not null,
  submitted_at    timestamp with time zone,
  deleted_at      timestamp with time zone,
  thumbnail       text,
  rating_sum      integer                   not null default 0,
  review_count    integer                   not null default 0,
  sold            integer                   not null default 0,
  download_count  integer                   not null default 0,
  for_sale        boolean                   not null,
  in_stock        boolean                   not null,
  rating          numeric(3,2)              generated always as (
CASE
    WHEN (review_count = 0) THEN (0)::numeric
    ELSE round(((rating_sum)::numeric / (review_count)::numeric), 2)
END) stored,
  facets          text[]                    not null,
  words_en        tsvector                  not null,
  words_de        tsvector                  not null,
  safety          json,
  constraint products_pkey PRIMARY KEY (id),
  constraint products_category_id_fkey FOREIGN KEY (category_id) REFERENCES categories(id),
  constraint products_tax_class_fkey FOREIGN KEY (tax_class) REFERENCES tax_classes(code),
  constraint products_check CHECK (((passport_id IS NOT NULL) = (kind = 'battery'::text))),
  constraint products_check1 CHECK (((NOT for_sale) OR ((status = 'active'::text) AND (deleted_at IS NULL)))),
  constraint products_download_count_check CHECK ((download_count >= 0)),
  constraint products_kind_check CHECK ((kind = ANY (ARRAY['physical'::text, 'digital'::text, 'battery'::text]))),
  constraint products_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text]))),
  constraint products_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint products_rating_sum_check CHECK ((rating_sum >= 0)),
  constraint products_review_count_check CHECK ((review_count >= 0)),
  constraint products_sold_check CHECK ((sold >= 0)),
  constraint products_status_check CHECK ((status = ANY (ARRAY['draft'::text, 'pending'::text, 'active'::text, 'rejected'::text]))),
  constraint products_version_check CHECK ((version > 0))
);
CREATE INDEX products_by_category ON marketplace.products USING btree (category_id) WHERE (category_id IS NOT NULL);
CREATE INDEX products_by_change ON marketplace.products USING btree (updated_at) WHERE (deleted_at IS NULL);
CREATE INDEX products_by_owner ON marketplace.products USING btree (owner_id, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX products_by_owner_and_change ON marketplace.products USING btree (owner_id, updated_at) WHERE (deleted_at IS NULL);
CREATE INDEX products_by_status ON marketplace.products USING btree (status, created_at, id) WHERE (deleted_at IS NULL);
CREATE INDEX products_newest ON marketplace.products USING btree (created_at, id) WHERE for_sale;
CREATE INDEX products_popular ON marketplace.products USING btree (sold, id) WHERE for_sale;
CREATE INDEX products_rated ON marketplace.products USING btree (rating, id) WHERE for_sale;
CREATE INDEX products_search ON marketplace.products USING gin (facets, words_en, words_de) WITH (gin_pending_list_limit='64') WHERE for_sale;
CREATE UNIQUE INDEX products_passports ON marketplace.products USING btree (passport_id) WHERE ((passport_id IS NOT NULL) AND (deleted_at IS NULL));
CREATE UNIQUE INDEX products_references ON marketplace.products USING btree (owner_id, reference) WHERE ((reference IS NOT NULL) AND (deleted_at IS NULL));
CREATE CONSTRAINT TRIGGER products_edition AFTER INSERT OR DELETE OR UPDATE ON marketplace.products DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION edition_changed();

create table purchases (
  user_id      uuid                      not null,
  product_id   uuid                      not null,
  order_id     uuid                      not null,
  received_at  timestamp with time zone  not null,
  constraint purchases_pkey PRIMARY KEY (user_id, product_id)
);

create table reviews (
  id          uuid                      not null,
  product_id  uuid                      not null,
  user_id     uuid,
  author      text,
  rating      integer                   not null,
  title       text,
  body        text,
  language    text                      not null,
  state       text                      not null,
  reason      text,
  version     integer                   not null,
  created_at  timestamp with time zone  not null,
  constraint reviews_pkey PRIMARY KEY (id),
  constraint reviews_product_id_fkey FOREIGN KEY (product_id) REFERENCES products(id),
  constraint reviews_rating_check CHECK (((rating >= 1) AND (rating <= 5))),
  constraint reviews_state_check CHECK ((state = ANY (ARRAY['visible'::text, 'held'::text, 'hidden'::text]))),
  constraint reviews_version_check CHECK ((version > 0))
);
CREATE INDEX reviews_by_state ON marketplace.reviews USING btree (state, created_at, id);
CREATE INDEX reviews_by_user ON marketplace.reviews USING btree (user_id) WHERE (user_id IS NOT NULL);
CREATE INDEX reviews_newest ON marketplace.reviews USING btree (product_id, state, created_at, id);
CREATE UNIQUE INDEX reviews_once ON marketplace.reviews USING btree (product_id, user_id) WHERE (user_id IS NOT NULL);

create table slugs (
  slug        text     not null,
  product_id  uuid     not null,
  current     boolean  not null,
  constraint slugs_pkey PRIMARY KEY (slug)
);
CREATE UNIQUE INDEX slugs_current ON marketplace.slugs USING btree (product_id) WHERE current;

create table starts (
  word        text  not null,
  product_id  uuid  not null,
  constraint starts_pkey PRIMARY KEY (word, product_id),
  constraint starts_product_id_fkey FOREIGN KEY (product_id) REFERENCES products(id)
);
CREATE INDEX starts_by_product ON marketplace.starts USING btree (product_id);

create table stock_levels (
  variant_id  uuid     not null,
  available   integer,
  version     integer  not null,
  constraint stock_levels_pkey PRIMARY KEY (variant_id)
);

create table suspended_vendors (
  vendor_id  uuid  not null,
  constraint suspended_vendors_pkey PRIMARY KEY (vendor_id)
);

create table synonyms (
  id          uuid                      not null,
  words       text[]                    not null,
  created_at  timestamp with time zone  not null,
  constraint synonyms_pkey PRIMARY KEY (id),
  constraint synonyms_words_check CHECK (((cardinality(words) >= 2) AND (cardinality(words) <= 20)))
);

create table tax_classes (
  code        text                      not null,
  name        text                      not null,
  percents    json                      not null,
  version     integer                   not null,
  updated_at  timestamp with time zone  not null,
  constraint tax_classes_pkey PRIMARY KEY (code),
  constraint tax_classes_version_check CHECK ((version > 0))
);

create table variants (
  id                 uuid                      not null,
  product_id         uuid                      not null,
  owner_id           uuid                      not null,
  position           integer                   not null,
  sku                text                      not null,
  options            json                      not null,
  prices             json                      not null,
  weight_g           integer,
  stock_policy       text                      not null,
  available_at       timestamp with time zone,
  max_per_order      integer,
  serial             text,
  delivery           json,
  counted            integer                   not null default 0,
  count_version      integer                   not null default 0,
  added              integer                   not null default 0,
  stock_version      integer                   not null default 0,
  available          integer,
  available_version  integer                   not null default 0,
  deleted_at         timestamp with time zone,
  constraint variants_pkey PRIMARY KEY (id),
  constraint variants_product_id_fkey FOREIGN KEY (product_id) REFERENCES products(id),
  constraint variants_counted_check CHECK ((counted >= 0)),
  constraint variants_max_per_order_check CHECK ((max_per_order > 0)),
  constraint variants_stock_policy_check CHECK ((stock_policy = ANY (ARRAY['deny'::text, 'backorder'::text, 'preorder'::text, 'unlimited'::text]))),
  constraint variants_weight_g_check CHECK ((weight_g >= 0))
);
CREATE INDEX variants_by_product ON marketplace.variants USING btree (product_id, "position");
CREATE UNIQUE INDEX variants_skus ON marketplace.variants USING btree (owner_id, sku) WHERE (deleted_at IS NULL);

create table vendor_names (
  vendor_id  uuid     not null,
  name       text     not null,
  slug       text     not null,
  shown      boolean  not null,
  version    integer  not null,
  constraint vendor_names_pkey PRIMARY KEY (vendor_id)
);

create table vendor_states (
  vendor_id  uuid     not null,
  suspended  boolean  not null,
  version    integer  not null,
  constraint vendor_states_pkey PRIMARY KEY (vendor_id)
);

create table vocabulary (
  word  text  not null,
  constraint vocabulary_pkey PRIMARY KEY (word)
);
CREATE INDEX vocabulary_alike ON marketplace.vocabulary USING gin (word gin_trgm_ops);

CREATE OR REPLACE FUNCTION marketplace.alike(misspelt text)
 RETURNS TABLE(word text, likeness real)
 LANGUAGE sql
 STABLE
 SET "pg_trgm.similarity_threshold" TO '0.3'
AS $function$
  select word, extensions.similarity(word, misspelt) from vocabulary
  where word operator(extensions.%) misspelt and abs(length(word) - length(misspelt)) <= 3
  order by 2 desc, 1 limit 3
$function$;

CREATE OR REPLACE FUNCTION marketplace.edition_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  -- Once a transaction, however much it changes.
  if current_setting('marketplace.edition', true) is distinct from pg_current_xact_id()::text then
    perform set_config('marketplace.edition', pg_current_xact_id()::text, true);
    update editions set count = count + 1 where slot = pg_backend_pid() % 32;
  end if;
  return null;
end $function$;
