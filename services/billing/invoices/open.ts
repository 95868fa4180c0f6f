import type { Owner } from '#contracts/shared'
import type { Tx } from '#kernel'
import type { Treatment } from '#money/tax'
import { isUninvoiced, listUninvoiced, listUninvoicedBuyers, mostCharges, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { isFeeUninvoiced, listUninvoicedDrivers, listUninvoicedFees, mostFees, type BookedFee } from './fee-lines.ts'
import { invoiceFee, invoiceMany, invoiceSession } from './invoicing.ts'

const nobody = '00000000-0000-0000-0000-000000000000'

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

/** As many who buy have invoices in one transaction. */
const mostBuyers = 100

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
  /** Of these, in invoices of one transaction; the last of them whose month was listed to its end. */
  async function invoiceMonths(sellerId: string, buyers: readonly Owner[], before: Date): Promise<string> {
    const people = buyers.filter(({ kind }) => kind === 'person')
    const charges = await listUninvoiced(db, sellerId, buyers, before)
    const fees = await listUninvoicedFees(db, sellerId, people, before)
    const chargesOf = Map.groupBy(charges, ({ bookedOn }) => bookedOn!.id)
    const feesOf = Map.groupBy(fees, ({ driverId }) => driverId)
    // Of the last one that was read there may be more: they come next, and alone with what there is room for.
    const [cut] = [
      ...(charges.length === mostCharges ? [charges.at(-1)!.bookedOn!.id] : []),
      ...(fees.length === mostFees ? [fees.at(-1)!.driverId] : []),
    ].toSorted()
    const past = cut === undefined ? buyers : buyers.filter(({ id }) => id < cut)
    const whole = past.length > 0 ? past : buyers.filter(({ id }) => id === cut)
    const all = whole.flatMap(buyer => {
      const [sessions, bookings] = [
        Map.groupBy(chargesOf.get(buyer.id) ?? [], kindOf),
        Map.groupBy(feesOf.get(buyer.id) ?? [], feeKindOf),
      ]
      return [...new Set([...sessions.keys(), ...bookings.keys()])].map(kind => ({
        buyer,
        charges: fitting(sessions.get(kind) ?? []),
        fees: bookings.get(kind) ?? [],
      }))
    })
    await invoiceMany(host, sellerId, all)
    return whole.at(-1)!.id
  }

  const monthly = host.job(
    'invoice a month',
    async ({ sellerId, buyer, until }: { sellerId: string; buyer: Owner; until: string }) =>
      void (await invoiceMonths(sellerId, [buyer], new Date(until))),
    { urgency: 'bulk' },
  )
  /** One after the other, as numbers of a seller are given by one at a time. */
  const ofSeller = host.job(
    'invoice months of a seller',
    async ({ sellerId, until, after = nobody }: { sellerId: string; until: string; after?: string }) => {
      const before = new Date(until)
      const [buyers, drivers] = await Promise.all([
        listUninvoicedBuyers(db, sellerId, before, after, mostBuyers),
        listUninvoicedDrivers(db, sellerId, before, after, mostBuyers),
      ])
      const all = [...new Map([...drivers, ...buyers].map(buyer => [buyer.id, buyer])).values()]
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, mostBuyers)
      if (all.length === 0) return
      const last = await invoiceMonths(sellerId, all, before).catch(async (error: unknown) => {
        // One of them may be to blame: it is not to take the others along.
        host.log.warn({ err: error, sellerId }, 'invoices of a month are made one by one')
        await db.transaction(async tx => {
          for (const buyer of all)
            await tx.enqueue(monthly, { sellerId, buyer, until }, { key: `${sellerId} ${buyer.id} ${until}` })
        })
        return all.at(-1)!.id
      })
      await db.transaction(tx =>
        tx.enqueue(ofSeller, { sellerId, until, after: last }, { key: `${sellerId} ${until}` }),
      )
    },
    { urgency: 'bulk' },
  )
  host.every('1 hour', 'issue invoices of months that are over', async () => {
    const at = now()
    const before = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth()))
    const until = before.toISOString()
    // Also to who wanted it monthly and has changed their mind, or is gone.
    const sellers = await db<{ sellerId: string }[]>`
      select owner_id as "sellerId" from sellers s
      where exists (select from charges c where ${isUninvoiced(db, before)} and c.seller_id = s.owner_id)
        or exists (select from booking_fees f where ${isFeeUninvoiced(db, before)} and f.seller_id = s.owner_id)`
    await db.transaction(async tx => {
      for (const { sellerId } of sellers)
        await tx.enqueue(ofSeller, { sellerId, until }, { key: `${sellerId} ${until}` })
    })
  })
  return {
    session: (tx, sessionId) => tx.enqueue(single, { sessionId }, { key: `invoice ${sessionId}` }),
    fee: (tx, feeId) => tx.enqueue(ofFee, { feeId }, { key: `invoice ${feeId}` }),
  }
}
