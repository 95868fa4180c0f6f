import { readLink } from '#law'
import { keyOf } from '../codes/codes.ts'
import { composed } from '../columns.ts'

/** Serials that are counted up: prefix, number filled with zeros to a width, suffix. */
export interface Range {
  readonly prefix?: string
  readonly from: number
  readonly count: number
  readonly width?: number
  readonly suffix?: string
}

/** What an order for items says. */
export interface Spec {
  readonly serials?: readonly string[]
  readonly range?: Range
  /** How an identifier is made of a serial: a text with `{serial}` in it. */
  readonly identifier: string
  /** JSON of the attributes that all of them say. */
  readonly values: string
  readonly publish: boolean
}

export interface Numbered {
  /** Of the order, from 1. */
  readonly row: number
  readonly serial: string
  readonly identifier: string
}

export interface Refused {
  readonly row: number
  readonly serial: string
  readonly code: 'serial_repeated' | 'serial_invalid' | 'battery_identifier_taken'
  readonly detail: string
}

/** The serials of an order, in its order. */
export const serialsOf = ({ serials, range }: Spec): readonly string[] =>
  serials?.map(composed) ??
  Array.from({ length: range!.count }, (_, index) =>
    composed(
      (range!.prefix ?? '') + String(range!.from + index).padStart(range!.width ?? 0, '0') + (range!.suffix ?? ''),
    ),
  )

/** Rows of an order that can become passports, and those that cannot, whatever is there already. */
export function numbered(
  spec: Spec,
  serials: readonly string[],
  from: number,
  count: number,
): { good: Numbered[]; refused: Refused[] } {
  const seen = new Set(serials.slice(0, from))
  /** By its key the row that has a code. What rows before these have is claimed already. */
  const codes = new Map<string, number>()
  const good: Numbered[] = []
  const refused: Refused[] = []
  for (const [index, serial] of serials.slice(from, from + count).entries()) {
    const row = from + index + 1
    if (seen.has(serial)) {
      const detail = `Row ${serials.indexOf(serial) + 1} of the order has this serial too.`
      refused.push({ row, serial, code: 'serial_repeated', detail })
      continue
    }
    seen.add(serial)
    const identifier = identifierOf(spec.identifier, serial)
    if (identifier === undefined) {
      const detail = 'GS1 lets a serial have at most 20 of its characters, see the General Specifications, 7.11.'
      refused.push({ row, serial, code: 'serial_invalid', detail })
      continue
    }
    const key = spec.publish ? keyOf(identifier) : undefined
    const twin = key === undefined ? undefined : codes.get(key)
    if (twin !== undefined) {
      const detail = `Row ${twin} of the order has this code in another spelling.`
      refused.push({ row, serial, code: 'battery_identifier_taken', detail })
      continue
    }
    if (key !== undefined) codes.set(key, row)
    good.push({ row, serial, identifier })
  }
  return { good, refused }
}

/** Undefined where it would be no link that GS1 lets stand. */
export function identifierOf(pattern: string, serial: string): string | undefined {
  const path = gs1PathOf(pattern)
  const identifier = composed(
    pattern.replace('{serial}', () => (isLink(pattern) ? encodeURIComponent(serial) : serial)),
  )
  return path && !readLink(path.replace('{serial}', () => encodeURIComponent(serial))) ? undefined : identifier
}

const isLink = (pattern: string): boolean => /^https:\/\//i.test(pattern)

/** The part of a link that GS1 has its rules for; undefined where it is none. */
const gs1PathOf = (pattern: string): string | undefined =>
  isLink(pattern) ? /\/(?:01\/\d{8,14}|8004)\/.*$/.exec(pattern)?.[0] : undefined
