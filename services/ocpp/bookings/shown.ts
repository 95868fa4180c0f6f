import type { Known } from '../batch.ts'
import { openTransactions, type Peer } from '../peer.ts'
import { clockOf } from '../tokens/free-vend.ts'
import type { Booked } from './kept.ts'

/** What is booked where a token is shown; nothing to who charges there already, and only wants to end that. */
export function bookedFor(peer: Peer, known: Known, shown: string): { at: Booked; shown: string } | undefined {
  const isCharging = openTransactions(peer).some(
    ({ token }) => token?.accepted && token.idToken.toUpperCase() === shown.toUpperCase(),
  )
  return isCharging ? undefined : { at: known.booked(peer.id), shown }
}

/** Why somebody is refused, for the display of the charger (2.x). */
export const messageOf = (until: Date, timeZone: string | null) => ({
  format: 'UTF8',
  language: 'en',
  content: `Reserved for somebody else until ${clockOf(timeZone ?? 'UTC').format(until)}${timeZone ? '' : ' UTC'}.`,
})
