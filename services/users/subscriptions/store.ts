import type { Owner } from '#contracts/shared'
import { madeIn, type Db, type Tx, type Span } from '#kernel'
import type { BillLine, Interval } from './calendar.ts'

export type SubscriptionState = 'incomplete' | 'trialing' | 'active' | 'past-due' | 'paused' | 'cancelled'
export type EndReason = 'subscriber' | 'seller' | 'unpaid' | 'account-deleted'

export interface Subscription {
  readonly id: string
  readonly userId: string
  readonly planId: string
  readonly planName: string
  readonly owner: Owner
  readonly currency: string
  readonly priceMinor: bigint
  readonly interval: Interval
  readonly timeZone: string
  readonly state: SubscriptionState
  readonly anchorAt: Date
  readonly anchorPeriod: number
  readonly period: number
  readonly periodStartsAt: Date
  readonly periodEndsAt: Date
  readonly cancelAtEnd: boolean
  readonly restMs: bigint | null
  readonly creditMinor: bigint
  readonly customer: string | null
  readonly method: string | null
  readonly nextAt: Date | null
  readonly reminded: number
  readonly version: number
  readonly createdAt: Date
  readonly endedAt: Date | null
  readonly endReason: EndReason | null
}

export interface Bill {
  readonly id: string
  readonly subscriptionId: string
  readonly kind: 'period' | 'change'
  readonly number: number
  readonly planId: string
  readonly planName: string
  readonly priceMinor: bigint
  readonly interval: Interval
  readonly lines: readonly BillLine[]
  readonly amountMinor: bigint
  readonly creditMinor: bigint
  readonly fromAt: Date | null
  readonly toAt: Date | null
  readonly state: 'open' | 'paid' | 'void'
  readonly attempts: number
  readonly nextTryAt: Date | null
  readonly paymentId: string | null
  readonly failure: string | null
  readonly invoiceId: string | null
  readonly createdAt: Date
  readonly paidAt: Date | null
}

const fields = `id, user_id as "userId", plan_id as "planId", plan_name as "planName",
  json_build_object('kind', owner_kind, 'id', owner_id) as owner, currency, price_minor as "priceMinor", "interval",
  time_zone as "timeZone", state, anchor_at as "anchorAt", anchor_period as "anchorPeriod", period,
  period_starts_at as "periodStartsAt", period_ends_at as "periodEndsAt", cancel_at_end as "cancelAtEnd",
  rest_ms as "restMs", credit_minor as "creditMinor", customer, method, next_at as "nextAt", reminded, version,
  created_at as "createdAt", ended_at as "endedAt", end_reason as "endReason"`

const billFields = `id, subscription_id as "subscriptionId", kind, number, plan_id as "planId", plan_name as "planName",
  price_minor as "priceMinor", "interval", lines, amount_minor as "amountMinor", credit_minor as "creditMinor",
  from_at as "fromAt", to_at as "toAt", state, attempts, next_try_at as "nextTryAt", payment_id as "paymentId", failure,
  invoice_id as "invoiceId", created_at as "createdAt", paid_at as "paidAt"`

export async function insertSubscription(tx: Tx, one: Subscription): Promise<boolean> {
  const rows = await tx`
    insert into subscriptions (id, user_id, plan_id, plan_name, owner_kind, owner_id, currency, price_minor, "interval",
      time_zone, state, anchor_at, anchor_period, period, period_starts_at, period_ends_at, next_at, version, created_at)
    values (${one.id}, ${one.userId}, ${one.planId}, ${one.planName}, ${one.owner.kind}, ${one.owner.id}, ${one.currency},
      ${one.priceMinor}, ${one.interval}, ${one.timeZone}, ${one.state}, ${one.anchorAt}, ${one.anchorPeriod},
      ${one.period}, ${one.periodStartsAt}, ${one.periodEndsAt}, ${one.nextAt}, ${one.version}, ${one.createdAt})
    on conflict (user_id, plan_id) where state <> 'cancelled' do nothing returning 1`
  return rows.length > 0
}

export async function findSubscription(db: Db, id: string): Promise<Subscription | undefined> {
  const [row] = await db<Subscription[]>`select ${db.unsafe(fields)} from subscriptions where id = ${id}`
  return row
}

/** Nobody else changes it until the transaction ends. */
export async function lockSubscription(tx: Tx, id: string): Promise<Subscription | undefined> {
  const [row] = await tx<Subscription[]>`
    select ${tx.unsafe(fields)} from subscriptions where id = ${id} for update`
  return row
}

