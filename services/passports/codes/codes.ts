import { readLink, schemeOf } from '#law'
import { composed } from '../columns.ts'

/** Crockford's base 32: no letter that could be taken for a digit. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** The short name of a passport in its code: its UUID in 26 characters. */
export function publicIdOf(id: string): string {
  let rest = BigInt(`0x${id.replaceAll('-', '')}`)
  let text = ''
  for (let at = 0; at < 26; at++, rest >>= 5n) text = alphabet[Number(rest & 31n)] + text
  return text
}

/** The passport of a public id or a UUID; undefined for what is neither. Letters are understood whatever their case. */
export function passportIdOf(text: string): string | undefined {
  const lower = text.toLowerCase()
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower)) return lower
  if (!/^[0-7][0-9a-hjkmnp-tv-z]{25}$/.test(lower)) return undefined
  const number = [...lower].reduce((sum, sign) => (sum << 5n) | BigInt(alphabet.indexOf(sign)), 0n)
  const digits = number.toString(16).padStart(32, '0')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** What links to passports of an owner begin with: the host that they have proven to be theirs, else `PUBLIC_URL`. */
export const baseOf = ({ publicHost }: { readonly publicHost?: string | null }, publicUrl: string): string =>
  publicHost ? `https://${publicHost}` : publicUrl

const mostCharacters = 2000

/**
 * What an identifier is found by, over all owners; undefined for one that is unique with its owner alone, as a bare number.
 * Of GS1 the canonical path, whoever resolves it.
 */
export function keyOf(given: string): string | undefined {
  const identifier = composed(given)
  if (identifier.length > mostCharacters) return undefined
  switch (schemeOf(identifier)) {
    case 'gs1':
      return readLink(/\/(?:01|8004)\/.*/.exec(new URL(identifier).pathname)![0])!.canonical
    case 'did':
      return identifier
    case 'uuid':
      return `urn:uuid:${identifier.toLowerCase().replace('urn:uuid:', '')}`
    case 'url':
      return new URL(identifier).href
    default:
      return undefined
  }
}
