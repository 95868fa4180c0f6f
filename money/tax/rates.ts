import { fail } from '#kernel'
import { memberStates, switzerland, unitedKingdom } from './europe.ts'
import { india } from './india.ts'
import type { Rates, Table } from './table.ts'
import { unitedStates } from './united-states.ts'

/** Where something is, as far as taxes ask. */
export interface Place {
  /** ISO 3166-1, two letters. */
  readonly country: string
  /** ISO 3166-2 without the country, where it decides: states of India (`KA`) and the United States (`CA`), `CN` of Spain, `20` of Portugal. */
  readonly region?: string | undefined
  /** Where a day begins there, in countries of several zones. */
  readonly timeZone?: string | undefined
}

export type Regime = 'eu' | 'gb' | 'ch' | 'in' | 'us'

export const tables: Readonly<Record<Regime, Table>> = {
  eu: memberStates,
  gb: unitedKingdom,
  ch: switzerland,
  in: india,
  us: unitedStates,
}

// Parts of a country's tax territory with a country code of their own (Art. 7 of the VAT Directive).
const partOf: Readonly<Record<string, string>> = { MC: 'FR', IM: 'GB' }

/** The country whose tax holds in another. */
export const taxCountry = (country: string): string => partOf[country] ?? country

/** Whose rules hold at a place; undefined where no table here reaches. */
export function regimeOf(place: Place): Regime | undefined {
  const country = taxCountry(place.country)
  for (const [regime, { countries }] of Object.entries(tables)) {
    const found = countries[country]
    if (found) return found.regions?.[place.region ?? ''] === 'outside' ? undefined : (regime as Regime)
  }
  return undefined
}

const days = new Map<string, Intl.DateTimeFormat>()

/** The day it is at a place, `2027-01-31`. */
export function dayAt(at: Date, place: Place): string {
  const zone = place.timeZone ?? ratesOf(place)?.zone ?? 'UTC'
  let format = days.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
    days.set(zone, format)
  }
  return format.format(at)
}

function ratesOf(place: Place): Rates | undefined {
  const regime = regimeOf(place)
  if (!regime) return undefined
  const country = tables[regime].countries[taxCountry(place.country)]!
  const region = country.regions?.[place.region ?? '']
  return region && region !== 'outside' ? region : country
}

/** The rate, in percent, that holds at a place and a moment. Fails with `tax_unknown` where no table reaches. */
export function rateAt(place: Place, of: 'standard' | 'charging', at: Date): string {
  const rates = ratesOf(place)
  const day = dayAt(at, place)
  const dated = (of === 'charging' && rates?.charging) || rates?.standard
  const found = dated?.findLast(([from]) => from <= day)
  return found?.[1] ?? unknown(place, day)
}

export const unknown = ({ country, region }: Place, on?: string): never =>
  fail('unprocessable', 'tax_unknown', {
    detail: `There is no table of taxes for ${region ? `${country}-${region}` : country}${on ? ` on ${on}` : ''}.`,
    country,
  })
