import Type, { type Static } from 'typebox'
import { call, event } from './define.ts'
import { ChargerId, Currency, Id, Instant, Line, Minor, Owner } from './shared.ts'

const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** A price in major units, exactly: `0.49` of EUR are 49 cents. */
export const Decimal = Type.String({ pattern: '^\\d{1,9}(\\.\\d{1,6})?$', maxLength: 16, examples: ['0.49'] })

const Clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$', maxLength: 5, examples: ['22:00'] })
const Day = Type.String({ format: 'date', examples: ['2027-12-24'] })
const Whole = (examples: number[]) => Type.Integer({ minimum: 0, maximum: 1_000_000_000, examples })

/** OCPI 2.2.1 TariffDimensionType: `PARKING_TIME` is time in which no energy flows. */
export const TariffDimension = Type.Enum(['ENERGY', 'TIME', 'PARKING_TIME', 'FLAT'], { examples: ['ENERGY'] })

/** OCPI 2.2.1 PriceComponent. */
export const PriceComponent = Type.Object({
  type: TariffDimension,
  price: { ...Decimal, description: 'Per kWh, per hour, or for the session' },
  stepSize: Type.Optional({ ...Whole([1]), minimum: 1, description: 'Wh or seconds that are billed as a whole' }),
  graceSeconds: Type.Optional({ ...Whole([900]), description: 'Of `PARKING_TIME`: so long nothing is due' }),
})

/** OCPI 2.2.1 TariffRestrictions, by the clock of the place; an element counts while all of them hold. */
export const TariffRestrictions = Type.Object(
  {
    startTime: Type.Optional(Clock),
    endTime: Type.Optional({ ...Clock, description: 'Not included; before `startTime` it is of the day after' }),
    startDate: Type.Optional(Day),
    endDate: Type.Optional({ ...Day, description: 'Not included' }),
    daysOfWeek: Type.Optional(
      Type.Array(
        Type.Enum(['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'], {
          examples: ['MONDAY'],
        }),
        { minItems: 1, maxItems: 7, uniqueItems: true },
      ),
    ),
    minEnergyWh: Type.Optional(Whole([20_000])),
    maxEnergyWh: Type.Optional(Whole([50_000])),
    minPowerW: Type.Optional(Whole([11_000])),
    maxPowerW: Type.Optional(Whole([50_000])),
    minDurationSeconds: Type.Optional(Whole([3_600])),
    maxDurationSeconds: Type.Optional(Whole([14_400])),
    reservation: Type.Optional(
      Type.Enum(['RESERVATION', 'RESERVATION_EXPIRES'], {
        description:
          'The element is no price of a session but of a reservation, by `TIME` and `FLAT` alone: of any, or of one that ' +
          'expired, as nobody came',
        examples: ['RESERVATION'],
      }),
    ),
  },
  {
    // Of a session: what stands beside a reservation is less.
    examples: [
      {
        startTime: '22:00',
        endTime: '06:00',
        startDate: '2027-01-01',
        endDate: '2028-01-01',
        daysOfWeek: ['MONDAY'],
        minEnergyWh: 20_000,
        maxEnergyWh: 50_000,
        minPowerW: 11_000,
        maxPowerW: 50_000,
        minDurationSeconds: 3_600,
        maxDurationSeconds: 14_400,
      },
    ],
  },
)

export const TariffElement = Type.Object({
  priceComponents: Type.Array(PriceComponent, { minItems: 1, maxItems: 4 }),
  restrictions: Type.Optional(TariffRestrictions),
})

/** What charging costs, as OCPI tells it: of each kind of price the first element counts whose restrictions hold. */
export const TariffTerms = Type.Object({
  currency: Currency,
  taxIncluded: Type.Boolean({ description: 'Whether prices are with tax' }),
  elements: Type.Array(TariffElement, { minItems: 1, maxItems: 50 }),
  minPrice: Type.Optional({ ...Decimal, description: 'Of a session in which anything is due' }),
  maxPrice: Type.Optional(Decimal),
})
export type TariffTerms = Static<typeof TariffTerms>

/**
 * What it costs that a plug is kept for a driver who books it now, with tax: the elements of the tariff that are of
 * reservations. Null is nothing.
 */
export const getReservationTerms = call(
  'billing',
  'get_reservation_terms',
  Type.Object({
    ownerId: Id,
    stationId: Id,
    evse: Type.Integer(),
    connector: Type.Integer(),
    driverId: Id,
    /** Where it stands, as far as tax depends on that. */
    place: Type.Object({
      timeZone: Type.String(),
      country: nullable(Type.String()),
      region: nullable(Type.String()),
    }),
  }),
  Type.Object({ terms: nullable(TariffTerms) }),
)

/** What charging costs anybody at connectors of a station; those at which it costs nothing are left out. */
export const getPrices = call(
  'billing',
  'get_prices',
  Type.Object({
    stationId: Id,
    ownerId: Id,
    connectors: Type.Array(Type.Object({ evse: Type.Integer(), connector: Type.Integer() }), { maxItems: 200 }),
  }),
  Type.Object({
    prices: Type.Array(Type.Object({ evse: Type.Integer(), connector: Type.Integer(), terms: TariffTerms })),
  }),
)

