import type { Problems } from '#kernel'

/** What stations refuse with. */
export const problems = {
  station_unknown: ['not_found', 'There is no such station, or it is not for who asks.'],
  station_of_charger: ['conflict', 'The station belongs to a charger, and is moved with it.'],
  organisation_unknown: ['not_found', 'There is no such organisation, or one does not belong to it.'],
  organisation_admin_required: ['forbidden', 'Only owners and admins of the organisation may do this.'],
  connector_unknown: ['not_found', 'The station has no such connector.'],
  site_unknown: ['not_found', 'There is no such site, or it is not for who asks.'],
  exclusion_unknown: ['not_found', 'There is no such exclusion at this station.'],
  charger_elsewhere: ['conflict', 'The charger stands at another station, or belongs to somebody else.'],
  reference_taken: ['conflict', 'Another station of the owner has this reference.'],
  site_occupied: ['conflict', 'Stations stand at the site.'],
  position_missing: ['unprocessable', 'A public station has coordinates.'],
  time_zone_unknown: ['unprocessable', 'There is no such time zone.'],
  opening_invalid: ['unprocessable', 'A time of the opening hours cannot be.'],
  connector_twice: ['unprocessable', 'An EVSE or a connector is there twice.'],
} satisfies Problems
