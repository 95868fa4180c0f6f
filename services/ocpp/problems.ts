import type { Problems } from '#kernel'

/** What chargers and those who look after them are refused with. */
export const problems = {
  charger_unknown: ['not_found', 'There is no such charger, or it is not for who asks.'],
  charger_taken: ['conflict', 'There is a charger of this identity already.'],
  charger_unproven: ['unauthenticated', 'A charger has to prove that it is the one of its identity.'],
  token_unknown: ['not_found', 'There is no such token, or it is not for who asks.'],
  token_taken: ['conflict', 'There is a token of this value already.'],
  user_unknown: ['not_found', 'There is no such account.'],
} satisfies Problems
