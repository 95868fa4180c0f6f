import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { ChargerId, ConnectorStatus, Id, Instant, Line, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** Plugs and sockets, as OCPI 2.2.1 and 2.3.0 name them (mod_locations, ConnectorType). */
export const ConnectorStandard = Type.Enum(
  [
    'CHADEMO',
    'CHAOJI',
    ...(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O'] as const).map(
      letter => `DOMESTIC_${letter}` as const,
    ),
    'GBT_AC',
    'GBT_DC',
    'IEC_60309_2_single_16',
    'IEC_60309_2_three_16',
    'IEC_60309_2_three_32',
    'IEC_60309_2_three_64',
    'IEC_62196_T1',
    'IEC_62196_T1_COMBO',
    'IEC_62196_T2',
    'IEC_62196_T2_COMBO',
    'IEC_62196_T3A',
    'IEC_62196_T3C',
    'MCS',
    'NEMA_5_20',
    'NEMA_6_30',
    'NEMA_6_50',
    'NEMA_10_30',
    'NEMA_10_50',
    'NEMA_14_30',
    'NEMA_14_50',
    'PANTOGRAPH_BOTTOM_UP',
    'PANTOGRAPH_TOP_DOWN',
    'SAE_J3400',
    'TESLA_R',
    'TESLA_S',
  ],
  { examples: ['IEC_62196_T2_COMBO'] },
)
export type ConnectorStandard = Static<typeof ConnectorStandard>

/** A socket, or a cable that is attached (OCPI ConnectorFormat). */
export const ConnectorFormat = Type.Enum(['SOCKET', 'CABLE'], { examples: ['CABLE'] })
/** OCPI PowerType. */
export const PowerType = Type.Enum(['AC_1_PHASE', 'AC_2_PHASE', 'AC_2_PHASE_SPLIT', 'AC_3_PHASE', 'DC'], {
  examples: ['DC'],
})

/** Number of the EVSE within its station and of the connector within its EVSE, as its charger counts them (from 1). */
const Place = {
  evse: Type.Integer({ minimum: 1, examples: [1] }),
  connector: Type.Integer({ minimum: 1, examples: [1] }),
}

const Station = {
  stationId: Id,
  /** The device that stands there; a station may have none yet. */
  chargerId: nullable(ChargerId),
  /** Null until somebody takes it over. */
  owner: nullable(Owner),
  /** Whether everybody sees it. */
  public: Type.Boolean(),
}
const Version = Type.Integer({ minimum: 1, examples: [1] })
/** What events of a station said first without it: where it stands among others, and what can be plugged in there. */
const Described = {
  name: Line(255),
  siteId: Type.Optional(nullable(Id)),
  connectors: Type.Optional(
    Type.Array(
      Type.Object({
        ...Place,
        standard: nullable(ConnectorStandard),
        maxPowerW: nullable(Type.Integer({ examples: [150_000] })),
      }),
    ),
  ),
}

/** A station exists: an operator made it, or a charger was accepted that had none (a draft, not public, without position). */
export const StationCreated = event(
  'stations',
  'station.created',
  'stationId',
  Type.Object({ ...Station, ...Described, version: Version }),
)

/** What is said of a station, its EVSEs or connectors, its charger, its owner or who sees it changed. */
export const StationUpdated = event(
  'stations',
  'station.updated',
  'stationId',
  Type.Object({ ...Station, ...Described, version: Version }),
)

/** A station is gone from maps and lists; its id stays known to `get_station`. */
export const StationDeleted = event(
  'stations',
  'station.deleted',
  'stationId',
  Type.Object({ ...Station, version: Version }),
)

/** The charger of a station has a connection. `connectionId` grows: a later one has a greater id. */
export const StationConnected = event(
  'stations',
  'station.connected',
  'stationId',
  Type.Object({ ...Station, connectionId: Id, at: Instant }),
)

/** The charger of a station has none any more. */
export const StationDisconnected = event(
  'stations',
  'station.disconnected',
  'stationId',
  Type.Object({ ...Station, connectionId: Id, at: Instant }),
)

/** A connector says that it is otherwise than before; `at` is the charger's time where that can be. */
export const StationStatusChanged = event(
  'stations',
  'station.status-changed',
  'stationId',
  Type.Object({
    ...Station,
    ...Place,
    status: ConnectorStatus,
    /** Null for the first that is known. */
    formerStatus: nullable(ConnectorStatus),
    errorCode: nullable(Type.String({ examples: ['GroundFailure'] })),
    at: Instant,
  }),
)

/**
 * Where a connector stands and whether it may start a session now: `available` is free and connected; `startable` may
 * also have a cable in it already. Fails with `station_unknown` and `connector_unknown`.
 */
export const getConnector = call(
  'stations',
  'get_connector',
  Type.Object({ stationId: Id, ...Place }),
  Type.Object({
    ...Station,
    ...Place,
    connectorId: Id,
    standard: nullable(ConnectorStandard),
    maxPowerW: nullable(Type.Integer()),
    status: nullable(ConnectorStatus),
    online: Type.Boolean(),
    available: Type.Boolean(),
    startable: Type.Boolean(),
  }),
)

/**
 * A station by its id or by its charger; one that was deleted is found by its id alone. Fails with `station_unknown`.
 */
export const getStation = call(
  'stations',
  'get_station',
  Type.Object({ stationId: Type.Optional(Id), chargerId: Type.Optional(ChargerId) }),
  Type.Object({
    ...Station,
    name: Line(255),
    siteId: nullable(Id),
    timeZone: nullable(Type.String({ examples: ['Europe/Berlin'] })),
    /** ISO 3166-1 alpha-3. */
    country: nullable(Type.String({ examples: ['DEU'] })),
    region: nullable(Type.String()),
    /** In one line. */
    address: Type.Optional(nullable(Type.String({ examples: ['Marktplatz 1, 10178 Berlin'] }))),
    coordinates: Type.Optional(nullable(Type.Object({ latitude: Type.Number(), longitude: Type.Number() }))),
    /** Opaque to stations: billing knows what it names. */
    tariff: nullable(Type.String()),
    online: Type.Boolean(),
    deleted: Type.Boolean(),
    version: Version,
  }),
)
