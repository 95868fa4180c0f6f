import type { Problems } from '#kernel'

/** What notifications refuse with. */
export const problems = {
  notification_unknown: ['not_found', 'There is no such notification, or it is not for who asks.'],
  delivery_unknown: ['not_found', 'There is no such mail.'],
  delivery_not_dead: ['conflict', 'Only mail that was given up is sent again by hand.'],
} satisfies Problems
