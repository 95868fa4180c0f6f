import type { ArticleKind } from '#contracts/content'
import { Problem, violates, madeIn, type Db, type Language, type Tx, type Span } from '#kernel'
import type { Article, ArticleHead, Details } from './articles.ts'

const columns = (db: Db) => db`
  a.id, a.kind, a.language, a.family, a.slug, json_build_object('kind', a.owner_kind, 'id', a.owner_id) as owner, a.title,
  a.summary, a.body, a.tags, a.details, a.state, a.publish_at as "publishAt", a.published_at as "publishedAt",
  a.changed_at as "changedAt", a.created_at as "createdAt", a.version`

/** Fails with `slug_taken` and `language_taken`. */
async function placed<T>(work: PromiseLike<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (violates(error, 'articles_by_slug')) throw new Problem('conflict', 'slug_taken')
    if (violates(error, 'articles_once_a_language')) throw new Problem('conflict', 'language_taken')
    throw error
  }
}

// `details` are JSON, which their type, of optional fields, does not say to the driver's.

/** Fails with `slug_taken` and `language_taken`. */
export async function insertArticle(tx: Tx, article: Article, userId: string): Promise<void> {
  const { id, kind, language, family, slug, owner, title, summary, body, tags, details, state, createdAt } = article
  await placed(tx`
    insert into articles (id, kind, language, family, slug, owner_kind, owner_id, title, summary, body, tags, details,
      state, changed_at, created_at, version)
    values (${id}, ${kind}, ${language}, ${family}, ${slug}, ${owner.kind}, ${owner.id}, ${title}, ${summary}, ${body},
      ${[...tags]}, ${tx.json(details as never)}, ${state}, ${createdAt}, ${createdAt}, 1)`)
  await keep(tx, article, userId)
}

/** Fails with `slug_taken`. */
export async function updateArticle(tx: Tx, article: Article, userId: string): Promise<void> {
  const { id, slug, title, summary, body, tags, details, changedAt, version } = article
  await placed(tx`
    update articles set slug = ${slug}, title = ${title}, summary = ${summary}, body = ${body}, tags = ${[...tags]},
      details = ${tx.json(details as never)}, changed_at = ${changedAt}, version = ${version}
    where id = ${id}`)
  await keep(tx, article, userId)
}

/** What it says now stays a version of it, and its name leads to it, for good. Fails with `slug_taken`. */
async function keep(tx: Tx, article: Article, userId: string): Promise<void> {
  const { id, kind, language, slug, title, summary, body, tags, details, changedAt, version } = article
  await tx`
    insert into versions (article_id, version, slug, title, summary, body, tags, details, at, user_id)
    values (${id}, ${version}, ${slug}, ${title}, ${summary}, ${body}, ${[...tags]}, ${tx.json(details as never)},
      ${changedAt}, ${userId})`
  const [named] = await tx<{ articleId: string }[]>`
    insert into slugs (kind, language, slug, article_id) values (${kind}, ${language}, ${slug}, ${id})
    on conflict (kind, language, slug) do update set article_id = slugs.article_id returning article_id as "articleId"`
  if (named!.articleId !== id) throw new Problem('conflict', 'slug_taken')
}

export async function setState(tx: Tx, { id, state, publishAt, publishedAt, version }: Article): Promise<void> {
  await tx`
    update articles set state = ${state}, publish_at = ${publishAt}, published_at = ${publishedAt}, version = ${version}
    where id = ${id}`
}

export const deleteArticle = (tx: Tx, id: string) => tx`delete from articles where id = ${id}`

/** By its id or any name it ever had. */
export async function findArticle(
  db: Db,
  kind: ArticleKind,
  name: { id: string } | { language: Language; slug: string },
): Promise<Article | undefined> {
  const [row] =
    'id' in name
      ? await db<Article[]>`select ${columns(db)} from articles a where a.id = ${name.id} and a.kind = ${kind}`
      : await db<Article[]>`
          select ${columns(db)} from slugs s join articles a on a.id = s.article_id
          where s.kind = ${kind} and s.language = ${name.language} and s.slug = ${name.slug}`
  return row
}

/** As much as is asked of an article whose text the reader, or this process, has already. */
export async function findHead(
  db: Db,
  kind: ArticleKind,
  language: Language,
  slug: string,
): Promise<ArticleHead | undefined> {
  const [row] = await db<ArticleHead[]>`
    select a.id, a.slug, a.state, a.version, (select count::text from edition) as edition,
      json_strip_nulls(json_build_object('openUntil', a.details -> 'openUntil')) as details
    from slugs s join articles a on a.id = s.article_id
    where s.kind = ${kind} and s.language = ${language} and s.slug = ${slug}`
  return row
}

export async function lockArticle(tx: Tx, id: string): Promise<Article | undefined> {
  const [row] = await tx<Article[]>`select ${columns(tx)} from articles a where a.id = ${id} for update`
  return row
}

/** Those whose time has come, locked. */
export const lockDue = (tx: Tx, now: Date) => tx<Article[]>`
  select ${columns(tx)} from articles a where a.state = 'scheduled' and a.publish_at <= ${now}
  order by a.publish_at limit 100 for update skip locked`

