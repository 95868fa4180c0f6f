import { ChargeUnpaid, SessionCharged, type TariffTerms } from '#contracts/billing'
import { getSessionCourse } from '#contracts/sessions'
import type { Owner } from '#contracts/shared'
import { getStation } from '#contracts/stations'
import { Problem, type Tx } from '#kernel'
import { exact, type Exact } from '#money/amount'
import { hold, post, release, releaseExpired, type Transfer } from '#money/ledger'
import type { BillingHost } from '../host.ts'
import { priceWithin } from '../ad-hoc/price.ts'
import { findVisit } from '../ad-hoc/store.ts'
import { mostFor } from '../ad-hoc/visits.ts'
import { agreedAt, viewPrice } from '../quotes/routes.ts'
import { isBookable, priceOf, type Price } from '../tariffs/price.ts'
import { termsOf } from '../tariffs/store.ts'
import { accounts, judge, lockDriver, owedBy, payDebts } from '../wallets/accounts.ts'
import { watchBalance } from '../wallets/low.ts'
import {
  findCharge,
  lockCharge,
  setAgreement,
  setCharged,
  setFree,
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
    if (!agreed.driverId || !agreed.tariffId || agreed.state !== 'running') return
    const terms = (await termsOf(tx, agreed.tariffId, agreed.version!))!
    await holdFor(tx, agreed.driverId, sessionId, terms, exact(settings.BILLING_HOLD_KWH), now())
  })
  return await findCharge(db, sessionId)
}

/** As much as a usual session would cost, or what there is. */
async function holdFor(tx: Tx, driverId: string, sessionId: string, terms: TariffTerms, kWh: Exact, at: Date) {
  const course = [
    { at: at.getTime(), energyWh: 0 },
    { at: at.getTime() + 3_600_000, energyWh: Number(kWh.mul(1000).round(0)) },
  ]
  const { totalMinor, currency } = priceOf(terms, course, 'UTC')
  if (totalMinor === 0n) return
  await lockDriver(tx, driverId)
  const account = await accounts.wallet(tx, driverId, currency)
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

/** What is to happen once a session is booked; of one that is free nothing is due. */
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
  const { price, tax } = await priceWithin(db, agreed, terms, moments, most)
  if (!isBookable(price, tax.netMinor + tax.taxMinor)) {
    const { tariffId, version } = agreed
    log.error({ sessionId, tariffId, version }, 'a session would cost more than can be booked')
    return await db.transaction(async tx => {
      await setRefused(tx, agreed)
      await release(tx, sessionId, now())
    })
  }
  await db.transaction(async tx => {
    const before = (await lockCharge(tx, sessionId))!
    const isAsBefore =
      before.toldAt.getTime() === agreed.toldAt.getTime() &&
      before.endedAt?.getTime() === agreed.endedAt!.getTime() &&
      before.energyWh === agreed.energyWh &&
      before.driverId === agreed.driverId
    // What changed meanwhile is asked for by another job.
    if (before.state !== 'due' || !isAsBefore) return
    await book(tx, before, { price, terms, ...tax }, now())
    await booked(tx, before, tax.netMinor + tax.taxMinor)
    const { driverId } = before
    if (!driverId) return
    await judge(tx, driverId, BigInt(settings.BILLING_DEBT_ALLOWED_MINOR), now())
    const fell = { driverId, currency: price.currency, fell: true, at: now() }
    await watchBalance(tx, fell, settings.BILLING_LOW_BALANCE_MINOR)
  })
}

interface Due {
  readonly price: Price
  readonly terms: TariffTerms
  readonly netMinor: bigint
  readonly taxMinor: bigint
  readonly taxed: Charge['taxed']
}

