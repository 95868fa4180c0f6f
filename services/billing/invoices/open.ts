import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import type { Treatment } from '#money/tax'
import { listUninvoiced, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { listUninvoicedFees, type BookedFee } from './fee-lines.ts'
import { invoiceFee, invoiceSession, invoiceTogether } from './invoicing.ts'

export interface Invoicer {
  /** A session is booked, or was paid by card. */
  session(tx: Tx, sessionId: string): Promise<void>
  /** What a booking costs was booked, or given back. */
  fee(tx: Tx, feeId: string): Promise<void>
}

/** What can stand on one invoice: of one currency, with prices of one kind, and taxed in one country or not at all. */
const kindOf = ({ currency, price, taxed }: Charge): string =>
  [currency, (price as { taxIncluded: boolean }).taxIncluded, scopeOf(taxed!.treatment)].join(' ')
const feeKindOf = ({ currency, treatment }: BookedFee): string => [currency, true, scopeOf(treatment!)].join(' ')
const scopeOf = ({ category, place }: Treatment): string => (category === 'O' ? 'O' : place.country)

/** As many lines as an invoice has beside those of fees; what is more is on another one an hour later. */
const mostLines = 25_000

function fitting(charges: readonly Charge[]): readonly Charge[] {
  let lines = 0
  const past = charges.findIndex(({ price }) => (lines += (price as { lines: unknown[] }).lines.length) > mostLines)
  return past < 0 ? charges : charges.slice(0, Math.max(1, past))
}

/** Invoices for each session and fee once it is booked, and for each month once it is over. */
export function openInvoicing(host: BillingHost): Invoicer {
  const { db, now } = host
  const single = host.job('invoice a session', ({ sessionId }: { sessionId: string }) =>
    invoiceSession(host, sessionId),
  )
  const ofFee = host.job('invoice a booking', ({ feeId }: { feeId: string }) => invoiceFee(host, feeId))
  const monthly = host.job(
    'invoice a month',
    async ({ sellerId, buyer, until }: { sellerId: string; buyer: Owner; until: string }) => {
      const before = new Date(until)
      const charges = Map.groupBy(await listUninvoiced(db, sellerId, buyer, before), kindOf)
      const fees = Map.groupBy(
        buyer.kind === 'person' ? await listUninvoicedFees(db, sellerId, buyer.id, before) : [],
        feeKindOf,
      )
      for (const kind of new Set([...charges.keys(), ...fees.keys()]))
        await invoiceTogether(host, sellerId, buyer, {
          charges: fitting(charges.get(kind) ?? []),
          fees: fees.get(kind) ?? [],
        })
    },
    { urgency: 'bulk' },
  )
  host.every('1 hour', 'issue invoices of months that are over', async () => {
    const at = now()
    const until = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth()))
    // Also of who wanted it monthly and has changed their mind, or is gone.
    const pairs = await db<{ sellerId: string; kind: Owner['kind']; id: string }[]>`
      select distinct seller_id as "sellerId", booked_kind as kind, booked_id as id from charges
      where state = 'charged' and invoiced_revision < revision and driver_id is not null and booked_id is not null
        and taxed is not null and ended_at < ${until}
      union
      select distinct seller_id, 'person', driver_id from booking_fees
      where state = 'booked' and treatment is not null and invoice_id is null and asked_at < ${until}
      limit 200000`
    await db.transaction(async tx => {
      for (const { sellerId, ...buyer } of pairs)
        await tx.enqueue(
          monthly,
          { sellerId, buyer, until: until.toISOString() },
          { key: `${sellerId} ${buyer.id} ${until.toISOString()}` },
        )
    })
  })
  return {
    session: (tx, sessionId) => tx.enqueue(single, { sessionId }, { key: `invoice ${sessionId}` }),
    fee: (tx, feeId) => tx.enqueue(ofFee, { feeId }, { key: `invoice ${feeId}` }),
  }
}
