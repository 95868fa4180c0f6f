import { Problem } from '#kernel'
import type { Owner } from '#contracts/shared'

export const states = ['open', 'asked_back', 'given', 'refused', 'withdrawn', 'revoked'] as const
export type State = (typeof states)[number]

/** Somebody asked to read a passport as the law opens it to a legitimate interest. */
export interface Interest {
  readonly id: string
  readonly passportId: string
  readonly identifier: string | null
  /** Of the passport, as it is now. */
  readonly owner: Owner
  readonly asker: Owner
  readonly askedBy: string
  /** Who they say they are. */
  readonly askerName: string
  /** What their organisation was verified to be. */
  readonly verifiedAs: readonly string[]
  readonly purpose: string
  readonly reason: string
  readonly askedUntil: Date | null
  readonly state: State
  readonly question: string | null
  readonly answer: string | null
  /** Why it was refused or taken back. */
  readonly decision: string | null
  readonly givenUntil: Date | null
  readonly dueAt: Date
  readonly createdAt: Date
  readonly updatedAt: Date
}

const day = 86_400_000
/** No law says how long an owner may think: after a fortnight it shows that they do. */
export const dueAfter = 14 * day
/** What nobody says the end of ends after a year. */
const longest = 365 * day

/** Fails with `request_invalid` where that lies behind us. */
export const endOf = (asked: Date | null, given: Date | undefined, at: Date): Date =>
  ahead(given ?? asked ?? new Date(at.getTime() + longest), at)

/** A time that is yet to come. Fails with `request_invalid`. */
export function ahead(until: Date, at: Date): Date {
  if (until > at) return until
  throw new Problem('invalid', 'request_invalid', { errors: [{ pointer: '/until', detail: 'has to lie ahead' }] })
}

/** What one can do about it: which side, and from which states. */
const moves = {
  give: { by: 'owner', from: ['open', 'asked_back'], to: 'given' },
  refuse: { by: 'owner', from: ['open', 'asked_back'], to: 'refused' },
  ask: { by: 'owner', from: ['open'], to: 'asked_back' },
  revoke: { by: 'owner', from: ['given'], to: 'revoked' },
  answer: { by: 'asker', from: ['asked_back'], to: 'open' },
  withdraw: { by: 'asker', from: ['open', 'asked_back', 'given'], to: 'withdrawn' },
} as const satisfies Record<string, { by: 'owner' | 'asker'; from: readonly State[]; to: State }>
export type Move = keyof typeof moves
export const sideOf = (move: Move): 'owner' | 'asker' => moves[move].by

/** The same after a move; fails with `interest_settled` where it does not stand so. */
export function moved(interest: Interest, move: Move, at: Date, said: Partial<Interest> = {}): Interest {
  const { from, to } = moves[move]
  if (!(from as readonly State[]).includes(interest.state))
    throw new Problem('conflict', 'interest_settled', {
      detail: `This is ${interest.state.replace('_', ' ')}; that can be done only where it is ${from.join(' or ').replace('_', ' ')}.`,
      state: interest.state,
    })
  return { ...interest, ...said, state: to, updatedAt: at }
}
