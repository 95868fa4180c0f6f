import { attributeOf, attributes, hasPlant, type Attribute, type ValueType } from '#law'
import type { EffectiveView } from '../units/effective.ts'

/** A passport in the words of EN 18223: its head, and what it says by groups. Numbers are raw, with their digits. */
export type Compressed = Record<string, unknown>
type Members = Record<string, unknown>

const raw = JSON as unknown as { rawJSON(text: string): object; isRawJSON(value: unknown): boolean }
export const isNumber = (value: unknown): value is { rawJSON: string } => raw.isRawJSON(value)
export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value)

/** As JSON has numbers; what is written otherwise stays the text that it is. */
const numberOf = (text: unknown): unknown =>
  typeof text === 'string' && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? raw.rawJSON(text) : text

/** Groups of attributes, in the order of the law; what the record says of itself is its head. */
export const groups = [...new Set(attributes.map(({ group }) => group))]

/** What stands in the head and nowhere else, by its attribute. */
export const heads: Readonly<Record<string, string>> = {
  batteryPassportIdentifier: 'digitalProductPassportId',
  uniqueBatteryIdentifier: 'uniqueProductIdentifier',
  dppGranularity: 'granularity',
  dppSchemaVersion: 'dppSchemaVersion',
  dppStatus: 'dppStatus',
  dppLastUpdate: 'lastUpdate',
  uniqueFacilityIdentifier: 'facilityId',
  contentSpecificationIds: 'contentSpecificationIds',
}

/** What a passport says, as somebody sees it; `operator` is the public identifier of its economic operator. */
export function compressedOf(items: readonly EffectiveView[], operator: string | undefined): Compressed {
  const by = new Map(items.map(item => [item.id, item]))
  const said = (id: string): unknown => by.get(id)?.value
  const head = {
    digitalProductPassportId: said('batteryPassportIdentifier'),
    // A model has no number of its own; the standard asks for one all the same.
    uniqueProductIdentifier: said('uniqueBatteryIdentifier') ?? said('batteryPassportIdentifier'),
    granularity: said('dppGranularity'),
    dppSchemaVersion: said('dppSchemaVersion'),
    dppStatus: said('dppStatus'),
    lastUpdate: said('dppLastUpdate'),
    ...(operator !== undefined && { economicOperatorId: operator }),
    ...(by.has('uniqueFacilityIdentifier') && { facilityId: said('uniqueFacilityIdentifier') }),
    contentSpecificationIds: said('contentSpecificationIds'),
  }
  const sections = groups.flatMap((group): [string, Members][] => {
    const inside = items.filter(({ id }) => attributeOf(id)!.group === group && !(id in heads))
    return inside.length > 0 ? [[group, Object.fromEntries(inside.map(item => [item.id, valueOf(item)]))]] : []
  })
  return { ...head, ...Object.fromEntries(sections) }
}

/** A value in the unit of the law, which its dictionary entry names. */
function valueOf(item: EffectiveView): unknown {
  const value = plainOf(item)
  const { plant } = item
  if (plant === undefined) return value
  return isMembers(value) && Object.hasOwn(value, 'value') ? { ...value, plant } : { value, plant }
}

function plainOf({ id, value, temperature, notApplicable }: EffectiveView): unknown {
  const { type } = attributeOf(id)!
  if (notApplicable) return { notApplicable }
  if (type === 'quantity' || type === 'count')
    return temperature === undefined ? numberOf(value) : { value: numberOf(value), temperature }
  if (type === 'bySoc')
    return (value as Members[]).map(({ soc, value }) => ({
      ...(soc !== undefined && { soc: numberOf(soc) }),
      value: numberOf(value),
    }))
  if (type === 'byPart')
    return Object.fromEntries((value as Members[]).map(({ part, value }) => [part, numberOf(value)]))
  return value
}

/** The same as our own format takes it: a number has the unit of the law, as what was read had. */
export function givenOf(attribute: Attribute, value: unknown): unknown {
  if (!hasPlant(attribute) || !isMembers(value) || !('plant' in value) || !('value' in value))
    return plainGivenOf(attribute, value)
  const { plant, value: inner, ...others } = value
  const given = plainGivenOf(attribute, Object.keys(others).length > 0 ? { value: inner, ...others } : inner)
  return { ...(given as Members), plant }
}

