import { getConnector, getStation } from '#contracts/stations'
import { fail, Problem } from '#kernel'
import { digitsOf } from '#money/amount'
import type { BillingHost } from '../host.ts'
import { findSeller } from '../sellers/sellers.ts'
import { tariffAt, type Tariff } from '../tariffs/store.ts'
import type { ChargePlace } from '../charges/store.ts'
import type { Owner } from '#contracts/shared'
import { costOf } from './price.ts'
import type { Visit } from './visits.ts'

/** A plug, as signs and pages name it. */
export interface Plug {
  readonly stationId: string
  readonly evse: number
  readonly connector: number
}

/** What a stranger finds at a plug. */
export interface Offer extends Plug {
  readonly chargerId: string | null
  readonly stationName: string
  readonly maxPowerW: number | null
  readonly place: ChargePlace
  readonly online: boolean
  readonly startable: boolean
  /** Undefined where charging costs nothing. */
  readonly tariff: Tariff | undefined
  /** Undefined where nobody has said who sells: then nobody can be billed. */
  readonly seller: Owner | undefined
}

/** How much one may want at most, in kWh. */
export const sizes = [10, 20, 40, 80] as const
export type Size = (typeof sizes)[number]

export const addressOfPlug = ({ stationId, evse, connector }: Plug): string =>
  `/charge/${stationId}/${evse}/${connector}`
export const addressOfVisit = ({ key }: Pick<Visit, 'key'>): string => `/charge/visits/${key}`

/** Fails with `station_unknown` and `connector_unknown`, also where not everybody sees the station. */
export async function offerAt({ ask, db }: Pick<BillingHost, 'ask' | 'db'>, plug: Plug): Promise<Offer> {
  const { stationId, evse, connector } = plug
  const station = await ask(getStation, { stationId })
  if (station.deleted || !station.public) throw new Problem('not_found', 'station_unknown')
  const at = await ask(getConnector, { stationId, evse, connector })
  const { owner, timeZone, country, region } = station
  const tariff = owner ? await tariffAt(db, { ...plug, ownerId: owner.id, driverId: null }) : undefined
  const isKnown = owner && (await findSeller(db, owner.id))
  return {
    stationId,
    evse,
    connector,
    chargerId: station.chargerId,
    stationName: station.name,
    maxPowerW: at.maxPowerW,
    place: { timeZone: timeZone ?? 'UTC', country, region },
    online: at.online,
    startable: at.startable,
    tariff,
    seller: isKnown ? owner : undefined,
  }
}

/** What is reserved for so much, in whole units of the currency: what it would cost from now on, and time to plug out. */
export async function amountFor(
  { db, now }: Pick<BillingHost, 'db' | 'now'>,
  { tariff, seller, place, maxPowerW }: Offer,
  kWh: Size,
): Promise<bigint> {
  const { terms } = tariff ?? fail('conflict', 'ad_hoc_unavailable')
  const at = now().getTime()
  const full = at + (kWh * 3_600_000) / ((maxPowerW ?? 11_000) / 1000)
  const course = [
    { at, energyWh: 0 },
    { at: full, energyWh: kWh * 1000 },
    { at: full + 10 * 60_000, energyWh: kWh * 1000 },
  ]
  const cost = await costOf(db, { seller: seller ?? null, place }, terms, course)
  const unit = 10n ** BigInt(digitsOf(terms.currency))
  const whole = ((cost + unit - 1n) / unit) * unit
  return whole > 0n ? whole : unit
}

export type Payable = Offer & { readonly chargerId: string; readonly tariff: Tariff; readonly seller: Owner }

/** Whether anybody can pay there now. */
export const isPayable = (offer: Offer): offer is Payable =>
  offer.chargerId !== null &&
  offer.online &&
  offer.startable &&
  offer.tariff !== undefined &&
  offer.seller !== undefined