/** A tariff with what of its prices is tax, in percent, where that is known. */
const ToldTariff = Type.Object({
  tariffId: Id,
  version: Type.Integer({ minimum: 1 }),
  terms: TariffTerms,
  taxPercent: nullable(Type.String({ examples: ['19'] })),
})

/** What charging costs anybody at a charger, by EVSE; 0 is wherever no other is named. Null is nothing, or not the same at all connectors of one. */
export const getChargerTariffs = call(
  'billing',
  'get_charger_tariffs',
  Type.Object({ chargerId: ChargerId }),
  Type.Object({ tariffs: Type.Array(Type.Object({ evse: Type.Integer(), tariff: nullable(ToldTariff) })) }),
)

/** What sessions that go on cost so far, in major units with tax; those of which it is not known yet are left out. */
export const getSessionCosts = call(
  'billing',
  'get_session_costs',
  Type.Object({ sessionIds: Type.Array(Id, { maxItems: 100 }) }),
  Type.Object({
    costs: Type.Array(
      Type.Object({
        sessionId: Id,
        total: Type.String({ examples: ['4.20'] }),
        /** It will cost nothing however long it goes on. */
        isFree: Type.Boolean(),
        tariff: nullable(ToldTariff),
      }),
    ),
  }),
)

/** A tariff exists or has new terms; those of sessions that run stay. */
export const TariffPublished = event(
  'billing',
  'tariff.published',
  'tariffId',
  Type.Object({ tariffId: Id, owner: Owner, name: Type.String(), version: Type.Integer(), terms: TariffTerms }),
)

/** A tariff is no longer offered. */
export const TariffWithdrawn = event(
  'billing',
  'tariff.withdrawn',
  'tariffId',
  Type.Object({ tariffId: Id, owner: Owner }),
)

/** What a session cost, once it is booked; of two of one session the one with the greater `revision` holds. */
export const SessionCharged = event(
  'billing',
  'session.charged',
  'sessionId',
  Type.Object({
    sessionId: Id,
    revision: Type.Integer({ minimum: 1 }),
    chargerId: ChargerId,
    stationId: nullable(Id),
    evse: Type.Integer({ minimum: 0 }),
    connector: Type.Integer({ minimum: 0 }),
    seller: Owner,
    driverId: nullable(Id),
    /** The company that pays it, and where that books it. */
    companyId: Type.Optional(nullable(Id)),
    costCentreId: Type.Optional(nullable(Id)),
    tariffId: nullable(Id),
    energyWh: Type.Integer({ minimum: 0 }),
    startedAt: Instant,
    endedAt: Instant,
    currency: Currency,
    netMinor: Minor,
    taxMinor: Minor,
    totalMinor: Minor,
    /** Of it what is still owed. */
    owedMinor: Minor,
    at: Instant,
  }),
)

/** The wallet did not cover what was booked for a session: of it this is owed now, more than before. */
export const ChargeUnpaid = event(
  'billing',
  'charge.unpaid',
  'sessionId',
  Type.Object({
    sessionId: Id,
    revision: Type.Integer({ minimum: 1 }),
    chargerId: ChargerId,
    driverId: Id,
    currency: Currency,
    totalMinor: Minor,
    owedMinor: Minor,
    at: Instant,
  }),
)

/** Little is left in a driver's wallet; told once, until there is more again. */
export const WalletLow = event(
  'billing',
  'wallet.low',
  'driverId',
  Type.Object({ driverId: Id, currency: Currency, balanceMinor: Minor, belowMinor: Minor, at: Instant }),
)

/** A payment into a driver's wallet did not succeed. */
export const TopUpFailed = event(
  'billing',
  'top-up.failed',
  'paymentId',
  Type.Object({ paymentId: Id, driverId: Id, currency: Currency, amountMinor: Minor, at: Instant }),
)

/** An invoice or a credit note was issued, for ever. */
export const InvoiceIssued = event(
  'billing',
  'invoice.issued',
  'invoiceId',
  Type.Object({
    invoiceId: Id,
    kind: Type.Enum(['invoice', 'credit-note'], { examples: ['invoice'] }),
    number: Type.String({ examples: ['INV-2027-000001'] }),
    issuedOn: Type.String({ format: 'date', examples: ['2027-03-01'] }),
    sellerId: Id,
    /** The person who charged, or the company that pays for them. */
    buyerId: Id,
    buyer: Type.Optional(Owner),
    currency: Currency,
    totalMinor: Minor,
  }),
)

/**
 * A driver owes more than the policy allows, or a company (`payer`), whose id is `driverId` then, or there is less than
 * `leastMinor` in each wallet of the driver: no session starts for them until `driver.unblocked`. The later `at` holds.
 */
export const DriverBlocked = event(
  'billing',
  'driver.blocked',
  'driverId',
  Type.Object({
    driverId: Id,
    payer: Type.Optional(Owner),
    reason: Type.Literal('funds'),
    /** They owe nothing, but have too little to begin with. */
    leastMinor: Type.Optional(Minor),
    at: Instant,
  }),
)

