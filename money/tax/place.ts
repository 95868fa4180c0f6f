import { fail } from '#kernel'
import { partsWithin, stateOf, stateOfNumber } from './india.ts'
import { rateAt, regimeOf, taxCountry, unknown, type Place } from './rates.ts'

/**
 * What is sold. `charging` is electricity where the charger stands (goods, Art. 38 and 39 of the VAT Directive 2006/112;
 * a service in India); `digital` are services that need no person (Art. 58).
 */
export type Sold = 'charging' | 'goods' | 'services' | 'digital'

/** As EN 16931 knows them (UNCL 5305): standard, zero, exempt, reverse charge, within the Union, export, out of scope. */
export type Category = 'S' | 'Z' | 'E' | 'AE' | 'K' | 'G' | 'O'

/** Why an invoice asks no tax. */
export type Reason = 'reverse-charge' | 'within-union' | 'export' | 'out-of-scope' | 'small-business' | 'not-taxed'

/** A tax number whose form and check digits are right, as `checkTaxId` gives it. */
export interface TaxId {
  /** Who gave it: ISO 3166-1, `XI` for Northern Ireland. */
  readonly country: string
  /** As it is written on invoices: `ATU12345675`, `EL123456783`, a GSTIN. */
  readonly number: string
}

export interface TaxSeller {
  readonly established: Place
  /** Where else they have an establishment that takes part in the sale. */
  readonly establishments?: readonly Place[]
  /** Where else they are registered for tax: countries, states of India and of the United States. */
  readonly registrations?: readonly Place[]
  /** Declares sales to consumers of other member states at one of them (Art. 369a ff.). */
  readonly oneStopShop?: boolean
  /** Sells less than 10,000 EUR a year to consumers of other member states (Art. 59c). */
  readonly belowThreshold?: boolean
  /** Asks no tax where they are established (Art. 284; § 19 UStG). */
  readonly smallBusiness?: boolean
}

export interface TaxBuyer {
  /** `reseller` buys electricity to sell it on (Art. 38), as a provider of e-mobility does. */
  readonly kind: 'consumer' | 'business' | 'reseller'
  /** Where they live or are established. */
  readonly place?: Place | undefined
  readonly taxId?: TaxId | undefined
}

export interface Sale {
  readonly sold: Sold
  readonly seller: TaxSeller
  readonly buyer: TaxBuyer
  /** When it is made: the end of a session, the handing over of goods. */
  readonly at: Date
  /** Where the charger stands; where goods go to. */
  readonly place?: Place | undefined
  /** Where goods come from; where nothing is said, from where the seller is. */
  readonly from?: Place | undefined
  /** In percent, where who sells knows better than the table. */
  readonly percent?: string | undefined
}

/** What of a price is tax, and why. */
export interface Treatment {
  readonly category: Category
  /** Whose tax it is. */
  readonly place: Place
  /** Of all parts together, in percent as decimal text; `0` where there is none. */
  readonly percent: string
  /** What it is made of: `VAT`; `CGST` and `SGST`; `IGST`; `Sales tax`. Empty where there is none. */
  readonly parts: readonly { readonly name: string; readonly percent: string }[]
  readonly reason?: Reason | undefined
  /** The seller owes this tax where they are not registered: they have to be before they sell there. */
  readonly unregistered?: true
}

/** Fails with `tax_unknown`, `tax_place_missing`. */
export function treat(sale: Sale): Treatment {
  switch (sale.sold) {
    case 'charging':
      return charging(sale)
    case 'goods':
      return goods(sale)
    case 'services':
      return services(sale)
    case 'digital':
      return digital(sale)
  }
}

/** Left out: the reverse charge between resellers of one country (Art. 199a; § 13b (2) no. 5b UStG), which few have alike. */
function charging(sale: Sale): Treatment {
  const at = sale.place ?? missing('/place')
  const { buyer } = sale
  if (regimeOf(at) === 'in') return indian(sale, at)
  // Art. 38: who sells it on is taxed where they are; Art. 39: all others where they use it.
  const place = buyer.kind === 'reseller' && regimeOf(at) === 'eu' ? (buyer.place ?? missing('/buyer/place')) : at
  const regime = regimeOf(place)
  if (!regime) return regimeOf(at) && place !== at ? without('O', place, 'out-of-scope') : unknown(place)
  // Art. 195; VAT Act 1994 s. 9A: who has a number where the tax is due owes it themselves when the seller is not there.
  const turned = (regime === 'eu' || regime === 'gb') && !isThere(sale.seller, place) && hasNumberOf(buyer, place)
  return turned ? without('AE', place, 'reverse-charge') : due(sale, place, 'charging')
}

function goods(sale: Sale): Treatment {
  const { seller, buyer } = sale
  const from = sale.from ?? seller.established
  const to = sale.place ?? missing('/place')
  const [origin, destination] = [regimeOf(from), regimeOf(to)]
  if (origin === 'us') return destination === 'us' ? due(sale, to) : without('O', from, 'out-of-scope')
  if (origin === 'in' && destination === 'in') return indian(sale, to)
  // Outside of what a table knows the goods are imported, by whoever receives them.
  if (!origin) return without('O', from, 'out-of-scope')
  if (taxCountry(from.country) === taxCountry(to.country) && destination) return due(sale, from)
  if (origin !== 'eu' || destination !== 'eu') return without('G', from, 'export')
  // Art. 138: the number has to be of another state than that where the goods come from.
  const abroad = buyer.taxId && isOfUnion(buyer.taxId) && buyer.taxId.country !== taxCountry(from.country)
  if (abroad && buyer.kind !== 'consumer') return without('K', to, 'within-union')
  return due(sale, seller.belowThreshold ? from : to)
}

