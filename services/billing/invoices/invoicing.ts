import { createHash } from 'node:crypto'
import type { Static } from 'typebox'
import { InvoiceIssued, type TariffTerms } from '#contracts/billing'
import { getPerson } from '#contracts/identity'
import { Problem, type Tx } from '#kernel'
import { decimalOf, exact, toWhole } from '#money/amount'
import { credit, findInvoice, issue, type DraftLine, type InvoiceDraft, type Issued, type Party } from '#money/invoices'
import { dayAt } from '#money/tax'
import type { BillingHost } from '../host.ts'
import { findCharge, lockCharge, type Charge } from '../charges/store.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { findSeller, type Seller } from '../sellers/sellers.ts'
import type { PriceView } from '../quotes/routes.ts'
import { termsOf } from '../tariffs/store.ts'
import { findInvoicing } from './wishes.ts'

/** Issues the invoice of a session that is booked; of one that is booked otherwise now the one before is taken back. */
export async function invoiceSession(host: BillingHost, sessionId: string): Promise<void> {
  const charge = await findCharge(host.db, sessionId)
  // What was booked before it was said who sells stays without tax, and without an invoice.
  if (charge?.state !== 'charged' || !charge.seller || !charge.taxed) return
  if (!charge.driverId) return await invoiceVisit(host, charge, charge.seller.id)
  const { every } = await findInvoicing(host.db, charge.driverId)
  // One that is on an invoice already does not wait for the end of another month.
  if (every === 'month' && charge.invoiceId === null) return
  await invoiceTogether(host, charge.seller.id, charge.driverId, [charge])
}

const cardPayment = { en: 'Card payment', de: 'Kartenzahlung' }

/** Who paid by card and has no account has an invoice once it is paid; by no name, as nobody asked for one. */
async function invoiceVisit(host: BillingHost, charge: Charge, sellerId: string): Promise<void> {
  const visit = await findVisit(host.db, { sessionId: charge.sessionId })
  if (!visit || (visit.capturedMinor === 0n && charge.invoiceId === null)) return
  const { id, language } = visit
  await invoiceTogether(host, sellerId, id, [charge], { name: cardPayment[language], language })
}

/** One invoice of a seller for all these sessions of a driver. */
export async function invoiceTogether(
  host: BillingHost,
  sellerId: string,
  driverId: string,
  charges: readonly Charge[],
  stranger?: { readonly name: string; readonly language: 'en' | 'de' },
): Promise<void> {
  const { db, now } = host
  const [seller, { party, ...wishes }] = await Promise.all([findSeller(db, sellerId), findInvoicing(db, driverId)])
  if (!seller) return
  const { language } = stranger ?? wishes
  const name = stranger?.name ?? (party ? party.name : await nameOf(host, driverId))
  const terms = new Map<string, TariffTerms>()
  for (const { sessionId, tariffId, version } of charges)
    terms.set(sessionId, (await termsOf(db, tariffId!, version!))!)
  await db.transaction(async tx => {
    const due: Charge[] = []
    // In one order, as whoever wants the same waits for the others.
    for (const { sessionId } of charges.toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1))) {
      const locked = await lockCharge(tx, sessionId)
      if (locked?.state === 'charged' && locked.taxed && locked.invoicedRevision < locked.revision) due.push(locked)
    }
    for (const charge of due) if (charge.invoiceId) await takeBack(tx, charge, driverId, now())
    // Who asked for no tax by their number has it on the invoice, whatever they have said since.
    const taxId = due.find(({ taxed }) => taxed!.buyerTaxId !== null)?.taxed!.buyerTaxId ?? party?.taxId?.number
    const buyer = { id: driverId, country: seller.address.country, ...party, name, taxId }
    const draft = draftFor(seller, buyer, due, terms, { language, at: now() })
    const issued = draft && (await issue(tx, draft))
    for (const { sessionId } of due)
      await tx`
        update charges set invoiced_revision = revision, invoice_id = ${issued?.id ?? null}
        where session_id = ${sessionId}`
    if (issued?.isNew) await tell(tx, issued, { sellerId, driverId, currency: draft!.currency })
  })
}

/** What of an earlier invoice is of this session. */
async function takeBack(
  tx: Tx<'billing'>,
  { sessionId, revision, invoiceId, place }: Charge,
  driverId: string,
  at: Date,
): Promise<void> {
  const { lines, seller, currency } = (await findInvoice(tx, invoiceId!))!
  const issued = await credit(tx, {
    cause: `session ${sessionId} before ${revision}`,
    invoice: invoiceId!,
    lines: lines.filter(({ item }) => item === sessionId).map(({ position }) => ({ position })),
    reason: 'More is known of the session',
    at,
    timeZone: place!.timeZone,
  })
  if (issued.isNew) await tell(tx, issued, { sellerId: seller.id, driverId, currency })
}

