import type { TariffTerms } from '#contracts/billing'
import type { Db } from '#kernel'
import { majorOf } from '#money/amount'
import { regimeOf, taxed, treat, type Place, type TaxRules, type Treatment } from '#money/tax'
import type { Charge, ChargePlace } from '../charges/store.ts'
import type { Payer } from '../companies/payer.ts'
import { findCompany } from '../companies/store.ts'
import { findInvoicing, type Invoicing } from '../invoices/wishes.ts'
import type { Price } from '#money/tariff-price'

/** Who sells, as tax and invoices know them. */
export interface Seller {
  readonly ownerId: string
  readonly name: string
  readonly address: {
    readonly street: string
    readonly postalCode: string
    readonly city: string
    /** ISO 3166-2 without the country, where tax depends on it. */
    readonly region?: string | undefined
    /** ISO 3166-1, two letters. */
    readonly country: string
  }
  /** As `checkTaxId` reads it. */
  readonly taxId: string | null
  /** Of the local tax office. */
  readonly taxNumber: string | null
  readonly smallBusiness: boolean
  readonly rounding: TaxRules['rounding']
  readonly version: number
}

export async function findSeller(db: Db, ownerId: string): Promise<Seller | undefined> {
  const [row] = await db<Seller[]>`
    select owner_id as "ownerId", name, address, tax_id as "taxId", tax_number as "taxNumber",
      small_business as "smallBusiness", rounding, version
    from sellers where owner_id = ${ownerId}`
  return row
}

// Countries as chargers tell them (OCPI) whose taxes are known here.
const twoLetters: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'AUT:AT BEL:BE BGR:BG HRV:HR CYP:CY CZE:CZ DNK:DK EST:EE FIN:FI FRA:FR DEU:DE GRC:GR HUN:HU IRL:IE ITA:IT LVA:LV ' +
    'LTU:LT LUX:LU MLT:MT NLD:NL POL:PL PRT:PT ROU:RO SVK:SK SVN:SI ESP:ES SWE:SE GBR:GB CHE:CH IND:IN USA:US MCO:MC IMN:IM'
  )
    .split(' ')
    .map(pair => pair.split(':') as [string, string]),
)

const placeOf = ({ country, region, timeZone }: ChargePlace, otherwise: Place): Place => {
  const known = country === null ? undefined : twoLetters[country]
  if (!known) return otherwise
  // Stations tell it with its country or without, or in words that no table knows.
  const code = region
    ?.trim()
    .toUpperCase()
    .replace(/^[A-Z]{2}-/, '')
  return { country: known, region: code && /^[A-Z0-9]{1,3}$/.test(code) ? code : undefined, timeZone }
}

const establishedOf = ({ address: { country, region } }: Seller): Place => ({ country, region })

/** Whether and how a session is taxed: as electricity, where the charger stands. */
export function treatmentOf(
  seller: Seller,
  party: Invoicing['party'],
  { place, endedAt }: Pick<Charge, 'place' | 'endedAt'>,
): Treatment {
  const established = establishedOf(seller)
  const at = place ? placeOf(place, established) : established
  if (!regimeOf(at)) return { category: 'O', place: at, percent: '0', parts: [], reason: 'out-of-scope' }
  return treat({
    sold: 'charging',
    seller: { established, smallBusiness: seller.smallBusiness },
    buyer: party?.taxId
      ? { kind: 'business', place: { country: party.country }, taxId: party.taxId }
      : { kind: 'consumer' },
    at: endedAt!,
    place: at,
  })
}

/** What of a price is tax; none where nobody said who sells. */
export async function taxOf(
  db: Db,
  charge: Pick<Charge, 'seller' | 'place' | 'endedAt'>,
  { terms, price, payer }: { terms: TariffTerms; price: Price; payer: Payer | undefined },
): Promise<{ netMinor: bigint; taxMinor: bigint; taxed: Charge['taxed'] }> {
  const seller = charge.seller && (await findSeller(db, charge.seller.id))
  if (!seller) return { netMinor: price.totalMinor, taxMinor: 0n, taxed: null }
  const party = await partyOf(db, payer)
  const treatment = treatmentOf(seller, party, charge)
  const { currency } = price
  const { netMinor, taxMinor } = taxed(
    price.lines.map(({ amountMinor }) => ({ amount: majorOf({ minor: amountMinor, currency }), treatment })),
    { currency, prices: terms.taxIncluded ? 'gross' : 'net', rounding: seller.rounding },
  )
  return { netMinor, taxMinor, taxed: { treatment, buyerTaxId: party?.taxId?.number ?? null } }
}

/** As whom a payer is billed, where they have said so. */
async function partyOf(db: Db, payer: Payer | undefined): Promise<Invoicing['party']> {
  if (!payer) return null
  if (payer.companyId) return (await findCompany(db, payer.companyId))?.party ?? null
  return (await findInvoicing(db, payer.owner.id)).party
}
