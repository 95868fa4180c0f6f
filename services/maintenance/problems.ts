import type { Problems } from '#kernel'

/** What maintenance refuses with. */
export const problems = {
  incident_unknown: ['not_found', 'There is no such incident, or it is not for who asks.'],
  incident_closed: ['conflict', 'The incident is closed already.'],
  remedy_impossible: ['conflict', 'Nothing can be tried from afar: it is closed, or no charger is known.'],
  remedies_used_up: ['conflict', 'The charger was asked as often as it may be within a day.'],
  ticket_unknown: ['not_found', 'There is no such ticket, or it is not for who asks.'],
  ticket_about_nothing: ['unprocessable', 'A ticket is about an incident or a station.'],
  ticket_exists: ['conflict', 'The incident has a ticket that is not closed.'],
  ticket_state: ['conflict', 'The ticket is in a state from which this does not go.'],
  ticket_closed: ['conflict', 'The ticket is closed: it has to be reopened first.'],
  photo_invalid: ['invalid', 'That is no photo: JPEG, PNG, WebP or HEIC, in the field `photo` of a form.'],
  technician_unknown: ['not_found', 'There is no such technician, or they are not for who asks.'],
  technician_exists: ['conflict', 'The person is a technician there already.'],
  escalation_unknown: ['unprocessable', 'Nobody would be told: late tickets go to members of the organisation.'],
  time_zone_unknown: ['unprocessable', 'There is no such time zone.'],
  part_unknown: ['not_found', 'There is no such part, or it is not for who asks.'],
  part_exists: ['conflict', 'There is a part of this number.'],
  part_out_of_stock: ['conflict', 'So many of the part are not in stock.'],
  work_unknown: ['not_found', 'There is no such work, or it is not for who asks.'],
  work_over: ['conflict', 'The work is done or cancelled already.'],
  work_times_invalid: ['unprocessable', 'Work ends after it begins, and not in the past.'],
  station_unknown: ['not_found', 'There is no such station, or it is not for who asks.'],
} satisfies Problems
