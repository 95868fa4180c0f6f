import { createHash } from 'node:crypto'
import type { Static } from 'typebox'
import { InvoiceIssued, type TariffTerms } from '#contracts/billing'
import { getPerson } from '#contracts/identity'
import type { Owner } from '#contracts/shared'
import { Problem, type Tx } from '#kernel'
import { decimalOf, exact, shown, toWhole } from '#money/amount'
import { credit, findInvoice, issue, type DraftLine, type InvoiceDraft, type Issued, type Party } from '#money/invoices'
import { dayAt } from '#money/tax'
import type { BillingHost } from '../host.ts'
import { findCharge, lockCharge, type Charge } from '../charges/store.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { findSeller, type Seller } from '../sellers/sellers.ts'
import { codesOf, findCompany } from '../companies/store.ts'
import type { PriceView } from '../quotes/routes.ts'
import { termsOf } from '../tariffs/store.ts'
import { findInvoicing } from './wishes.ts'

/** Issues the invoice of a session that is booked; of one that is booked otherwise now the one before is taken back. */
export async function invoiceSession(host: BillingHost, sessionId: string): Promise<void> {
  const charge = await findCharge(host.db, sessionId)
  // What was booked before it was said who sells stays without tax, and without an invoice.
  if (charge?.state !== 'charged' || !charge.seller || !charge.taxed) return
  if (!charge.driverId) return await invoiceVisit(host, charge, charge.seller.id)
  if (!charge.bookedOn) return
  const every = charge.companyId ? 'month' : (await findInvoicing(host.db, charge.driverId)).every
  // One that is on an invoice already does not wait for the end of another month.
  if (every === 'month' && charge.invoiceId === null) return
  await invoiceTogether(host, charge.seller.id, charge.bookedOn, [charge])
}

const cardPayment = { en: 'Card payment', de: 'Kartenzahlung' }

/** Who paid by card and has no account has an invoice once it is paid; by no name, as nobody asked for one. */
async function invoiceVisit(host: BillingHost, charge: Charge, sellerId: string): Promise<void> {
  const visit = await findVisit(host.db, { sessionId: charge.sessionId })
  if (!visit || (visit.capturedMinor === 0n && charge.invoiceId === null)) return
  const { id, language } = visit
  await invoiceTogether(host, sellerId, { kind: 'person', id }, [charge], { name: cardPayment[language], language })
}

/** One invoice of a seller to a driver or a company for all these sessions. */
export async function invoiceTogether(
  host: BillingHost,
  sellerId: string,
  buyer: Owner,
  charges: readonly Charge[],
  stranger?: { readonly name: string; readonly language: 'en' | 'de' },
): Promise<void> {
  const { db, now } = host
  const seller = await findSeller(db, sellerId)
  if (!seller) return
  const to: Buyer = stranger
    ? { party: { name: stranger.name }, language: stranger.language }
    : await buyerOf(host, buyer, sellerId)
  const terms = new Map<string, TariffTerms>()
  for (const { sessionId, tariffId, version } of charges)
    terms.set(sessionId, (await termsOf(db, tariffId!, version!))!)
  await db.transaction(async tx => {
    const due: Charge[] = []
    // In one order, as whoever wants the same waits for the others.
    for (const { sessionId } of charges.toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1))) {
      const locked = await lockCharge(tx, sessionId)
      const isDue = locked?.state === 'charged' && locked.taxed && locked.invoicedRevision < locked.revision
      // Who pays may be another since it was looked for.
      if (isDue && (stranger || locked.bookedOn?.id === buyer.id)) due.push(locked)
    }
    for (const charge of due) if (charge.invoiceId) await takeBack(tx, charge, now())
    // Who asked for no tax by their number has it on the invoice, whatever they have said since.
    const taxId = due.find(({ taxed }) => taxed!.buyerTaxId !== null)?.taxed!.buyerTaxId ?? to.party.taxId
    const party = { id: buyer.id, country: seller.address.country, ...to.party, taxId }
    const centres = await codesOf(
      tx,
      due.flatMap(({ costCentreId }) => costCentreId ?? []),
    )
    const draft = draftFor({ seller, buyer: party, to, terms, centres, at: now() }, due)
    const issued = draft && (await issue(tx, draft))
    for (const { sessionId } of due)
      await tx`
        update charges set invoiced_revision = revision, invoice_id = ${issued?.id ?? null}
        where session_id = ${sessionId}`
    if (issued?.isNew) await tell(tx, issued, { sellerId, buyer, currency: draft!.currency })
  })
}

/** What of an earlier invoice is of this session. */
async function takeBack(tx: Tx<'billing'>, { sessionId, revision, invoiceId, place }: Charge, at: Date) {
  const { lines, seller, buyer, currency } = (await findInvoice(tx, invoiceId!))!
  const issued = await credit(tx, {
    cause: `session ${sessionId} before ${revision}`,
    invoice: invoiceId!,
    lines: lines.filter(({ item }) => item === sessionId).map(({ position }) => ({ position })),
    reason: 'More is known of the session',
    at,
    timeZone: place!.timeZone,
  })
  if (!issued.isNew) return
  const kind = (await findCompany(tx, buyer.id!)) ? 'organisation' : 'person'
  await tell(tx, issued, { sellerId: seller.id, buyer: { kind, id: buyer.id! }, currency })
}

