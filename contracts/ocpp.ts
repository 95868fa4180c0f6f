import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { ChargerId, ConnectorStatus, Id, Instant, Owner } from './shared.ts'

export { ChargerId, ConnectorStatus }

/** Versions of the protocol, as sub-protocols of WebSocket name them. */
export const OcppVersion = Type.Enum(['ocpp1.6', 'ocpp2.0.1', 'ocpp2.1'], { examples: ['ocpp2.0.1'] })
export type OcppVersion = Static<typeof OcppVersion>

/** `pending` waits for an operator; who is `rejected` may connect, and do nothing. */
export const ChargerStatus = Type.Enum(['pending', 'accepted', 'rejected'], { examples: ['accepted'] })
export type ChargerStatus = Static<typeof ChargerStatus>

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** Numbers of the EVSE within its charger and of the connector within its EVSE; OCPP 1.6 knows connectors alone: each is an EVSE of its own with the connector 1. 0 is the charger itself. */
const Place = {
  evse: Type.Integer({ minimum: 0, examples: [1] }),
  connector: Type.Integer({ minimum: 0, examples: [1] }),
}

/** What a charger says of itself at its start; what it does not say is null. */
export const ChargerModel = Type.Object({
  vendor: Type.String({ examples: ['Voltaic'] }),
  model: Type.String({ examples: ['V2-22'] }),
  serialNumber: nullable(Type.String({ examples: ['VT-0001'] })),
  firmware: nullable(Type.String({ examples: ['2.4.1'] })),
})
export type ChargerModel = Static<typeof ChargerModel>

/** A charger is known: it connected for the first time, or an operator made it. Whose it is may follow later. */
export const ChargerRegistered = event(
  'ocpp',
  'charger.registered',
  'chargerId',
  Type.Object({ chargerId: ChargerId, owner: nullable(Owner), status: ChargerStatus, version: Type.Integer() }),
)

/** Whose a charger is, its name or whether it may work changed. */
export const ChargerChanged = event(
  'ocpp',
  'charger.changed',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    owner: nullable(Owner),
    /** Where it is somebody else's than before. */
    formerOwner: Type.Optional(nullable(Owner)),
    status: ChargerStatus,
    version: Type.Integer(),
  }),
)

/** A charger is no longer known; its messages and transactions stay for as long as they are kept. */
export const ChargerRemoved = event(
  'ocpp',
  'charger.removed',
  'chargerId',
  Type.Object({ chargerId: ChargerId, owner: nullable(Owner), version: Type.Integer() }),
)

/** A charger has a connection. `connectionId` grows: a later one has a greater id. */
export const ChargerConnected = event(
  'ocpp',
  'charger.connected',
  'chargerId',
  Type.Object({ chargerId: ChargerId, connectionId: Id, ocppVersion: OcppVersion, at: Instant }),
)

/** A connection has ended, and no later one was there yet. */
export const ChargerDisconnected = event(
  'ocpp',
  'charger.disconnected',
  'chargerId',
  Type.Object({ chargerId: ChargerId, connectionId: Id, at: Instant, reason: Type.String({ examples: ['closed'] }) }),
)

/** An accepted charger has had no connection for minutes, since then; told once, until it comes and goes again. */
export const ChargerLost = event(
  'ocpp',
  'charger.lost',
  'chargerId',
  Type.Object({ chargerId: ChargerId, owner: nullable(Owner), since: Instant }),
)

/** A charger started and said what it is. */
export const ChargerBooted = event(
  'ocpp',
  'charger.booted',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    ...ChargerModel.properties,
    reason: nullable(Type.String({ examples: ['PowerUp'] })),
    status: ChargerStatus,
    at: Instant,
  }),
)

/** A charger said how one of its connectors is; place 0 is the charger as a whole. `at` is the charger's time where that can be. */
export const ConnectorReported = event(
  'ocpp',
  'connector.reported',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    ...Place,
    status: ConnectorStatus,
    errorCode: nullable(Type.String({ examples: ['GroundFailure'] })),
    info: nullable(Type.String()),
    at: Instant,
    receivedAt: Instant,
  }),
)

/** A connector has been faulted for minutes; told once, until it is well again. Place 0 is the charger as a whole. */
export const ConnectorFailed = event(
  'ocpp',
  'connector.failed',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    owner: nullable(Owner),
    ...Place,
    errorCode: nullable(Type.String({ examples: ['GroundFailure'] })),
    info: nullable(Type.String()),
    since: Instant,
  }),
)

