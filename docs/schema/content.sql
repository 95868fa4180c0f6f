-- The schema content after all migrations, made by `npm run docs`. To read: what runs are the migrations.

create table applications (
  id           uuid                      not null,
  job_id       uuid                      not null,
  name         text                      not null,
  email        text                      not null,
  message      text                      not null,
  file_key     text,
  file_name    text,
  size_bytes   bigint,
  filed_at     timestamp with time zone,
  received_at  timestamp with time zone  not null,
  stage        text                      not null default 'received'::text,
  note         text                      not null default ''::text,
  version      integer                   not null default 1,
  constraint applications_pkey PRIMARY KEY (id),
  constraint applications_job_id_fkey FOREIGN KEY (job_id) REFERENCES articles(id) ON DELETE CASCADE
);
CREATE INDEX applications_by_age ON content.applications USING btree (received_at);
CREATE INDEX applications_by_job ON content.applications USING btree (job_id, received_at, id);

create table articles (
  id            uuid                      not null,
  kind          text                      not null,
  language      text                      not null,
  family        uuid                      not null,
  slug          text                      not null,
  owner_kind    text                      not null,
  owner_id      uuid                      not null,
  title         text                      not null,
  summary       text                      not null,
  body          text                      not null,
  tags          text[]                    not null,
  details       json                      not null,
  state         text                      not null,
  publish_at    timestamp with time zone,
  published_at  timestamp with time zone,
  changed_at    timestamp with time zone  not null,
  created_at    timestamp with time zone  not null,
  version       integer                   not null,
  helped        integer                   not null default 0,
  not_helped    integer                   not null default 0,
  words         tsvector                  not null generated always as (((setweight(
CASE language
    WHEN 'de'::text THEN to_tsvector('german'::regconfig, title)
    ELSE to_tsvector('english'::regconfig, title)
END, 'A'::"char") || setweight(
CASE language
    WHEN 'de'::text THEN to_tsvector('german'::regconfig, summary)
    ELSE to_tsvector('english'::regconfig, summary)
END, 'B'::"char")) ||
CASE language
    WHEN 'de'::text THEN to_tsvector('german'::regconfig, body)
    ELSE to_tsvector('english'::regconfig, body)
END)) stored,
  constraint articles_pkey PRIMARY KEY (id),
  constraint articles_by_slug UNIQUE (kind, language, slug),
  constraint articles_once_a_language UNIQUE (family, language),
  constraint articles_check CHECK (((state = 'scheduled'::text) = (publish_at IS NOT NULL))),
  constraint articles_check1 CHECK (((state <> 'published'::text) OR (published_at IS NOT NULL))),
  constraint articles_kind_check CHECK ((kind = ANY (ARRAY['post'::text, 'help'::text, 'tutorial'::text, 'job'::text]))),
  constraint articles_language_check CHECK ((language = ANY (ARRAY['en'::text, 'de'::text]))),
  constraint articles_owner_kind_check CHECK ((owner_kind = ANY (ARRAY['person'::text, 'organisation'::text]))),
  constraint articles_state_check CHECK ((state = ANY (ARRAY['draft'::text, 'scheduled'::text, 'published'::text, 'withdrawn'::text]))),
  constraint articles_version_check CHECK ((version > 0))
);
CREATE INDEX articles_by_change ON content.articles USING btree (kind, changed_at, id);
CREATE INDEX articles_by_tag ON content.articles USING gin (tags);
CREATE INDEX articles_by_word ON content.articles USING gin (words);
CREATE INDEX articles_due ON content.articles USING btree (publish_at) WHERE (state = 'scheduled'::text);
CREATE INDEX articles_published ON content.articles USING btree (kind, language, published_at, id) WHERE (state = 'published'::text);
CREATE CONSTRAINT TRIGGER articles_edition AFTER INSERT OR DELETE OR UPDATE OF slug, title, summary, body, tags, details, state, published_at, version ON content.articles DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION edition_changed();

create table edition (
  count  bigint  not null
);

create table progress (
  user_id     uuid                      not null,
  article_id  uuid                      not null,
  step        integer                   not null,
  at          timestamp with time zone  not null,
  constraint progress_pkey PRIMARY KEY (user_id, article_id),
  constraint progress_article_id_fkey FOREIGN KEY (article_id) REFERENCES articles(id) ON DELETE CASCADE
);
CREATE INDEX progress_by_article ON content.progress USING btree (article_id);

create table slugs (
  kind        text  not null,
  language    text  not null,
  slug        text  not null,
  article_id  uuid  not null,
  constraint slugs_pkey PRIMARY KEY (kind, language, slug),
  constraint slugs_article_id_fkey FOREIGN KEY (article_id) REFERENCES articles(id) ON DELETE CASCADE
);
CREATE INDEX slugs_by_article ON content.slugs USING btree (article_id);

create table versions (
  article_id  uuid                      not null,
  version     integer                   not null,
  slug        text                      not null,
  title       text                      not null,
  summary     text                      not null,
  body        text                      not null,
  tags        text[]                    not null,
  details     json                      not null,
  at          timestamp with time zone  not null,
  user_id     uuid,
  constraint versions_pkey PRIMARY KEY (article_id, version),
  constraint versions_article_id_fkey FOREIGN KEY (article_id) REFERENCES articles(id) ON DELETE CASCADE
);

CREATE OR REPLACE FUNCTION content.edition_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  -- Once a transaction, and at its end, so that nobody waits for one who holds articles that others want.
  if current_setting('content.edition', true) is distinct from pg_current_xact_id()::text then
    perform set_config('content.edition', pg_current_xact_id()::text, true);
    update edition set count = count + 1;
  end if;
  return null;
end
$function$;