/** As it is now, at its next version. */
export async function updateSubscription(tx: Tx, next: Subscription): Promise<Subscription> {
  const [row] = await tx<Subscription[]>`
    update subscriptions set plan_id = ${next.planId}, plan_name = ${next.planName}, price_minor = ${next.priceMinor},
      "interval" = ${next.interval}, state = ${next.state}, anchor_at = ${next.anchorAt},
      anchor_period = ${next.anchorPeriod}, period = ${next.period}, period_starts_at = ${next.periodStartsAt},
      period_ends_at = ${next.periodEndsAt}, cancel_at_end = ${next.cancelAtEnd}, rest_ms = ${next.restMs},
      credit_minor = ${next.creditMinor}, customer = ${next.customer}, method = ${next.method},
      next_at = ${next.nextAt}, reminded = ${next.reminded}, ended_at = ${next.endedAt},
      end_reason = ${next.endReason}, version = version + 1
    where id = ${next.id} returning ${tx.unsafe(fields)}`
  return row!
}

export const listSubscriptions = (
  db: Db,
  userId: string,
  limit: number,
  after: [Date, string] | undefined,
  created: Span = {},
) => db<Subscription[]>`
    select ${db.unsafe(fields)} from subscriptions
    where user_id = ${userId} ${after ? db`and (created_at, id) < (${after[0]}, ${after[1]})` : db``}
      ${madeIn(db, 'created_at', created)}
    order by created_at desc, id desc limit ${limit}`

export async function countSubscriptions(
  db: Db,
  userId: string,
): Promise<{ state: SubscriptionState; count: number }[]> {
  return await db<{ state: SubscriptionState; count: number }[]>`
    select state, count(*)::int as count from subscriptions where user_id = ${userId} group by state`
}

export async function liveOf(db: Db, userId: string): Promise<string[]> {
  const rows = await db<{ id: string }[]>`
    select id from subscriptions where user_id = ${userId} and state <> 'cancelled'`
  return rows.map(({ id }) => id)
}

/** Those with something to do by the clock. */
export async function dueSubscriptions(db: Db, at: Date, limit: number): Promise<string[]> {
  const rows = await db<{ id: string }[]>`
    select id from subscriptions where next_at <= ${at} order by next_at limit ${limit}`
  return rows.map(({ id }) => id)
}

/** One for each period and change; undefined where it is there. */
export async function insertBill(tx: Tx, bill: Bill): Promise<boolean> {
  const rows = await tx`
    insert into bills (id, subscription_id, kind, number, plan_id, plan_name, price_minor, "interval", lines,
      amount_minor, credit_minor, from_at, to_at, state, created_at)
    values (${bill.id}, ${bill.subscriptionId}, ${bill.kind}, ${bill.number}, ${bill.planId}, ${bill.planName},
      ${bill.priceMinor}, ${bill.interval}, ${tx.json(bill.lines as never)}, ${bill.amountMinor}, ${bill.creditMinor},
      ${bill.fromAt}, ${bill.toAt}, ${bill.state}, ${bill.createdAt})
    on conflict on constraint bills_one do nothing returning 1`
  return rows.length > 0
}

export async function findBill(db: Db, id: string): Promise<Bill | undefined> {
  const [row] = await db<Bill[]>`select ${db.unsafe(billFields)} from bills where id = ${id}`
  return row
}

export async function openBill(db: Db, subscriptionId: string, kind: Bill['kind']): Promise<Bill | undefined> {
  const [row] = await db<Bill[]>`
    select ${db.unsafe(billFields)} from bills
    where subscription_id = ${subscriptionId} and kind = ${kind} and state = 'open'`
  return row
}

export const openBillsOf = (db: Db, ids: readonly string[]) => db<Bill[]>`
  select ${db.unsafe(billFields)} from bills where subscription_id = any(${[...ids]}) and state = 'open'`

export async function nextNumber(tx: Tx, subscriptionId: string, kind: Bill['kind']): Promise<number> {
  const [row] = await tx<{ number: number }[]>`
    select coalesce(max(number), 0)::int + 1 as number from bills
    where subscription_id = ${subscriptionId} and kind = ${kind}`
  return row!.number
}

export const updateBill = (tx: Tx, next: Bill) => tx`
  update bills set state = ${next.state}, attempts = ${next.attempts}, next_try_at = ${next.nextTryAt},
    payment_id = ${next.paymentId}, failure = ${next.failure}, from_at = ${next.fromAt}, to_at = ${next.toAt},
    invoice_id = ${next.invoiceId}, paid_at = ${next.paidAt}
  where id = ${next.id}`

export const listBills = (db: Db, subscriptionId: string, limit: number, after: [Date, string] | undefined) =>
  db<Bill[]>`
    select ${db.unsafe(billFields)} from bills
    where subscription_id = ${subscriptionId} ${after ? db`and (created_at, id) < (${after[0]}, ${after[1]})` : db``}
    order by created_at desc, id desc limit ${limit}`
