import Type, { type Static } from 'typebox'
import { Currency, Id, Instant, Minor, Owner } from '#contracts/shared'
import type { Db } from '#kernel'
import type { Opened } from '#money/payments'
import { nullable } from '../fields.ts'
import { openBillsOf, type Bill, type Subscription } from './store.ts'

const Amount = { ...Minor, minimum: 0 }
const Shown = (example: string) => Type.String({ examples: [example] })
const Interval = Type.Enum(['month', 'year'], { examples: ['month'] })

export const SubscriptionView = Type.Object(
  {
    id: Id,
    planId: Id,
    planName: Shown('Charging Plus'),
    seller: Owner,
    state: Type.Enum(['incomplete', 'trialing', 'active', 'past-due', 'paused', 'cancelled'], {
      description: '`incomplete` until its first payment',
      examples: ['active'],
    }),
    currency: Currency,
    priceMinor: { ...Amount, description: 'Of a whole period, with tax' },
    interval: Interval,
    timeZone: Shown('Europe/Berlin'),
    periodStartsAt: Instant,
    periodEndsAt: Instant,
    cancelAtEnd: Type.Boolean(),
    creditMinor: { ...Amount, description: 'Paid of the next periods' },
    hasCard: Type.Boolean({ description: 'A card is kept to pay the next periods with' }),
    due: nullable(
      Type.Object(
        {
          amountMinor: Amount,
          attempts: Type.Integer({ minimum: 0, examples: [1] }),
          nextTryAt: nullable(Instant),
          failure: nullable(Shown('Your card was declined.')),
        },
        { description: 'What is not paid yet' },
      ),
    ),
    change: nullable(
      Type.Object(
        { planId: Id, planName: Shown('Charging Max'), amountMinor: Amount },
        { description: 'Comes once it is paid' },
      ),
    ),
    version: Type.Integer({ minimum: 1, examples: [1] }),
    createdAt: Instant,
    endedAt: nullable(Instant),
    endReason: nullable(Type.Enum(['subscriber', 'seller', 'unpaid', 'account-deleted'], { examples: ['subscriber'] })),
  },
  { title: 'PlanSubscription' },
)

export const PaymentView = Type.Object(
  {
    paymentId: Id,
    state: Type.Enum(['asked', 'pending', 'failed', 'authorised', 'cancelled', 'succeeded'], { examples: ['pending'] }),
    provider: Shown('stripe'),
    providerId: nullable(Type.String({ description: 'Of the intent or order there' })),
    clientSecret: nullable(Type.String({ description: 'For the SDKs of Stripe' })),
    publicKey: nullable(Type.String()),
    page: Type.String({ description: 'Where a browser pays', examples: ['https://example.com/pay'] }),
  },
  { title: 'SubscriptionPayment' },
)
export const PayableView = Type.Object(
  { ...SubscriptionView.properties, payment: nullable(PaymentView) },
  { title: 'PayablePlanSubscription' },
)

export const BillView = Type.Object(
  {
    id: Id,
    kind: Type.Enum(['period', 'change'], { examples: ['period'] }),
    planName: Shown('Charging Plus'),
    lines: Type.Array(
      Type.Object({
        what: Type.Enum(['period', 'rest', 'credit'], {
          description: 'A whole period, what is left of one, or what was paid before',
          examples: ['period'],
        }),
        planName: Shown('Charging Plus'),
        minor: Minor,
      }),
    ),
    amountMinor: Amount,
    state: Type.Enum(['open', 'paid', 'void'], { examples: ['paid'] }),
    from: nullable(Instant),
    to: nullable(Instant),
    attempts: Type.Integer({ minimum: 0, examples: [1] }),
    invoiceId: nullable(Id),
    createdAt: Instant,
    paidAt: nullable(Instant),
  },
  { title: 'SubscriptionBill' },
)

const iso = (at: Date | null): string | null => at && at.toISOString()

export function viewOf(one: Subscription, bills: readonly Bill[]): Static<typeof SubscriptionView> {
  const due = bills.find(({ kind, subscriptionId }) => kind === 'period' && subscriptionId === one.id)
  const change = bills.find(({ kind, subscriptionId }) => kind === 'change' && subscriptionId === one.id)
  return {
    id: one.id,
    planId: one.planId,
    planName: one.planName,
    seller: one.owner,
    state: one.state,
    currency: one.currency,
    priceMinor: Number(one.priceMinor),
    interval: one.interval,
    timeZone: one.timeZone,
    periodStartsAt: one.periodStartsAt.toISOString(),
    periodEndsAt: one.periodEndsAt.toISOString(),
    cancelAtEnd: one.cancelAtEnd,
    creditMinor: Number(one.creditMinor),
    hasCard: one.method !== null,
    due: due
      ? {
          amountMinor: Number(due.amountMinor),
          attempts: due.attempts,
          nextTryAt: iso(due.nextTryAt),
          failure: due.failure,
        }
      : null,
    change: change
      ? { planId: change.planId, planName: change.planName, amountMinor: Number(change.amountMinor) }
      : null,
    version: one.version,
    createdAt: one.createdAt.toISOString(),
    endedAt: iso(one.endedAt),
    endReason: one.endReason,
  }
}

/** With what of them is not paid. */
export async function viewAll(db: Db, all: readonly Subscription[]): Promise<Static<typeof SubscriptionView>[]> {
  const bills = await openBillsOf(
    db,
    all.map(({ id }) => id),
  )
  return all.map(one => viewOf(one, bills))
}

export const viewBill = (bill: Bill): Static<typeof BillView> => ({
  id: bill.id,
  kind: bill.kind,
  planName: bill.planName,
  lines: [...bill.lines],
  amountMinor: Number(bill.amountMinor),
  state: bill.state,
  from: iso(bill.fromAt),
  to: iso(bill.toAt),
  attempts: bill.attempts,
  invoiceId: bill.invoiceId,
  createdAt: bill.createdAt.toISOString(),
  paidAt: iso(bill.paidAt),
})

export const viewPayment = (opened: Opened): Static<typeof PaymentView> => {
  const { paymentId, state, provider, providerId, clientSecret, publicKey, page } = opened
  return { paymentId, state, provider, providerId, clientSecret, publicKey, page }
}
