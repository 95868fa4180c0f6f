import type { Problems } from '#kernel'

/** What analytics refuses with. */
export const problems = {
  time_zone_unknown: ['unprocessable', 'There is no such time zone.'],
  time_zone_uneven: [
    'unprocessable',
    'Figures are kept by the half hour: the time zone has to be a whole number of these away from UTC.',
  ],
  span_invalid: ['unprocessable', 'A span ends after it begins.'],
  span_too_long: ['unprocessable', 'The span is too long for so short intervals.'],
  group_not_measured: ['unprocessable', 'What is asked for is not known by this group.'],
  too_many_figures: ['unprocessable', 'There would be too many figures: take a shorter span, or filter.'],
  rebuild_running: ['conflict', 'The figures are being made anew already.'],
} satisfies Problems
