import type { Tx } from '#kernel'
import { recordPayment } from '#money/invoices'

/** What was paid of a debt: once for a `cause`. */
export interface Settled {
  readonly driverId: string
  readonly currency: string
  readonly minor: bigint
  /** Of which posting it is. */
  readonly cause: string
  readonly at: Date
  /** The invoice whose sessions it is for before all others. */
  readonly first?: string | undefined
  readonly means?: 'wallet' | 'transfer' | 'card' | undefined
}

interface Owed {
  readonly id: string
  readonly owedMinor: bigint
  readonly at: Date
  /** On which it is as it is booked now. */
  readonly invoiceId: string | null
}

/** At most so much is settled at once; who owes for more has paid the oldest. */
const most = 5_000

/**
 * What was paid of a debt is no longer owed for the sessions and fees it came from, the oldest first, and paid on the
 * invoices they are on. What nothing is owed for by name (a payment that was disputed) is left over. Resolves with what
 * was paid of the invoice `first`. The driver is locked.
 */
export async function noteSettled(tx: Tx, settled: Settled): Promise<bigint> {
  const { driverId, currency, minor, cause, at, first = null, means = 'wallet' } = settled
  if (minor <= 0n) return 0n
  const [sessions, fees] = await Promise.all([
    tx<Owed[]>`
      select session_id as id, owed_minor as "owedMinor", charged_at as at,
        case when invoiced_revision = revision then invoice_id end as "invoiceId"
      from charges where booked_id = ${driverId} and currency = ${currency} and owed_minor > 0 and not on_account
      order by invoice_id is not distinct from ${first}::uuid desc, charged_at, ended_at, session_id limit ${most} for update`,
    tx<Owed[]>`
      select fee_id as id, owed_minor as "owedMinor", asked_at as at, invoice_id as "invoiceId"
      from booking_fees where driver_id = ${driverId} and currency = ${currency} and owed_minor > 0
      order by invoice_id is not distinct from ${first}::uuid desc, asked_at, fee_id limit ${most} for update`,
  ])
  const isFirst = ({ invoiceId }: Owed): number => Number(first !== null && invoiceId === first)
  const all = [...sessions, ...fees].toSorted((a, b) => isFirst(b) - isFirst(a) || a.at.getTime() - b.at.getTime())
  const left = new Map<string, bigint>()
  const paid = new Map<string, bigint>()
  let rest = minor
  for (const { id, owedMinor, invoiceId } of all) {
    const part = owedMinor < rest ? owedMinor : rest
    if (part === 0n) break
    rest -= part
    left.set(id, owedMinor - part)
    if (invoiceId) paid.set(invoiceId, (paid.get(invoiceId) ?? 0n) + part)
  }
  if (left.size === 0) return 0n
  const now = tx`unnest(${[...left.keys()]}::uuid[], ${[...left.values()].map(String)}::bigint[]) as now (id, minor)`
  await Promise.all([
    tx`update charges set owed_minor = now.minor from ${now} where session_id = now.id`,
    tx`update booking_fees set owed_minor = now.minor from ${now} where fee_id = now.id`,
  ])
  // In one order, as whoever pays the same waits for the others.
  for (const [invoice, part] of [...paid].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    await recordPayment(tx, { invoice, cause: `${cause} of ${invoice}`, minor: part, means, at })
  return first === null ? 0n : (paid.get(first) ?? 0n)
}