export interface Wanted {
  readonly kind: ArticleKind
  readonly language?: Language | undefined
  readonly tag?: string | undefined
  readonly search?: string | undefined
  /** Also what is not published, and everything else than that. */
  readonly state?: string | undefined
  readonly created?: Span
  readonly changed?: Span
}

const wantedBy = (
  db: Db,
  { kind, language, tag, search, state = 'published', created = {}, changed = {} }: Wanted,
) => db`
  a.kind = ${kind} and a.state = ${state}
  ${language === undefined ? db`` : db`and a.language = ${language}`}
  ${tag === undefined ? db`` : db`and a.tags @> ${[tag]}`}
  ${madeIn(db, 'a.created_at', created)} ${madeIn(db, 'a.changed_at', changed)}
  ${
    search === undefined
      ? db``
      : db`and a.words @@ (websearch_to_tsquery('english', ${search}) || websearch_to_tsquery('german', ${search}))`
  }`

const sorted = (db: Db) => db`coalesce(a.published_at, a.changed_at)`

export const listArticles = (
  db: Db,
  wanted: Wanted,
  limit: number,
  before: readonly [string, string] | undefined,
) => db<Article[]>`
  select ${columns(db)} from articles a where ${wantedBy(db, wanted)}
    ${before ? db`and (${sorted(db)}, a.id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``}
  order by ${sorted(db)} desc, a.id desc limit ${limit}`

export async function countArticles(db: Db, wanted: Wanted, most: number): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (select from articles a where ${wantedBy(db, wanted)} limit ${most}) found`
  return row!.count
}

/** All that is published, the oldest first. */
export const listPublished = (db: Db, limit: number, offset: number) => db<Article[]>`
  select ${columns(db)} from articles a where a.state = 'published' order by a.published_at, a.id
  limit ${limit} offset ${offset}`

export async function countPublished(db: Db): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from articles a where a.state = 'published'`
  return row!.count
}

/** The best of what is found by words, the best first. */
export const searchArticles = (db: Db, wanted: Wanted & { search: string }, limit: number) => db<Article[]>`
  select ${columns(db)} from articles a where ${wantedBy(db, wanted)}
  order by ts_rank(a.words, websearch_to_tsquery('english', ${wanted.search}) ||
    websearch_to_tsquery('german', ${wanted.search})) desc, a.id limit ${limit}`

/** Published ones that share most tags with it, the latest of equals first. */
export const relatedTo = (db: Db, { id, kind, language, tags }: Article, limit: number) => db<Article[]>`
  select ${columns(db)} from articles a
  where a.kind = ${kind} and a.language = ${language} and a.state = 'published' and a.id <> ${id} and a.tags && ${[...tags]}
  order by cardinality(array(select unnest(a.tags) intersect select unnest(${[...tags]}::text[]))) desc, a.published_at desc
  limit ${limit}`

/** The same in other languages, as far as it is published. */
export const translationsOf = (db: Db, { family, id }: Article) => db<{ language: Language; slug: string }[]>`
  select language, slug from articles where family = ${family} and id <> ${id} and state = 'published' order by language`

export const tagsOf = (db: Db, kind: ArticleKind, language: Language) => db<{ tag: string; count: number }[]>`
  select tag, count(*)::int as count from articles a, unnest(a.tags) as tag
  where a.kind = ${kind} and a.language = ${language} and a.state = 'published'
  group by tag order by count desc, tag limit 50`

export interface Version {
  readonly version: number
  readonly slug: string
  readonly title: string
  readonly summary: string
  readonly body: string
  readonly tags: readonly string[]
  readonly details: Details
  readonly at: Date
  readonly userId: string | null
}

const versionColumns = (db: Db) => db`version, slug, title, summary, body, tags, details, at, user_id as "userId"`

export const listVersions = (db: Db, id: string, below: number, limit: number) => db<Version[]>`
  select ${versionColumns(db)} from versions where article_id = ${id} and version < ${below}
  order by version desc limit ${limit}`

export async function findVersion(db: Db, id: string, version: number): Promise<Version | undefined> {
  const [row] = await db<Version[]>`
    select ${versionColumns(db)} from versions where article_id = ${id} and version = ${version}`
  return row
}

export const noteHelp = (tx: Tx, id: string, helped: boolean) => tx`
  update articles set helped = helped + ${helped ? 1 : 0}, not_helped = not_helped + ${helped ? 0 : 1} where id = ${id}`

export async function progressOf(db: Db, userId: string, id: string): Promise<number> {
  const [row] = await db<{ step: number }[]>`
    select step from progress where user_id = ${userId} and article_id = ${id}`
  return row?.step ?? 0
}

export const noteProgress = (tx: Tx, userId: string, id: string, step: number, at: Date) => tx`
  insert into progress (user_id, article_id, step, at) values (${userId}, ${id}, ${step}, ${at})
  on conflict (user_id, article_id) do update set step = excluded.step, at = excluded.at`

export const forgetReader = (tx: Tx, userId: string) => tx`delete from progress where user_id = ${userId}`
