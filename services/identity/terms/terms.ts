import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { Id, Instant, Line, Locale } from '#contracts/shared'
import type { Language } from '#kernel'

export const kinds = ['terms', 'notice', 'consent'] as const
export type Kind = (typeof kinds)[number]

/** A version as it is referred to. */
export interface Terms {
  id: string
  key: string
  kind: Kind
  /** Of its key, counted from 1. */
  version: number
  effectiveAt: Date
}

export interface Text {
  title: string
  /** Markdown. */
  text: string
}
/** By language, in one at least. */
export type TermsTexts = Partial<Record<Language, Text>>

export interface WholeTerms extends Terms {
  texts: TermsTexts
  digest: Buffer
  publishedAt: Date
  publishedBy: string
}

/** The last thing a person said to a key. */
export interface Answered extends Pick<Terms, 'key' | 'version'> {
  answer: 'agreed' | 'withdrawn'
  at: Date
}

/** What holds at a moment, a version a key: the one whose time came last. */
export function holdingAt<T extends Terms>(all: readonly T[], at: Date): T[] {
  const held = new Map<string, T>()
  for (const one of all.filter(({ effectiveAt }) => effectiveAt <= at)) {
    const other = held.get(one.key)
    if (!other || isBehind(other, one)) held.set(one.key, one)
  }
  return [...held.values()]
}

const isBehind = (one: Terms, other: Terms): boolean =>
  one.effectiveAt.getTime() === other.effectiveAt.getTime()
    ? one.version < other.version
    : one.effectiveAt < other.effectiveAt

/** Whether nobody goes on without an answer; a consent that had to be given would be none (GDPR, Article 7(4)). */
export const isRequired = ({ kind }: Pick<Terms, 'kind'>): boolean => kind !== 'consent'

/** Whether those who agreed to the one before are told of it ahead of its time. */
export const isAhead = (terms: Pick<Terms, 'kind' | 'version' | 'effectiveAt'>, now: Date): boolean =>
  isRequired(terms) && terms.version > 1 && terms.effectiveAt > now

/** Whether a person said yes to this version, or to a later one. */
export const isAgreed = ({ key, version }: Terms, answers: readonly Answered[]): boolean =>
  answers.some(said => said.key === key && said.version >= version && said.answer === 'agreed')

/** What has to be answered still of what held when somebody signed in. */
export const openOf = (all: readonly Terms[], answers: readonly Answered[], signedInAt: Date): Terms[] =>
  holdingAt(all, signedInAt).filter(one => isRequired(one) && !isAgreed(one, answers))

/** SHA-256 of the texts as JSON: a list of language, title and text, in the order of languages. */
export const digestOf = (texts: TermsTexts): Buffer =>
  createHash('sha256')
    .update(
      JSON.stringify(
        Object.entries(texts)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
          .map(([language, { title, text }]) => [language, title, text]),
      ),
    )
    .digest()

/** In the language that is wanted, else in one that it has. */
export function textIn(texts: TermsTexts, language: Language): Text & { language: Language } {
  const spoken = texts[language] ? language : (Object.keys(texts)[0] as Language)
  return { ...texts[spoken]!, language: spoken }
}

const TextBody = Type.Object({
  title: Line(200, { examples: ['Privacy notice'] }),
  text: Type.String({
    minLength: 1,
    maxLength: 100_000,
    description: 'Markdown',
    examples: ['We keep your name and your address for as long as you have an account.'],
  }),
})

const ShownText = Type.Object({
  title: Type.String({ examples: ['Privacy notice'] }),
  text: Type.String({ description: 'Markdown', examples: ['We keep your name and your address.'] }),
})

export const Texts = Type.Object(
  { en: Type.Optional(TextBody), de: Type.Optional(TextBody) },
  { minProperties: 1, description: 'In one language at least' },
)

export const Key = Type.String({
  pattern: '^[a-z][a-z0-9-]{0,39}$',
  maxLength: 40,
  description: 'What versions of the same have in common',
  examples: ['privacy'],
})

const Kinds = Type.Enum([...kinds], {
  description: '`terms` are agreed to, a `notice` is read, a `consent` is given freely and can be taken back',
  examples: ['notice'],
})

const Head = {
  id: Id,
  key: Type.String({ examples: ['privacy'] }),
  kind: Kinds,
  version: Type.Integer({ minimum: 1, description: 'Counted by key', examples: [1] }),
  effectiveAt: { ...Instant, description: 'From when on it holds' },
}
const Titles = Type.Object(
  { en: Type.Optional(Type.String()), de: Type.Optional(Type.String()) },
  { examples: [{ en: 'Privacy notice', de: 'Datenschutzhinweise' }] },
)

export const TermsBody = Type.Object({
  key: Key,
  kind: Kinds,
  effectiveAt: Type.Optional({
    ...Instant,
    description: 'From when on it holds: now, unless it is said',
    examples: ['2099-01-01T00:00:00.000Z'],
  }),
  texts: Texts,
})

/** Without the texts, as lists have it. */
export const TermsHead = Type.Object({ ...Head, titles: Titles }, { title: 'TermsHead' })

export const TermsView = Type.Object(
  {
    ...Head,
    texts: Type.Object({ en: Type.Optional(ShownText), de: Type.Optional(ShownText) }),
    digest: Type.String({
      description: 'SHA-256 of `[[language, title, text], …]` as JSON, in the order of languages',
      examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    }),
    publishedAt: Instant,
  },
  { title: 'Terms' },
)

const said = {
  answer: Type.Enum(['agreed', 'withdrawn'], { examples: ['agreed'] }),
  at: Instant,
}

export const AgreementView = Type.Object(
  {
    ...Head,
    titles: Titles,
    open: Type.Boolean({ description: 'Whether an answer is needed that is not there' }),
    answered: Type.Union([Type.Object({ ...said, version: Type.Integer({ examples: [1] }) }), Type.Null()], {
      description: 'The last answer, which may be to a version before',
    }),
  },
  { title: 'Agreement' },
)

export const AnswerView = Type.Object(
  {
    id: Id,
    userId: { ...Id, description: 'Of who left: a pseudonym' },
    termsId: Id,
    key: Type.String({ examples: ['privacy'] }),
    version: Type.Integer({ examples: [1] }),
    ...said,
    locale: Locale,
    device: Type.Union([Type.String({ examples: ['Firefox on Linux'] }), Type.Null()]),
    addressHash: Type.Union([Type.String({ description: 'HMAC of the address it came from' }), Type.Null()], {
      examples: ['5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8'],
    }),
  },
  { title: 'TermsAnswer' },
)

export const titlesOf = (texts: TermsTexts): Static<typeof Titles> =>
  Object.fromEntries(Object.entries(texts).map(([language, { title }]) => [language, title]))

export const headOf = ({ id, key, kind, version, effectiveAt }: Terms) => ({
  id,
  key,
  kind,
  version,
  effectiveAt: effectiveAt.toISOString(),
})
