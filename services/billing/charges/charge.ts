import { ChargeUnpaid, SessionCharged, type TariffTerms } from '#contracts/billing'
import { getSessionCourse } from '#contracts/sessions'
import type { Owner } from '#contracts/shared'
import { getStation } from '#contracts/stations'
import { Problem, type Tx } from '#kernel'
import { exact, type Exact } from '#money/amount'
import { hold, post, release, releaseExpired, type Transfer } from '#money/ledger'
import { watchBudget } from '../companies/budgets.ts'
import { payerOf, type Payer } from '../companies/payer.ts'
import { creditedOf, listCredits } from '../credits/store.ts'
import type { BillingHost } from '../host.ts'
import { priceWithin } from '../ad-hoc/price.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { mostFor } from '../ad-hoc/visits.ts'
import { agreedAt, viewPrice } from '../quotes/routes.ts'
import { taxOf } from '../sellers/sellers.ts'
import { isBookable, priceOf, type Price } from '#money/tariff-price'
import { termsOf } from '../tariffs/store.ts'
import { accounts, judge, lockDriver, payDebts } from '../wallets/accounts.ts'
import { watchBalance } from '../wallets/low.ts'
import { noteSettled } from '../wallets/owed.ts'
import { isSamePayer, moved, purseOf } from './purses.ts'
import {
  findCharge,
  lockCharge,
  setAgreement,
  setCharged,
  setFree,
  setPayer,
  setRefused,
  stationOf,
  type Agreement,
  type Charge,
  type ChargePlace,
} from './store.ts'

/** Longer than any session lasts; what is held then is given back. */
const holdLastsMs = 30 * 24 * 3_600_000

/** So long a session waits until somebody knows the station it was at. */
const nowhereMs = 24 * 3_600_000

/** By which terms a session costs, fixed at its begin, and money for it kept as far as there is any. */
export async function agree(host: BillingHost, sessionId: string): Promise<Charge | undefined> {
  const { db, now, settings } = host
  const charge = await findCharge(db, sessionId)
  if (!charge || charge.agreedAt) return charge
  const agreement = await agreementFor(host, charge)
  // A charger that is new has a station a moment later.
  if (!agreement) return charge
  await db.transaction(async tx => {
    await setAgreement(tx, sessionId, agreement, now())
    const agreed = (await lockCharge(tx, sessionId))!
    const payer = await payerOf(tx, agreed)
    await setPayer(tx, sessionId, payer)
    if (!payer || payer.onAccount || !agreed.tariffId || agreed.state !== 'running') return
    const terms = (await termsOf(tx, agreed.tariffId, agreed.version!))!
    await holdFor(tx, agreed, payer, terms, exact(settings.BILLING_HOLD_KWH), now())
  })
  return await findCharge(db, sessionId)
}

/** As much as a usual session would cost there and then with its tax, or what there is. */
async function holdFor(tx: Tx, agreed: Charge, payer: Payer, terms: TariffTerms, kWh: Exact, at: Date) {
  const { sessionId, startedAt } = agreed
  const endedAt = new Date(startedAt.getTime() + 3_600_000)
  const course = [
    { at: startedAt.getTime(), energyWh: 0 },
    { at: endedAt.getTime(), energyWh: Number(kWh.mul(1000).round(0)) },
  ]
  const price = priceOf(terms, course, agreed.place!.timeZone)
  const { netMinor, taxMinor } = await taxOf(tx, { ...agreed, endedAt }, { terms, price, payer }).catch(
    (error: unknown) => {
      // A session goes on where its tax cannot be told yet.
      if (error instanceof Problem) return { netMinor: price.totalMinor, taxMinor: 0n }
      throw error
    },
  )
  const totalMinor = netMinor + taxMinor
  if (totalMinor === 0n) return
  const { owner } = payer
  await lockDriver(tx, owner)
  const account = await accounts.wallet(tx, owner, price.currency)
  const wanted = { id: sessionId, account, at, expiresAt: new Date(at.getTime() + holdLastsMs) }
  const { missing } = await hold(tx, { ...wanted, minor: totalMinor })
  if (missing > 0n && totalMinor > missing) await hold(tx, { ...wanted, minor: totalMinor - missing })
}