function services(sale: Sale): Treatment {
  const { seller, buyer } = sale
  const [here, there] = [seller.established, buyer.place]
  const regime = regimeOf(here)
  if (regime === 'in') return indian(sale, there ?? here)
  if (regime === 'us') return without('O', here, 'not-taxed')
  if (buyer.kind === 'consumer' || !there || taxCountry(there.country) === taxCountry(here.country))
    return due(sale, here)
  if (regimeOf(there) !== 'eu') return regimeOf(there) || regime ? without('O', there, 'out-of-scope') : unknown(there)
  // Art. 44 and 196: a number is the proof that the buyer is a business (Implementing Regulation 282/2011, Art. 18).
  if (buyer.taxId && isOfUnion(buyer.taxId)) return without('AE', there, 'reverse-charge')
  return due(sale, here)
}

function digital(sale: Sale): Treatment {
  const { seller, buyer } = sale
  if (buyer.kind !== 'consumer' && (buyer.taxId || regimeOf(buyer.place ?? seller.established) !== 'eu'))
    return services(sale)
  const there = buyer.place ?? missing('/buyer/place')
  const regime = regimeOf(there)
  if (regime === 'in') return indian(sale, there)
  if (!regime) return without('O', there, 'out-of-scope')
  if (regime === 'us') return without('O', there, 'not-taxed')
  return due(sale, seller.belowThreshold && regimeOf(seller.established) === 'eu' ? seller.established : there)
}

/** Goods and services tax by the state where the sale is said to be made, and that from which it is. */
function indian(sale: Sale, at: Place): Treatment {
  const { seller, buyer } = sale
  if (regimeOf(at) !== 'in') return without('G', seller.established, 'export')
  const known = [seller.established, ...(seller.establishments ?? []), ...(seller.registrations ?? [])].filter(
    place => place.country === 'IN',
  )
  const near = known.find(place => stateOf(place.region) === stateOf(at.region))
  const from = stateOf((sale.sold === 'goods' ? (sale.from ?? near) : near)?.region ?? known[0]?.region)
  // IGST Act: goods are sold where they go to (s. 10); services where a registered buyer is, where the address of
  // another is on record, and else from where they come (s. 12 (2)).
  const ofBuyer = buyer.taxId?.country === 'IN' ? stateOfNumber(buyer.taxId.number) : stateOf(buyer.place?.region)
  const to = sale.sold === 'goods' ? stateOf(at.region) : (ofBuyer ?? stateOf(at.region))
  if (seller.smallBusiness) return without('E', at, 'small-business')
  const percent = sale.percent ?? rateAt(at, 'standard', sale.at)
  const place: Place = { country: 'IN', region: to }
  if (Number(percent) === 0) return without('Z', place)
  return {
    category: 'S',
    place,
    percent,
    parts: partsWithin(percent, from, to),
    ...(known.length === 0 && { unregistered: true }),
  }
}

/** Taxed at a place, at its rate. */
function due(sale: Sale, place: Place, of: 'standard' | 'charging' = 'standard'): Treatment {
  const { seller } = sale
  const regime = regimeOf(place)
  const there = isThere(seller, place)
  if (seller.smallBusiness && there) return without('E', place, 'small-business')
  const registered = there || (seller.registrations ?? []).some(other => isSame(other, place))
  // A state of the United States taxes whoever has to do with it, and nobody else.
  if (regime === 'us' && !registered) return without('O', place, 'not-taxed')
  const percent = sale.percent ?? rateAt(place, of, sale.at)
  if (Number(percent) === 0) return regime === 'us' ? without('O', place, 'not-taxed') : without('Z', place)
  // The one-stop shop takes no electricity before 2027 (Directive 2025/516).
  const shop = seller.oneStopShop && regime === 'eu' && (of !== 'charging' || sale.at.toISOString() >= '2027')
  return {
    category: 'S',
    place: { country: taxCountry(place.country), region: place.region },
    percent,
    parts: [{ name: regime === 'us' ? 'Sales tax' : 'VAT', percent }],
    ...(!registered && !shop && { unregistered: true }),
  }
}

const without = (category: Category, { country, region }: Place, reason?: Reason): Treatment => ({
  category,
  place: { country: taxCountry(country), region },
  percent: '0',
  parts: [],
  reason,
})

/** In one country, and where states tax, in one state. */
const isSame = (a: Place, b: Place): boolean =>
  taxCountry(a.country) === taxCountry(b.country) && (regimeOf(b) !== 'us' || a.region === b.region)

const isThere = (seller: TaxSeller, place: Place): boolean =>
  [seller.established, ...(seller.establishments ?? [])].some(other => isSame(other, place))

const hasNumberOf = ({ taxId }: TaxBuyer, place: Place): boolean =>
  taxId !== undefined && taxCountry(taxId.country) === taxCountry(place.country)

const isOfUnion = ({ country }: TaxId): boolean => country === 'XI' || regimeOf({ country }) === 'eu'

const missing = (pointer: string): never =>
  fail('unprocessable', 'tax_place_missing', {
    detail: 'Where it is sold is not known, so neither is the tax.',
    errors: [{ pointer, detail: 'is needed' }],
  })
