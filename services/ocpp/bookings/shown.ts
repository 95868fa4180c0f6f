import type { Known } from '../batch.ts'
import { openTransactions, type Peer } from '../peer.ts'
import type { Judgement, Verdict } from '../tokens/authorise.ts'
import { clockOf } from '../tokens/free-vend.ts'
import type { Booked } from './kept.ts'

/** What is booked where a token is shown; nothing to who charges there already, and only wants to end that. */
export function bookedFor(peer: Peer, known: Known, shown: string): { at: Booked; shown: string } | undefined {
  const isCharging = openTransactions(peer).some(
    ({ token }) => token?.accepted && token.idToken.toUpperCase() === shown.toUpperCase(),
  )
  return isCharging ? undefined : { at: known.booked(peer.id), shown }
}

const reasons: Partial<Record<Verdict, string>> = {
  NoCredit: 'You owe money for charging. Pay it, and you can start again.',
  Expired: 'This card is no longer valid.',
  Blocked: 'This card is blocked. Ask who gave it to you.',
  ConcurrentTx: 'This card is charging somewhere else.',
}

const tooLittle = 'There is too little in your wallet to start. Top it up, and you can.'

/** Why somebody is refused, for the display of the charger (2.x); nothing is said of what nobody here knows. */
export function messageOf({ verdict, lacks, keptUntil }: Judgement, timeZone: string | null) {
  const clock = keptUntil && `${clockOf(timeZone ?? 'UTC').format(keptUntil)}${timeZone ? '' : ' UTC'}`
  const why = lacks === 'balance' ? tooLittle : reasons[verdict]
  const content = clock ? `Reserved for somebody else until ${clock}.` : why
  return content && { personalMessage: { format: 'UTF8', language: 'en', content } }
}
