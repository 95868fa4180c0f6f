import type { Letter } from './store.ts'

/** Dead letters of one subscription that failed alike. */
export interface Group {
  readonly subscription: string
  readonly topic: string
  /** What they have in common of their errors. */
  readonly error: string
  readonly count: number
  readonly firstAt: Date
  readonly lastAt: Date
}

/** So many are looked at; who has more has one cause. */
export const mostLetters = 10_000

/** What errors that differ in ids and numbers alone have in common, in a line. */
export const likeness = (error: string | null): string =>
  (error ?? '')
    .split('\n', 1)[0]!
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '…')
    .replace(/\d+/g, '…')
    .slice(0, 300)

/** Those that failed so, or all of them. */
export const alike = (letters: readonly Letter[], error: string | undefined): readonly Letter[] =>
  error === undefined ? letters : letters.filter(letter => likeness(letter.error) === error)

/** Those that failed alike as one, the latest first. */
export function groupsOf(letters: readonly Letter[]): Group[] {
  const groups = Map.groupBy(letters, ({ subscription, error }) => `${subscription}\n${likeness(error)}`)
  return [...groups.values()]
    .map(of => {
      const times = of.map(({ failedAt }) => failedAt.getTime())
      const [{ subscription, topic, error }] = of as [Letter]
      const [firstAt, lastAt] = [new Date(Math.min(...times)), new Date(Math.max(...times))]
      return { subscription, topic, error: likeness(error), count: of.length, firstAt, lastAt }
    })
    .sort((a, b) => b.lastAt.getTime() - a.lastAt.getTime())
}
