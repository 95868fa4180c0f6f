import { Problem } from '#kernel'
import {
  attributeOf,
  attributes,
  formatOf,
  formats,
  givenOf,
  imported,
  importedOwn,
  lostBy,
  read,
  type Loss,
  type Value,
} from '#law'
import { givenOf as givenBy, groups, heads, isMembers, valueIn, type Element } from '../dpp/shape.ts'
import { isEnvironment, valuesInEnvironment } from './aas.ts'

type Members = Record<string, unknown>

/** Formats whose documents are JSON. */
export type JsonFormat =
  | 'ohmnibus-1'
  | 'batterypass-1.2'
  | 'batterypass-ready-1.0'
  | 'idta-02035'
  | 'idta-02035-aas'
  | 'catena-x-6.1'
  | 'en18223'
  | 'untp-0.7'

/** What a document says in the words of the law, what could not be taken over, and what it is of where it says so. */
export interface ReadOf {
  readonly values: Map<string, Value>
  readonly loss: Loss[]
  readonly granularity?: string
  /** What was read of the document, as a passport keeps it. */
  readonly kept?: { readonly format: JsonFormat; readonly document: unknown }
}

const invalid = (detail: string, pointer = ''): Problem =>
  new Problem('invalid', 'document_invalid', { detail, errors: [{ pointer, detail }] })

/** What a record is of; undefined for what only our own format could be. */
export function recognised(document: unknown): JsonFormat | undefined {
  if (typeof document === 'string' || !isMembers(document)) return undefined
  if (isEnvironment(document)) return 'idta-02035-aas'
  if (Object.hasOwn(document, 'digitalProductPassportId') && Object.hasOwn(document, 'dppSchemaVersion'))
    return 'en18223'
  const table = formatOf(document)
  if (table) return table.id as JsonFormat
  return Object.hasOwn(document, 'attributes') ? 'ohmnibus-1' : undefined
}

/** What each battery of a document says; one of shells may tell of several. Numbers are as `parseGiven` leaves them. */
export function readDocument(format: JsonFormat, document: unknown): ReadOf[] {
  if (format === 'idta-02035-aas')
    return valuesInEnvironment(document).map(values => ({
      ...imported(formats.get('idta-02035')!, values),
      kept: { format: 'idta-02035' as const, document: values },
    }))
  if (format === 'en18223') return [readDpp(document)]
  return [format === 'ohmnibus-1' ? importedOwn(document) : imported(formats.get(format)!, document)]
}

/** Attributes of the law that a format has no place for. */
export function withoutPlace(format: JsonFormat): string[] {
  const table = formats.get(format.replace(/-aas$/, ''))
  if (!table || table.rest) return []
  const placed = new Set(table.rows.map(({ id }) => id))
  return attributes.filter(({ id, otherwise }) => otherwise !== 'computed' && !placed.has(id)).map(({ id }) => id)
}

/** Values in our own format, each at its pointer. */
export function readGiven(
  given: readonly { id: string; pointer: string; given: unknown }[],
  before: readonly Loss[],
): ReadOf {
  const values = new Map<string, Value>()
  const loss = [...before]
  for (const { id, pointer, given: one } of given) {
    const { value, fault } = read(attributeOf(id)!, one, null)
    if (value) values.set(id, value)
    else loss.push(lostBy(id, pointer, 'invalid_in_source', one, fault.detail))
  }
  return { values, loss }
}

/** The tree of elements as the compressed form has it. */
function treeIn(elements: unknown): Members {
  if (!Array.isArray(elements)) return {}
  try {
    return Object.fromEntries(elements.map(one => [String((one as Element).elementId), valueIn(one as Element)]))
  } catch {
    throw invalid('is no tree of elements', '/elements')
  }
}

/** EN 18223, compressed, or as the tree of its elements. */
export function readDpp(document: unknown): ReadOf {
  if (!isMembers(document)) throw invalid('The document is no JSON object.', '/document')
  const { elements, ...head } = document
  const whole: Members = { ...head, ...treeIn(elements) }
  const given: { id: string; pointer: string; given: unknown }[] = []
  const loss: Loss[] = []
  const kept = new Set([
    'digitalProductPassportId',
    'granularity',
    'dppSchemaVersion',
    'dppStatus',
    'economicOperatorId',
    'lastUpdate',
    'lastUpdated',
    'contentSpecificationIds',
  ])
  const written: Record<string, string> = {
    uniqueProductIdentifier: 'uniqueBatteryIdentifier',
    facilityId: 'uniqueFacilityIdentifier',
  }
  for (const [key, section] of Object.entries(whole)) {
    // A model that has no number of its own is named by its passport.
    const isOwn = key === 'uniqueProductIdentifier' && section === whole.digitalProductPassportId
    if (Object.hasOwn(written, key) && !isOwn)
      given.push({ id: written[key]!, pointer: `/${key}`, given: { value: section } })
    else if (kept.has(key) || isOwn)
      loss.push(lostBy(null, `/${key}`, 'dropped', section, 'the platform says this by itself'))
    else if (!groups.includes(key) || !isMembers(section))
      loss.push(lostBy(null, `/${key}`, 'dropped', section, 'no attribute of the law says this'))
    else
      for (const [id, value] of Object.entries(section)) {
        const attribute = attributeOf(id)
        if (attribute?.group !== key || Object.hasOwn(heads, id))
          loss.push(lostBy(null, `/${key}/${id}`, 'dropped', value, 'no attribute of the law says this'))
        else given.push({ id, pointer: `/${key}/${id}`, given: givenBy(attribute, value) })
      }
  }
  const { granularity } = whole
  return {
    ...readGiven(given, loss),
    ...(typeof granularity === 'string' && { granularity: granularity.toLowerCase() }),
  }
}

/** The data of a passport, in our own format; what stood in the document stays beside it, for its owner. */
export const dataOf = (values: ReadonlyMap<string, Value>, imported: { format: string; document: unknown }): string =>
  JSON.stringify({
    attributes: Object.fromEntries([...values].map(([id, value]) => [id, givenOf(attributeOf(id)!, value)])),
    imported,
  })
