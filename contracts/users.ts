import Type from 'typebox'
import { call, event } from './define.ts'
import { Currency, Id, Instant, Line, Minor, Owner } from './shared.ts'

const Amount = { ...Minor, minimum: 0 }

const wish = {
  wishId: Id,
  userId: Id,
  productId: Id,
  productName: Line(200, { examples: ['Wallbox 11 kW'] }),
  slug: Type.String({ maxLength: 120, examples: ['wallbox-11-kw'] }),
}

/** A product that somebody wishes for costs less than when they put it on their list, or no more than they wait for. */
export const WishCheaper = event(
  'users',
  'wish.cheaper',
  'wishId',
  Type.Object({
    ...wish,
    currency: Currency,
    priceMinor: Amount,
    /** When it was put on the list. */
    formerMinor: Amount,
    at: Instant,
  }),
)

/** A product that somebody wishes for can be bought again. */
export const WishAvailable = event('users', 'wish.available', 'wishId', Type.Object({ ...wish, at: Instant }))

/** A product that somebody wishes for is gone for good. */
export const WishGone = event('users', 'wish.gone', 'wishId', Type.Object({ ...wish, at: Instant }))

/** A subscription of a plan; every event has its `version`, which grows with each change. */
const subscription = {
  subscriptionId: Id,
  userId: Id,
  planId: Id,
  planName: Line(120, { examples: ['Charging Plus'] }),
  seller: Owner,
  currency: Currency,
  /** For a whole period, with tax. */
  priceMinor: Amount,
  interval: Type.Enum(['month', 'year'], { examples: ['month'] }),
  version: Type.Integer({ minimum: 1, examples: [1] }),
  at: Instant,
}

/** A subscription has begun: its trial, or, paid or free, its first period. */
export const SubscriptionStarted = event(
  'users',
  'subscription.started',
  'subscriptionId',
  Type.Object({ ...subscription, trial: Type.Boolean(), periodEndsAt: Instant, paidMinor: Amount }),
)

/** A further period is paid. */
export const SubscriptionRenewed = event(
  'users',
  'subscription.renewed',
  'subscriptionId',
  Type.Object({ ...subscription, periodStartsAt: Instant, periodEndsAt: Instant, paidMinor: Amount }),
)

/** A period was not paid when it began; it is tried again by a schedule, and goes on meanwhile. Told once a period. */
export const SubscriptionPastDue = event(
  'users',
  'subscription.past-due',
  'subscriptionId',
  Type.Object({ ...subscription, dueMinor: Amount }),
)

/** A card was declined, or there is none. `nextTryAt` is null where it is not tried again. */
export const SubscriptionPaymentFailed = event(
  'users',
  'subscription.payment-failed',
  'subscriptionId',
  Type.Object({
    ...subscription,
    dueMinor: Amount,
    attempt: Type.Integer({ minimum: 1, examples: [1] }),
    nextTryAt: Type.Union([Instant, Type.Null()]),
  }),
)

/** A subscription, or its trial, is about to be charged for a further period. */
export const SubscriptionRenewalDue = event(
  'users',
  'subscription.renewal-due',
  'subscriptionId',
  Type.Object({ ...subscription, dueMinor: Amount, renewsAt: Instant }),
)

/** A subscription is over. */
export const SubscriptionCancelled = event(
  'users',
  'subscription.cancelled',
  'subscriptionId',
  Type.Object({
    ...subscription,
    reason: Type.Enum(['subscriber', 'seller', 'unpaid', 'account-deleted'], { examples: ['subscriber'] }),
  }),
)

/**
 * A subscription changed while it goes on: it has another plan, rests or does so no longer, will end with its period or
 * will not, or was paid after all.
 */
export const SubscriptionChanged = event(
  'users',
  'subscription.changed',
  'subscriptionId',
  Type.Object({
    ...subscription,
    change: Type.Enum(['plan', 'paused', 'resumed', 'ending', 'continued', 'recovered'], { examples: ['plan'] }),
    formerPlanId: Type.Union([Id, Type.Null()]),
    periodEndsAt: Instant,
  }),
)

/** An invoice of a subscription was issued, for ever. */
export const SubscriptionInvoiced = event(
  'users',
  'subscription.invoiced',
  'subscriptionId',
  Type.Object({
    subscriptionId: Id,
    userId: Id,
    sellerId: Id,
    invoiceId: Id,
    number: Type.String({ maxLength: 40, examples: ['SUB-2027-000001'] }),
    issuedOn: Type.String({ format: 'date', examples: ['2027-03-01'] }),
    currency: Currency,
    totalMinor: Minor,
  }),
)

const Written = (maxLength: number) => Type.Union([Type.String({ maxLength }), Type.Null()])

/** Where a person lives and has things sent, in the order in which they wrote it down. */
export const getAddresses = call(
  'users',
  'get_addresses',
  Type.Object({ userId: Id }),
  Type.Object({
    addresses: Type.Array(
      Type.Object({
        id: Id,
        name: Type.String({ maxLength: 200 }),
        company: Written(200),
        lines: Type.Array(Type.String({ maxLength: 200 })),
        city: Written(120),
        postalCode: Written(20),
        region: Written(120),
        country: Type.String({ maxLength: 2 }),
        defaultBilling: Type.Boolean(),
        defaultShipping: Type.Boolean(),
      }),
    ),
  }),
)
