import { createHash } from 'node:crypto'
import type { Static } from 'typebox'
import type { TariffTerms } from '#contracts/billing'
import { getPerson } from '#contracts/identity'
import type { Owner } from '#contracts/shared'
import { Problem, type Tx } from '#kernel'
import { decimalOf, exact, shown, toWhole } from '#money/amount'
import { credit, findInvoice, issue, type DraftLine, type InvoiceDraft, type Party } from '#money/invoices'
import { dayAt } from '#money/tax'
import type { BillingHost } from '../host.ts'
import { findCharge, lockCharges, type Charge } from '../charges/store.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { findSeller, type Seller } from '../sellers/sellers.ts'
import { codesOf, findCompany } from '../companies/store.ts'
import type { PriceView } from '../quotes/routes.ts'
import { termsOf } from '../tariffs/store.ts'
import { creditOnInvoice } from '../credits/crediting.ts'
import { findFee, itemOf, lineOf, lockFees, type BookedFee } from './fee-lines.ts'
import { tellInvoice } from './telling.ts'
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
  await invoiceTogether(host, charge.seller.id, charge.bookedOn, { charges: [charge] })
}

const cardPayment = { en: 'Card payment', de: 'Kartenzahlung' }

/** Who paid by card and has no account has an invoice once it is paid; by no name, as nobody asked for one. */
async function invoiceVisit(host: BillingHost, charge: Charge, sellerId: string): Promise<void> {
  const visit = await findVisit(host.db, { sessionId: charge.sessionId })
  if (!visit || (visit.capturedMinor === 0n && charge.invoiceId === null)) return
  const { id, language } = visit
  const stranger = { name: cardPayment[language], language }
  await invoiceTogether(host, sellerId, { kind: 'person', id }, { charges: [charge] }, stranger)
}

/** The invoice of what a booking cost, for who wants one each time; it is taken back where that was given back. */
export async function invoiceFee(host: BillingHost, feeId: string): Promise<void> {
  const { db, now } = host
  const fee = await findFee(db, feeId)
  if (!fee?.treatment) return
  const buyer: Owner = { kind: 'person', id: fee.driverId }
  const isEach = (await findInvoicing(db, fee.driverId)).every === 'session'
  if (fee.state === 'booked' && !fee.invoiceId && isEach)
    return await invoiceTogether(host, fee.sellerId, buyer, { fees: [fee] })
  if (fee.state !== 'given-back' || !fee.invoiceId) return
  await db.transaction(async tx => {
    const { lines, currency } = (await findInvoice(tx, fee.invoiceId!))!
    const issued = await credit(tx, {
      cause: `booking-fee ${feeId} given back`,
      invoice: fee.invoiceId!,
      lines: lines.filter(({ item }) => item === itemOf(fee)).map(({ position }) => ({ position })),
      reason: { en: 'Nothing is due for the booking', de: 'Für die Buchung ist nichts fällig' }[
        await languageOf(tx, fee)
      ],
      at: now(),
      timeZone: fee.timeZone,
    })
    if (issued.isNew) await tellInvoice(tx, issued, { sellerId: fee.sellerId, buyer, currency })
  })
}

const languageOf = async (tx: Tx, { driverId }: BookedFee) => (await findInvoicing(tx, driverId)).language

/** What goes on one invoice. */
export interface Invoiced {
  readonly charges?: readonly Charge[]
  readonly fees?: readonly BookedFee[]
}

