-- works with code from 0001
-- articles: what readers get, one row an article and language; those that say the same in other languages share `family`.
create table articles (
  id            uuid        primary key,
  kind          text        not null check (kind in ('post', 'help', 'tutorial', 'job')),
  language      text        not null check (language in ('en', 'de')),
  family        uuid        not null,
  slug          text        not null,
  owner_kind    text        not null check (owner_kind in ('person', 'organisation')),
  owner_id      uuid        not null,
  title         text        not null,
  summary       text        not null,
  body          text        not null,
  tags          text[]      not null,
  -- What only some kinds have: steps, questions, pay.
  details       json        not null,
  state         text        not null check (state in ('draft', 'scheduled', 'published', 'withdrawn')),
  publish_at    timestamptz,
  published_at  timestamptz,
  changed_at    timestamptz not null,
  created_at    timestamptz not null,
  version       integer     not null check (version > 0),
  helped        integer     not null default 0,
  not_helped    integer     not null default 0,
  words         tsvector    not null generated always as (
    setweight(case language when 'de' then to_tsvector('german', title) else to_tsvector('english', title) end, 'A') ||
    setweight(case language when 'de' then to_tsvector('german', summary) else to_tsvector('english', summary) end, 'B') ||
    case language when 'de' then to_tsvector('german', body) else to_tsvector('english', body) end
  ) stored,
  check ((state = 'scheduled') = (publish_at is not null)),
  check (state <> 'published' or published_at is not null),
  constraint articles_by_slug unique (kind, language, slug),
  constraint articles_once_a_language unique (family, language)
);
create index articles_published on articles (kind, language, published_at, id) where state = 'published';
create index articles_by_change on articles (kind, changed_at, id);
create index articles_by_word on articles using gin (words);
create index articles_by_tag on articles using gin (tags);
create index articles_due on articles (publish_at) where state = 'scheduled';

-- slugs: every name that an article ever had leads to it, until another takes it.
create table slugs (
  kind       text not null,
  language   text not null,
  slug       text not null,
  article_id uuid not null references articles on delete cascade,
  primary key (kind, language, slug)
);
create index slugs_by_article on slugs (article_id);

-- versions: what an article said, each time it was saved.
create table versions (
  article_id uuid        not null references articles on delete cascade,
  version    integer     not null,
  slug       text        not null,
  title      text        not null,
  summary    text        not null,
  body       text        not null,
  tags       text[]      not null,
  details    json        not null,
  at         timestamptz not null,
  user_id    uuid,
  primary key (article_id, version)
);

-- progress: how far somebody is in a tutorial.
create table progress (
  user_id    uuid        not null,
  article_id uuid        not null references articles on delete cascade,
  step       integer     not null,
  at         timestamptz not null,
  primary key (user_id, article_id)
);
create index progress_by_article on progress (article_id);

-- applications: for jobs, kept as long as the law lets.
create table applications (
  id          uuid        primary key,
  job_id      uuid        not null references articles on delete cascade,
  name        text        not null,
  email       text        not null,
  message     text        not null,
  file_key    text,
  file_name   text,
  size_bytes  bigint,
  -- When documents took the file in.
  filed_at    timestamptz,
  received_at timestamptz not null
);
create index applications_by_job on applications (job_id, received_at, id);
create index applications_by_age on applications (received_at);