function plainGivenOf({ type, unit }: Attribute, value: unknown): unknown {
  if (value === null || (isMembers(value) && typeof value.notApplicable === 'string')) return value
  const withUnit = (one: unknown): unknown =>
    isMembers(one) ? { ...(unit !== null && { unit }), ...one } : { value: one, ...(unit !== null && { unit }) }
  if (type === 'quantity' || type === 'count') return withUnit(value)
  if (type === 'bySoc') return Array.isArray(value) ? value.map(withUnit) : withUnit(value)
  if (type === 'byPart' && isMembers(value))
    return Object.fromEntries(Object.entries(value).map(([part, one]) => [part, withUnit(one)]))
  return { value }
}

const xsd: Partial<Record<ValueType, string>> = {
  uri: 'xsd:anyURI',
  symbol: 'xsd:anyURI',
  links: 'xsd:anyURI',
  month: 'xsd:gYearMonth',
  date: 'xsd:date',
  instant: 'xsd:dateTime',
  duration: 'xsd:duration',
  count: 'xsd:integer',
}

/** An element of EN 18223. */
export type Element = { readonly elementId: string; readonly objectType: string } & Members

/** The tree of elements: a collection for each group, in it one for each attribute. */
export function elementsOf(compressed: Compressed, vocabulary: string): Element[] {
  return groups.flatMap(group => {
    const section = compressed[group]
    if (!isMembers(section)) return []
    const elements = Object.entries(section).map(([id, value]) => elementOf(id, value, vocabulary))
    return [{ elementId: group, objectType: 'DataElementCollection', elements }]
  })
}

export function elementOf(id: string, value: unknown, vocabulary: string): Element {
  const attribute = attributeOf(id)
  return element(id, value, attribute?.type, attribute && { dictionaryReference: `${vocabulary}/${id}` })
}

function element(elementId: string, value: unknown, type?: ValueType, reference: Members = {}): Element {
  const of = (objectType: string, more: Members): Element => ({ elementId, objectType, ...reference, ...more })
  if (type === 'localized' && Array.isArray(value)) return of('MultiLanguageDataElement', { value })
  if (type && ['document', 'documents'].includes(type) && isResource(value))
    return of('RelatedResource', resourceOf(value))
  if (Array.isArray(value)) {
    const elements = value.map((one, at) => element(String(at), one, type))
    return of('MultiValuedDataElement', {
      ...(value.every(isScalar) && { valueDataType: typeOf(value[0], type) }),
      elements,
    })
  }
  if (isMembers(value))
    return of('DataElementCollection', {
      elements: Object.entries(value).map(([key, one]) => element(key, one)),
    })
  return of('SingleValuedDataElement', { valueDataType: typeOf(value, type), value })
}

const isScalar = (value: unknown): boolean => !Array.isArray(value) && !isMembers(value)

const typeOf = (value: unknown, type?: ValueType): string =>
  (type && xsd[type]) ?? (isNumber(value) ? 'xsd:decimal' : typeof value === 'boolean' ? 'xsd:boolean' : 'xsd:string')

const mediaTypes: Record<string, string> = { pdf: 'application/pdf', json: 'application/json', xml: 'application/xml' }
const mediaTypeOf = (url: string): string => mediaTypes[url.toLowerCase().split('.').at(-1)!] ?? 'text/html'

/** A document that a related resource can say without loss. */
const isResource = (value: unknown): value is { url: string } & Members =>
  isMembers(value) &&
  typeof value.url === 'string' &&
  Object.entries(value).every(
    ([key, one]) => ['title', 'url', 'language', 'mediaType'].includes(key) && typeof one === 'string',
  )

const resourceOf = ({ title, url, language, mediaType }: { url: string } & Members): Members => ({
  ...(title !== undefined && { resourceTitle: title }),
  contentType: mediaType ?? mediaTypeOf(url),
  url,
  ...(language !== undefined && { language }),
})

/** What an element says, compressed: the way back. */
export function valueIn(element: Element): unknown {
  const { objectType, value, elements = [] } = element as Element & { elements?: Element[] }
  if (objectType === 'MultiValuedDataElement') return elements.map(valueIn)
  if (objectType === 'DataElementCollection')
    return Object.fromEntries(elements.map(one => [one.elementId, valueIn(one)]))
  if (objectType !== 'RelatedResource') return value
  const { resourceTitle, contentType, url, language } = element
  return {
    ...(resourceTitle !== undefined && { title: resourceTitle }),
    url,
    ...(language !== undefined && { language }),
    ...(contentType !== mediaTypeOf(String(url)) && { mediaType: contentType }),
  }
}
