import { LRUCache } from 'lru-cache'
import Type from 'typebox'
import {
  anyone,
  anyoneAsThemselves,
  cursorOf,
  forForms,
  form,
  headingsOf,
  html,
  type Html,
  isId,
  isKnown,
  isInstant,
  type Language,
  markdown,
  type PageContent,
  page,
  pageTag,
  placeOf,
  type Reply,
  sendPage,
} from '#kernel'
import { shown } from '#money/amount'
import { isClosed, kinds, sectionOf, sections, Slug, type Article, type Section } from '../articles/articles.ts'
import {
  findArticle,
  findHead,
  listArticles,
  noteHelp,
  noteProgress,
  progressOf,
  relatedTo,
  searchArticles,
  tagsOf,
  translationsOf,
} from '../articles/store.ts'
import type { ContentHost } from '../host.ts'
import { applyForm } from './applying.ts'
import { dataOf, isListed, pathOf } from './data.ts'
import { texts } from './words.ts'

const One = Type.Object({ slug: Slug })
const about = { produces: ['text/html'], hide: true }
const ListQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 200 })),
  tag: Type.Optional(Type.String({ maxLength: 40 })),
  after: Type.Optional(Type.String({ maxLength: 400 })),
})
/** Short, and shown while a new one is fetched: the same for everybody. */
const keeping = 'public, max-age=60, stale-while-revalidate=600'

/** What readers find, without a script and without a cookie: lists and articles of every section, in every language. */
export function pages(host: ContentHost): void {
  const kept: Kept = new LRUCache({ maxSize: 4_000_000, sizeCalculation: ({ content }) => String(content.body).length })
  for (const section of sections)
    for (const language of ['en', 'de'] as const) {
      listPage(host, section, language)
      articlePage(host, kept, section, language)
    }
  for (const language of ['en', 'de'] as const) buttons(host, language)
}

/** Where a name that is not there, or not any more, leads. */
export function missing(reply: Reply, section: Section, language: Language, over = false): Reply {
  const words = texts[language]
  const { title, text } = over ? words.gone : words.unknown
  return sendPage(reply.header('cache-control', 'no-store'), over ? 410 : 404, {
    language,
    title,
    body: html`<p>${text}</p>`,
    onward: [{ to: pathOf(section, language), text: words.back(words.sections[section]) }],
  })
}

function listPage({ site, db, platform, now }: ContentHost, section: Section, language: Language): void {
  const kind = kinds[section]
  const words = texts[language]
  const path = pathOf(section, language)
  site.get(
    path,
    {
      config: { access: anyone },
      schema: { ...about, summary: `The page that lists ${section}`, querystring: ListQuery },
    },
    async (request, reply) => {
      const { q, tag, after } = request.query
      const search = q?.trim() || undefined
      const wanted = { kind, language, tag: tag || undefined, search }
      const before = cursorOf(after, isInstant, isId) as [string, string] | undefined
      const rows =
        search === undefined
          ? await listArticles(db, wanted, 21, before)
          : await searchArticles(db, { ...wanted, search }, 50)
      const { items, nextCursor: next } = page(
        rows,
        search === undefined ? 20 : 50,
        ({ publishedAt, id }) => [publishedAt!.toISOString(), id],
        article => article,
      )
      const open = items.filter(article => isListed(article, now()))
      const tags = await tagsOf(db, kind, language)
      const unlisted = Boolean(search || tag || after)
      const older = next && `${path}?${new URLSearchParams({ ...(tag && { tag }), after: next })}`
      return sendPage(reply.header('cache-control', keeping), 200, {
        language,
        title: tag ? words.tagged(tag) : words.sections[section],
        body: html`<p>${words.about[section]}</p>
          <form method="get" role="search">
            <label>${words.search}<input name="q" type="search" maxlength="200" value="${search ?? ''}" /></label>
            <button>${words.find}</button>
          </form>
          ${open.length === 0 && html`<p role="status">${search ? words.nothing : words.empty}</p>`}
          ${open.map(
            article =>
              html`<article>
                <h2><a href="${pathOf(section, language, article.slug)}">${article.title}</a></h2>
                ${section === 'blog' && html`<p>${dated(language, article)}</p>`}
                <p>${article.summary}</p>
              </article>`,
          )}
          ${older && html`<p><a rel="next" href="${older}">${words.older}</a></p>`}
          ${
            tags.length > 0 &&
            html`<h2>${words.tags}</h2>
              <ul>
                ${tags.map(one => html`<li><a href="${path}?tag=${one.tag}">${one.tag}</a> (${one.count})</li>`)}
              </ul>`
          }`,
        onward: [{ to: '/', text: words.home }, ...elsewhere(section, language)],
        found: {
          address: platform.publicUrl + path,
          description: words.about[section],
          unlisted,
          languages: {
            en: platform.publicUrl + pathOf(section, 'en'),
            de: platform.publicUrl + pathOf(section, 'de'),
          },
          ...(section === 'blog' && { feed: `${platform.publicUrl}${path}/feed.xml` }),
        },
      })
    },
  )
}