/** Undefined where nobody knows the station (yet). */
async function agreementFor(host: BillingHost, charge: Charge): Promise<Agreement | undefined> {
  const { ask, db } = host
  const { seller, chargerId, driverId, startedAt, evse, connector } = charge
  // By its id a station is known though it is gone since.
  const stationId = charge.stationId ?? (await stationOf(db, chargerId))
  const station = await ask(getStation, stationId ? { stationId } : { chargerId }).catch((error: unknown) => {
    if (error instanceof Problem && error.code === 'station_unknown') return undefined
    throw error
  })
  const ownerId = seller?.id ?? station?.owner?.id
  if (!station) return undefined
  const { stationId: id, owner } = station
  const free: Agreement = { stationId: id, owner, tariffId: null, version: null, quoteId: null, place: null }
  if (!ownerId) return free
  const place: ChargePlace = {
    timeZone: station.timeZone ?? 'UTC',
    country: station.country,
    region: station.region,
  }
  const visit = driverId ? undefined : await findVisit(db, { sessionId: charge.sessionId })
  // What it costs was said before it was paid.
  if (visit?.seller.id === ownerId)
    return { ...free, tariffId: visit.tariffId, version: visit.version, place: visit.place }
  const agreed = await agreedAt(db, { ownerId, stationId: station.stationId, evse, connector, driverId }, startedAt)
  if (!agreed) return { ...free, place }
  const { tariffId, version, quoteId } = agreed
  return { ...free, tariffId, version, quoteId, place }
}

/** What is to happen once a session is booked; nothing is due of one that is free or was given back. */
export type Booked = (tx: Tx<'billing'>, charge: Charge, dueMinor: bigint) => Promise<void>

/** Books what a session that is over costs, or what it costs otherwise than it was booked before. */
export async function charge(host: BillingHost, sessionId: string, booked: Booked): Promise<void> {
  const { db, ask, log, now, settings } = host
  const agreed = await agree(host, sessionId)
  if (agreed?.state !== 'due') return
  const isYoung = now().getTime() - agreed.toldAt.getTime() < nowhereMs
  if (!agreed.agreedAt && isYoung) return
  if (!agreed.tariffId || !agreed.seller)
    return await db.transaction(async tx => {
      await setFree(tx, sessionId)
      await release(tx, sessionId, now())
      await booked(tx, agreed, 0n)
    })
  const terms = (await termsOf(db, agreed.tariffId, agreed.version!))!
  const { course, startedAt, endedAt, energyWh } = await ask(getSessionCourse, { sessionId })
  const isAsTold =
    endedAt !== null &&
    Date.parse(endedAt) === agreed.endedAt!.getTime() &&
    Date.parse(startedAt) === agreed.startedAt.getTime() &&
    BigInt(energyWh) === agreed.energyWh
  // It goes on, or ended otherwise than was told here: that is told next, and leads here again.
  if (!isAsTold) return
  const visit = agreed.driverId ? undefined : await findVisit(db, { sessionId })
  const moments = course.map(({ at, energyWh }) => ({ at: Date.parse(at), energyWh }))
  const most = visit && mostFor(visit, agreed.energyWh)
  await db.transaction(async tx => {
    // Whose money it is comes first, as for whoever pays what they owe for sessions.
    for (const who of payersOf(await payerOf(tx, agreed), agreed.bookedOn)) await lockDriver(tx, who)
    const before = (await lockCharge(tx, sessionId))!
    const isAsBefore =
      before.toldAt.getTime() === agreed.toldAt.getTime() &&
      before.endedAt?.getTime() === agreed.endedAt!.getTime() &&
      before.energyWh === agreed.energyWh &&
      before.driverId === agreed.driverId
    // What changed meanwhile is asked for by another job.
    if (before.state !== 'due' || !isAsBefore) return
    const payer = await payerOf(tx, before)
    const { price, tax } = await priceWithin(tx, { ...before, payer }, terms, moments, most)
    if (!isBookable(price, tax.netMinor + tax.taxMinor)) {
      const { tariffId, version } = agreed
      log.error({ sessionId, tariffId, version }, 'a session would cost more than can be booked')
      await setRefused(tx, agreed)
      await release(tx, sessionId, now())
      return
    }
    await setPayer(tx, sessionId, payer)
    const dueMinor = await book(tx, before, { price, terms, payer, ...tax }, now())
    for (const id of new Set([before.costCentreId, payer?.costCentreId ?? null]))
      if (id) await watchBudget(tx, id, before.endedAt!)
    await booked(tx, before, dueMinor)
    for (const who of payersOf(payer, before.bookedOn)) await judge(tx, who, settings, now())
    if (payer?.owner.kind !== 'person') return
    const fell = { driverId: payer.owner.id, currency: price.currency, fell: true, at: now() }
    await watchBalance(tx, fell, settings.BILLING_LOW_BALANCE_MINOR)
  })
}

