import type { ReturnReason } from '#contracts/orders'
import { madeIn, type Db, type Tx, type Span } from '#kernel'

export type ReturnState = 'requested' | 'approved' | 'refused' | 'withdrawn' | 'received'

export interface ReturnedLine {
  readonly lineId: string
  readonly quantity: number
}

/** What a buyer gives back of one part. */
export interface Return {
  readonly id: string
  readonly orderId: string
  readonly partId: string
  readonly vendorId: string
  readonly userId: string
  readonly reason: ReturnReason
  readonly note: string | null
  readonly photos: readonly string[]
  readonly lines: readonly ReturnedLine[]
  readonly state: ReturnState
  readonly answer: string | null
  readonly restocked: boolean | null
  readonly amountMinor: bigint | null
  readonly version: number
  readonly createdAt: Date
  readonly decidedAt: Date | null
  readonly receivedAt: Date | null
}

const columns = (db: Db) => db`
  id, order_id as "orderId", part_id as "partId", vendor_id as "vendorId", user_id as "userId", reason, note, photos,
  lines, state, answer, restocked, amount_minor as "amountMinor", version, created_at as "createdAt",
  decided_at as "decidedAt", received_at as "receivedAt"`

export const returnsOf = (db: Db, orderId: string) =>
  db<Return[]>`select ${columns(db)} from returns where order_id = ${orderId} order by id limit 500`

export async function findReturn(db: Db, orderId: string, id: string): Promise<Return | undefined> {
  const [row] = await db<Return[]>`select ${columns(db)} from returns where id = ${id} and order_id = ${orderId}`
  return row
}

/** The newest first. */
export const listReturns = (
  db: Db,
  filter: { vendorIds: readonly string[] | undefined; state?: ReturnState | undefined; created?: Span },
  limit: number,
  before?: readonly [string, string],
) => db<Return[]>`
  select ${columns(db)} from returns
  where ${filter.vendorIds === undefined ? db`true` : db`vendor_id = any(${filter.vendorIds as string[]}::uuid[])`}
    and ${filter.state === undefined ? db`true` : db`state = ${filter.state}`}
    ${madeIn(db, 'created_at', filter.created ?? {})}
    and ${before ? db`(created_at, id) < (${before[0]}, ${before[1]}::uuid)` : db`true`}
  order by created_at desc, id desc limit ${limit}`

export const insertReturn = (tx: Tx, one: Return) => tx`
  insert into returns (id, order_id, part_id, vendor_id, user_id, reason, note, photos, lines, state, version, created_at)
  values (${one.id}, ${one.orderId}, ${one.partId}, ${one.vendorId}, ${one.userId}, ${one.reason}, ${one.note},
    ${one.photos as string[]}::uuid[], ${tx.json(one.lines as never)}, ${one.state}, 1, ${one.createdAt})`

export interface ReturnChange {
  readonly state: ReturnState
  readonly answer?: string | null
  readonly restocked?: boolean
  readonly amountMinor?: bigint
  readonly decidedAt?: Date
  readonly receivedAt?: Date
}

/** Writes what became of it. Its order is locked. */
export async function noteReturn(tx: Tx, one: Return, change: ReturnChange): Promise<Return> {
  const next = { ...one, ...change }
  const [row] = await tx<Return[]>`
    update returns set state = ${next.state}, answer = ${next.answer}, restocked = ${next.restocked},
      amount_minor = ${next.amountMinor}, decided_at = ${next.decidedAt}, received_at = ${next.receivedAt},
      version = version + 1
    where id = ${one.id} returning ${columns(tx)}`
  return row!
}