/** What is due more than before is taken from the wallet, then owed; what is less pays debts, then goes into the wallet. */
async function book(
  tx: Tx<'billing'>,
  before: Charge,
  { price, terms, netMinor, taxMinor, taxed }: Due,
  at: Date,
): Promise<void> {
  const { sessionId, driverId } = before
  const seller = before.seller!
  const { currency } = price
  const totalMinor = netMinor + taxMinor
  const revision = before.revision + 1
  const [sales, taxes] = [await accounts.sales(tx, seller, currency), await accounts.tax(tx, seller, currency)]
  if (driverId) await lockDriver(tx, driverId)
  const wallet = driverId
    ? await accounts.wallet(tx, driverId, currency)
    : await accounts.uncollected(tx, seller, currency)
  const debt = driverId ? await accounts.debt(tx, driverId, currency) : wallet
  let owed = driverId ? await owedBy(tx, driverId, currency) : 0n
  const transfers: Transfer[] = []
  // What was booked while nobody knew who charged is corrected there, and then asked of them as a whole.
  const nobodys = driverId && before.revision > 0 ? await uncollectedFor(tx, seller, currency, sessionId) : undefined
  const move = (to: string, minor: bigint): void => {
    if (nobodys && minor > 0n) transfers.push({ from: nobodys, to, minor })
    else if (nobodys && minor < 0n) transfers.push({ from: to, to: nobodys, minor: -minor })
    else if (minor > 0n) transfers.push({ from: wallet, to, minor, otherwise: debt })
    if (nobodys || minor >= 0n) return
    const paid = owed < -minor ? owed : -minor
    owed -= paid
    if (paid > 0n) transfers.push({ from: to, to: debt, minor: paid })
    if (-minor > paid) transfers.push({ from: to, to: wallet, minor: -minor - paid })
  }
  move(sales, netMinor - before.netMinor)
  move(taxes, taxMinor - before.taxMinor)
  if (nobodys && totalMinor > 0n) transfers.push({ from: wallet, to: nobodys, minor: totalMinor, otherwise: debt })
  const kind = revision === 1 ? 'session' : `session-correction-${revision}`
  const about = { sessionId, chargerId: before.chargerId, energyWh: Number(before.energyWh) }
  const posted = await post(tx, { cause: sessionId, kind, at, about, transfers, settles: [sessionId] })
  if (posted.outcome === 'short') throw new Error(`${kind} of ${sessionId} is not covered`)
  const made = posted.outcome === 'posted' ? posted.transfers : []
  const lent = made.filter(({ from }) => from === debt && debt !== wallet).reduce((sum, { minor }) => sum + minor, 0n)
  const paid = made.filter(({ to }) => to === debt && debt !== wallet).reduce((sum, { minor }) => sum + minor, 0n)
  const owedMinor = lent - paid > -before.owedMinor ? before.owedMinor + lent - paid : 0n
  if (driverId) await payDebts(tx, driverId, currency, { id: sessionId, kind, at })
  const shown = viewPrice(price, terms)
  await setCharged(tx, {
    sessionId,
    revision,
    price: shown,
    taxed,
    currency,
    netMinor,
    taxMinor,
    totalMinor,
    owedMinor,
    chargedAt: at,
  })
  await tx.publish(SessionCharged, {
    sessionId,
    revision,
    chargerId: before.chargerId,
    stationId: before.stationId,
    evse: before.evse,
    connector: before.connector,
    seller,
    driverId,
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
  if (driverId && owedMinor > before.owedMinor)
    await tx.publish(ChargeUnpaid, {
      sessionId,
      revision,
      chargerId: before.chargerId,
      driverId,
      currency,
      totalMinor: Number(totalMinor),
      owedMinor: Number(owedMinor),
      at: at.toISOString(),
    })
}

/** Where a session is booked that was nobody's then; undefined where it was somebody's, or was asked of them since. */
async function uncollectedFor(tx: Tx, seller: Owner, currency: string, sessionId: string): Promise<string | undefined> {
  const account = await accounts.uncollected(tx, seller, currency)
  const [row] = await tx<{ minor: bigint }[]>`
    select coalesce(sum(case when from_id = ${account} then minor else -minor end), 0)::bigint as minor
    from ledger_transfers where cause_id = ${sessionId} and ${account} in (from_id, to_id)`
  return row!.minor > 0n ? account : undefined
}

/** What was kept for sessions whose end nobody ever told is there again, for debts first. */
export async function giveBackHeld({ db, now, settings }: BillingHost): Promise<void> {
  const at = now()
  await db.transaction(async tx => {
    const sessions = await releaseExpired(tx, at)
    const drivers = await tx<{ sessionId: string; driverId: string; currency: string }[]>`
      select h.id as "sessionId", a.owner_id as "driverId", a.currency
      from ledger_holds h join ledger_accounts a on a.id = h.account_id
      where h.id = any(${sessions}::uuid[]) order by a.owner_id, h.id`
    for (const { sessionId, driverId, currency } of drivers) {
      await lockDriver(tx, driverId)
      await payDebts(tx, driverId, currency, { id: sessionId, kind: 'hold-ended', at })
      await judge(tx, driverId, BigInt(settings.BILLING_DEBT_ALLOWED_MINOR), at)
    }
  })
}
