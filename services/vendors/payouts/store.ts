import type { PayoutStatus } from '#contracts/vendors'
import { madeIn, type Cursor, type Db, type Tx, type Span } from '#kernel'
import type { Payout } from './payout.ts'

const columns = (db: Db) => db`
  p.id, json_build_object('kind', p.owner_kind, 'id', p.vendor_id) as owner, p.currency, p.amount_minor as "amountMinor",
  p.iban, p.account_holder as "accountHolder", p.status, p.requested_by as "requestedBy", p.requested_at as "requestedAt",
  p.approved_by as "approvedBy", p.approved_at as "approvedAt", p.file_id as "fileId", p.sent_at as "sentAt",
  p.ended_at as "endedAt", p.ended_by as "endedBy", p.reason, p.via, p.destination, p.reversed_minor as "reversedMinor",
  p.version`

export const insertPayout = (tx: Tx, one: Payout) => tx`
  insert into payouts (id, vendor_id, owner_kind, currency, amount_minor, iban, account_holder, status, requested_by,
    requested_at, approved_at, via, destination, version)
  values (${one.id}, ${one.owner.id}, ${one.owner.kind}, ${one.currency}, ${one.amountMinor}, ${one.iban},
    ${one.accountHolder}, ${one.status}, ${one.requestedBy}, ${one.requestedAt}, ${one.approvedAt}, ${one.via},
    ${one.destination}, ${one.version})`

export async function findPayout(db: Db, id: string): Promise<Payout | undefined> {
  const [row] = await db<Payout[]>`select ${columns(db)} from payouts p where p.id = ${id}`
  return row
}

export async function lockPayout(tx: Tx, id: string): Promise<Payout | undefined> {
  const [row] = await tx<Payout[]>`select ${columns(tx)} from payouts p where p.id = ${id} for update`
  return row
}

/** Writes what became of a payout; what was asked for never changes. */
export const writePayout = (tx: Tx, one: Payout) => tx`
  update payouts set status = ${one.status}, approved_by = ${one.approvedBy}, approved_at = ${one.approvedAt},
    file_id = ${one.fileId}, sent_at = ${one.sentAt}, ended_at = ${one.endedAt}, ended_by = ${one.endedBy},
    reason = ${one.reason}, via = ${one.via}, destination = ${one.destination}, reversed_minor = ${one.reversedMinor},
    version = ${one.version}
  where id = ${one.id}`

/** The latest first. */
export const listPayouts = (
  db: Db,
  { vendorId, status, requested }: { vendorId: string | undefined; status: PayoutStatus | undefined; requested: Span },
  limit: number,
  cursor: Cursor | undefined,
) => db<Payout[]>`
  select ${columns(db)} from payouts p
  where ${vendorId === undefined ? db`true` : db`p.vendor_id = ${vendorId}`}
    and ${status === undefined ? db`true` : db`p.status = ${status}`} ${madeIn(db, 'p.requested_at', requested)}
    and ${cursor ? db`(p.requested_at, p.id) < (${cursor[0]!}, ${cursor[1]!})` : db`true`}
  order by p.requested_at desc, p.id desc limit ${limit}`

/** What a vendor asked for since a moment without a second person, and did not take back. */
export async function unseenSince(tx: Tx, vendorId: string, currency: string, since: Date): Promise<bigint> {
  const [row] = await tx<{ minor: bigint }[]>`
    select coalesce(sum(amount_minor), 0)::bigint as minor from payouts
    where vendor_id = ${vendorId} and currency = ${currency} and requested_at > ${since} and approved_by is null
      and status in ('approved', 'sent', 'paid')`
  return row!.minor
}

/** Whether the account was put in the place of another one since a moment. */
export async function accountReplacedSince(tx: Tx, vendorId: string, since: Date): Promise<boolean> {
  const rows = await tx`
    select from account_changes where vendor_id = ${vendorId} and replaced and iban is not null
      and changed_at > ${since} limit 1`
  return rows.length > 0
}

/** What can go to the bank now, locked: approved, in no file, and of no vendor that is suspended. */
export const lockSendable = (tx: Tx, currency: string) => tx<Payout[]>`
  select ${columns(tx)} from payouts p join vendors v on v.id = p.vendor_id
  where p.status = 'approved' and p.via = 'bank' and p.file_id is null and p.currency = ${currency} and v.status in ('active', 'closed')
  order by p.requested_at, p.id limit 10000 for update of p`

/** What goes by transfer and is approved, of vendors that are not suspended. */
export const waitingForTransfer = (db: Db) => db<{ id: string }[]>`
  select p.id from payouts p join vendors v on v.id = p.vendor_id
  where p.status = 'approved' and p.via = 'stripe' and v.status in ('active', 'closed')
  order by p.requested_at limit 1000`

export interface PayoutFile {
  readonly id: string
  readonly currency: string
  readonly count: number
  readonly totalMinor: bigint
  readonly xml: string
  readonly createdBy: string
  readonly createdAt: Date
}

const fileColumns = (db: Db) => db`
  f.id, f.currency, f.count, f.total_minor as "totalMinor", f.created_by as "createdBy", f.created_at as "createdAt"`

export const insertFile = (tx: Tx, one: PayoutFile) => tx`
  insert into payout_files (id, currency, count, total_minor, xml, created_by, created_at)
  values (${one.id}, ${one.currency}, ${one.count}, ${one.totalMinor}, ${one.xml}, ${one.createdBy}, ${one.createdAt})`

export async function findFile(db: Db, id: string): Promise<PayoutFile | undefined> {
  const [row] = await db<PayoutFile[]>`select ${fileColumns(db)}, f.xml from payout_files f where f.id = ${id}`
  return row
}

export const listFiles = (db: Db, created: Span, limit: number, cursor: Cursor | undefined) => db<
  Omit<PayoutFile, 'xml'>[]
>`
  select ${fileColumns(db)} from payout_files f
  where ${cursor ? db`(f.created_at, f.id) < (${cursor[0]!}, ${cursor[1]!})` : db`true`}
    ${madeIn(db, 'f.created_at', created)}
  order by f.created_at desc, f.id desc limit ${limit}`

export const payoutsIn = (db: Db, fileId: string) => db<Payout[]>`
  select ${columns(db)} from payouts p where p.file_id = ${fileId} order by p.requested_at, p.id`

export const lockSentIn = (tx: Tx, fileId: string) => tx<Payout[]>`
  select ${columns(tx)} from payouts p where p.file_id = ${fileId} and p.status = 'sent'
  order by p.vendor_id, p.id for update`
