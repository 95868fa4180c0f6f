import Type, { type Static } from 'typebox'
import { event } from './define.ts'
import { ChargerId, Id, Instant, Line, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** How soon something has to be seen to; `critical` is danger, or a whole charger that does not work. */
export const Priority = Type.Enum(['critical', 'high', 'normal', 'low'], { examples: ['high'] })
export type Priority = Static<typeof Priority>

/** Who noticed: somebody at the station, a connector that is faulted, what a charger watches, or that it is silent. */
export const IncidentSource = Type.Enum(['person', 'fault', 'alert', 'offline'], { examples: ['fault'] })
export type IncidentSource = Static<typeof IncidentSource>

/** How an incident ended: it cleared by itself, somebody saw to it, there was nothing, or the charger is gone. */
export const IncidentEnd = Type.Enum(['cleared', 'solved', 'dismissed', 'removed'], { examples: ['cleared'] })
export type IncidentEnd = Static<typeof IncidentEnd>

const Incident = {
  incidentId: Id,
  source: IncidentSource,
  chargerId: nullable(ChargerId),
  stationId: nullable(Id),
  /** Numbers as the charger counts; 0 is the charger as a whole, null where nobody said. */
  evse: nullable(Type.Integer({ minimum: 0, examples: [1] })),
  connector: nullable(Type.Integer({ minimum: 0, examples: [1] })),
  /** Whose the station is, or else the charger; null while that is nobody. */
  owner: nullable(Owner),
  /** What people call the place. */
  place: Line(255, { examples: ['Market square'] }),
  /** The error code of the charger, or what a person chose. */
  code: nullable(Type.String({ examples: ['GroundFailure'] })),
  priority: Priority,
  openedAt: Instant,
}

/** Something does not work at a station; told once, however often it comes and goes before it is over. */
export const IncidentOpened = event('maintenance', 'incident.opened', 'incidentId', Type.Object(Incident))

/** It is over; what comes later is another incident. */
export const IncidentClosed = event(
  'maintenance',
  'incident.closed',
  'incidentId',
  Type.Object({ ...Incident, closedAt: Instant, end: IncidentEnd }),
)