/** A measured value in its base unit (Wh, W, varh, var, VA, A, V, Hz, Celsius, Percent, RPM), as all versions name it. */
export const Reading = Type.Object({
  at: Instant,
  measurand: Type.String({ examples: ['Energy.Active.Import.Register'] }),
  value: Type.Number({ examples: [15320] }),
  unit: Type.String({ examples: ['Wh'] }),
  phase: Type.Optional(Type.String({ examples: ['L1'] })),
  location: Type.Optional(Type.String({ examples: ['Outlet'] })),
  context: Type.Optional(Type.String({ examples: ['Sample.Periodic'] })),
  /** As the meter signed it: `data` as it was given, in the format `encoding` names (OCMF, EDL). */
  signed: Type.Optional(
    Type.Object({
      data: Type.String(),
      method: Type.Optional(Type.String()),
      encoding: Type.Optional(Type.String({ examples: ['OCMF'] })),
      publicKey: Type.Optional(Type.String()),
    }),
  ),
})
export type Reading = Static<typeof Reading>

/** Who charges: the card or token as the charger knows it, and whose it is where that is known. */
export const ChargingToken = Type.Object({
  idToken: Type.String({ examples: ['04A2B9C1D2E380'] }),
  type: Type.String({ examples: ['ISO14443'] }),
  /** The person it belongs to. */
  userId: nullable(Id),
  accepted: Type.Boolean(),
})
export type ChargingToken = Static<typeof ChargingToken>

/**
 * What a charger said about one of its transactions, in the order it arrived; `at` is when it happened, which may be
 * long ago (`offline`). `reference` is what the charger calls it. Something may have been missed between two.
 */
export const TransactionReported = event(
  'ocpp',
  'transaction.reported',
  'transactionId',
  Type.Object({
    transactionId: Id,
    chargerId: ChargerId,
    owner: nullable(Owner),
    ...Place,
    reference: Type.String({ examples: ['4711'] }),
    phase: Type.Enum(['begun', 'progressed', 'ended']),
    seqNo: nullable(Type.Integer()),
    at: Instant,
    receivedAt: Instant,
    offline: Type.Boolean(),
    trigger: nullable(Type.String({ examples: ['CablePluggedIn'] })),
    chargingState: nullable(Type.String({ examples: ['Charging'] })),
    token: nullable(ChargingToken),
    /** Of the start that was asked for from here. */
    remoteStartId: nullable(Type.Integer()),
    reservationId: nullable(Type.Integer()),
    readings: Type.Array(Reading),
    stopReason: nullable(Type.String({ examples: ['EVDisconnected'] })),
  }),
)

/** A charger measured outside of any transaction, as its clock says. */
export const MetersReported = event(
  'ocpp',
  'meters.reported',
  'chargerId',
  Type.Object({ chargerId: ChargerId, ...Place, readings: Type.Array(Reading), receivedAt: Instant }),
)

/** How a call between charger and platform ended. */
export const MessageOutcome = Type.Enum(['answered', 'error', 'timeout', 'unsent'], { examples: ['answered'] })

/** A message and its answer; `received` came from the charger. Heartbeats are not among them. */
export const OcppMessage = event(
  'ocpp',
  'ocpp.message',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    messageId: Type.String({ examples: ['19223201'] }),
    direction: Type.Enum(['received', 'sent']),
    action: Type.String({ examples: ['BootNotification'] }),
    ocppVersion: OcppVersion,
    at: Instant,
    payload: Type.Unknown(),
    outcome: MessageOutcome,
    /** Of a call that was answered. */
    answer: Type.Optional(Type.Unknown()),
    /** Of one that was not: the code of its version, and in words. */
    errorCode: Type.Optional(Type.String({ examples: ['FormationViolation'] })),
    errorDescription: Type.Optional(Type.String()),
  }),
)

/** A charger noticed something: of its safety (1.6 security whitepaper and 2.x, A04), or by what it watches (2.x, N07). */
export const ChargerAlerted = event(
  'ocpp',
  'charger.alerted',
  'chargerId',
  Type.Object({
    alertId: Id,
    chargerId: ChargerId,
    kind: Type.Enum(['monitoring', 'security'], { examples: ['security'] }),
    /** Of security its event, as OCPP lists them; else `Alerting`. */
    type: Type.String({ examples: ['TamperDetectionActivated'] }),
    component: nullable(Type.String({ examples: ['Connector'] })),
    variable: nullable(Type.String({ examples: ['Problem'] })),
    ...Place,
    value: nullable(Type.String()),
    /** From 0 (danger) to 9 (debug). */
    severity: nullable(Type.Integer({ minimum: 0, maximum: 9 })),
    /** It is over. */
    cleared: Type.Boolean(),
    code: nullable(Type.String()),
    info: nullable(Type.String()),
    at: Instant,
    receivedAt: Instant,
  }),
)

