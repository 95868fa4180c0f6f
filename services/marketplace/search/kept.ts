import type { MarketplaceHost } from '../host.ts'
import type { Tree } from '../categories/tree.ts'

/** Answers about what is for sale, kept as long as they are true. */
export interface Kept {
  /** What was found out before, or what `work` finds out now; it is asked for a moment, of which all of it is true. */
  recall<T>(tree: Tree, key: string, work: (at: Date) => Promise<T>): Promise<T>
}

/** So many answers, the oldest go first. */
const most = 500

interface Edition {
  /** Another one after each change of a product, whoever made it. */
  readonly edition: string
  readonly at: Date
  /** When a price changes by itself. */
  readonly until: Date | null
}

/**
 * In memory, with no time in which they are wrong: each request looks at the edition of the catalogue, which is far less
 * than to look at products. What an answer is kept under was read before the answer was, so it is as new at the least.
 */
export function openKept({ db, now }: MarketplaceHost): Kept {
  const look = shared(async (): Promise<Edition> => {
    const at = now()
    const [row] = await db<{ edition: string; until: Date | null }[]>`
      select sum(count)::text as edition, (
        select min(from_at) from offers where from_at > '-infinity' and from_at > ${at}) as until
      from editions`
    return { at, ...row! }
  })
  let kept: Edition & { tree?: Tree } = { edition: '', at: new Date(0), until: null }
  let answers = new Map<string, Promise<unknown>>()

  return {
    async recall<T>(tree: Tree, key: string, work: (at: Date) => Promise<T>) {
      const seen = await look()
      if (kept.edition !== seen.edition || kept.tree !== tree || (kept.until && seen.at >= kept.until)) {
        kept = { ...seen, tree }
        answers = new Map()
      }
      const there = answers
      const known = there.get(key)
      if (known) return (await known) as T
      const answer = work(seen.at)
      there.set(key, answer)
      if (there.size > most) there.delete(there.keys().next().value!)
      answer.catch(() => there.delete(key))
      return await answer
    },
  }
}

/** Reads for many at once, and for nobody what was read before they asked. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve()
  let next: Promise<T> | undefined
  return () =>
    (next ??= running.then(() => {
      const reading = read()
      next = undefined
      running = reading.catch(() => {})
      return reading
    }))
}