interface Due {
  readonly price: Price
  readonly terms: TariffTerms
  /** Undefined while nobody is known. */
  readonly payer: Payer | undefined
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly taxed: Charge['taxed']
}

/** Who pays and who did, in the order in which all lock them. */
const payersOf = (payer: Payer | undefined, former: Owner | null): Owner[] =>
  [...new Map([payer?.owner, former].flatMap(who => (who ? [[who.id, who] as const] : []))).values()].toSorted((a, b) =>
    a.id < b.id ? -1 : 1,
  )

/**
 * What is due more than before is taken from the wallet, then owed; what is less pays debts, then goes into the wallet.
 * Where another pays than before, the one has all of it back and the other is asked for all of it. What was given back by
 * hand is not given back once more: it counts up to what the session costs. Resolves with what is due then.
 */
async function book(tx: Tx<'billing'>, before: Charge, due: Due, at: Date): Promise<bigint> {
  const { price, payer, netMinor, taxMinor, taxed } = due
  const { sessionId } = before
  const seller = before.seller!
  const { currency } = price
  const totalMinor = netMinor + taxMinor
  const revision = before.revision + 1
  const payers = payersOf(payer, before.bookedOn)
  for (const who of payers) await lockDriver(tx, who)
  const [sales, taxes] = [await accounts.sales(tx, seller, currency), await accounts.tax(tx, seller, currency)]
  const purse = await purseOf(tx, payer, seller, currency)
  const former = { owner: before.bookedOn, onAccount: before.onAccount }
  const isSame = before.revision === 0 || isSamePayer(payer, former)
  const old = isSame ? purse : await purseOf(tx, former, seller, currency)
  const credited = creditedOf({ totalMinor, taxMinor }, await listCredits(tx, [sessionId]))
  const transfers = moved(
    [
      { account: sales, wasMinor: before.netMinor - before.creditedNetMinor, isMinor: netMinor - credited.netMinor },
      { account: taxes, wasMinor: before.taxMinor - before.creditedTaxMinor, isMinor: taxMinor - credited.taxMinor },
    ],
    old,
    purse,
  )
  const kind = revision === 1 ? 'session' : `session-correction-${revision}`
  const about = { sessionId, chargerId: before.chargerId, energyWh: Number(before.energyWh) }
  const posted = await post(tx, { cause: sessionId, kind, at, about, transfers, settles: [sessionId] })
  if (posted.outcome === 'short') throw new Error(`${kind} of ${sessionId} is not covered`)
  const made = posted.outcome === 'posted' ? posted.transfers : []
  const given = sumOf(made, transfer => transfer.to === old.debt)
  const ownGiven = given < before.owedMinor ? given : before.owedMinor
  const owed = (isSame ? before.owedMinor - ownGiven : 0n) + sumOf(made, ({ from }) => from === purse.debt)
  // What is paid by invoice is owed until then.
  const owedMinor = payer?.onAccount ? totalMinor : owed
  await setCharged(tx, {
    sessionId,
    revision,
    price: viewPrice(price, due.terms),
    taxed,
    currency,
    netMinor,
    taxMinor,
    totalMinor,
    owedMinor,
    creditedNetMinor: credited.netMinor,
    creditedTaxMinor: credited.taxMinor,
    chargedAt: at,
    bookedOn: payer?.owner ?? null,
    onAccount: payer?.onAccount ?? false,
  })
  const cause = `${kind} ${sessionId}`
  if (former.owner) await noteSettled(tx, { driverId: former.owner.id, currency, minor: given - ownGiven, cause, at })
  for (const who of payers)
    await payDebts(tx, who, currency, {
      id: sessionId,
      kind: who.id === payer?.owner.id ? kind : `${kind}-former`,
      at,
    })
  await tell(tx, before, { revision, payer, currency, netMinor, taxMinor, totalMinor, owedMinor }, at)
  return totalMinor - credited.netMinor - credited.taxMinor
}