/** A driver may start sessions again, or who holds cards of a company; `hadTooLittle` where they owed nothing. */
export const DriverUnblocked = event(
  'billing',
  'driver.unblocked',
  'driverId',
  Type.Object({
    driverId: Id,
    payer: Type.Optional(Owner),
    hadTooLittle: Type.Optional(Type.Literal(true)),
    at: Instant,
  }),
)

/**
 * A token charges on a company's account, or does so no longer (`endedFor`); one whose holder has `left` the company is
 * refused. Of two of one card the one with the greater `version` holds.
 */
export const CompanyCardChanged = event(
  'billing',
  'company-card.changed',
  'tokenId',
  Type.Object({
    cardId: Id,
    tokenId: Id,
    companyId: Id,
    companyName: Type.String(),
    holderId: Id,
    endedFor: nullable(Type.Enum(['left', 'removed', 'given-back'], { examples: ['left'] })),
    version: Type.Integer({ minimum: 1 }),
    at: Instant,
  }),
)

/** So much of the budget of a cost centre is spent in a month, in percent; told once for each. */
export const BudgetReached = event(
  'billing',
  'budget.reached',
  'costCentreId',
  Type.Object({
    costCentreId: Id,
    companyId: Id,
    code: Type.String(),
    name: Type.String(),
    month: Type.String({ pattern: '^\\d{4}-\\d{2}$', examples: ['2027-03'] }),
    percent: Type.Integer({ minimum: 1, maximum: 100 }),
    currency: Currency,
    spentMinor: Minor,
    budgetMinor: Minor,
  }),
)

/** A seller gave back a part of what a session cost, by hand; once for each `creditId`, beside what was charged. */
export const SessionCredited = event(
  'billing',
  'session.credited',
  'sessionId',
  Type.Object({
    creditId: Id,
    sessionId: Id,
    chargerId: ChargerId,
    seller: Owner,
    driverId: nullable(Id),
    companyId: nullable(Id),
    currency: Currency,
    netMinor: Minor,
    taxMinor: Minor,
    totalMinor: Minor,
    reason: Line(200, { examples: ['The charger stopped twice'] }),
    at: Instant,
  }),
)

/** What a company pays an employee for what they charged at home in a month, and how: into their wallet, or by itself. */
export const ReimbursementStated = event(
  'billing',
  'reimbursement.stated',
  'statementId',
  Type.Object({
    statementId: Id,
    companyId: Id,
    userId: Id,
    month: Type.String({ pattern: '^\\d{4}-\\d{2}$', examples: ['2027-03'] }),
    sessions: Type.Integer({ minimum: 0 }),
    energyWh: Type.Integer(),
    currency: Currency,
    /** Below zero where sessions of months before were corrected by more. */
    amountMinor: Minor,
    paidBy: Type.Enum(['wallet', 'payroll'], { examples: ['payroll'] }),
  }),
)

/**
 * Somebody without an account has paid in advance at a pole: a charger begins a session for them, until then. The token
 * is nobody's, and good for this session alone.
 */
export const AdHocStartRequested = event(
  'billing',
  'ad-hoc.start-requested',
  'chargerId',
  Type.Object({
    requestId: Id,
    visitId: Id,
    chargerId: ChargerId,
    evse: Type.Integer({ minimum: 1, examples: [1] }),
    connector: Type.Integer({ minimum: 1, examples: [1] }),
    idToken: Type.String({ examples: ['AH7K2M9QXW3B5D8FGHJL'] }),
    remoteStartId: Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1, examples: [71_003] }),
    /** Later the charger is not asked any more. */
    until: Instant,
    /** Later nobody begins with the token. */
    tokenUntil: Instant,
  }),
)

/** Who paid in advance wants no more, or no more is paid for: a charger ends the session, until then. */
export const AdHocStopRequested = event(
  'billing',
  'ad-hoc.stop-requested',
  'chargerId',
  Type.Object({ requestId: Id, chargerId: ChargerId, sessionId: Id, until: Instant }),
)

/** What somebody without an account used is taken from their card; their receipt is there. */
export const AdHocPaid = event(
  'billing',
  'ad-hoc.paid',
  'visitId',
  Type.Object({
    visitId: Id,
    sessionId: Id,
    /** Where a receipt is wanted. */
    email: nullable(Type.String({ examples: ['ada@example.com'] })),
    language: Type.Enum(['en', 'de'], { examples: ['en'] }),
    stationName: Line(255),
    energyWh: Type.Integer({ minimum: 0, examples: [18_400] }),
    currency: Currency,
    totalMinor: Minor,
    at: Instant,
  }),
)

/** Where the receipt of who has no account is to be seen. Fails with `visit_unknown`. */
export const getReceipt = call(
  'billing',
  'get_receipt',
  Type.Object({ visitId: Id }),
  Type.Object({ link: Type.String({ examples: ['https://example.com/charge/visits/4f0'] }) }),
)
