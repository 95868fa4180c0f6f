import type { Db, Tx } from '#kernel'
import { accountKinds, type AccountKind } from '../earnings/accounts.ts'

/** What a vendor has of each; what buyers paid is on the other side of all of them. */
export const columns = accountKinds.filter(kind => kind !== 'buyers')
export type Column = Exclude<AccountKind, 'buyers'>
/** In the minor unit of the currency. */
export type Amounts = Record<Column, number>

export interface Movement {
  /** `sale`, `refund`, `settle`, `payout-paid`. */
  readonly kind: string
  readonly count: number
  readonly amounts: Amounts
}

/** What a month began with, what happened, and what it ended with: the first and the second add up to the third. */
export interface Figures {
  readonly currency: string
  readonly opening: Amounts
  readonly movements: readonly Movement[]
  readonly closing: Amounts
}

export interface Line {
  readonly at: Date
  readonly kind: string
  readonly causeId: string
  readonly orderNumber: string | null
  readonly currency: string
  readonly amounts: Amounts
}

/** From the first moment of a month to the first of the next (UTC). */
export function spanOf(month: string): { from: Date; to: Date } {
  const [year, number] = month.split('-').map(Number) as [number, number]
  return { from: new Date(Date.UTC(year, number - 1)), to: new Date(Date.UTC(year, number)) }
}

export const monthOf = (at: Date): string => at.toISOString().slice(0, 7)

/** Everything that moved in accounts of a vendor, less than zero where it went out. */
const moves = (db: Db, vendorId: string) => db`
  moves as (
    select t.cause_id, t.kind, m.currency, m.kind as account, t.minor
    from ledger_transfers t join ledger_accounts m on m.id = t.to_id
    where m.owner_id = ${vendorId} and m.kind <> 'buyers'
    union all
    select t.cause_id, t.kind, m.currency, m.kind, -t.minor
    from ledger_transfers t join ledger_accounts m on m.id = t.from_id
    where m.owner_id = ${vendorId} and m.kind <> 'buyers')`

/** Sums of what moved, by account. */
const sums = (db: Db) => db`
  json_build_object(
    'pending', coalesce(sum(minor) filter (where account = 'pending'), 0),
    'available', coalesce(sum(minor) filter (where account = 'available'), 0),
    'paying', coalesce(sum(minor) filter (where account = 'paying'), 0),
    'paid', coalesce(sum(minor) filter (where account = 'paid'), 0),
    'commission', coalesce(sum(minor) filter (where account = 'commission'), 0)) as amounts`

const none: Amounts = { pending: 0, available: 0, paying: 0, paid: 0, commission: 0 }
const plus = (a: Amounts, b: Amounts): Amounts =>
  Object.fromEntries(columns.map(column => [column, a[column] + b[column]])) as Amounts

/** Recomputed from the ledger, by currency. */
export async function figuresOf(db: Db, vendorId: string, month: string): Promise<Figures[]> {
  const { from, to } = spanOf(month)
  const rows = await db<{ currency: string; kind: string | null; count: number; amounts: Amounts }[]>`
    with ${moves(db, vendorId)}
    select currency, case when e.at >= ${from} then split_part(e.kind, ' ', 1) end as kind,
      count(distinct (e.cause_id, e.kind))::int as count, ${sums(db)}
    from moves join ledger_entries e using (cause_id, kind)
    where e.at < ${to} group by 1, 2 order by 1, 2`
  return [...Map.groupBy(rows, ({ currency }) => currency)].map(([currency, of]) => {
    const opening = of.find(({ kind }) => kind === null)?.amounts ?? none
    const movements = of.flatMap(({ kind, count, amounts }) => (kind === null ? [] : [{ kind, count, amounts }]))
    const closing = movements.reduce((sum, { amounts }) => plus(sum, amounts), opening)
    return { currency, opening, movements, closing }
  })
}

/** Each entry of a month, the oldest first. */
export const linesOf = (db: Db, vendorId: string, month: string) => {
  const { from, to } = spanOf(month)
  return db<Line[]>`
    with ${moves(db, vendorId)}
    select e.at, split_part(e.kind, ' ', 1) as kind, e.cause_id as "causeId", max(e.about->>'number') as "orderNumber",
      currency, ${sums(db)}
    from moves join ledger_entries e using (cause_id, kind)
    where e.at >= ${from} and e.at < ${to}
    group by e.at, e.kind, e.cause_id, currency order by e.at, e.cause_id, e.kind, currency`
}

export interface Issued {
  readonly month: string
  readonly revision: number
  readonly figures: Figures[]
  readonly issuedAt: Date
}

/** What was told last of each month, or of one. */
export const issuedOf = (db: Db, vendorId: string, month?: string) => db<Issued[]>`
  select distinct on (month) month, revision, figures, issued_at as "issuedAt" from statements
  where vendor_id = ${vendorId} ${month === undefined ? db`` : db`and month = ${month}`} order by month, revision desc`

export const same = (a: readonly Figures[], b: readonly Figures[]): boolean => JSON.stringify(a) === JSON.stringify(b)

/** Months in which anything moved, the latest first. */
export async function monthsOf(db: Db, vendorId: string): Promise<string[]> {
  const rows = await db<{ month: string }[]>`
    with ${moves(db, vendorId)}
    select distinct to_char(e.at at time zone 'UTC', 'YYYY-MM') as month
    from moves join ledger_entries e using (cause_id, kind) order by 1 desc`
  return rows.map(({ month }) => month)
}

/** Issues a month of a vendor, and again where it has other figures than what was issued; false where it has not. */
export async function issueMonth(tx: Tx, vendorId: string, month: string, at: Date): Promise<boolean> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`statement of ${vendorId}`}, 0))`
  const [[last], figures] = await Promise.all([issuedOf(tx, vendorId, month), figuresOf(tx, vendorId, month)])
  // A month in which nothing moved is worth a statement only where one was issued.
  if (last ? same(last.figures, figures) : figures.every(({ movements }) => movements.length === 0)) return false
  await tx`
    insert into statements (vendor_id, month, revision, figures, issued_at)
    values (${vendorId}, ${month}, ${(last?.revision ?? 0) + 1}, ${tx.json(figures as never)}, ${at})`
  return true
}
