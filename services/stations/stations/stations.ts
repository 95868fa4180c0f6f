import Type, { type Static } from 'typebox'
import { ConnectorFormat, ConnectorStandard, PowerType } from '#contracts/stations'
import { ChargerId, ConnectorStatus, Id, Instant, Line, Owner } from '#contracts/shared'
import { mayRead, mayWrite, Problem, type Actor } from '#kernel'
import { nullable, placeBody, placeFields, shown, type Place } from '../place.ts'

const whole = (maximum: number, example: number) => Type.Integer({ minimum: 1, maximum, examples: [example] })
const Number = whole(1_000, 1)

/** What is said of a connector, near to OCPI's; its charger says how it is. */
const connectorFields = {
  standard: nullable(ConnectorStandard),
  format: nullable(ConnectorFormat),
  powerType: nullable(PowerType),
  maxVoltage: nullable(whole(10_000, 920)),
  maxAmperage: nullable(whole(10_000, 500)),
  maxPowerW: nullable(whole(10_000_000, 150_000)),
  tariff: nullable(Line(100, { examples: ['standard'] })),
}
const evseFields = {
  evseId: nullable(
    Type.String({ maxLength: 48, pattern: '^[A-Za-z0-9*+-]+$', description: 'eMI3', examples: ['DE*ABC*E1234*1'] }),
  ),
  physicalReference: nullable(Line(16, { examples: ['A1'] })),
  floorLevel: nullable(Line(4, { examples: ['-1'] })),
}

const EvseBody = Type.Object({
  evse: Number,
  ...Type.Partial(Type.Object(evseFields)).properties,
  connectors: Type.Array(Type.Object({ connector: Number, ...Type.Partial(Type.Object(connectorFields)).properties }), {
    minItems: 1,
    maxItems: 20,
  }),
})
export type EvseBody = Static<typeof EvseBody>

const Reference = Line(100, { examples: ['BER-0042'] })

/** A station as who manages it writes it. */
export const StationBody = Type.Object({
  ...placeBody,
  reference: Type.Optional(nullable(Reference)),
  chargerId: Type.Optional(nullable(ChargerId)),
  siteId: Type.Optional(nullable(Id)),
  public: Type.Optional(Type.Boolean()),
  evses: Type.Optional(
    Type.Array(EvseBody, {
      maxItems: 200,
      description: 'Where it is left out they stay as they are; what a charger has said of itself stays anyway',
    }),
  ),
})
export type StationBody = Static<typeof StationBody>

const ConnectorView = Type.Object({
  connectorId: Id,
  connector: Number,
  ...connectorFields,
  status: nullable(ConnectorStatus),
  errorCode: nullable(Type.String({ examples: ['GroundFailure'] })),
  statusAt: nullable(Instant),
  available: Type.Boolean({ description: 'Free, and connected to its operator' }),
})
const EvseView = Type.Object({
  evse: Number,
  ...evseFields,
  status: nullable(ConnectorStatus),
  connectors: Type.Array(ConnectorView),
})
export type ConnectorView = Static<typeof ConnectorView>
export type EvseView = Static<typeof EvseView>

/** A station as answers show it. */
const stationView = {
  id: Id,
  reference: nullable(Reference),
  chargerId: nullable(ChargerId),
  siteId: nullable(Id),
  owner: nullable(Owner),
  public: Type.Boolean(),
  ...placeFields,
  online: Type.Boolean(),
  onlineSince: nullable({ ...Instant, description: 'Since when it is online, or is not' }),
  evses: Type.Array(EvseView),
  version: Type.Integer({ minimum: 1, examples: [1] }),
  createdAt: Instant,
  updatedAt: Instant,
}
export const StationView = shown(Type.Object(stationView, { title: 'Station' }))
/** A station as it is kept. */
export interface Station extends Place {
  readonly id: string
  readonly reference: string | null
  readonly chargerId: string | null
  readonly siteId: string | null
  readonly owner: Owner | null
  readonly public: boolean
  readonly drafted: boolean
  readonly online: boolean
  readonly onlineSince: Date | null
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletedAt: Date | null
}

