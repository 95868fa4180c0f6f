import type { Problems } from '#kernel'

/** What maintenance refuses with. */
export const problems = {
  incident_unknown: ['not_found', 'There is no such incident, or it is not for who asks.'],
  incident_closed: ['conflict', 'The incident is closed already.'],
  station_unknown: ['not_found', 'There is no such station, or it is not for who asks.'],
} satisfies Problems