const elsewhere = (section: Section, language: Language) =>
  sections
    .filter(one => one !== section)
    .map(one => ({ to: pathOf(one, language), text: texts[language].sections[one] }))

const inDays = { dateStyle: 'long', timeZone: 'UTC' } as const
const days = { en: new Intl.DateTimeFormat('en-GB', inDays), de: new Intl.DateTimeFormat('de-DE', inDays) }
const dayIn = (language: Language, day: Date): string => days[language].format(day)

const dated = (language: Language, { publishedAt }: Article): Html | null =>
  publishedAt && html`<time datetime="${publishedAt.toISOString()}">${dayIn(language, publishedAt)}</time>`

/** Pages as they were made lately, by the id of their article, each true while nothing that is written changes. */
type Kept = LRUCache<string, { readonly edition: string; readonly content: PageContent }>

function articlePage(host: ContentHost, kept: Kept, section: Section, language: Language): void {
  const { site, db, now } = host
  const kind = kinds[section]
  site.get(
    `${pathOf(section, language)}/:slug`,
    { config: { access: anyone }, schema: { ...about, summary: `The page of one of ${section}`, params: One } },
    async (request, reply) => {
      const { slug } = request.params
      const head = await findHead(db, kind, language, slug)
      if (!head || head.state === 'draft' || head.state === 'scheduled') return missing(reply, section, language)
      // What was read and is withdrawn is gone for search engines too.
      if (head.state === 'withdrawn') return missing(reply, section, language, kind === 'job')
      if (head.slug !== slug) return reply.redirect(pathOf(section, language, head.slug), 301)
      if (kind === 'job' && isClosed(head, now())) return missing(reply, section, language, true)
      // Others that it leads to stand on it as well.
      const tag = pageTag(reply, language, `${head.version}-${head.edition}`)
      reply.headers({ etag: tag, 'cache-control': keeping })
      if (isKnown(request, tag)) return reply.code(304).send()
      const made = kept.get(head.id)
      if (made?.edition === head.edition) return sendPage(reply, 200, made.content)
      const article = await findArticle(db, kind, { id: head.id })
      if (!article) return missing(reply, section, language)
      const content = await contentOf(host, article)
      kept.set(head.id, { edition: head.edition, content })
      return sendPage(reply, 200, content)
    },
  )
}

