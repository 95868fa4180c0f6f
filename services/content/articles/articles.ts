import Type, { type Static } from 'typebox'
import type { ArticleKind, ArticleState } from '#contracts/content'
import { Currency, Email, Id, Instant, Line, Locale, Minor, type Owner } from '#contracts/shared'
import { newId, type Language } from '#kernel'

/** By which word of an address a kind is found. */
export const kinds = { blog: 'post', help: 'help', tutorials: 'tutorial', jobs: 'job' } as const satisfies Record<
  string,
  ArticleKind
>
export type Section = keyof typeof kinds
export const sections = Object.keys(kinds) as Section[]
export const sectionOf = (kind: ArticleKind): Section => sections.find(section => kinds[section] === kind)!

export const Slug = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  description: 'Its name in the address; made of the title unless given',
  examples: ['first-charger'],
})
const Markdown = (maxLength: number, description?: string) =>
  Type.String({ maxLength, ...(description && { description }), examples: ['## Before you begin\n\nYou need …'] })
const day = Type.String({ format: 'date', maxLength: 10, examples: ['2099-06-30'] })

/** What only one kind says; `Text` is how a line is written, or how it is shown. */
const fieldsWith = (Text: (maxLength: number, options: { examples: string[] }) => Type.TString) => ({
  post: { author: Type.Optional(Text(100, { examples: ['Ada Lovelace'] })) },
  help: {
    world: Type.Optional(
      Type.Enum(['platform', 'people', 'passports', 'charging', 'shop'], { examples: ['charging'] }),
    ),
    checkedOn: Type.Optional({ ...day, description: 'When somebody last saw that it is still so' }),
    questions: Type.Optional(
      Type.Array(
        Type.Object({ question: Text(300, { examples: ['Which chargers work?'] }), answer: Markdown(5_000) }),
        { maxItems: 50 },
      ),
    ),
  },
  tutorial: {
    minutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, examples: [15] })),
    needs: Type.Optional(Type.Array(Text(200, { examples: ['A charger that speaks OCPP'] }), { maxItems: 30 })),
    steps: Type.Array(
      Type.Object({ title: Text(200, { examples: ['Tell the charger where we are'] }), text: Markdown(20_000) }),
      { minItems: 1, maxItems: 100 },
    ),
  },
  job: {
    organisation: Text(200, { examples: ['Volt & Söhne GmbH'] }),
    employment: Type.Enum(['full-time', 'part-time', 'contractor', 'temporary', 'intern', 'volunteer'], {
      examples: ['full-time'],
    }),
    place: Type.Optional(Text(200, { examples: ['Hamburg'] })),
    country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$', maxLength: 2, examples: ['DE'] })),
    remote: Type.Optional(Type.Boolean({ examples: [false] })),
    pay: Type.Optional(
      Type.Object({
        fromMinor: Minor,
        toMinor: Minor,
        currency: Currency,
        per: Type.Enum(['hour', 'month', 'year'], { examples: ['year'] }),
      }),
    ),
    startsOn: Type.Optional(day),
    openUntil: Type.Optional({ ...day, description: 'The last day to apply' }),
    contact: Type.Optional(Email),
    answerWithinDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, examples: [14] })),
  },
})
const ofKind = fieldsWith(Line)
const shownOfKind = fieldsWith((_, { examples }) => Type.String({ examples }))

/** What is written, as it is typed. */
export const Body = Markdown(100_000, 'Markdown: CommonMark with tables; HTML in it is text')

const common = {
  slug: Type.Optional(Slug),
  language: Locale,
  title: Line(200, { examples: ['Connect your first charger'] }),
  summary: Type.Optional(Line(300, { examples: ['From the box to the first session in ten minutes.'] })),
  body: Type.Optional(Body),
  tags: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 40, pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', examples: ['ocpp'] }), {
      maxItems: 20,
      uniqueItems: true,
    }),
  ),
  translationOf: Type.Optional(
    Type.String({ format: 'uuid', description: 'An article that says the same in another language' }),
  ),
}

const written = { language: 'en', tags: ['winter'] }
const examples: Record<ArticleKind, object> = {
  post: { ...written, title: 'Charging in winter', body: '## Why cold matters', author: 'Ada Lovelace' },
  help: {
    ...written,
    title: 'It takes longer in winter',
    body: 'Cold batteries take less.',
    world: 'charging',
    questions: [{ question: 'Does it help to drive before?', answer: 'Yes: the battery is warm then.' }],
  },
  tutorial: {
    ...written,
    title: 'Warm a battery before it is charged',
    minutes: 5,
    steps: [{ title: 'Say when you leave', text: 'In the car, under *Departure*.' }],
  },
  job: {
    ...written,
    title: 'Field technician',
    body: 'You repair chargers, also in winter.',
    organisation: 'Volt & Söhne GmbH',
    employment: 'full-time',
    place: 'Hamburg',
    country: 'DE',
    pay: { fromMinor: 4_200_000, toMinor: 5_400_000, currency: 'EUR', per: 'year' },
  },
}

/** How an article of a kind is written. */
export const draftOf = (kind: ArticleKind) =>
  Type.Object({ ...common, ...ofKind[kind] }, { examples: [examples[kind]] })
