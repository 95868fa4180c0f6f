import type { Static } from 'typebox'
import { getChargerTariffs, getPrices, getSessionCosts, type TariffTerms } from '#contracts/billing'
import { getSessionCourse } from '#contracts/sessions'
import { getStation } from '#contracts/stations'
import { Problem, type Db } from '#kernel'
import { decimalOf } from '#money/amount'
import { findCharge, stationOf, type Charge, type ChargePlace } from '../charges/store.ts'
import type { BillingHost } from '../host.ts'
import { payerOf } from '../companies/payer.ts'
import { findSeller, taxOf, treatmentOf } from '../sellers/sellers.ts'
import { priceOf } from '#money/tariff-price'
import { answerPrices, tariffAt, termsOf, type Place } from './store.ts'

/** What stations and chargers are told of prices and costs, so that they show it. */
export function answerPricing(host: BillingHost): void {
  const { ask, db, now } = host
  host.answer(getPrices, input => answerPrices(db, input))
  host.answer(getChargerTariffs, async ({ chargerId }) => {
    const stationId = await stationOf(db, chargerId)
    const station = await ask(getStation, stationId ? { stationId } : { chargerId }).catch(unlessUnknown)
    if (!station?.owner || station.deleted) return { tariffs: [] }
    const { owner, country, region, timeZone } = station
    const place = { timeZone: timeZone ?? 'UTC', country, region }
    const found = await tariffsOf(db, owner.id, station.stationId)
    const taxPercent = await percentAt(db, owner.id, place, now())
    return {
      tariffs: found.map(({ evse, tariff }) => ({
        evse,
        tariff: tariff && { tariffId: tariff.id, version: tariff.version, terms: tariff.terms, taxPercent },
      })),
    }
  })
  host.answer(getSessionCosts, async ({ sessionIds }) => {
    const costs = await Promise.all(sessionIds.map(sessionId => costOf(host, sessionId)))
    return { costs: costs.filter(cost => cost !== undefined) }
  })
}

const unlessUnknown = (error: unknown): undefined => {
  if (error instanceof Problem && (error.code === 'station_unknown' || error.code === 'session_unknown')) return
  throw error
}

/** By EVSE what anybody pays; 0 is all of which nothing else is said. Where connectors of one differ it is null. */
async function tariffsOf(db: Db, ownerId: string, stationId: string) {
  const at = (evse: number, connector: number) => {
    const place: Place = { ownerId, stationId, evse, connector, driverId: null }
    return tariffAt(db, place)
  }
  const rows = await db<{ evse: number; connectors: number[] }[]>`
    select evse, coalesce(array_agg(distinct connector) filter (where connector is not null), '{}') as connectors
    from tariff_uses where owner_id = ${ownerId} and station_id = ${stationId} and evse is not null and group_id is null
    group by evse order by evse limit 200`
  const own = rows.map(async ({ evse, connectors }) => {
    const all = await Promise.all((connectors.length > 0 ? connectors : [0]).map(connector => at(evse, connector)))
    return { evse, tariff: all.every(one => one?.id === all[0]?.id) ? (all[0] ?? null) : null }
  })
  return [{ evse: 0, tariff: (await at(0, 0)) ?? null }, ...(await Promise.all(own))]
}

/** What of a price is tax there today, as far as it is known who sells. */
async function percentAt(db: Db, ownerId: string, place: ChargePlace, at: Date): Promise<string | null> {
  const seller = await findSeller(db, ownerId)
  return seller ? treatmentOf(seller, null, { place, endedAt: at }).percent : null
}

type Cost = Static<(typeof getSessionCosts)['output']>['costs'][number]

/** Undefined where it was not agreed yet what it costs. */
async function costOf({ ask, db, now }: BillingHost, sessionId: string): Promise<Cost | undefined> {
  const charge = await findCharge(db, sessionId)
  if (!charge?.agreedAt || charge.state !== 'running') return undefined
  if (!charge.tariffId || !charge.seller) return { sessionId, total: '0', isFree: true, tariff: null }
  const [terms, session] = await Promise.all([
    termsOf(db, charge.tariffId, charge.version!),
    ask(getSessionCourse, { sessionId }).catch(unlessUnknown),
  ])
  if (!terms || !session) return undefined
  const course = session.course.map(({ at, energyWh }) => ({ at: Date.parse(at), energyWh }))
  const price = priceOf(terms, course, charge.place!.timeZone)
  const about = { terms, price, payer: await payerOf(db, charge) }
  const { netMinor, taxMinor, taxed } = await taxOf(db, { ...charge, endedAt: now() }, about)
  return {
    sessionId,
    total: decimalOf({ minor: netMinor + taxMinor, currency: terms.currency }),
    isFree: false,
    tariff: told(charge, terms, taxed?.treatment.percent ?? null),
  }
}

const told = ({ tariffId, version }: Charge, terms: TariffTerms, taxPercent: string | null) => ({
  tariffId: tariffId!,
  version: version!,
  terms,
  taxPercent,
})
