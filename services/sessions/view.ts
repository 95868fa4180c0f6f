import Type, { type Static } from 'typebox'
import { Id, Instant, Owner } from '#contracts/shared'
import { closedBy, stopReasonOf, type Session } from './sessions.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const ChargerId = Type.String({
  minLength: 1,
  maxLength: 48,
  pattern: '^[^:\\u0000-\\u001f]+$',
  examples: ['CP-1'],
})
export const One = Type.Object({ id: Id })

const fields = {
  id: Id,
  chargerId: ChargerId,
  stationId: nullable(Id),
  evse: Type.Integer({ examples: [1] }),
  connector: Type.Integer({ examples: [1] }),
  owner: nullable(Owner),
  driverId: nullable(Id),
  token: nullable(
    Type.Object({
      idToken: Type.String({ examples: ['04A2B9C1D2E380'] }),
      type: Type.String({ examples: ['ISO14443'] }),
      accepted: Type.Boolean(),
    }),
  ),
  status: Type.Enum(['active', 'ended'], { examples: ['active'] }),
  startedAt: Instant,
  endedAt: nullable(Instant),
  stopReason: Type.Union([Type.String(), Type.Null()], {
    description: 'As OCPP has it; by rule `ConnectorAvailable`, `AnotherSession` or `ChargerSilent`',
    examples: ['EVDisconnected'],
  }),
  closedBy: nullable(Type.Enum(['charger', 'rule'], { examples: ['charger'] })),
  chargingState: nullable(Type.String({ examples: ['Charging'] })),
  offline: Type.Boolean({ description: 'Whether the charger had no connection for some of it' }),
  energyWh: Type.Integer({ examples: [18_400] }),
  powerW: nullable(Type.Number({ examples: [11_040] })),
  socPercent: nullable(Type.Number({ examples: [64] })),
  updatedAt: Instant,
}

/** A session in a list. */
export const SessionSummary = Type.Object(fields, { title: 'ChargingSessionSummary' })

export const summary = (session: Session): Static<typeof SessionSummary> => ({
  id: session.id,
  chargerId: session.chargerId,
  stationId: session.stationId,
  evse: session.evse,
  connector: session.connector,
  owner: session.owner,
  driverId: session.driverId,
  token: session.token,
  status: session.endedAt ? 'ended' : 'active',
  startedAt: session.startedAt.toISOString(),
  endedAt: session.endedAt?.toISOString() ?? null,
  stopReason: stopReasonOf(session),
  closedBy: closedBy(session),
  chargingState: session.chargingState,
  offline: session.offline,
  energyWh: session.energyWh,
  powerW: session.powerW,
  socPercent: session.socPercent,
  updatedAt: session.updatedAt.toISOString(),
})

const reading = {
  measurand: Type.String({ examples: ['Energy.Active.Import.Register'] }),
  phase: nullable(Type.String({ examples: ['L1'] })),
  location: nullable(Type.String({ examples: ['Outlet'] })),
  unit: Type.String({ examples: ['Wh'] }),
}

/** A session with what its meters showed, thinned to what a chart shows. */
export const SessionView = Type.Object(
  {
    ...fields,
    series: Type.Array(
      Type.Object({
        ...reading,
        points: Type.Array(Type.Object({ at: Instant, value: Type.Number({ examples: [15_320] }) })),
      }),
    ),
  },
  { title: 'ChargingSession' },
)

export const ReadingView = Type.Object(
  {
    at: Instant,
    ...reading,
    context: nullable(Type.String({ examples: ['Sample.Periodic'] })),
    value: Type.Number({ examples: [15_320] }),
  },
  { title: 'Reading' },
)

export const SignedView = Type.Object(
  {
    at: Instant,
    measurand: Type.String({ examples: ['Energy.Active.Import.Register'] }),
    context: nullable(Type.String({ examples: ['Transaction.End'] })),
    data: Type.String({ description: 'As the meter gave it', examples: ['OCMF|{"FV":"1.0"}|{"SD":"3045"}'] }),
    method: nullable(Type.String({ examples: ['ECDSA-secp256r1-SHA256'] })),
    encoding: nullable(Type.String({ description: 'What `data` is in', examples: ['OCMF'] })),
    publicKey: nullable(Type.String()),
  },
  { title: 'SignedValue' },
)