/** One invoice of a seller to a driver or a company for all of this. */
export async function invoiceTogether(
  host: BillingHost,
  sellerId: string,
  buyer: Owner,
  { charges = [], fees = [] }: Invoiced,
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
    const locked = await lockCharges(
      tx,
      charges.map(({ sessionId }) => sessionId),
    )
    // Who pays may be another since it was looked for.
    const due = locked.filter(
      ({ state, taxed, invoicedRevision, revision, bookedOn }) =>
        state === 'charged' && taxed && invoicedRevision < revision && (stranger || bookedOn?.id === buyer.id),
    )
    const dueFees = fees.length > 0 ? await lockFees(tx, fees) : []
    for (const charge of due) if (charge.invoiceId) await takeBack(tx, charge, now())
    // Who asked for no tax by their number has it on the invoice, whatever they have said since.
    const taxId = due.find(({ taxed }) => taxed!.buyerTaxId !== null)?.taxed!.buyerTaxId ?? to.party.taxId
    const party = { id: buyer.id, country: seller.address.country, ...to.party, taxId }
    const centres = await codesOf(
      tx,
      due.flatMap(({ costCentreId }) => costCentreId ?? []),
    )
    const draft = draftFor({ seller, buyer: party, to, terms, centres, at: now() }, due, dueFees)
    const issued = draft && (await issue(tx, draft))
    const invoiceId = issued?.id ?? null
    await tx`
      update charges set invoiced_revision = revision, invoice_id = ${invoiceId}
      where session_id = any(${due.map(({ sessionId }) => sessionId)}::uuid[])`
    if (dueFees.length > 0)
      await tx`
        update booking_fees set invoice_id = ${invoiceId}
        where fee_id = any(${dueFees.map(({ feeId }) => feeId)}::uuid[])`
    if (!issued?.isNew) return
    await tellInvoice(tx, issued, { sellerId, buyer, currency: draft!.currency })
    await creditOnInvoice(
      host,
      tx,
      due.map(charge => ({ ...charge, invoiceId: issued.id })),
    )
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
  }).catch((error: unknown) => {
    // All of it was given back by hand before.
    if (error instanceof Problem && error.code === 'credit_nothing_left') return undefined
    throw error
  })
  if (!issued?.isNew) return
  const kind = (await findCompany(tx, buyer.id!)) ? 'organisation' : 'person'
  await tellInvoice(tx, issued, { sellerId: seller.id, buyer: { kind, id: buyer.id! }, currency })
}

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
  fees: readonly BookedFee[],
): InvoiceDraft | undefined {
  const codeOf = ({ costCentreId }: Charge) => (costCentreId ? centres.get(costCentreId)?.code : undefined)
  const due = charges
    .filter(({ totalMinor }) => totalMinor > 0n)
    .toSorted((a, b) => (codeOf(a) ?? '\uffff').localeCompare(codeOf(b) ?? '\uffff', 'en', { numeric: true }))
  const [first] = [...due, ...fees]
  if (!first) return undefined
  const timeZone = 'feeId' in first ? first.timeZone : first.place!.timeZone
  const days = [
    ...due.flatMap(charge => [dayOf(charge.startedAt, charge), dayOf(charge.endedAt!, charge)]),
    ...fees.map(feeDay),
  ].toSorted()
  // Taxes that were rounded for each session are not those of their sum: then what was booked with tax is invoiced.
  const isTaxIncluded = due.length !== 1 || fees.length > 0 || terms.get(due[0]!.sessionId)!.taxIncluded
  const { language, buyerReference, dueInDays } = to
  return {
    cause: causeOf(due, fees),
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
    timeZone,
    suppliedFrom: days[0]!,
    suppliedTo: days.at(-1)!,
    prepaidMinor: [...due, ...fees].reduce((sum, { totalMinor, owedMinor }) => sum + totalMinor - owedMinor, 0n),
    ...(due.some(({ onAccount }) => onAccount) && { payment: { means: 'transfer' }, dueInDays }),
    note: centresIn(due, centres, language),
    lines: [
      ...due.flatMap(charge =>
        linesOf(charge, isTaxIncluded, language).map(line => ({ ...line, costCentre: codeOf(charge) })),
      ),
      ...fees.map(fee => lineOf(fee, feeDay(fee), language)),
    ],
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
function causeOf(charges: readonly Charge[], fees: readonly BookedFee[]): string {
  const all = [...charges.map(({ sessionId, revision }) => `session ${sessionId} ${revision}`), ...fees.map(itemOf)]
  return all.length === 1 ? all[0]! : `sessions ${createHash('sha256').update(all.join('\n')).digest('hex')}`
}

const feeDay = ({ askedAt, timeZone }: BookedFee): string => dayAt(askedAt, { country: '', timeZone })

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
