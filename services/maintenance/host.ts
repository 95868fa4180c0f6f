import Type from 'typebox'
import { getStation } from '#contracts/stations'
import { Setting, type Host } from '#kernel'

export const settings = Type.Object({
  MAINTENANCE_CALM: Setting.duration(
    'How long something has to be well until its incident is closed; what comes back before is the same one.',
    { default: '10m' },
  ),
  MAINTENANCE_OFFLINE: Setting.duration('How long a charger has no connection until that is an incident.', {
    default: '15m',
  }),
  MAINTENANCE_ALERT_SEVERITY: Setting.integer(
    'The least severity at which what a charger watches (OCPP 2.x) is an incident, from 0 (danger) to 9 (debug).',
    { minimum: 0, maximum: 9, default: 4 },
  ),
})

/** Where a station is, and whose. */
export const needs = [getStation] as const

/** What this service has of the world. */
export type MaintenanceHost = Host<'maintenance', (typeof needs)[number], typeof settings>
