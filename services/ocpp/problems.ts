import type { Problems } from '#kernel'

/** What chargers and those who look after them are refused with. */
export const problems = {
  charger_unknown: ['not_found', 'There is no such charger, or it is not for who asks.'],
  charger_unproven: ['unauthenticated', 'A charger has to prove that it is the one of its identity.'],
} satisfies Problems
