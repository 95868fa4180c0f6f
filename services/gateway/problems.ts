import type { Problems } from '#kernel'

/** What the gateway refuses with, beside what those answer whom it asks. */
export const problems = {
  path_invalid: ['invalid', 'The path must be absolute and without `.` and `..`.'],
} satisfies Problems