const tell = (
  tx: Tx<'billing'>,
  { id, kind, number, issuedOn, grossMinor }: Issued,
  { sellerId, driverId, currency }: { sellerId: string; driverId: string; currency: string },
) =>
  tx.publish(InvoiceIssued, {
    invoiceId: id,
    kind,
    number,
    issuedOn,
    sellerId,
    buyerId: driverId,
    currency,
    totalMinor: Number(grossMinor),
  })

/** Undefined where nothing is due. Lines say what was booked to the cent, so each is one of something. */
function draftFor(
  seller: Seller,
  buyer: Party,
  charges: readonly Charge[],
  terms: ReadonlyMap<string, TariffTerms>,
  { language, at }: { language: 'en' | 'de'; at: Date },
): InvoiceDraft | undefined {
  const due = charges.filter(({ totalMinor }) => totalMinor > 0n)
  const [first] = due
  if (!first) return undefined
  const days = due.flatMap(charge => [dayOf(charge.startedAt, charge), dayOf(charge.endedAt!, charge)]).toSorted()
  // Taxes that were rounded for each session are not those of their sum: then what was booked with tax is invoiced.
  const isTaxIncluded = due.length > 1 || terms.get(first.sessionId)!.taxIncluded
  return {
    cause: causeOf(due),
    seller: {
      id: seller.ownerId,
      name: seller.name,
      ...seller.address,
      taxId: seller.taxId ?? undefined,
      taxNumber: seller.taxNumber ?? undefined,
    },
    buyer,
    currency: first.currency!,
    language,
    prices: isTaxIncluded ? 'gross' : 'net',
    rounding: seller.rounding,
    at,
    timeZone: first.place!.timeZone,
    suppliedFrom: days[0]!,
    suppliedTo: days.at(-1)!,
    prepaidMinor: due.reduce((sum, { totalMinor, owedMinor }) => sum + totalMinor - owedMinor, 0n),
    lines: due.flatMap(charge => linesOf(charge, isTaxIncluded, language)),
  }
}

/** What is on it, in a word. */
function causeOf(charges: readonly Charge[]): string {
  const all = charges.map(({ sessionId, revision }) => `session ${sessionId} ${revision}`)
  return all.length === 1 ? all[0]! : `sessions ${createHash('sha256').update(all.join('\n')).digest('hex')}`
}

const dayOf = (at: Date, { place }: Charge): string => dayAt(at, { country: '', timeZone: place!.timeZone })

const words = {
  en: {
    ENERGY: 'Energy',
    TIME: 'Time',
    PARKING_TIME: 'Parking',
    FLAT: 'Session',
    MINIMUM: 'Up to the least',
    MAXIMUM: 'Down to the most',
  },
  de: {
    ENERGY: 'Strom',
    TIME: 'Ladezeit',
    PARKING_TIME: 'Standzeit',
    FLAT: 'Ladevorgang',
    MINIMUM: 'Bis zum Mindestpreis',
    MAXIMUM: 'Bis zum Höchstpreis',
  },
}

function linesOf(charge: Charge, isTaxIncluded: boolean, language: 'en' | 'de'): DraftLine[] {
  const { lines, currency, taxIncluded, totalMinor } = charge.price as Static<typeof PriceView>
  const { treatment } = charge.taxed!
  const amounts = lines.map(({ amountMinor }) => BigInt(amountMinor))
  if (isTaxIncluded && !taxIncluded) {
    const withTax = exact(charge.totalMinor).div(exact(BigInt(totalMinor)))
    for (const [index, minor] of amounts.entries()) amounts[index] = toWhole(exact(minor).mul(withTax))
    amounts[amounts.length - 1]! += charge.totalMinor - amounts.reduce((sum, minor) => sum + minor, 0n)
  }
  const number = new Intl.NumberFormat(language, { maximumFractionDigits: 3 })
  const amount = {
    ENERGY: [1000, 'kWh'],
    TIME: [3600, 'h'],
    PARKING_TIME: [3600, 'h'],
    FLAT: [1, ''],
    MINIMUM: [1, ''],
    MAXIMUM: [1, ''],
  } as const
  return lines.map(({ type, price, quantity }, index) => {
    const [per, unit] = amount[type]
    return {
      name: words[language][type],
      description: `${number.format(quantity / per)}${unit && ` ${unit}`} × ${price} ${currency}, ${charge.chargerId}`,
      quantity: '1',
      unit: 'C62',
      price: decimalOf({ minor: amounts[index]!, currency }),
      treatment,
      item: charge.sessionId,
      from: dayOf(charge.startedAt, charge),
      to: dayOf(charge.endedAt!, charge),
    }
  })
}

/** As the account is called; somebody who is gone has no name. */
async function nameOf({ ask }: BillingHost, driverId: string): Promise<string> {
  try {
    return (await ask(getPerson, { userId: driverId })).name
  } catch (error) {
    if (error instanceof Problem && error.code === 'user_unknown') return driverId
    throw error
  }
}
