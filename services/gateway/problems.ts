import type { Problems } from '#kernel'

/** What the gateway refuses with, beside what those answer whom it asks. */
export const problems = {
  console_file_unknown: ['not_found', 'The console has no such file (any more).'],
  path_invalid: ['invalid', 'The path must be absolute and without `.` and `..`.'],
} satisfies Problems
