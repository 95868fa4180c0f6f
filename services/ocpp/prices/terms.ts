import type { TariffTerms } from '#contracts/billing'
import { ofSessions } from '#money/tariff-price'
import type { Component, Terms } from '#money/tariff-words'

/** A tariff as billing tells it to chargers. */
export interface Told {
  readonly tariffId: string
  readonly version: number
  readonly terms: TariffTerms
  /** What of prices is tax, in percent; null where nobody knows. */
  readonly taxPercent: string | null
}

type Element = Terms['elements'][number]

/** By what a charger knows a tariff: other terms are another tariff, and no two EVSEs share one (I07). */
export const idOf = ({ tariffId, version }: Told, evse: number): string => `${tariffId}.${version}.${evse}`

/** Six digits are what a charger need not round further; it shows cents. */
const rounded = (value: number): number => Math.round(value * 1_000_000) / 1_000_000

/** TariffType of 2.1 (Part 2 §2.75): prices are without tax, and of each kind the first counts whose conditions hold. */
export function tariffOf(told: Told, id: string) {
  const { terms, taxPercent } = told
  const { currency, taxIncluded, minPrice, maxPrice } = terms
  const percent = Number(taxPercent ?? 0)
  const net = (price: string, per = 1): number => rounded(Number(price) / per / (taxIncluded ? 1 + percent / 100 : 1))
  const taxRates = percent > 0 ? [{ type: 'VAT', tax: percent }] : undefined
  const sessions = ofSessions(terms).elements
  // What is due only where nobody comes it has no words for.
  const reserved = terms.elements.filter(({ restrictions }) => restrictions?.reservation === 'RESERVATION')
  const pricesOf = <P extends object>(
    type: Component['type'],
    price: (of: Component, when: object) => P,
    elements: readonly Element[] = sessions,
  ) => {
    const prices = elements.flatMap(({ priceComponents, restrictions }) => {
      const conditions = restrictions && conditionsOf(restrictions, type)
      return priceComponents
        .filter(component => component.type === type)
        .map(component => price(component, conditions ? { conditions } : {}))
    })
    return prices.length > 0 ? { prices, ...(taxRates && { taxRates }) } : undefined
  }
  const energy = pricesOf('ENERGY', ({ price }, when) => ({ priceKwh: net(price), ...when }))
  const chargingTime = pricesOf('TIME', ({ price }, when) => ({ priceMinute: net(price, 60), ...when }))
  const idleTime =
    pricesOf('PARKING_TIME', ({ price, graceSeconds }, when) => ({
      priceMinute: net(price, 60),
      ...(graceSeconds ? { conditions: { ...conditionsIn(when), minIdleTime: graceSeconds } } : when),
    })) ?? chargingTime
  const fixedFee = pricesOf('FLAT', ({ price }, when) => ({ priceFixed: net(price), ...when }))
  const reservationTime = pricesOf('TIME', ({ price }, when) => ({ priceMinute: net(price, 60), ...when }), reserved)
  const reservationFixed = pricesOf('FLAT', ({ price }, when) => ({ priceFixed: net(price), ...when }), reserved)
  const bound = (price: string | undefined) =>
    price === undefined
      ? undefined
      : taxIncluded
        ? { inclTax: Number(price), ...(taxRates && { taxRates }) }
        : { exclTax: Number(price), ...(taxRates && { taxRates }) }
  const [minCost, maxCost] = [bound(minPrice), bound(maxPrice)]
  return {
    tariffId: id,
    currency,
    description: [{ format: 'UTF8' as const, language: 'en', content: textOf(told.terms).slice(0, 1024) }],
    ...(energy && { energy }),
    ...(chargingTime && { chargingTime }),
    ...(idleTime && { idleTime }),
    ...(fixedFee && { fixedFee }),
    ...(reservationTime && { reservationTime }),
    ...(reservationFixed && { reservationFixed }),
    ...(minCost && { minCost }),
    ...(maxCost && { maxCost }),
  }
}

const conditionsIn = (when: { conditions?: object }): object => when.conditions ?? {}

/** TariffConditionsType; what is paid once is decided before anything flows (TariffConditionsFixedType). */
function conditionsOf(of: NonNullable<Element['restrictions']>, type: Component['type']): object {
  const days = of.daysOfWeek?.map(day => `${day[0]}${day.slice(1).toLowerCase()}`)
  const course =
    type === 'FLAT'
      ? {}
      : {
          minEnergy: of.minEnergyWh,
          maxEnergy: of.maxEnergyWh,
          minPower: of.minPowerW,
          maxPower: of.maxPowerW,
          minTime: of.minDurationSeconds,
          maxTime: of.maxDurationSeconds,
        }
  const all = {
    startTimeOfDay: of.startTime,
    endTimeOfDay: of.endTime,
    dayOfWeek: days,
    validFromDate: of.startDate,
    validToDate: of.endDate,
    ...course,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

const units = { ENERGY: '/kWh', TIME: '/min', PARKING_TIME: '/min idle', FLAT: ' per session' } as const
const reservedUnits = {
  RESERVATION: { ...units, TIME: '/min reserved', FLAT: ' per booking' },
  RESERVATION_EXPIRES: { ...units, TIME: '/min of an unused booking', FLAT: ' per unused booking' },
} as const
const unitsOf = ({ restrictions }: Element) =>
  restrictions?.reservation === undefined ? units : reservedUnits[restrictions.reservation]

/** In one line, for displays that take no more. */
export function textOf({ currency, taxIncluded, elements, minPrice, maxPrice }: TariffTerms): string {
  const parts = elements.flatMap(element =>
    element.priceComponents.map(({ type, price, graceSeconds }) => {
      const perHour = type === 'TIME' || type === 'PARKING_TIME'
      const amount = perHour ? String(rounded(Number(price) / 60)) : price
      const grace = graceSeconds ? [`after ${Math.round(graceSeconds / 60)} min`] : []
      const when = [...grace, ...(element.restrictions ? whenOf(element.restrictions) : [])].join(', ')
      return `${amount} ${currency}${unitsOf(element)[type]}${when && ` (${when})`}`
    }),
  )
  const bounds = [
    ...(minPrice === undefined ? [] : [`at least ${minPrice} ${currency}`]),
    ...(maxPrice === undefined ? [] : [`at most ${maxPrice} ${currency}`]),
  ]
  return [...parts, ...bounds, taxIncluded ? 'incl. tax' : 'without tax'].join(', ')
}

function whenOf(of: NonNullable<Element['restrictions']>): string[] {
  const span = (from: string | number | undefined, to: string | number | undefined, unit = '') =>
    from === undefined && to === undefined ? [] : [`${from ?? ''}-${to ?? ''}${unit}`]
  const per = (value: number | undefined, by: number) => (value === undefined ? undefined : rounded(value / by))
  return [
    ...(of.daysOfWeek ? [of.daysOfWeek.map(day => `${day[0]}${day.slice(1, 3).toLowerCase()}`).join(' ')] : []),
    ...span(of.startTime, of.endTime),
    ...span(of.startDate, of.endDate),
    ...span(per(of.minEnergyWh, 1000), per(of.maxEnergyWh, 1000), ' kWh'),
    ...span(per(of.minPowerW, 1000), per(of.maxPowerW, 1000), ' kW'),
    ...span(per(of.minDurationSeconds, 60), per(of.maxDurationSeconds, 60), ' min'),
  ]
}
