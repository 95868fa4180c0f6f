import { Problem } from '#kernel'

export const busy = (): Problem =>
  new Problem('unavailable', 'sign_in_busy', {
    retryAfter: 2,
    detail: 'Too many people sign in right now. Try again in a moment.',
  })
