import type { ChargingToken } from '#contracts/ocpp'
import type { Token } from '../store.ts'

/** What a charger is told about a token, in the words that all versions share. */
export type Verdict = 'Accepted' | 'Blocked' | 'Expired' | 'Invalid'

export function judge(token: Token | undefined, at: Date): Verdict {
  if (!token) return 'Invalid'
  if (token.status === 'blocked') return 'Blocked'
  return token.expiresAt && token.expiresAt <= at ? 'Expired' : 'Accepted'
}

/** What others are told about who charges. */
export const chargingToken = (
  idToken: string,
  type: string,
  token: Token | undefined,
  verdict: Verdict,
): ChargingToken => ({ idToken, type, userId: token?.userId ?? null, accepted: verdict === 'Accepted' })