/** The page of an article, with what stands between its text and the ways on. */
export async function contentOf(host: ContentHost, article: Article, more?: Html): Promise<PageContent> {
  const { db, platform } = host
  const { language, title, summary, body, details, kind } = article
  const section = sectionOf(kind)
  const words = texts[language]
  const text = await markdown(body)
  const [related, translations, headings] = await Promise.all([
    kind === 'job' ? [] : relatedTo(db, article, 3),
    translationsOf(db, article),
    headingsOf(body),
  ])
  const address = (to: Language, slug: string) => platform.publicUrl + pathOf(section, to, slug)
  return {
    language,
    title,
    body: html`${kind === 'post' && html`<p>${byline(article)}</p>`}
    ${
      headings.length > 3 &&
      html`<nav aria-label="${words.contents}">
        <ul>
          ${headings.map(heading => html`<li><a href="#${heading.anchor}">${heading.text}</a></li>`)}
        </ul>
      </nav>`
    }
    ${kind === 'tutorial' && beforeSteps(article)} ${kind === 'job' && jobFacts(article)} ${text}
    ${kind === 'tutorial' && (await stepsOf(article))} ${kind === 'help' && (await questionsOf(article))} ${more}
    ${kind === 'job' && !more && applyForm(host, article)} ${kind === 'help' && helpedForm(article)}
    ${details.checkedOn && html`<p><small>${words.checked(dayIn(language, new Date(details.checkedOn)))}</small></p>`}
    ${
      related.length > 0 &&
      html`<h2>${words.related}</h2>
        <ul>
          ${related.map(one => html`<li><a href="${pathOf(section, language, one.slug)}">${one.title}</a></li>`)}
        </ul>`
    }
    ${
      translations.length > 0 &&
      html`<p>
        ${words.others}:
        ${translations.map(
          other =>
            html`<a lang="${other.language}" href="${pathOf(section, other.language, other.slug)}"
              >${words.languages[other.language]}</a
            >`,
        )}
      </p>`
    }`,
    onward: [
      { to: pathOf(section, language), text: words.back(words.sections[section]) },
      { to: '/', text: words.home },
    ],
    found: {
      address: address(language, article.slug),
      description: summary || title,
      type: 'article',
      languages: {
        [language]: address(language, article.slug),
        ...Object.fromEntries(translations.map(other => [other.language, address(other.language, other.slug)])),
      },
      data: dataOf(platform.publicUrl, article, String(text)),
      ...(section === 'blog' && { feed: `${platform.publicUrl}${pathOf(section, language)}/feed.xml` }),
    },
  }
}

function byline(article: Article): Html {
  const { language, body, details } = article
  const words = texts[language]
  const minutes = Math.max(1, Math.round(body.split(/\s+/).length / 220))
  return html`${dated(language, article)} ${details.author && html`· ${words.by(details.author)}`} ·
  ${words.minutesToRead(minutes)}`
}

function beforeSteps({ language, details }: Article): Html {
  const words = texts[language]
  return html`${details.minutes && html`<p>${words.takes(details.minutes)}</p>`}
  ${
    details.needs &&
    details.needs.length > 0 &&
    html`<h2>${words.needs}</h2>
      <ul>
        ${details.needs.map(need => html`<li>${need}</li>`)}
      </ul>`
  }`
}

async function stepsOf({ language, slug, details }: Article): Promise<Html> {
  const words = texts[language]
  const steps = details.steps ?? []
  const shownSteps = await Promise.all(
    steps.map(
      async (step, index) =>
        html`<li id="step-${index + 1}">
          <h3>${step.title}</h3>
          ${await markdown(step.text)}
        </li>`,
    ),
  )
  return html`<h2>${words.steps}</h2>
    <ol>
      ${shownSteps}
    </ol>
    <p><a href="${pathOf('tutorials', language, slug)}/progress">${words.note(steps.length)}</a></p>`
}

async function questionsOf({ language, details }: Article): Promise<Html | undefined> {
  const questions = details.questions ?? []
  if (questions.length === 0) return undefined
  const answered = await Promise.all(
    questions.map(
      async ({ question, answer }) =>
        html`<h3>${question}</h3>
          ${await markdown(answer)}`,
    ),
  )
  return html`<h2>${texts[language].questions}</h2>
    ${answered}`
}

function helpedForm({ language, slug }: Article): Html {
  const { ask, yes, no } = texts[language].helped
  const action = `${pathOf('help', language, slug)}/helpful`
  return html`<h2>${ask}</h2>
    <form method="post" action="${action}"><button name="helped" value="yes">${yes}</button></form>
    <form method="post" action="${action}"><button name="helped" value="no">${no}</button></form>`
}

function jobFacts({ language, details }: Article): Html {
  const { job } = texts[language]
  const { pay, employment, organisation, place, remote, startsOn, openUntil, contact } = details
  const locale = language === 'en' ? 'en-GB' : 'de-DE'
  const amount = (minor: number) => pay && shown({ minor: BigInt(minor), currency: pay.currency }, locale)
  const day = (text: string) => dayIn(language, new Date(text))
  const facts: [string, string | undefined | null | false][] = [
    [job.organisation, organisation],
    [job.place, [place, remote && job.remote].filter(Boolean).join('; ')],
    [job.employment, employment && job.kinds[employment]],
    [job.pay, pay && `${amount(pay.fromMinor)} – ${amount(pay.toMinor)} ${job.per[pay.per]}`],
    [job.starts, startsOn && day(startsOn)],
    [job.until, openUntil && day(openUntil)],
    [job.contact, contact],
  ]
  return html`<table>
      ${facts.map(
        ([name, value]) =>
          value &&
          html`<tr>
            <th scope="row">${name}</th>
            <td><bdi>${value}</bdi></td>
          </tr>`,
      )}
    </table>
    ${details.answerWithinDays && html`<p>${job.answer(details.answerWithinDays)}</p>`}`
}

