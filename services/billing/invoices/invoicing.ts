import { createHash } from 'node:crypto'
import type { Static } from 'typebox'
import { getPerson } from '#contracts/identity'
import type { Owner } from '#contracts/shared'
import { Problem, type Tx } from '#kernel'
import { decimalOf, exact, shown, toWhole } from '#money/amount'
import { credit, findInvoice, issueMany, type DraftLine, type InvoiceDraft, type Party } from '#money/invoices'
import { dayAt } from '#money/tax'
import type { BillingHost } from '../host.ts'
import { findCharge, lockCharges, type Charge } from '../charges/store.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { findSeller, type Seller } from '../sellers/sellers.ts'
import { codesOf, findCompany } from '../companies/store.ts'
import type { PriceView } from '../quotes/routes.ts'
import { creditOnInvoice } from '../credits/crediting.ts'
import { findFee, itemOf, lineOf, lockFees, type BookedFee } from './fee-lines.ts'
import { tellInvoice } from './telling.ts'
import { findInvoicing, listInvoicing, type Invoicing } from './wishes.ts'

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
  await invoiceMany(host, charge.seller.id, [{ buyer: charge.bookedOn, charges: [charge] }])
}

const cardPayment = { en: 'Card payment', de: 'Kartenzahlung' }

/** Who paid by card and has no account has an invoice once it is paid; by no name, as nobody asked for one. */
async function invoiceVisit(host: BillingHost, charge: Charge, sellerId: string): Promise<void> {
  const visit = await findVisit(host.db, { sessionId: charge.sessionId })
  if (!visit || (visit.capturedMinor === 0n && charge.invoiceId === null)) return
  const { id, language } = visit
  const stranger = { party: { name: cardPayment[language] }, language }
  await invoiceMany(host, sellerId, [{ buyer: { kind: 'person', id }, charges: [charge], stranger }])
}

