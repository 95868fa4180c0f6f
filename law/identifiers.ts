/** Whether the last digit of a GTIN or GLN is the check digit of those before (GS1 General Specifications, 7.9). */
export function hasCheckDigit(digits: string): boolean {
  if (!/^\d{8}$|^\d{12,14}$/.test(digits)) return false
  const sum = [...digits]
    .reverse()
    .slice(1)
    .reduce((total, digit, place) => total + Number(digit) * (place % 2 === 0 ? 3 : 1), 0)
  return (10 - (sum % 10)) % 10 === Number(digits.at(-1))
}

/**
 * The characters that GS1 lets stand in a serial, a batch or an asset (General Specifications, 7.11, set 82); one or two points
 * alone vanish from every path (RFC 3986, 5.2.4), so that no link can name them.
 */
const set82 = /^(?!\.{1,2}$)[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+$/

/** A battery as a link names it; `canonical` is the path that is printed. */
export type Named =
  | {
      readonly scheme: 'gtin'
      readonly gtin: string
      readonly variant?: string
      readonly lot?: string
      readonly serial?: string
      readonly canonical: string
    }
  | { readonly scheme: 'giai'; readonly giai: string; readonly canonical: string }

const most: Record<string, number> = { '22': 20, '10': 20, '21': 20 }
const names = { '22': 'variant', '10': 'lot', '21': 'serial' } as const

/**
 * The battery that a path of GS1 Digital Link (URI Syntax 1.7.0) names: `/01/{gtin}[/22/{variant}][/10/{lot}][/21/{serial}]`
 * in any order of the last three, or `/8004/{giai}`. Undefined for what is none: an unknown key, a wrong check digit, a
 * character that GS1 does not allow.
 */
export function readLink(path: string): Named | undefined {
  let parts: string[]
  try {
    parts = path.replace(/^\//, '').split('/').map(decodeURIComponent)
  } catch {
    return undefined
  }
  const [key, value = '', ...rest] = parts
  if (key === '8004')
    return rest.length === 0 && value.length <= 30 && set82.test(value)
      ? { scheme: 'giai', giai: value, canonical: `/8004/${encodeURIComponent(value)}` }
      : undefined
  if (key !== '01' || !hasCheckDigit(value) || rest.length % 2 !== 0 || rest.length > 6) return undefined
  const found = new Map<string, string>()
  for (let at = 0; at < rest.length; at += 2) {
    const [name, text] = [rest[at]!, rest[at + 1]!]
    if (!(name in most) || found.has(name) || text.length > most[name]! || !set82.test(text)) return undefined
    found.set(name, text)
  }
  const gtin = value.padStart(14, '0')
  const qualifiers = ['22', '10', '21'].filter(name => found.has(name))
  return {
    scheme: 'gtin',
    gtin,
    ...Object.fromEntries(qualifiers.map(name => [names[name as keyof typeof names], found.get(name)!])),
    canonical: ['/01', gtin, ...qualifiers.flatMap(name => [name, encodeURIComponent(found.get(name)!)])].join('/'),
  }
}

/** What kind of identifier a text is; `other` for one that no scheme of ours knows, which is carried as it is. */
export function schemeOf(text: string): 'gs1' | 'did' | 'uuid' | 'url' | 'other' {
  if (/^did:[a-z0-9]+:\S+$/.test(text)) return 'did'
  if (/^(urn:uuid:)?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return 'uuid'
  if (!/^https:\/\//i.test(text) || !URL.canParse(text)) return 'other'
  const path = /\/(?:01|8004)\/.*/.exec(new URL(text).pathname)?.[0]
  return path && readLink(path) ? 'gs1' : 'url'
}

/**
 * A registered number of an operator or a plant, by what it says it is. LEI by ISO 17442 (mod 97-10), GLN by its check
 * digit, DUNS, EORI and DID by their form.
 */
export function isOperatorNumber(scheme: string, text: string): boolean {
  switch (scheme) {
    case 'GLN':
      return text.length === 13 && hasCheckDigit(text)
    case 'LEI':
      return /^[A-Z0-9]{18}\d{2}$/.test(text) && remainder97(text) === 1n
    case 'DUNS':
      return /^\d{9}$/.test(text)
    case 'EORI':
      return /^[A-Z]{2}[A-Z0-9]{1,15}$/.test(text)
    case 'DID':
      return schemeOf(text) === 'did'
    default:
      return false
  }
}

const remainder97 = (text: string): bigint => BigInt([...text].map(sign => parseInt(sign, 36)).join('')) % 97n
