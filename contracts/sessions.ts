import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { Id, Instant, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const ChargerId = Type.String({ minLength: 1, maxLength: 48, examples: ['CP-1'] })

/** Energy that went into the vehicle, from its begin until now. */
const EnergyWh = Type.Integer({ minimum: 0, examples: [18_400] })

/** A card or another token, as the charger reads it. */
const Token = Type.Object({
  idToken: Type.String({ examples: ['04A2B9C1D2E380'] }),
  type: Type.String({ examples: ['ISO14443'] }),
})

/** What every event says of a session, whose id is that of its transaction. Of two that differ the later `updatedAt` holds. */
const About = {
  sessionId: Id,
  chargerId: ChargerId,
  /** Where it is known. */
  stationId: nullable(Id),
  evse: Type.Integer({ minimum: 0, examples: [1] }),
  connector: Type.Integer({ minimum: 0, examples: [1] }),
  /** Whose the charger was. */
  owner: nullable(Owner),
  /** The person who charges. */
  driverId: nullable(Id),
  token: nullable(Token),
  startedAt: Instant,
  energyWh: EnergyWh,
  updatedAt: Instant,
}

/** How an end came about: the charger said so, or nothing else can be (`rule`). */
export const SessionCloser = Type.Enum(['charger', 'rule'], { examples: ['charger'] })
export type SessionCloser = Static<typeof SessionCloser>

/**
 * Why a session ended: in the words of OCPP (2.0.1 ReasonEnumType, 1.6 Reason) where the charger said so; by rule
 * `ConnectorAvailable`, `AnotherSession` or `ChargerSilent`.
 */
const StopReason = nullable(Type.String({ examples: ['EVDisconnected'] }))

/** A session began, which may have been long ago (`offline`). */
export const SessionStarted = event(
  'sessions',
  'session.started',
  'sessionId',
  Type.Object({ ...About, offline: Type.Boolean() }),
)

/** A session that goes on has more energy, another driver, or is in another state. */
export const SessionUpdated = event(
  'sessions',
  'session.updated',
  'sessionId',
  Type.Object({ ...About, chargingState: nullable(Type.String({ examples: ['Charging'] })) }),
)

const Ending = { endedAt: Instant, stopReason: StopReason, closedBy: SessionCloser }

/** A session ended with this energy; should the charger say something else later, `session.corrected` follows. */
export const SessionEnded = event('sessions', 'session.ended', 'sessionId', Type.Object({ ...About, ...Ending }))

/**
 * What was told of the end of a session does not hold: the charger said more of it. It goes on (`endedAt` is null, and
 * another `session.ended` will follow), or ended otherwise. `former` is what was told before.
 */
export const SessionCorrected = event(
  'sessions',
  'session.corrected',
  'sessionId',
  Type.Object({
    ...About,
    endedAt: nullable(Instant),
    stopReason: StopReason,
    closedBy: nullable(SessionCloser),
    former: Type.Object({ startedAt: Instant, endedAt: Instant, energyWh: EnergyWh }),
  }),
)

/**
 * Somebody wants a charger to begin a session, until then. `remoteStartId` goes to chargers that know such a thing. A
 * token that is `own` is no card: the platform made it for the driver, and the charger may be told that it is accepted.
 */
export const SessionStartRequested = event(
  'sessions',
  'session.start-requested',
  'chargerId',
  Type.Object({
    requestId: Id,
    chargerId: ChargerId,
    /** Any where none is named. */
    evse: nullable(Type.Integer({ minimum: 1, examples: [1] })),
    connector: nullable(Type.Integer({ minimum: 1, examples: [1] })),
    token: Token,
    own: Type.Boolean(),
    /** Whose the session will be. */
    driverId: nullable(Id),
    remoteStartId: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, examples: [71_003] }),
    until: Instant,
  }),
)

/** Somebody wants a charger to end a session, until then. */
export const SessionStopRequested = event(
  'sessions',
  'session.stop-requested',
  'chargerId',
  Type.Object({
    requestId: Id,
    chargerId: ChargerId,
    /** The transaction, as it is called here. */
    sessionId: Id,
    /** What the charger calls it. */
    reference: Type.String({ examples: ['4711'] }),
    until: Instant,
  }),
)

/**
 * A session with how its energy came together: the first moment is its begin, the last its end or the last that is known
 * of it. Fails with `session_unknown`.
 */
export const getSessionCourse = call(
  'sessions',
  'get_session_course',
  Type.Object({ sessionId: Id }),
  Type.Object({
    ...About,
    endedAt: nullable(Instant),
    course: Type.Array(Type.Object({ at: Instant, energyWh: EnergyWh }), { minItems: 2 }),
  }),
)
