import { Problem } from '#kernel'
import type { TaxId } from './place.ts'

/** A number's form and check digits, by country and by what `stdnum` calls it. */
const kinds: Readonly<Record<string, string>> = {
  AT: 'uid',
  BE: 'vat',
  BG: 'vat',
  CH: 'vat',
  CY: 'vat',
  CZ: 'dic',
  DE: 'vat',
  DK: 'cvr',
  EE: 'kmkr',
  ES: 'nif',
  FI: 'alv',
  FR: 'tva',
  GB: 'vat',
  GR: 'vat',
  HR: 'oib',
  HU: 'anum',
  IE: 'vat',
  IN: 'gstin',
  IT: 'iva',
  LT: 'pvm',
  LU: 'tva',
  LV: 'pvn',
  MT: 'vat',
  NL: 'btw',
  PL: 'nip',
  PT: 'nif',
  RO: 'cif',
  SE: 'vat',
  SI: 'ddv',
  SK: 'dph',
}

/** What stands before the number on invoices, where it is not the country's code. */
const prefixes: Readonly<Record<string, string>> = { GR: 'EL', CH: 'CHE', IN: '' }

const bare = (text: string): string => text.toUpperCase().replace(/[\s.\-_/]/g, '')

/** Undefined for what is none. A country is needed for a number that does not begin with one. */
export async function readTaxId(text: string, country?: string): Promise<TaxId | undefined> {
  const written = bare(text)
  const of = country ?? countryOf(written)
  const kind = kinds[of === 'XI' ? 'GB' : of]
  if (!kind) return undefined
  const { stdnum } = await import('stdnum')
  const validator = stdnum[of === 'XI' ? 'GB' : of]![kind]!
  const prefix = prefixes[of] ?? of
  const rest = prefix && written.startsWith(prefix) ? written.slice(prefix.length) : written
  // Some of the library know the prefix and some do not.
  for (const candidate of of === 'CH' ? [`CHE${rest}`] : [rest]) {
    const result = validator.validate(candidate)
    if (result.isValid) return { country: of, number: `${prefix}${rest}` }
  }
  return undefined
}

function countryOf(written: string): string {
  if (/^\d{2}[A-Z]{5}\d{4}[A-Z]/.test(written)) return 'IN'
  const code = written.slice(0, 2)
  return code === 'EL' ? 'GR' : code
}

/** What the tax offices of the Union say of a number: whoever relies on it keeps it. */
export interface Confirmation {
  readonly taxId: TaxId
  readonly valid: boolean
  readonly at: Date
  /** As they have it on record, where they tell. */
  readonly name?: string | undefined
  readonly address?: string | undefined
  /** Proof of the question, where it was asked in somebody's name. */
  readonly consultation?: string | undefined
}

export const viesAddress = 'https://ec.europa.eu/taxation_customs/vies/rest-api'

/**
 * Asks VIES. Fails with `tax_office_unavailable` where it, or the member state, does not answer, which they often do not:
 * then form and check digits are all that is known of the number, and the caller asks again.
 */
export async function askVies(
  taxId: TaxId,
  options: { address?: string; as?: TaxId | undefined; now?: () => Date; timeoutMs?: number } = {},
): Promise<Confirmation> {
  const { address = viesAddress, as, now = () => new Date(), timeoutMs = 10_000 } = options
  const [member, number] = split(taxId)
  const url = new URL(`${address}/ms/${member}/vat/${encodeURIComponent(number)}`)
  if (as) {
    const [asking, ours] = split(as)
    url.searchParams.set('requesterMemberStateCode', asking)
    url.searchParams.set('requesterNumber', ours)
  }
  const unavailable = (why: string) =>
    new Problem('unavailable', 'tax_office_unavailable', { retryAfter: 60, detail: `VIES does not answer: ${why}.` })
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) }).catch(error => {
    throw unavailable(error.name === 'TimeoutError' ? 'it took too long' : 'it cannot be reached')
  })
  const told = (await answer.json().catch(() => undefined)) as Record<string, unknown> | undefined
  if (!answer.ok || typeof told?.isValid !== 'boolean') throw unavailable(`it said ${answer.status}`)
  // A member state that is away makes a number look wrong; only these two are an answer.
  if (told.userError !== undefined && told.userError !== 'VALID' && told.userError !== 'INVALID')
    throw unavailable(String(told.userError))
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value.trim() !== '' && value !== '---' ? value.trim() : undefined
  return {
    taxId,
    valid: told.isValid,
    at: now(),
    name: text(told.name),
    address: text(told.address),
    consultation: text(told.requestIdentifier),
  }
}

const split = ({ country, number }: TaxId): [string, string] => {
  const member = country === 'GR' ? 'EL' : country
  return [member, number.slice(member.length)]
}
