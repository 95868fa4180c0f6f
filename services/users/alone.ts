import type { Tx } from '#kernel'

/**
 * Whoever keeps something of a person, and whoever forgets them, do it one after the other: what is told of somebody at
 * the moment in which they leave is not to stay.
 */
export const alone = (tx: Tx, userId: string) =>
  tx`select pg_advisory_xact_lock(hashtextextended(${`person ${userId}`}, 0))`
