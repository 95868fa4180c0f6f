import Type, { type Static } from 'typebox'
import { ChargerId, ChargerModel, ChargerStatus, ChargingToken, ConnectorStatus, OcppVersion } from '#contracts/ocpp'
import { Id, Instant, linePattern, Owner } from '#contracts/shared'
import type { Charger } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

const TimeOfDay = Type.String({ maxLength: 5, pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['22:00'] })

/** Where and when anybody may charge. */
export const FreeVendRule = Type.Object(
  {
    evse: nullable(Type.Integer({ minimum: 1, maximum: 1000, description: 'Its number; null for all', examples: [1] })),
    from: nullable(TimeOfDay),
    to: nullable({ ...TimeOfDay, description: 'Over midnight where it is the earlier', examples: ['06:00'] }),
  },
  { title: 'FreeVend' },
)

/** What operators say of a charger. */
export const Said = {
  name: Type.Optional(
    nullable(Type.String({ minLength: 1, maxLength: 200, pattern: linePattern, examples: ['Car park, left'] })),
  ),
  timeZone: Type.Optional(
    nullable(
      Type.String({ maxLength: 64, description: 'As IANA names it; UTC unless said', examples: ['Europe/Berlin'] }),
    ),
  ),
  certificateSerial: Type.Optional(
    nullable(
      Type.String({
        minLength: 1,
        maxLength: 100,
        pattern: linePattern,
        description: 'Serial number in the common name of its certificate, where it must have one (security profile 3)',
        examples: [null],
      }),
    ),
  ),
  freeVend: Type.Optional(
    Type.Array(FreeVendRule, {
      maxItems: 20,
      description: 'Where and when any token is accepted; takes the place of all there were',
      examples: [[{ evse: 1, from: '22:00', to: '06:00' }]],
    }),
  ),
}

export const One = Type.Object({ id: ChargerId })

export const ChargerView = Type.Object(
  {
    id: ChargerId,
    name: nullable(Type.String({ examples: ['Car park, left'] })),
    owner: { ...nullable(Owner), description: 'Null until an operator takes it' },
    status: ChargerStatus,
    connected: Type.Boolean(),
    ocppVersion: { ...nullable(OcppVersion), description: 'Of its last connection' },
    lastHeardAt: { ...nullable(Instant), description: 'To ten seconds' },
    connectedAt: nullable(Instant),
    disconnectedAt: nullable(Instant),
    bootedAt: nullable(Instant),
    vendor: nullable(ChargerModel.properties.vendor),
    model: nullable(ChargerModel.properties.model),
    serialNumber: ChargerModel.properties.serialNumber,
    firmware: ChargerModel.properties.firmware,
    iccid: nullable(Type.String()),
    imsi: nullable(Type.String()),
    address: { ...nullable(Type.String({ examples: ['192.0.2.7'] })), description: 'From where it came last' },
    password: Type.Enum(['none', 'set', 'changing', 'first'], {
      description:
        'Whether it proves itself by one; `changing` while a new one waits for its first use, `first` while any that it ' +
        'brings becomes its own',
      examples: ['set'],
    }),
    certificateSerial: nullable(Type.String()),
    securityProfile: {
      ...nullable(Type.Integer({ minimum: 0, maximum: 3, examples: [2] })),
      description: 'As the charger says, and 3 where it has to bring a certificate; no command lowers it',
    },
    timeZone: nullable(Type.String({ examples: ['Europe/Berlin'] })),
    freeVend: Type.Array(FreeVendRule),
    connectors: Type.Array(
      Type.Object({
        evse: Type.Integer({ examples: [1] }),
        connector: Type.Integer({ examples: [1] }),
        status: ConnectorStatus,
        errorCode: nullable(Type.String()),
        info: nullable(Type.String()),
        at: Instant,
      }),
      { description: 'As it said them last, 100 at most; 0 is the charger as a whole' },
    ),
    transactions: Type.Array(
      Type.Object({
        transactionId: Id,
        reference: Type.String({ examples: ['4711'] }),
        evse: Type.Integer({ examples: [1] }),
        connector: Type.Integer({ examples: [1] }),
        token: nullable(ChargingToken),
        begunAt: nullable(Instant),
      }),
      { description: 'Open ones, 100 at most' },
    ),
    createdAt: Instant,
    updatedAt: {
      ...Instant,
      description: 'Of what it is and what its operator says of it; what it does has times of its own',
    },
    version: Type.Integer({ examples: [1] }),
  },
  { title: 'Charger' },
)
export type ChargerView = Static<typeof ChargerView>

/** A charger with what it said of its connectors and transactions. */
export interface ChargerAsIs extends Charger {
  readonly connectors: (Omit<ChargerView['connectors'][number], 'at'> & { at: string })[]
  readonly open: (Omit<ChargerView['transactions'][number], 'begunAt'> & { begunAt: string | null })[]
}

export function view({ connectors, open, ...charger }: ChargerAsIs): ChargerView {
  const { passwordDigest, nextPasswordDigest, adopts, connectionId, gatewayId: _, ...told } = charger
  return {
    ...told,
    freeVend: [...charger.freeVend],
    connected: connectionId !== null,
    lastHeardAt: instant(charger.lastHeardAt),
    connectedAt: instant(charger.connectedAt),
    disconnectedAt: instant(charger.disconnectedAt),
    bootedAt: instant(charger.bootedAt),
    password: nextPasswordDigest ? 'changing' : passwordDigest ? 'set' : adopts ? 'first' : 'none',
    connectors: connectors.map(connector => ({ ...connector, at: new Date(connector.at).toISOString() })),
    transactions: open.map(({ begunAt, ...rest }) => ({
      ...rest,
      begunAt: begunAt && new Date(begunAt).toISOString(),
    })),
    createdAt: charger.createdAt.toISOString(),
    updatedAt: charger.updatedAt.toISOString(),
  }
}

const instant = (at: Date | null): string | null => at && at.toISOString()
