import type { Db } from '#kernel'

const nothing = (db: Db) => db``
export type Fragment = ReturnType<typeof nothing>

/** What any of these find. */
export const together = (db: Db, branches: readonly Fragment[]): Fragment =>
  branches.reduce((all, branch) => db`${all} union all ${branch}`)

/** A search for what has words that begin with these. */
export const tsquery = (text: string): string =>
  text
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
    ?.slice(0, 10)
    .map(word => `${word}:*`)
    .join(' & ') ?? ''