const tell = (
  tx: Tx<'billing'>,
  { id, kind, number, issuedOn, grossMinor }: Issued,
  { sellerId, buyer, currency }: { sellerId: string; buyer: Owner; currency: string },
) =>
  tx.publish(InvoiceIssued, {
    invoiceId: id,
    kind,
    number,
    issuedOn,
    sellerId,
    buyerId: buyer.id,
    buyer,
    currency,
    totalMinor: Number(grossMinor),
  })

/** As whom somebody is billed by a seller, and how they pay. */
interface Buyer {
  readonly party: Omit<Party, 'country'> & { readonly country?: string }
  readonly language: 'en' | 'de'
  readonly buyerReference?: string | undefined
  readonly dueInDays?: number | undefined
}

async function buyerOf(host: BillingHost, { kind, id }: Owner, sellerId: string): Promise<Buyer> {
  const { db } = host
  if (kind === 'person') {
    const { party, language } = await findInvoicing(db, id)
    const name = party ? party.name : await nameOf(host, id)
    return { party: { ...party, name, taxId: party?.taxId?.number }, language }
  }
  const [{ party, language, buyerReference }, [terms]] = await Promise.all([
    findCompany(db, id).then(company => company!),
    db<{ dueInDays: number }[]>`
      select due_in_days as "dueInDays" from company_terms where organisation_id = ${id} and seller_id = ${sellerId}`,
  ])
  return {
    party: { ...party, taxId: party.taxId?.number },
    language,
    buyerReference: buyerReference ?? undefined,
    dueInDays: terms?.dueInDays,
  }
}

interface Draft {
  readonly seller: Seller
  readonly buyer: Party
  readonly to: Buyer
  readonly terms: ReadonlyMap<string, TariffTerms>
  readonly centres: ReadonlyMap<string, { readonly code: string; readonly name: string }>
  readonly at: Date
}

/**
 * Undefined where nothing is due. Lines say what was booked to the cent, so each is one of something; those of a cost
 * centre stand together.
 */
function draftFor(
  { seller, buyer, to, terms, centres, at }: Draft,
  charges: readonly Charge[],
): InvoiceDraft | undefined {
  const codeOf = ({ costCentreId }: Charge) => (costCentreId ? centres.get(costCentreId)?.code : undefined)
  const due = charges
    .filter(({ totalMinor }) => totalMinor > 0n)
    .toSorted((a, b) => (codeOf(a) ?? '\uffff').localeCompare(codeOf(b) ?? '\uffff', 'en', { numeric: true }))
  const [first] = due
  if (!first) return undefined
  const days = due.flatMap(charge => [dayOf(charge.startedAt, charge), dayOf(charge.endedAt!, charge)]).toSorted()
  // Taxes that were rounded for each session are not those of their sum: then what was booked with tax is invoiced.
  const isTaxIncluded = due.length > 1 || terms.get(first.sessionId)!.taxIncluded
  const { language, buyerReference, dueInDays } = to
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
    buyerReference,
    currency: first.currency!,
    language,
    prices: isTaxIncluded ? 'gross' : 'net',
    rounding: seller.rounding,
    at,
    timeZone: first.place!.timeZone,
    suppliedFrom: days[0]!,
    suppliedTo: days.at(-1)!,
    prepaidMinor: due.reduce((sum, { totalMinor, owedMinor }) => sum + totalMinor - owedMinor, 0n),
    ...(due.some(({ onAccount }) => onAccount) && { payment: { means: 'transfer' }, dueInDays }),
    note: centresIn(due, centres, language),
    lines: due.flatMap(charge =>
      linesOf(charge, isTaxIncluded, language).map(line => ({ ...line, costCentre: codeOf(charge) })),
    ),
  }
}

/** What is due of each cost centre, in a line each. */
function centresIn(due: readonly Charge[], centres: Draft['centres'], language: 'en' | 'de'): string | undefined {
  const groups = [...Map.groupBy(due, ({ costCentreId }) => costCentreId)]
  if (groups.every(([id]) => id === null)) return undefined
  return groups
    .map(([id, charges]) => {
      const { code, name } = (id && centres.get(id)) || { code: language === 'en' ? 'None' : 'Keine', name: '' }
      const minor = charges.reduce((sum, { totalMinor }) => sum + totalMinor, 0n)
      const label = [language === 'en' ? 'Cost centre' : 'Kostenstelle', code, name].filter(Boolean).join(' ')
      return `${label}: ${shown({ minor, currency: charges[0]!.currency! }, language === 'en' ? 'en-GB' : 'de-DE')}`
    })
    .join('\n')
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
