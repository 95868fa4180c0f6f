import Type from 'typebox'
import { Instant } from '#contracts/shared'
import {
  anyone,
  anyoneAsThemselves,
  Count,
  counted,
  countQuery,
  cursorOf,
  isId,
  isInstant,
  listQuery,
  markdown,
  mostCounted,
  newId,
  notModified,
  ownerFor,
  Page,
  page,
  placeOf,
  Problem,
  requireMatch,
  signedIn,
  timeOf,
  createdIn,
  createdQuery,
  changedQuery,
  changedIn,
  type Actor,
  type Db,
  type Language,
  type Reply,
  type Request,
  type Tx,
} from '#kernel'
import type { ContentHost } from '../host.ts'
import { editors, found, freshEditors, inLanguage, locked, One, OneQuery } from './access.ts'
import {
  Body,
  draftOf,
  Html,
  kinds,
  revise,
  sections,
  SummaryOf,
  summarise,
  ViewOf,
  write,
  type Article,
  type Draft,
  type Section,
} from './articles.ts'
import {
  countArticles,
  deleteArticle,
  insertArticle,
  listArticles,
  noteHelp,
  noteProgress,
  progressOf,
  searchArticles,
  translationsOf,
  updateArticle,
} from './store.ts'
import { versionRoutes } from './routes-versions.ts'
import { publish, schedule, tellChanged, withdraw } from './working.ts'

const Progress = Type.Object({ step: Type.Integer({ minimum: 0, maximum: 100, examples: [2] }) }, { title: 'Progress' })

/** What readers get of each section, and what its writers do. */
export function articleRoutes(host: ContentHost): void {
  for (const section of sections) {
    readingRoutes(host, section)
    writingRoutes(host, section)
    versionRoutes(host, section)
  }
  previewRoute(host)
  progressRoutes(host)
}

/** What somebody writes, as readers will see it, before there is anything of it. */
function previewRoute({ http }: ContentHost): void {
  http.post(
    '/preview',
    {
      config: editors,
      schema: {
        summary: 'Show a text as readers would see it, and keep nothing',
        body: Type.Object({ body: Body }),
        response: { 200: Type.Object({ html: Html }, { title: 'ContentPreview' }) },
      },
    },
    async ({ body }) => ({ html: String(await markdown(body.body)) }),
  )
}

function readingRoutes({ db, http }: ContentHost, section: Section): void {
  const kind = kinds[section]
  const filters = {
    ...inLanguage,
    tag: Type.Optional(Type.String({ maxLength: 40, examples: ['ocpp'] })),
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'Words, as people type them', examples: ['charger'] }),
    ),
    state: Type.Optional(
      Type.Enum(['draft', 'scheduled', 'published', 'withdrawn'], {
        description: 'Others than published are for admins',
        examples: ['published'],
      }),
    ),
    ...createdQuery,
    ...changedQuery,
  }
  const spans = (query: { createdFrom?: string; createdTo?: string; changedSince?: string }) => ({
    created: createdIn(query),
    changed: changedIn(query),
  })
  const access = { access: anyoneAsThemselves }
  const mayAsk = (visitor: Actor | undefined, state = 'published') => {
    if (state !== 'published' && visitor?.role !== 'admin') throw new Problem('forbidden', 'role_insufficient')
  }

  http.get(
    `/${section}`,
    {
      config: access,
      schema: {
        summary: `List ${section === 'blog' ? 'posts' : section}, the latest first, or search them`,
        description: 'What is found by words comes the best first, a hundred at most.',
        refuses: ['role_insufficient'],
        querystring: listQuery(filters),
        response: { 200: Page(SummaryOf(kind)) },
      },
    },
    async ({ visitor, query: { limit, after, search, ...asked } }) => {
      mayAsk(visitor, asked.state)
      const wanted = { ...asked, ...spans(asked) }
      if (search !== undefined && !after) {
        const best = await searchArticles(db, { kind, ...wanted, search }, Math.min(limit, 100))
        return { items: best.map(summarise), nextCursor: null }
      }
      const before = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows = await listArticles(db, { kind, search, ...wanted }, limit + 1, before)
      return page(
        rows,
        limit,
        ({ publishedAt, changedAt, id }) => [(publishedAt ?? changedAt).toISOString(), id],
        summarise,
      )
    },
  )

  http.get(
    `/${section}/count`,
    {
      config: access,
      schema: {
        summary: `How many ${section === 'blog' ? 'posts' : section} a list finds`,
        refuses: ['role_insufficient'],
        querystring: countQuery(filters),
        response: { 200: Count },
      },
    },
    async ({ visitor, query }) => {
      mayAsk(visitor, query.state)
      return counted(await countArticles(db, { kind, ...query, ...spans(query) }, mostCounted + 1))
    },
  )

  http.get(
    `/${section}/:slug`,
    {
      config: access,
      schema: {
        summary: `Read one of ${section}`,
        description: 'By any name it ever had, or its id. Drafts are for admins.',
        honours: ['If-None-Match'],
        refuses: ['article_unknown'],
        params: One,
        querystring: OneQuery,
        response: { 200: ViewOf(kind) },
      },
    },
    async (request, reply) => {
      const { params, query, visitor } = request
      const article = await found(db, kind, params.slug, visitor, query.language)
      return notModified(request, reply, article.version) ? reply.send() : await viewOf(db, article)
    },
  )
}