/** A charger said how far it is with new firmware, in the words of OCPP. */
export const FirmwareReported = event(
  'ocpp',
  'firmware.reported',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    status: Type.String({ examples: ['Installed'] }),
    requestId: nullable(Type.Integer()),
    at: Instant,
  }),
)

/** A charger ended a reservation by itself (2.x, H04). */
export const ReservationReported = event(
  'ocpp',
  'reservation.reported',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    reservationId: Type.Integer(),
    status: Type.Enum(['expired', 'removed', 'no-transaction'], { examples: ['expired'] }),
    at: Instant,
  }),
)

/** A file that a charger was asked for is here whole, below `fileKey`, until documents have taken it in as the document of this id. */
export const ChargerFileStored = event(
  'ocpp',
  'charger-file.stored',
  'fileId',
  Type.Object({
    fileId: Id,
    chargerId: ChargerId,
    kind: Type.Enum(['diagnostics', 'security', 'customer'], { examples: ['diagnostics'] }),
    /** Of the charger; who asked for the file where the charger is nobody's yet. */
    owner: Owner,
    fileKey: Type.String(),
    fileName: Type.String({ examples: ['diagnostics.zip'] }),
    sizeBytes: Type.Integer({ minimum: 1 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0'.repeat(64)] }),
    at: Instant,
  }),
)

/** A file that a charger was asked for is to be nowhere any more. */
export const ChargerFileRemoved = event(
  'ocpp',
  'charger-file.removed',
  'fileId',
  Type.Object({ fileId: Id, chargerId: ChargerId }),
)

/** A certificate that was signed for a charger proves nothing any more. */
export const CertificateRevoked = event(
  'ocpp',
  'certificate.revoked',
  'chargerId',
  Type.Object({
    chargerId: ChargerId,
    certificateId: Id,
    serial: Type.String({ description: 'Its serial number', examples: ['5a1c0e77b3d94f5e8a2b6c8e0f1a3b5c'] }),
    at: Instant,
  }),
)

/** A certificate that was signed for a charger ends within a week, and the charger has no other; told once. */
export const CertificateEnding = event(
  'ocpp',
  'certificate.ending',
  'chargerId',
  Type.Object({ chargerId: ChargerId, owner: nullable(Owner), certificateId: Id, endsAt: Instant }),
)

/** A call waits for the process that has the charger's connection. */
export const CommandSent = event(
  'ocpp',
  'command.sent',
  'chargerId',
  Type.Object({ commandId: Id, chargerId: ChargerId, action: Type.String(), connectionId: Id, until: Instant }),
)

/** A call to a charger has ended; `requestId` is that of who asked by an event. */
export const CommandEnded = event(
  'ocpp',
  'command.ended',
  'chargerId',
  Type.Object({
    commandId: Id,
    chargerId: ChargerId,
    action: Type.String(),
    requestId: nullable(Id),
    outcome: Type.Enum(['answered', 'error', 'timeout', 'offline']),
    answer: Type.Optional(Type.Unknown()),
    errorCode: Type.Optional(Type.String()),
    errorDescription: Type.Optional(Type.String()),
  }),
)

/** A card or another token by its value, whatever its case. Fails with `token_unknown`. */
export const getToken = call(
  'ocpp',
  'get_token',
  Type.Object({ idToken: Type.String({ maxLength: 255 }), type: Type.String({ maxLength: 50 }) }),
  Type.Object({ tokenId: Id, idToken: Type.String(), type: Type.String(), owner: Owner, userId: nullable(Id) }),
)

/** Whose a charger is and whether it can be spoken to. Fails with `charger_unknown`. */
export const getCharger = call(
  'ocpp',
  'get_charger',
  Type.Object({ chargerId: ChargerId }),
  Type.Object({
    chargerId: ChargerId,
    owner: nullable(Owner),
    status: ChargerStatus,
    connected: Type.Boolean(),
    ocppVersion: nullable(OcppVersion),
  }),
)
