import type { ChargingToken } from '#contracts/ocpp'
import { groupOf, keptFrom, ownOf, type Booked } from '../bookings/kept.ts'
import { isFree, type FreeVend } from './free-vend.ts'
import type { Token } from './store.ts'

/** What a charger is told about a token, in the words of 2.x. */
export type Verdict = 'Accepted' | 'Blocked' | 'NoCredit' | 'Expired' | 'Invalid' | 'ConcurrentTx' | 'NotAtThisTime'

export interface Judgement {
  readonly verdict: Verdict
  /** Until when a charger may remember it. */
  readonly until: Date | null
  /** Tokens of one group end each other's sessions. */
  readonly group: string | null
  readonly userId: string | null
  /** Why there is no credit: they owe too much, or their wallet holds too little. */
  readonly lacks?: 'funds' | 'balance'
  /** Until when what is wanted is kept for who booked it. */
  readonly keptUntil?: Date
}

interface Asked {
  readonly token: Token | undefined
  /** What kind of token the charger says it is; 1.6 does not say. */
  readonly type?: string
  readonly charger: { readonly freeVend: readonly FreeVend[]; readonly timeZone: string | null }
  /** When it was shown. */
  readonly at: Date
  /** What is booked where it is shown, unless who shows it charges there already. */
  readonly booked?: { readonly at: Booked; readonly shown: string } | undefined
  /** A transaction begins with it: only then it matters that there is another one. */
  readonly begins?: { readonly transactionId: string | undefined; readonly evse: number | undefined }
}

/** Who comes while all may charge is not remembered for longer. */
const freeMs = 60_000

/** Starts without a token (a button, a terminal) are as the charger says (2.x C02). */
const freeTypes = new Set(['NoAuthorization'])

/** Who may charge, unless what they want is kept for somebody else: that goes before all else. */
export function judge(asked: Asked): Judgement {
  const judgement = judgeToken(asked)
  const { booked, begins, at } = asked
  if (!booked || judgement.verdict !== 'Accepted') return judgement
  const shown = { idToken: booked.shown, userId: judgement.userId }
  const kept = keptFrom(booked.at, shown, begins?.evse, at)
  if (kept) return { ...judgement, verdict: 'NotAtThisTime', until: kept.expiresAt, keptUntil: kept.expiresAt }
  const own = ownOf(booked.at, shown, begins?.evse, at)
  // The charger was told of a group, as it may know another card of theirs.
  return own && judgement.group === null ? { ...judgement, group: groupOf(own.reservationId) } : judgement
}

function judgeToken({ token, type, charger, at, begins }: Asked): Judgement {
  const own = token && isOfType(token, type) ? token : undefined
  const { groupId: group = null, userId = null } = own ?? {}
  const verdict = freeTypes.has(type ?? '') ? 'Accepted' : verdictOn(own, at, begins)
  if (verdict !== 'Accepted' && isFree(charger, begins?.evse, at))
    return { verdict: 'Accepted', until: new Date(at.getTime() + freeMs), group, userId }
  const lacks = own?.blockedFor === 'balance' ? ('balance' as const) : ('funds' as const)
  return { verdict, until: own?.expiresAt ?? null, group, userId, ...(verdict === 'NoCredit' && { lacks }) }
}

const withoutCredit = new Set(['funds', 'balance'])

function verdictOn(token: Token | undefined, at: Date, begins: Asked['begins']): Verdict {
  if (!token) return 'Invalid'
  if (token.status === 'blocked') return 'Blocked'
  if (token.blockedFor !== null) return withoutCredit.has(token.blockedFor) ? 'NoCredit' : 'Blocked'
  if (token.expiresAt && token.expiresAt <= at) return 'Expired'
  const others = begins && token.charging.filter(id => id !== begins.transactionId)
  return others && others.length > 0 ? 'ConcurrentTx' : 'Accepted'
}

/** Cards are read by whoever can: which of the two standards they follow says nothing. */
const cards = new Set(['iso14443', 'iso15693'])
function isOfType(token: Token, type: string | undefined): boolean {
  if (type === undefined) return true
  const [one, other] = [token.type.toLowerCase(), type.toLowerCase()]
  return one === other || (cards.has(one) && cards.has(other))
}

/** Contract ids and addresses of cars are written with separators or without. */
export const keyOf = (idToken: string, type: string): string =>
  /^(eMAID|MacAddress|EVCCID)$/i.test(type) ? idToken.replace(/[-:*\s]/g, '') || idToken : idToken

/** What others are told about who charges. */
export const chargingToken = (idToken: string, type: string, { verdict, userId }: Judgement): ChargingToken => ({
  idToken,
  type,
  userId,
  accepted: verdict === 'Accepted',
})
