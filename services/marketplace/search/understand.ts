import type { Db, Language } from '#kernel'
import { folded, wordsOf } from '../words.ts'
import type { Parameter } from './query.ts'

/** What somebody searches for: of each of their words one of these. */
export interface Meant {
  readonly terms: readonly (readonly string[])[]
  /** What is searched for instead of what they wrote. */
  readonly corrected: string | null
}

/** Groups of words that mean the same, folded; a group may have several words in one place, as `wall box`. */
export type Synonyms = readonly (readonly string[])[]

const mostWords = 8

/** Reads what somebody wrote: synonyms beside words, and words that are used for those that are not. */
export async function understand(db: Db, text: string, synonyms: Synonyms): Promise<Meant | undefined> {
  const words = wordsOf(text, mostWords)
  if (words.length === 0) return undefined
  const spelt = await respelt(db, words)
  const terms: string[][] = []
  for (let at = 0; at < words.length;) {
    const group = synonyms.find(one => one.some(entry => standsAt(entry, words, at)))
    const entry = group?.filter(one => standsAt(one, words, at)).sort((a, b) => b.length - a.length)[0]
    if (group && entry) {
      terms.push([entry, ...group.filter(other => other !== entry)].slice(0, 12))
      at += entry.split(' ').length
      continue
    }
    const word = words[at]!
    terms.push([word, ...(spelt.get(word) ?? [])])
    at++
  }
  const corrected = spelt.size > 0 ? words.map(word => spelt.get(word)?.[0] ?? word).join(' ') : null
  return { terms, corrected }
}

const standsAt = (entry: string, words: readonly string[], at: number): boolean => {
  const parts = entry.split(' ')
  return parts.every((part, index) => words[at + index] === part)
}

/** Words that nobody uses, with those that look like them; short ones and numbers are what they are. */
async function respelt(db: Db, words: readonly string[]): Promise<Map<string, string[]>> {
  const doubtful = [...new Set(words)]
    .filter(word => word.length >= 4 && word.length <= 40 && /^\p{L}+$/u.test(word))
    .slice(0, 4)
  if (doubtful.length === 0) return new Map()
  const rows = await db<{ word: string; meant: string[] }[]>`
    select asked.word, array(select a.word from alike(asked.word) a) as meant
    from unnest(${doubtful}::text[]) as asked (word)
    where not exists (select from vocabulary v where v.word = asked.word)`
  return new Map(rows.filter(({ meant }) => meant.length > 0).map(({ word, meant }) => [word, meant]))
}

const configurations = { en: 'english', de: 'german' } as const

/** As PostgreSQL searches for it: all terms, of each any of its words. */
export const tsquery = ({ terms }: Meant, language: Language, $: Parameter): string => {
  const one = (words: string) => `phraseto_tsquery('${configurations[language]}', ${$(words)})`
  return terms.map(any => `(${any.map(one).join(' || ')})`).join(' && ')
}

/** A group of synonyms as it is compared. */
export const foldedGroup = (words: readonly string[]): string[] =>
  words.map(word => wordsOf(folded(word), 5).join(' ')).filter(Boolean)