/** Whether an article helped, and how far one is in a tutorial. */
function buttons(host: ContentHost, language: Language): void {
  const { db, cache, now } = host
  const words = texts[language]
  const voices = cache.limit('helpful by place', { points: 30, seconds: 3_600 })
  const progress = `${pathOf('tutorials', language)}/:slug/progress`
  const tutorial = async (slug: string) => {
    const article = await findArticle(db, 'tutorial', { language, slug })
    return article?.state === 'published' ? article : undefined
  }
  const progressPage = async (reply: Reply, article: Article, userId: string) => {
    const steps = article.details.steps ?? []
    const done = await progressOf(db, userId, article.id)
    return sendPage(reply.header('cache-control', 'private, no-store'), 200, {
      language,
      title: article.title,
      body: html`<p role="status">${words.done(done)}</p>
        ${form(
          words.note(Math.min(done + 1, steps.length)),
          html`<input type="hidden" name="step" value="${Math.min(done + 1, steps.length)}" />`,
        )}`,
      onward: [
        {
          to: `${pathOf('tutorials', language, article.slug)}#step-${Math.min(done + 1, steps.length)}`,
          text: article.title,
        },
      ],
    })
  }
  forForms(host.site, site => {
    site.post(
      `${pathOf('help', language)}/:slug/helpful`,
      {
        config: { access: anyone },
        schema: {
          ...about,
          summary: 'Whether a help article helped: its buttons',
          params: One,
          refuses: 'any',
          body: Type.Object({ helped: Type.String({ maxLength: 3 }) }),
          consumes: ['application/x-www-form-urlencoded'],
        },
      },
      async ({ ip, params, body }, reply) => {
        await voices.take(placeOf(ip))
        const article = await findArticle(db, 'help', { language, slug: params.slug })
        if (article?.state !== 'published') return missing(reply, 'help', language)
        await db.transaction(tx => noteHelp(tx, article.id, body.helped === 'yes'))
        return sendPage(reply.header('cache-control', 'no-store'), 200, {
          language,
          title: words.helped.thanks,
          body: html``,
          onward: [{ to: pathOf('help', language, article.slug), text: article.title }],
        })
      },
    )
    site.get(
      progress,
      {
        config: { access: anyoneAsThemselves },
        schema: { ...about, summary: 'How far one is in a tutorial', params: One },
      },
      async ({ visitor, params }, reply) => {
        const article = await tutorial(params.slug)
        if (!article) return missing(reply, 'tutorials', language)
        return visitor ? await progressPage(reply, article, visitor.userId) : signInFirst(reply, article)
      },
    )
    site.post(
      progress,
      {
        config: { access: anyoneAsThemselves },
        schema: {
          ...about,
          summary: 'How far one is in a tutorial: its button',
          params: One,
          refuses: 'any',
          body: Type.Object({ step: Type.String({ pattern: '^[0-9]{1,3}$', maxLength: 3 }) }),
          consumes: ['application/x-www-form-urlencoded'],
        },
      },
      async ({ visitor, params, body }, reply) => {
        const article = await tutorial(params.slug)
        if (!article) return missing(reply, 'tutorials', language)
        if (!visitor) return signInFirst(reply, article)
        const step = Math.min(Number(body.step), article.details.steps?.length ?? 0)
        await db.transaction(tx => noteProgress(tx, visitor.userId, article.id, step, now()))
        return await progressPage(reply, article, visitor.userId)
      },
    )
  })
}

/** Leads to where one signs in, and back. */
const signInFirst = (reply: Reply, { language, slug }: Article): Reply =>
  reply
    .header('cache-control', 'no-store')
    .redirect(`/api/auth/sign-in?return=${encodeURIComponent(`${pathOf('tutorials', language, slug)}/progress`)}`, 303)