/** The invoice of what a booking cost, for who wants one each time; it is taken back where that was given back. */
export async function invoiceFee(host: BillingHost, feeId: string): Promise<void> {
  const { db, now } = host
  const fee = await findFee(db, feeId)
  if (!fee?.treatment) return
  const buyer: Owner = { kind: 'person', id: fee.driverId }
  const isEach = (await findInvoicing(db, fee.driverId)).every === 'session'
  if (fee.state === 'booked' && !fee.invoiceId && isEach)
    return await invoiceMany(host, fee.sellerId, [{ buyer, fees: [fee] }])
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

/** What goes on one invoice of a driver, a company, or somebody whom nobody knows. */
export interface Invoiced {
  readonly buyer: Owner
  readonly charges?: readonly Charge[]
  readonly fees?: readonly BookedFee[]
  readonly stranger?: Buyer
}

/** Invoices of a seller, in one transaction: the numbers are theirs alone until it ends. */
export async function invoiceMany(host: BillingHost, sellerId: string, all: readonly Invoiced[]): Promise<void> {
  const { db, now } = host
  const seller = await findSeller(db, sellerId)
  if (!seller) return
  const buyers = await buyersOf(host, sellerId, all)
  await db.transaction(async tx => {
    const charges = await lockCharges(
      tx,
      all.flatMap(({ charges = [] }) => charges.map(({ sessionId }) => sessionId)),
    )
    const byId = new Map(charges.map(charge => [charge.sessionId, charge]))
    const fees = all.flatMap(({ fees = [] }) => fees)
    const feesById = new Map((fees.length > 0 ? await lockFees(tx, fees) : []).map(fee => [fee.feeId, fee]))
    const centreIds = charges.flatMap(({ costCentreId }) => costCentreId ?? [])
    const centres = centreIds.length > 0 ? await codesOf(tx, centreIds) : new Map()
    const parts = all.map(({ buyer, stranger, charges = [], fees = [] }, at) => {
      // Who pays may be another since it was looked for.
      const due = charges
        .flatMap(({ sessionId }) => byId.get(sessionId) ?? [])
        .filter(
          ({ state, taxed, invoicedRevision, revision, bookedOn }) =>
            state === 'charged' && taxed && invoicedRevision < revision && (stranger || bookedOn?.id === buyer.id),
        )
      const dueFees = fees.flatMap(({ feeId }) => feesById.get(feeId) ?? [])
      const draft = draftFor({ seller, buyer, to: buyers[at]!, centres, at: now() }, due, dueFees)
      return { buyer, due, dueFees, draft }
    })
    for (const charge of parts.flatMap(({ due }) => due)) if (charge.invoiceId) await takeBack(tx, charge, now())
    const issued = new Map(
      (
        await issueMany(
          tx,
          parts.flatMap(({ draft }) => draft ?? []),
        )
      ).map(one => [one.cause, one]),
    )
    const on = parts.flatMap(({ due, draft }) => {
      const invoiceId = (draft && issued.get(draft.cause)!.id) ?? null
      return due.map(charge => ({ ...charge, invoiceId }))
    })
    await tx`
      update charges c set invoiced_revision = revision, invoice_id = i.invoice_id
      from unnest(${on.map(({ sessionId }) => sessionId)}::uuid[], ${on.map(({ invoiceId }) => invoiceId)}::uuid[])
        as i (session_id, invoice_id)
      where c.session_id = i.session_id`
    for (const { dueFees, draft } of parts)
      if (dueFees.length > 0)
        await tx`
          update booking_fees set invoice_id = ${draft ? issued.get(draft.cause)!.id : null}
          where fee_id = any(${dueFees.map(({ feeId }) => feeId)}::uuid[])`
    for (const { buyer, draft } of parts) {
      const one = draft && issued.get(draft.cause)!
      if (one?.isNew) await tellInvoice(tx, one, { sellerId, buyer, currency: draft!.currency })
    }
    await creditOnInvoice(host, tx, on)
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

async function buyersOf(host: BillingHost, sellerId: string, all: readonly Invoiced[]): Promise<Buyer[]> {
  const people = all.flatMap(({ buyer, stranger }) => (buyer.kind === 'person' && !stranger ? [buyer.id] : []))
  const wishes = people.length > 0 ? await listInvoicing(host.db, people) : new Map()
  return await Promise.all(
    all.map(
      ({ buyer: { kind, id }, stranger }) =>
        stranger ?? (kind === 'person' ? personOf(host, id, wishes.get(id)!) : companyOf(host, id, sellerId)),
    ),
  )
}

async function personOf(host: BillingHost, id: string, { party, language }: Invoicing): Promise<Buyer> {
  return { party: { ...party, name: party?.name ?? (await nameOf(host, id)), taxId: party?.taxId?.number }, language }
}

async function companyOf({ db }: BillingHost, id: string, sellerId: string): Promise<Buyer> {
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
  readonly buyer: Owner
  readonly to: Buyer
  readonly centres: ReadonlyMap<string, { readonly code: string; readonly name: string }>
  readonly at: Date
}

/**
 * Undefined where nothing is due. Lines say what was booked to the cent, so each is one of something; those of a cost
 * centre stand together.
 */
function draftFor(
  { seller, buyer, to, centres, at }: Draft,
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
  const isTaxIncluded = due.length !== 1 || fees.length > 0 || priceOf(due[0]!).taxIncluded
  const { language, buyerReference, dueInDays } = to
  // Who asked for no tax by their number has it on the invoice, whatever they have said since.
  const taxId = charges.find(({ taxed }) => taxed!.buyerTaxId !== null)?.taxed!.buyerTaxId ?? to.party.taxId
  return {
    cause: causeOf(due, fees),
    seller: {
      id: seller.ownerId,
      name: seller.name,
      ...seller.address,
      taxId: seller.taxId ?? undefined,
      taxNumber: seller.taxNumber ?? undefined,
    },
    buyer: { id: buyer.id, country: seller.address.country, ...to.party, taxId },
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

// Each takes longer to make than all that is written with it.
const numbers = {
  en: new Intl.NumberFormat('en', { maximumFractionDigits: 3 }),
  de: new Intl.NumberFormat('de', { maximumFractionDigits: 3 }),
}

const priceOf = ({ price }: Charge) => price as Static<typeof PriceView>

function linesOf(charge: Charge, isTaxIncluded: boolean, language: 'en' | 'de'): DraftLine[] {
  const { lines, currency, taxIncluded, totalMinor } = priceOf(charge)
  const { treatment } = charge.taxed!
  const amounts = lines.map(({ amountMinor }) => BigInt(amountMinor))
  if (isTaxIncluded && !taxIncluded) {
    const withTax = exact(charge.totalMinor).div(exact(BigInt(totalMinor)))
    for (const [index, minor] of amounts.entries()) amounts[index] = toWhole(exact(minor).mul(withTax))
    amounts[amounts.length - 1]! += charge.totalMinor - amounts.reduce((sum, minor) => sum + minor, 0n)
  }
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
      description: `${numbers[language].format(quantity / per)}${unit && ` ${unit}`} × ${price} ${currency}, ${charge.chargerId}`,
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