export type Draft = Static<Type.TObject<typeof common>> & Details

/** All that is only of some kinds. */
export type Details = Partial<
  Static<Type.TObject<(typeof ofKind)['post']>> &
    Static<Type.TObject<(typeof ofKind)['help']>> &
    Static<Type.TObject<(typeof ofKind)['tutorial']>> &
    Static<Type.TObject<(typeof ofKind)['job']>>
>

export interface Article {
  readonly id: string
  readonly kind: ArticleKind
  readonly language: Language
  readonly family: string
  readonly slug: string
  readonly owner: Owner
  readonly title: string
  readonly summary: string
  readonly body: string
  readonly tags: readonly string[]
  readonly details: Details
  readonly state: ArticleState
  readonly publishAt: Date | null
  readonly publishedAt: Date | null
  readonly changedAt: Date
  readonly createdAt: Date
  readonly version: number
}

/** What can be read of an article in a list. */
const summary = {
  id: Id,
  slug: Type.String({ examples: ['first-charger'] }),
  language: Locale,
  title: Type.String({ examples: ['Connect your first charger'] }),
  summary: Type.String({ examples: ['From the box to the first session in ten minutes.'] }),
  tags: Type.Array(Type.String(), { examples: [['ocpp']] }),
  state: Type.Enum(['draft', 'scheduled', 'published', 'withdrawn'], { examples: ['published'] }),
  publishAt: Type.Union([Instant, Type.Null()]),
  publishedAt: Type.Union([Instant, Type.Null()]),
  changedAt: Instant,
  version: Type.Integer({ minimum: 1, examples: [1] }),
}
const titles = { post: 'Post', help: 'HelpArticle', tutorial: 'Tutorial', job: 'Job' } as const

export const SummaryOf = (kind: ArticleKind) => Type.Object(summary, { title: `${titles[kind]}Summary` })

export const Html = Type.String({
  description: 'The body as HTML that is safe to show',
  examples: ['<h2>Before you begin</h2>'],
})

export const ViewOf = (kind: ArticleKind) =>
  Type.Object(
    {
      ...summary,
      body: Type.String({ examples: ['## Before you begin'] }),
      html: Html,
      ...shownOfKind[kind],
      translations: Type.Array(Type.Object({ language: Locale, slug: Type.String({ examples: ['erster-lader'] }) })),
    },
    { title: titles[kind] },
  )

export const summarise = (article: Article) => ({
  id: article.id,
  slug: article.slug,
  language: article.language,
  title: article.title,
  summary: article.summary,
  tags: [...article.tags],
  state: article.state,
  publishAt: article.publishAt?.toISOString() ?? null,
  publishedAt: article.publishedAt?.toISOString() ?? null,
  changedAt: article.changedAt.toISOString(),
  version: article.version,
})

/** A new article, which nobody but its writers reads yet. */
export function write(kind: ArticleKind, draft: Draft, owner: Owner, family: string, at: Date): Article {
  const id = newId(at.getTime())
  return {
    ...saidBy(draft),
    id,
    kind,
    language: draft.language,
    family,
    owner,
    state: 'draft',
    publishAt: null,
    publishedAt: null,
    changedAt: at,
    createdAt: at,
    version: 1,
  }
}

/** The article says what the draft says, from now on; its language stays. */
export const revise = (article: Article, draft: Draft, at: Date): Article => ({
  ...article,
  ...saidBy({ ...draft, slug: draft.slug ?? article.slug }),
  changedAt: at,
  version: article.version + 1,
})

function saidBy({ slug, title, summary: short = '', body = '', tags = [], ...more }: Draft) {
  const { language: _, translationOf: _of, ...details } = more
  return { slug: slug ?? slugOf(title), title, summary: short || summaryOf(body), body, tags, details }
}

/** Letters and digits of a title, with the usual ways to write others. */
export const slugOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[äöüß]/g, letter => ({ ä: 'ae', ö: 'oe', ü: 'ue', ß: 'ss' })[letter]!)
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, 80)
    .replaceAll(/^-+|-+$/g, '') || 'article'

/** The first words of a text without its marks, for who wrote no summary. */
function summaryOf(body: string): string {
  const plain = body
    .slice(0, 2_000)
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/[#*_`>|]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return plain.length <= 200 ? plain : `${plain.slice(0, 199).replace(/\s\S*$/, '')}…`
}

/** What every event says of it. */
export const told = ({ id, kind, language, slug, title, version }: Article) => ({
  articleId: id,
  kind,
  language,
  slug,
  title,
  version,
})

/** As much as is asked of an article whose page the reader, or this process, has already. */
export interface ArticleHead extends Pick<Article, 'id' | 'slug' | 'state' | 'version'> {
  readonly details: Pick<Details, 'openUntil'>
  /** Another one after each change of any article. */
  readonly edition: string
}

/** Whether nobody can apply any more on this day. */
export const isClosed = ({ state, details }: Pick<ArticleHead, 'state' | 'details'>, now: Date): boolean =>
  state !== 'published' || (details.openUntil !== undefined && details.openUntil < now.toISOString().slice(0, 10))