const sumOf = (made: readonly Transfer[], counts: (transfer: Transfer) => boolean): bigint =>
  made.filter(counts).reduce((all, { minor }) => all + minor, 0n)

async function tell(
  tx: Tx<'billing'>,
  before: Charge,
  booked: Pick<Due, 'payer' | 'netMinor' | 'taxMinor'> & {
    revision: number
    currency: string
    totalMinor: bigint
    owedMinor: bigint
  },
  at: Date,
): Promise<void> {
  const { sessionId, chargerId, driverId } = before
  const { revision, payer, currency, netMinor, taxMinor, totalMinor, owedMinor } = booked
  await tx.publish(SessionCharged, {
    sessionId,
    revision,
    chargerId,
    stationId: before.stationId,
    evse: before.evse,
    connector: before.connector,
    seller: before.seller!,
    driverId,
    companyId: payer?.companyId ?? null,
    costCentreId: payer?.costCentreId ?? null,
    tariffId: before.tariffId,
    energyWh: Number(before.energyWh),
    startedAt: before.startedAt.toISOString(),
    endedAt: before.endedAt!.toISOString(),
    currency,
    netMinor: Number(netMinor),
    taxMinor: Number(taxMinor),
    totalMinor: Number(totalMinor),
    owedMinor: Number(owedMinor),
    at: at.toISOString(),
  })
  if (payer?.owner.kind === 'person' && owedMinor > before.owedMinor)
    await tx.publish(ChargeUnpaid, {
      sessionId,
      revision,
      chargerId,
      driverId: payer.owner.id,
      currency,
      totalMinor: Number(totalMinor),
      owedMinor: Number(owedMinor),
      at: at.toISOString(),
    })
}

/** What was kept for sessions whose end nobody ever told is there again, for debts first. */
export async function giveBackHeld({ db, now, settings }: BillingHost): Promise<void> {
  const at = now()
  await db.transaction(async tx => {
    const sessions = await releaseExpired(tx, at)
    const payers = await tx<{ sessionId: string; owner: Owner; currency: string }[]>`
      select h.id as "sessionId", json_build_object('kind', a.owner_kind, 'id', a.owner_id) as owner, a.currency
      from ledger_holds h join ledger_accounts a on a.id = h.account_id
      where h.id = any(${sessions}::uuid[]) order by a.owner_id, h.id`
    for (const { sessionId, owner, currency } of payers) {
      await lockDriver(tx, owner)
      await payDebts(tx, owner, currency, { id: sessionId, kind: 'hold-ended', at })
      await judge(tx, owner, settings, at)
    }
  })
}
