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

/** What a charger can be asked to do about an incident: start anew once nobody charges, or let a cable go. */
export const Remedy = Type.Enum(['reset', 'unlock'], { examples: ['reset'] })
export type Remedy = Static<typeof Remedy>

/** A charger is to try something before anybody drives there, until then; `command.ended` names the request. */
export const RemedyRequested = event(
  'maintenance',
  'remedy.requested',
  'chargerId',
  Type.Object({
    requestId: Id,
    incidentId: Id,
    chargerId: ChargerId,
    remedy: Remedy,
    evse: nullable(Type.Integer({ minimum: 0, examples: [1] })),
    connector: nullable(Type.Integer({ minimum: 0, examples: [1] })),
    until: Instant,
  }),
)

/** How far a ticket is. */
export const TicketState = Type.Enum(
  ['open', 'assigned', 'in-progress', 'waiting-for-part', 'resolved', 'closed', 'reopened'],
  { examples: ['assigned'] },
)
export type TicketState = Static<typeof TicketState>

const Ticket = {
  ticketId: Id,
  /** As people call it. */
  number: Type.Integer({ minimum: 1, examples: [1042] }),
  incidentId: nullable(Id),
  chargerId: nullable(ChargerId),
  stationId: nullable(Id),
  /** Whose the station is; null while that is nobody. */
  owner: nullable(Owner),
  place: Line(255, { examples: ['Market square'] }),
  title: Line(200, { examples: ['Cable does not lock'] }),
  priority: Priority,
  state: TicketState,
  /** The person it is assigned to. */
  assigneeId: nullable(Id),
  /** Until when it should be resolved; null while its clock stands. */
  dueAt: nullable(Instant),
  version: Type.Integer({ minimum: 1, examples: [1] }),
}

/** Somebody has to do something. */
export const TicketOpened = event('maintenance', 'ticket.opened', 'ticketId', Type.Object(Ticket))

/** A ticket is in another state, or in the same of somebody else. */
export const TicketChanged = event('maintenance', 'ticket.changed', 'ticketId', Type.Object(Ticket))

/** A ticket is somebody's now. */
export const TicketAssigned = event('maintenance', 'ticket.assigned', 'ticketId', Type.Object(Ticket))

/** A quarter of the time that a ticket may take is left; told once, until it is reopened. */
export const TicketSlaAtRisk = event('maintenance', 'ticket.sla-at-risk', 'ticketId', Type.Object(Ticket))

/** A ticket has taken longer than it may; told once, until it is reopened. */
export const TicketSlaMissed = event(
  'maintenance',
  'ticket.sla-missed',
  'ticketId',
  Type.Object({
    ...Ticket,
    /** People whom its owner wants to hear of it, too. */
    escalatedTo: Type.Optional(Type.Array(Id)),
  }),
)

/** A photo of what is done about a ticket is here whole, below `fileKey`, until documents have taken it in as the document of this id. */
export const PhotoTaken = event(
  'maintenance',
  'photo.taken',
  'fileId',
  Type.Object({
    fileId: Id,
    ticketId: Id,
    /** Of the station; who took it where that is nobody's. */
    owner: Owner,
    /** What people call the place. */
    place: Line(255, { examples: ['Market square'] }),
    fileKey: Type.String(),
    fileName: Type.String({ examples: ['ticket-1042.jpg'] }),
    sizeBytes: Type.Integer({ minimum: 1 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0'.repeat(64)] }),
    at: Instant,
  }),
)

/** How far planned work is. */
export const WorkState = Type.Enum(['planned', 'active', 'done', 'cancelled'], { examples: ['active'] })

/** Planned work at a station began, ended or was cancelled; it takes connectors out of service from then to then. */
export const WorkChanged = event(
  'maintenance',
  'work.changed',
  'workId',
  Type.Object({
    workId: Id,
    stationId: Id,
    /** All of the station where none is named. */
    evse: nullable(Type.Integer({ minimum: 1, examples: [1] })),
    title: Line(200, { examples: ['New cables'] }),
    state: WorkState,
    from: Instant,
    /** Of work that ended early: when it did. */
    to: Instant,
    plannedBy: nullable(Id),
    version: Type.Integer({ minimum: 1, examples: [2] }),
  }),
)

/** A charger, or one EVSE of it, is to go out of service or back for planned work, asked until then. */
export const AvailabilityRequested = event(
  'maintenance',
  'availability.requested',
  'chargerId',
  Type.Object({
    requestId: Id,
    chargerId: ChargerId,
    /** All of the charger where none is named. */
    evse: nullable(Type.Integer({ minimum: 1, examples: [1] })),
    operative: Type.Boolean(),
    until: Instant,
  }),
)
