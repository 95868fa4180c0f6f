import Type, { type Static } from 'typebox'
import { ChargerId, Id, Instant, Minor, Owner } from '#contracts/shared'
import { PriceView } from '../quotes/routes.ts'
import type { Charge } from './store.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

export const ChargeView = Type.Object(
  {
    sessionId: Id,
    chargerId: ChargerId,
    stationId: nullable(Id),
    evse: Type.Integer({ examples: [1] }),
    connector: Type.Integer({ examples: [1] }),
    seller: nullable(Owner),
    driverId: nullable(Id),
    companyId: nullable({ ...Id, description: 'That pays for it in place of the driver' }),
    costCentreId: nullable(Id),
    startedAt: Instant,
    endedAt: nullable(Instant),
    energyWh: Type.Integer({ examples: [18_400] }),
    state: Type.Enum(['running', 'due', 'charged', 'free', 'refused'], {
      description: '`refused`: it would cost more than can be booked',
      examples: ['charged'],
    }),
    tariffId: nullable(Id),
    tariffVersion: nullable(Type.Integer({ examples: [1] })),
    quoteId: nullable(Id),
    price: nullable(PriceView),
    netMinor: Minor,
    taxMinor: Minor,
    totalMinor: Minor,
    owedMinor: { ...Minor, description: 'Of it what could not be paid when it was booked, or is paid by invoice' },
    revision: Type.Integer({ description: 'How often it was booked', examples: [1] }),
    chargedAt: nullable(Instant),
    invoiceId: nullable({ ...Id, description: 'The latest invoice that it is on' }),
  },
  { title: 'Charge' },
)
type View = Static<typeof ChargeView>

export const viewCharge = (charge: Charge): View => ({
  sessionId: charge.sessionId,
  chargerId: charge.chargerId,
  stationId: charge.stationId,
  evse: charge.evse,
  connector: charge.connector,
  seller: charge.seller,
  driverId: charge.driverId,
  companyId: charge.companyId,
  costCentreId: charge.costCentreId,
  startedAt: charge.startedAt.toISOString(),
  endedAt: charge.endedAt?.toISOString() ?? null,
  energyWh: Number(charge.energyWh),
  state: charge.state,
  tariffId: charge.tariffId,
  tariffVersion: charge.version,
  quoteId: charge.quoteId,
  price: charge.price as View['price'],
  netMinor: Number(charge.netMinor),
  taxMinor: Number(charge.taxMinor),
  totalMinor: Number(charge.totalMinor),
  owedMinor: Number(charge.owedMinor),
  revision: charge.revision,
  chargedAt: charge.chargedAt?.toISOString() ?? null,
  invoiceId: charge.invoiceId,
})
