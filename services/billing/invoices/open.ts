import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import { listUninvoiced, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { invoiceSession, invoiceTogether } from './invoicing.ts'

/** Invoices for each session once it is booked, and for each month once it is over. */
export function openInvoicing(host: BillingHost): (tx: Tx, sessionId: string) => Promise<void> {
  const { db, now } = host
  const single = host.job('invoice a session', ({ sessionId }: { sessionId: string }) =>
    invoiceSession(host, sessionId),
  )
  const monthly = host.job(
    'invoice a month',
    async ({ sellerId, buyer, until }: { sellerId: string; buyer: Owner; until: string }) => {
      const waiting = await listUninvoiced(db, sellerId, buyer, new Date(until))
      // One invoice has one currency and prices of one kind.
      const kindOf = ({ currency, price }: Charge) => `${currency} ${(price as { taxIncluded: boolean }).taxIncluded}`
      for (const charges of Map.groupBy(waiting, kindOf).values()) await invoiceTogether(host, sellerId, buyer, charges)
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
        and taxed is not null and ended_at < ${until} limit 200000`
    await db.transaction(async tx => {
      for (const { sellerId, ...buyer } of pairs)
        await tx.enqueue(
          monthly,
          { sellerId, buyer, until: until.toISOString() },
          { key: `${sellerId} ${buyer.id} ${until.toISOString()}` },
        )
    })
  })
  return (tx, sessionId) => tx.enqueue(single, { sessionId }, { key: `invoice ${sessionId}` })
}
