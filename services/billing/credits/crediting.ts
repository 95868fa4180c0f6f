import { SessionCredited } from '#contracts/billing'
import { Problem, type Tx } from '#kernel'
import { credit as creditInvoice, findInvoice, type CreditLine } from '#money/invoices'
import { post } from '#money/ledger'
import { moved, purseOf } from '../charges/purses.ts'
import { addCredited, lockCharge, type Charge } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { tellInvoice } from '../invoices/telling.ts'
import { accounts, judge, lockDriver, payDebts } from '../wallets/accounts.ts'
import { noteSettled } from '../wallets/owed.ts'
import { listCredits, taxIn, type Credit } from './store.ts'

type BillingTx = Tx<'billing'>

/** What is left to be given back of a session; what waits for a second person counts, too. */
export const creditable = (charge: Charge, credits: readonly Credit[]): bigint =>
  charge.totalMinor - credits.reduce((sum, { totalMinor }) => sum + totalMinor, 0n)

/** The session as nobody else changes it, whoever pays for it first; fails with `charge_unknown`. */
export async function lockForCredit(tx: BillingTx, found: Charge): Promise<Charge> {
  if (found.bookedOn) await lockDriver(tx, found.bookedOn)
  const charge = await lockCharge(tx, found.sessionId)
  if (charge?.state !== 'charged') throw new Problem('not_found', 'charge_unknown')
  return charge
}

/** Gives money back to who was asked for it: what they owe is less, or their wallet has more. The session is locked. */
export async function bookCredit(host: BillingHost, tx: BillingTx, charge: Charge, credit: Credit): Promise<Credit> {
  const { bookedOn, onAccount, sessionId } = charge
  const { id, currency, totalMinor } = credit
  const seller = charge.seller!
  const at = host.now()
  const taxMinor = taxIn(charge, totalMinor)
  const purse = await purseOf(tx, { owner: bookedOn, onAccount }, seller, currency)
  const [sales, tax] = [await accounts.sales(tx, seller, currency), await accounts.tax(tx, seller, currency)]
  const transfers = moved(
    [
      { account: sales, wasMinor: totalMinor - taxMinor, isMinor: 0n },
      { account: tax, wasMinor: taxMinor, isMinor: 0n },
    ],
    purse,
    purse,
  )
  const about = { sessionId, reason: credit.reason }
  const posted = await post(tx, { cause: id, kind: 'session-credit', at, about, transfers })
  if (posted.outcome === 'short') throw new Error(`the credit ${id} is not covered`)
  await addCredited(tx, sessionId, { netMinor: totalMinor - taxMinor, taxMinor })
  const toDebt = transfers.filter(({ to }) => to === purse.debt).reduce((sum, { minor }) => sum + minor, 0n)
  if (bookedOn) {
    // What of this session is owed first.
    const own = toDebt < charge.owedMinor ? toDebt : charge.owedMinor
    if (!onAccount && own > 0n)
      await tx`update charges set owed_minor = owed_minor - ${own.toString()} where session_id = ${sessionId}`
    const cause = `session-credit ${id}`
    await noteSettled(tx, { driverId: bookedOn.id, currency, minor: toDebt - own, cause, at })
    await payDebts(tx, bookedOn, currency, { id, kind: 'session-credit', at })
    await judge(tx, bookedOn, host.settings, at)
  }
  await tx.publish(SessionCredited, {
    creditId: id,
    sessionId,
    chargerId: charge.chargerId,
    seller,
    driverId: charge.driverId,
    companyId: charge.companyId,
    currency,
    netMinor: Number(totalMinor - taxMinor),
    taxMinor: Number(taxMinor),
    totalMinor: Number(totalMinor),
    reason: credit.reason,
    at: at.toISOString(),
  })
  return { ...credit, taxMinor }
}

/**
 * Takes what was given back of sessions off the invoice they are on now, by a credit note for each. What a session that
 * was booked anew no longer has is left out.
 */
export async function creditOnInvoice(host: BillingHost, tx: BillingTx, charges: readonly Charge[]): Promise<void> {
  const booked = await listCredits(
    tx,
    charges.map(({ sessionId }) => sessionId),
  )
  for (const { id, sessionId, state, totalMinor, taxMinor, reason } of booked) {
    const charge = charges.find(one => one.sessionId === sessionId)!
    const { invoiceId } = charge
    if (state !== 'booked' || !invoiceId) continue
    const invoice = (await findInvoice(tx, invoiceId))!
    const isGross = invoice.prices === 'gross'
    const lines = await spread(tx, invoiceId, sessionId, isGross, isGross ? totalMinor : totalMinor - taxMinor)
    if (lines.length === 0) continue
    const issued = await creditInvoice(tx, {
      cause: `credit ${id} of ${invoiceId}`,
      invoice: invoiceId,
      lines,
      reason,
      at: host.now(),
      timeZone: charge.place!.timeZone,
    })
    if (issued.isNew)
      await tellInvoice(tx, issued, {
        sellerId: invoice.seller.id,
        buyer: charge.bookedOn!,
        currency: invoice.currency,
      })
  }
}

/** As much of the lines of a session as is left of each, until that is the amount. */
async function spread(
  tx: Tx,
  invoiceId: string,
  sessionId: string,
  isGross: boolean,
  minor: bigint,
): Promise<CreditLine[]> {
  const rows = await tx<{ position: number; left: bigint }[]>`
    select l.position, (${isGross ? tx`l.gross_minor` : tx`l.net_minor`} - coalesce((
      select sum(${isGross ? tx`c.gross_minor` : tx`c.net_minor`}) from invoice_lines c join invoices i on i.id = c.invoice_id
      where i.credits = ${invoiceId} and c.credits = l.position), 0))::bigint as left
    from invoice_lines l where l.invoice_id = ${invoiceId} and l.about->>'item' = ${sessionId}
    order by l.position`
  let rest = minor
  const lines: CreditLine[] = []
  for (const { position, left } of rows) {
    const amountMinor = left < rest ? left : rest
    if (amountMinor <= 0n) continue
    lines.push({ position, amountMinor })
    rest -= amountMinor
  }
  return lines
}