/** An article as the API shows it: what only its kind says is held to the schema of its route. */
export async function viewOf(db: Db, article: Article) {
  return {
    ...summarise(article),
    body: article.body,
    html: String(await markdown(article.body)),
    ...(article.details as object),
    translations: await translationsOf(db, article),
    // Of four kinds with one shape each; which it is stands in the route.
  } as never
}

function writingRoutes(host: ContentHost, section: Section): void {
  const { acted, db, http, now } = host
  const kind = kinds[section]
  const answer = async (reply: Reply, article: Article) =>
    reply.header('etag', `"${article.version}"`).send(await viewOf(db, article))
  const change = async (
    request: Request & { actor: Actor },
    name: string,
    language: Language | undefined,
    work: (tx: Tx<'content'>, article: Article) => Promise<Article>,
  ) =>
    await db.transaction(async tx => {
      const article = await locked(tx, kind, name, request.actor, language)
      requireMatch(request, article.version)
      return await work(tx, article)
    })

  http.post(
    `/${section}`,
    {
      config: editors,
      schema: {
        summary: `Write one of ${section}, as a draft`,
        honours: ['Idempotency-Key'],
        gives: ['ETag', 'Location'],
        refuses: ['slug_taken', 'language_taken', 'article_unknown'],
        body: draftOf(kind),
        response: { 201: ViewOf(kind) },
      },
    },
    async (request, reply) => {
      const { actor } = request
      const draft = request.body as Draft
      const { id } = await db.once(request, async tx => {
        const family = draft.translationOf ? (await found(tx, kind, draft.translationOf, actor)).family : newId()
        const article = write(kind, draft, ownerFor(actor), family, now())
        await insertArticle(tx, article, actor.userId)
        await acted(tx, actor, 'article.written', article.id, { slug: article.slug, version: article.version })
        return { id: article.id }
      })
      const made = await found(db, kind, id, actor)
      return await answer(reply.code(201).header('location', `/api/content/${section}/${id}`), made)
    },
  )

  http.put(
    `/${section}/:slug`,
    {
      config: editors,
      schema: {
        summary: `Write one of ${section} anew, which makes a version`,
        description:
          'Its language stays. A name in the address that it had leads to it, and is no other’s while it is there.',
        honours: ['If-Match'],
        refuses: ['article_unknown', 'slug_taken'],
        params: One,
        querystring: OneQuery,
        body: draftOf(kind),
        response: { 200: ViewOf(kind) },
      },
    },
    async (request, reply) => {
      const { params, query, actor, body } = request
      const changed = await change(request, params.slug, query.language, async (tx, article) => {
        const next = revise(article, body as Draft, now())
        await updateArticle(tx, next, actor.userId)
        await tellChanged(tx, next)
        // Of what readers see an event tells.
        if (next.state !== 'published')
          await acted(tx, actor, 'article.written', next.id, { slug: next.slug, version: next.version })
        return next
      })
      return await answer(reply, changed)
    },
  )

  http.delete(
    `/${section}/:slug`,
    {
      config: freshEditors,
      schema: {
        summary: `Delete one of ${section} with all its versions`,
        honours: ['If-Match'],
        refuses: ['article_unknown'],
        params: One,
        querystring: OneQuery,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await change(request, request.params.slug, request.query.language, async (tx, article) => {
        const gone = await withdraw(tx, article)
        await deleteArticle(tx, article.id)
        await acted(tx, request.actor, 'article.deleted', article.id, { slug: article.slug })
        return gone
      })
      return reply.code(204).send()
    },
  )

  http.post(
    `/${section}/:slug/publish`,
    {
      config: editors,
      schema: {
        summary: `Publish one of ${section}, now or later`,
        honours: ['If-Match'],
        refuses: ['article_unknown', 'publish_in_past'],
        params: One,
        querystring: OneQuery,
        body: Type.Union([
          Type.Object({ at: Type.Optional({ ...Instant, description: 'Now unless given' }) }, { examples: [{}] }),
          Type.Null(),
        ]),
        response: { 200: ViewOf(kind) },
      },
    },
    async (request, reply) => {
      const { params, query, body } = request
      const published = await change(request, params.slug, query.language, async (tx, article) => {
        if (!body?.at) return await publish(tx, article, now())
        const next = await schedule(tx, article, timeOf(body.at), now())
        // That it is published then is nobody's act any more.
        if (next !== article)
          await acted(tx, request.actor, 'article.scheduled', next.id, { slug: next.slug, at: body.at })
        return next
      })
      return await answer(reply, published)
    },
  )

  http.post(
    `/${section}/:slug/withdraw`,
    {
      config: editors,
      schema: {
        summary: `Take one of ${section} back, so that nobody reads it`,
        honours: ['If-Match'],
        refuses: ['article_unknown'],
        params: One,
        querystring: OneQuery,
        response: { 200: ViewOf(kind) },
      },
    },
    async (request, reply) => {
      const { params, query } = request
      const back = await change(request, params.slug, query.language, async (tx, article) => {
        const next = await withdraw(tx, article)
        if (article.state === 'scheduled')
          await acted(tx, request.actor, 'article.unscheduled', next.id, { slug: next.slug })
        return next
      })
      return await answer(reply, back)
    },
  )
}

/** How far one is in a tutorial, and whether a help article helped. */
function progressRoutes(host: ContentHost): void {
  const { db, http, now, cache } = host
  const voices = cache.limit('helpful by place', { points: 30, seconds: 3_600 })

  http.get(
    '/tutorials/:slug/progress',
    {
      config: { access: signedIn },
      schema: {
        summary: 'How many steps of a tutorial one has done',
        refuses: ['article_unknown'],
        params: One,
        querystring: OneQuery,
        response: { 200: Progress },
      },
    },
    async ({ actor, params, query }) => {
      const { id } = await found(db, 'tutorial', params.slug, actor, query.language)
      return { step: await progressOf(db, actor.userId, id) }
    },
  )

  http.put(
    '/tutorials/:slug/progress',
    {
      config: { access: signedIn },
      schema: {
        summary: 'Note how many steps of a tutorial one has done',
        refuses: ['article_unknown', 'step_unknown'],
        params: One,
        querystring: OneQuery,
        body: Progress,
        response: { 200: Progress },
      },
    },
    async ({ actor, params, query, body: { step } }) => {
      const { id, details } = await found(db, 'tutorial', params.slug, actor, query.language)
      if (step > (details.steps?.length ?? 0)) throw new Problem('invalid', 'step_unknown')
      await db.transaction(tx => noteProgress(tx, actor.userId, id, step, now()))
      return { step }
    },
  )

  http.post(
    '/help/:slug/helpful',
    {
      config: { access: anyone },
      schema: {
        summary: 'Say whether a help article helped',
        description: 'Counted only; nobody is kept.',
        refuses: ['article_unknown', 'too_many_requests'],
        params: One,
        querystring: OneQuery,
        body: Type.Object({ helped: Type.Boolean({ examples: [true] }) }),
        response: { 204: Type.Null() },
      },
    },
    async ({ ip, params, query, body }, reply) => {
      await voices.take(placeOf(ip))
      const { id } = await found(db, 'help', params.slug, undefined, query.language)
      await db.transaction(tx => noteHelp(tx, id, body.helped))
      return reply.code(204).send()
    },
  )
}
