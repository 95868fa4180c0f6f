import Type from 'typebox'
import { listMembers } from '#contracts/identity'
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
  MAINTENANCE_REMEDY_AFTER: Setting.duration(
    'How long a connector is faulted until its charger is asked to help itself (reset, unlock).',
    { default: '2m' },
  ),
  MAINTENANCE_REMEDIES_A_DAY: Setting.integer('How often a charger is asked to, within a day; 0 for never.', {
    minimum: 0,
    maximum: 100,
    default: 3,
  }),
  MAINTENANCE_TICKET_AFTER: Setting.duration('How long an incident is open until it gets a ticket by itself.', {
    default: '30m',
  }),
  MAINTENANCE_WORKING_HOURS: Setting.text(
    'When the clock of tickets runs, in the time zone of the station: weekdays (1 is Monday) and hours. Of critical ones it always does.',
    {
      default: '1-5 08:00-18:00',
      pattern: '^[1-7]-[1-7] ([01]\\d|2[0-3]):[0-5]\\d-([01]\\d|2[0-3]):[0-5]\\d$',
      form: 'like 1-5 08:00-18:00',
    },
  ),
  MAINTENANCE_HOLIDAYS: Setting.list('Days on which nobody works, like 2027-12-25.'),
  MAINTENANCE_SLA_CRITICAL: Setting.duration('How long a critical ticket may take, day and night.', { default: '4h' }),
  MAINTENANCE_SLA_HIGH: Setting.duration('How long a ticket of high priority may take, in working hours.', {
    default: '8h',
  }),
  MAINTENANCE_SLA_NORMAL: Setting.duration('How long a normal ticket may take, in working hours.', { default: '20h' }),
  MAINTENANCE_SLA_LOW: Setting.duration('How long a ticket of low priority may take, in working hours.', {
    default: '50h',
  }),
})

/** Where a station is, and whose; and who belongs to an organisation. */
export const needs = [getStation, listMembers] as const

/** What this service has of the world. */
export type MaintenanceHost = Host<'maintenance', (typeof needs)[number], typeof settings>
