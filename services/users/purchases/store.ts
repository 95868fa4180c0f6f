import { alone } from '../alone.ts'
import { madeIn, type Db, type Tx, type Span } from '#kernel'

export interface Item {
  readonly productId: string
  readonly variantId: string
  readonly vendorId: string
  readonly productName: string
  readonly quantity: number
  readonly totalMinor: number
}

/** What an event says of an order. */
export interface Told {
  readonly orderId: string
  readonly userId: string
  readonly number: string
  readonly version: number
  readonly status?: string
  readonly paymentStatus?: string
  readonly whole?: {
    readonly currency: string
    readonly totalMinor: number
    readonly items: readonly Item[]
    readonly at: string
  }
}

/** The latest version that says something of it is right, in whatever order they come; of who left nothing is kept. */
export async function putPurchase(tx: Tx, told: Told): Promise<void> {
  const { orderId, userId, number, version, status, paymentStatus, whole } = told
  await alone(tx, userId)
  await tx`
    insert into purchases (order_id, user_id, number, currency, total_minor, items, placed_at, status, status_version,
      payment_status, payment_version)
    select ${orderId}, ${userId}, ${number}, ${whole?.currency ?? null}, ${whole?.totalMinor ?? null}::bigint,
      ${whole ? tx.json(whole.items as never) : null}, ${whole?.at ?? null}::timestamptz, ${status ?? null},
      ${status ? version : 0}, ${paymentStatus ?? null}, ${paymentStatus ? version : 0}
    where not exists (select from leavers where user_id = ${userId})
    on conflict (order_id) do update set
      currency = coalesce(purchases.currency, excluded.currency),
      total_minor = coalesce(purchases.total_minor, excluded.total_minor),
      items = coalesce(purchases.items, excluded.items),
      placed_at = least(purchases.placed_at, excluded.placed_at),
      -- What was cancelled stays so when its money has gone back.
      status = case when purchases.status in ('cancelled', 'refunded') and excluded.status in ('cancelled', 'refunded')
          and purchases.status <> excluded.status then 'cancelled'
        when excluded.status_version > purchases.status_version then excluded.status
        else purchases.status end,
      status_version = greatest(purchases.status_version, excluded.status_version),
      payment_status = case when excluded.payment_version > purchases.payment_version then excluded.payment_status
        else purchases.payment_status end,
      payment_version = greatest(purchases.payment_version, excluded.payment_version)`
}

/** One that failed has failed, whether that is told before it or behind. */
export async function putRefund(
  tx: Tx,
  refund: { refundId: string; orderId: string; userId: string; amountMinor: number; failed: boolean },
): Promise<void> {
  await alone(tx, refund.userId)
  await tx`
    insert into purchase_refunds (refund_id, order_id, user_id, amount_minor, failed)
    select ${refund.refundId}, ${refund.orderId}, ${refund.userId}, ${refund.amountMinor}, ${refund.failed}
    where not exists (select from leavers where user_id = ${refund.userId})
    on conflict (refund_id) do update set failed = purchase_refunds.failed or excluded.failed`
}

export interface Purchase {
  readonly orderId: string
  readonly number: string
  readonly currency: string
  readonly totalMinor: bigint
  readonly refundedMinor: bigint
  readonly items: readonly Item[]
  readonly placedAt: Date
  readonly status: string
  readonly paymentStatus: string
}

export interface PurchaseFilter {
  readonly status?: string | undefined
  readonly after?: readonly [Date, string] | undefined
  readonly placed?: Span
}

export const listPurchases = (db: Db, userId: string, { status, after, placed = {} }: PurchaseFilter, limit: number) =>
  db<Purchase[]>`
    select order_id as "orderId", number, currency, total_minor as "totalMinor", items, placed_at as "placedAt",
      coalesce(status, 'pending') as status, coalesce(payment_status, 'pending') as "paymentStatus",
      (select coalesce(sum(amount_minor), 0)::bigint from purchase_refunds r
        where r.order_id = p.order_id and not failed) as "refundedMinor"
    from purchases p
    where user_id = ${userId} and placed_at is not null
      ${status === undefined ? db`` : db`and coalesce(status, 'pending') = ${status}`}
      ${madeIn(db, 'placed_at', placed)}
      ${after ? db`and (placed_at, order_id) < (${after[0]}, ${after[1]})` : db``}
    order by placed_at desc, order_id desc limit ${limit}`

export async function countPurchases(db: Db, userId: string): Promise<{ count: number; open: number }> {
  const [row] = await db<{ count: number; open: number }[]>`
    select count(*)::int as count,
      count(*) filter (where coalesce(status, 'pending') in ('pending', 'processing'))::int as open
    from purchases where user_id = ${userId} and placed_at is not null`
  return row!
}
