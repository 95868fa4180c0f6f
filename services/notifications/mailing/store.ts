import type { Cursor, Db, Tx } from '#kernel'

export const closings = ['bounced', 'complained', 'unsubscribed'] as const
/** Why an address takes no mail: its server has nobody by that name, or who reads it wants none. */
export type Closing = (typeof closings)[number]

export interface ClosedAddress {
  address: string
  userId: string | null
  because: Closing
  detail: string
  closedAt: Date
}

const columns = (db: Db) => db`address, user_id as "userId", because, detail, closed_at as "closedAt"`

/** Undefined where it was closed already, or has been opened again since `at`. */
export async function insertClosed(
  tx: Tx,
  { address, userId, because, detail, closedAt }: ClosedAddress,
): Promise<ClosedAddress | undefined> {
  const [closed] = await tx<ClosedAddress[]>`
    insert into closed_addresses as c (address, user_id, because, detail, closed_at)
    values (${address}, ${userId}, ${because}, ${detail.slice(0, 500)}, ${closedAt})
    on conflict (address) do update set because = excluded.because, detail = excluded.detail,
      closed_at = excluded.closed_at, user_id = coalesce(excluded.user_id, c.user_id), reopened_at = null
    where c.reopened_at < excluded.closed_at
    returning ${columns(tx)}`
  return closed
}

export async function findClosed(db: Db, address: string): Promise<ClosedAddress | undefined> {
  const [closed] = await db<ClosedAddress[]>`
    select ${columns(db)} from closed_addresses where address = ${address}::citext and reopened_at is null`
  return closed
}

/** It takes mail again. False where it was open, or was closed after `at`. */
export async function reopen(tx: Tx, address: string, at: Date): Promise<boolean> {
  const { count } = await tx`
    update closed_addresses set reopened_at = ${at}
    where address = ${address}::citext and reopened_at is null and closed_at <= ${at}`
  return count > 0
}

/** The last closed first, below the time and address `before`. */
export const listClosed = (db: Db, { before, limit }: { before: Cursor | undefined; limit: number }) => db<
  ClosedAddress[]
>`
  select ${columns(db)} from closed_addresses
  where reopened_at is null
    ${before ? db`and (closed_at, address) < (${before[0] as string}::timestamptz, ${before[1] as string}::citext)` : db``}
  order by closed_at desc, address desc limit ${limit}`

export interface Posted {
  id: string
  userId: string | null
}

/** The deliveries that went to an address as this mail, which is one of them or of several. */
export const findPosted = (db: Db, mailId: string, address: string) => db<Posted[]>`
  select id, user_id as "userId" from deliveries
  where (id = ${mailId} or mail_id = ${mailId}) and address = ${address}::citext`

/** What was taken on the way and came back: it can be sent again by hand. */
export const markReturned = (tx: Tx, ids: readonly string[], error: string, at: Date) => tx`
  update deliveries set status = 'dead', error = ${error.slice(0, 500)}, updated_at = ${at}
  where id = any(${ids as string[]}) and status = 'sent'`