/** With its parts. */
export interface WholeStation extends Station {
  readonly evses: readonly EvseView[]
}

export const view = ({ drafted: _, deletedAt: __, ...station }: WholeStation): Static<typeof StationView> => ({
  ...station,
  onlineSince: station.onlineSince?.toISOString() ?? null,
  evses: station.evses.map(evse => ({ ...evse, status: evseStatus(evse) })),
  createdAt: station.createdAt.toISOString(),
  updatedAt: station.updatedAt.toISOString(),
})

/** States in which an EVSE has a car. */
const busy = new Set<ConnectorStatus | null>([
  'charging',
  'suspended-ev',
  'suspended-evse',
  'occupied',
  'finishing',
  'preparing',
])

/** An EVSE charges one car at a time: it is as its busy connector, else as the one that works. */
export function evseStatus({ connectors }: Pick<EvseView, 'connectors'>): ConnectorStatus | null {
  const statuses = connectors.map(({ status }) => status)
  return (
    statuses.find(status => busy.has(status)) ??
    statuses.find(status => status === 'reserved') ??
    statuses.find(status => status === 'available') ??
    statuses.find(status => status !== null) ??
    null
  )
}

/** What events tell of a station. */
export const told = ({ id, chargerId, owner, public: isPublic }: Station) => ({
  stationId: id,
  chargerId,
  owner,
  public: isPublic,
})

/** What events say of one that is made or changed. */
export const described = (station: WholeStation) => ({
  ...told(station),
  name: station.name,
  siteId: station.siteId,
  connectors: station.evses.flatMap(({ evse, connectors }) =>
    connectors.map(({ connector, standard, maxPowerW }) => ({ evse, connector, standard, maxPowerW })),
  ),
  version: station.version,
})

type Judged = Pick<Station, 'owner' | 'public' | 'deletedAt'> | undefined

/** Operators manage what belongs to them and what belongs to nobody yet, admins all. */
export const mayManage = (actor: Actor, { owner }: { owner: Owner | null }): boolean =>
  actor.role === 'admin' || (actor.role === 'operator' && (owner === null || mayWrite(actor, { owner })))

/** Everybody sees what is public; the rest who manages it, or belongs to who does. */
export const maySee = (actor: Actor, { owner, public: isPublic }: Pick<Station, 'owner' | 'public'>): boolean =>
  isPublic || mayManage(actor, { owner }) || (owner !== null && mayRead(actor, { owner }))

/** Fails with `station_unknown` for what one may not see. */
export function visibleTo<S extends Judged>(actor: Actor, station: S): NonNullable<S> {
  if (!station || station.deletedAt || !maySee(actor, station)) throw new Problem('not_found', 'station_unknown')
  return station
}

/** Fails with `station_unknown`, and with `editor_required` for what one may only see. */
export function manageableBy<S extends Judged>(actor: Actor, station: S): NonNullable<S> {
  const seen = visibleTo(actor, station)
  if (!mayManage(actor, seen))
    throw new Problem('forbidden', 'editor_required', { detail: 'Only who operates a station may change it.' })
  return seen
}

/** Fails with `position_missing` and `connector_twice`. */
export function requireWhole(station: Pick<Station, 'public' | 'coordinates'>, evses: readonly EvseBody[] = []): void {
  if (station.public && !station.coordinates)
    throw new Problem('unprocessable', 'position_missing', {
      errors: [{ pointer: '/coordinates', detail: 'is required of a public station' }],
    })
  const seen = new Set<string>()
  for (const [index, { evse, connectors }] of evses.entries())
    for (const key of [`${evse}`, ...connectors.map(({ connector }) => `${evse}/${connector}`)]) {
      if (seen.has(key))
        throw new Problem('unprocessable', 'connector_twice', {
          errors: [{ pointer: `/evses/${index}`, detail: 'must name each EVSE and each of its connectors once' }],
        })
      seen.add(key)
    }
}
