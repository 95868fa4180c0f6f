import { stateOf } from './india.ts'

/** Parts of countries that tax tells apart, by ISO 3166-2 without the country, as they are called there. */
const names: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  US: named(`AL Alabama AK Alaska AZ Arizona AR Arkansas CA California CO Colorado CT Connecticut DC District of Columbia
    DE Delaware FL Florida GA Georgia HI Hawaii IA Iowa ID Idaho IL Illinois IN Indiana KS Kansas KY Kentucky
    LA Louisiana MA Massachusetts MD Maryland ME Maine MI Michigan MN Minnesota MO Missouri MS Mississippi MT Montana
    NC North Carolina ND North Dakota NE Nebraska NH New Hampshire NJ New Jersey NM New Mexico NV Nevada NY New York
    OH Ohio OK Oklahoma OR Oregon PA Pennsylvania PR Puerto Rico RI Rhode Island SC South Carolina SD South Dakota
    TN Tennessee TX Texas UT Utah VA Virginia VT Vermont WA Washington WI Wisconsin WV West Virginia WY Wyoming`),
  IN: named(`AN Andaman and Nicobar Islands AP Andhra Pradesh AR Arunachal Pradesh AS Assam BR Bihar CG Chhattisgarh
    CH Chandigarh DH Dadra and Nagar Haveli and Daman and Diu DL Delhi GA Goa GJ Gujarat HP Himachal Pradesh HR Haryana
    JH Jharkhand JK Jammu and Kashmir KA Karnataka KL Kerala LA Ladakh LD Lakshadweep MH Maharashtra ML Meghalaya
    MN Manipur MP Madhya Pradesh MZ Mizoram NL Nagaland OD Odisha PB Punjab PY Puducherry RJ Rajasthan SK Sikkim
    TN Tamil Nadu TR Tripura TS Telangana UK Uttarakhand UP Uttar Pradesh WB West Bengal`),
  ES: named('CE Ceuta CN Canarias ML Melilla'),
  PT: named('20 Açores 30 Madeira'),
}

/** Of a text of codes, of two signs in capitals or digits, each with its name behind it. */
function named(text: string): Record<string, string> {
  const all = [...text.matchAll(/\b([A-Z]{2}|\d\d) (.*?)(?=\s+(?:[A-Z]{2}|\d\d) |$)/gs)]
  return Object.fromEntries(all.map(([, code, name]) => [code!, name!.replace(/\s+/g, ' ')]))
}

/** Those of a country that a buyer may name, by their codes; none where tax is one in all of it. */
export const regionsOf = (country: string): Readonly<Record<string, string>> => names[country] ?? {}

/** Whether tax cannot be told in a country by who does not know the state. */
export const isTaxedByState = (country: string): boolean => country === 'US' || country === 'IN'

const folded = (text: string): string => text.normalize('NFD').replace(/\P{L}/gu, '').toLowerCase()

/**
 * The code of what somebody wrote for a region: a code, with the country before it or without, one that ISO had before, or
 * a name. Undefined where tax knows no such region.
 */
export function regionOf(country: string, written: string | null | undefined): string | undefined {
  const there = names[country]
  if (!there || !written) return undefined
  const code = written
    .trim()
    .toUpperCase()
    .replace(new RegExp(`^${country}-`), '')
  if (Object.hasOwn(there, code)) return code
  const today = country === 'IN' ? stateOf(code) : undefined
  return today ?? Object.keys(there).find(key => folded(there[key]!) === folded(written))
}
