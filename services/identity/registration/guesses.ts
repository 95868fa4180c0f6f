import type { Tx } from '#kernel'
import { triesOfCode } from './codes.ts'

/** Tries that all places together have at a code; many networks must not find what one may not. */
const triesOfStrangers = 10 * triesOfCode

/** The browser that a code was made for, or the account that asked for it; everybody else is a place. */
export const own = 'own'

/**
 * Those of the codes that `guesser` may still try. Everybody has tries of their own, so that nobody's wrong guesses end
 * a code for its owner. Only for codes that the transaction holds: then tries are counted one by one.
 */
export async function stillOpen<C extends { id: string }>(tx: Tx, codes: readonly C[], guesser: string): Promise<C[]> {
  const spent = await tx<{ id: string; tries: number; strangers: number }[]>`
    select code_id as id, sum(tries) filter (where guesser = ${guesser})::int as tries,
      coalesce(sum(tries) filter (where guesser <> ${own}), 0)::int as strangers
    from guesses where code_id = any(${codes.map(({ id }) => id)}) group by code_id`
  return codes.filter(({ id }) => {
    const row = spent.find(each => each.id === id)
    if (!row) return true
    return (row.tries ?? 0) < triesOfCode && (guesser === own || row.strangers < triesOfStrangers)
  })
}

/** One wrong try at each of these. */
export async function countGuess(
  tx: Tx,
  codes: readonly { id: string; expiresAt: Date }[],
  guesser: string,
): Promise<void> {
  for (const { id, expiresAt } of codes)
    await tx`
      insert into guesses (code_id, guesser, tries, until) values (${id}, ${guesser}, 1, ${expiresAt})
      on conflict (code_id, guesser) do update set tries = guesses.tries + 1`
}

export async function deleteOldGuesses(tx: Tx, now: Date): Promise<void> {
  await tx`delete from guesses where until <= ${now}`
}
