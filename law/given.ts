import type { Attribute } from './attributes.ts'
import { isMembers } from './places.ts'
import { exactly, isDecimal, unitOf } from './units.ts'
import type { Value } from './values.ts'

type Members = Record<string, unknown>

/** A value in our own format, as an import, a form or `read` takes it again. */
export function givenOf(attribute: Attribute, value: Value): unknown {
  const given = withoutPlant(attribute, value)
  return value.plant === undefined ? given : { ...given, plant: value.plant }
}

function withoutPlant({ type }: Attribute, value: Value): Members {
  const { givenValue, givenUnit, temperature, notApplicable } = value
  if (notApplicable !== undefined) return { notApplicable }
  if (type === 'quantity' || type === 'count')
    return {
      value: givenValue,
      ...(givenUnit !== null && { unit: givenUnit }),
      ...(temperature !== undefined && { temperature }),
    }
  if (type === 'bySoc') return { value: (givenValue as Members[]).map(withoutNulls) }
  if (type === 'byPart')
    return {
      value: Object.fromEntries(
        (givenValue as Members[]).map(({ part, ...one }) => [part as string, withoutNulls(one)] as const),
      ),
    }
  return { value: givenValue }
}

const withoutNulls = (one: Members): Members =>
  Object.fromEntries(Object.entries(one).filter(([, value]) => value !== null && value !== undefined))

/** Names of members that mean the same as another one. */
const synonyms: Partial<Record<Attribute['type'], Record<string, string>>> = {}
const contact = { webAddress: 'web', website: 'web', emailAddress: 'email', postalAddress: 'address' }
synonyms.contact = synonyms.contacts = contact
synonyms.document = synonyms.documents = { docId: 'documentId', id: 'documentId' }
synonyms.materials = { casNumber: 'cas', hazardClass: 'class' }
synonyms.parts = { partName: 'name', partNumber: 'number' }
const bounds: Record<string, string> = { lower: 'min', upper: 'max' }

const lists = new Set(['contacts', 'documents', 'materials', 'parts', 'events', 'readings', 'texts', 'links'])
/** What a text alone stands for where an object may stand. */
const alone: Partial<Record<Attribute['type'], string>> = {
  document: 'url',
  documents: 'url',
  contact: 'name',
  contacts: 'name',
  materials: 'name',
  parts: 'name',
  events: 'description',
  chemistry: 'shortName',
}

/** What a text alone stands for, where its attribute has objects. */
export const ofText = ({ type }: Attribute, text: string): unknown =>
  alone[type] && type !== 'document' && type !== 'documents' ? { [alone[type]]: text } : text

/** A value as formats write it: one name a member, lists as lists, a text alone as the object that it stands for. */
export function plain({ type }: Attribute, value: unknown): unknown {
  const one = (given: unknown): unknown => {
    const member = alone[type]
    if (typeof given === 'string' && member) return { [member]: given }
    if (!isMembers(given)) return given
    const entries = Object.entries(given).map(([key, inner]) => [synonyms[type]?.[key] ?? key, inner] as const)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  }
  if (lists.has(type)) return [value].flat().map(one)
  return one(value)
}

const sameNumber = (one: unknown, other: unknown): boolean =>
  one === other ||
  (typeof one === 'string' &&
    typeof other === 'string' &&
    isDecimal(one) &&
    isDecimal(other) &&
    exactly(one).equals(exactly(other)))

const sameUnit = (one: unknown, other: unknown): boolean =>
  one === other ||
  (typeof one === 'string' && typeof other === 'string' && unitOf(one) !== undefined && unitOf(one) === unitOf(other))

/** The range of temperature that a value holds in, the unit left out where it is the usual one. */
function rangeOf(temperature: unknown): string {
  if (!isMembers(temperature)) return ''
  const { unit, ...range } = Object.fromEntries(
    Object.entries(temperature).map(([key, value]) => [bounds[key] ?? key, String(value)]),
  )
  const usual = unit === undefined || unitOf(unit) === '°C'
  return JSON.stringify([Object.entries(range).sort(), usual ? null : unit])
}

/** How two values of an attribute differ: not at all, in the unit or the digits they are told in, or in what they say. */
export function differenceOf(attribute: Attribute, one: Value, other: Value): 'none' | 'unit' | 'value' {
  if (one.notApplicable !== other.notApplicable) return 'value'
  if (one.notApplicable !== undefined) return 'none'
  if (rangeOf(one.temperature) !== rangeOf(other.temperature) || one.plant !== other.plant) return 'value'
  const { type } = attribute
  if (type === 'quantity' || type === 'count') {
    if (!sameNumber(one.value, other.value)) return 'value'
    return sameNumber(one.givenValue, other.givenValue) &&
      sameUnit(one.givenUnit ?? one.unit, other.givenUnit ?? other.unit)
      ? 'none'
      : 'unit'
  }
  if (type === 'bySoc' || type === 'byPart') {
    const key = ({ part, soc }: Members): string => String(part ?? (soc === undefined ? '' : Number(soc)))
    const sorted = (value: unknown): Members[] => [...(value as Members[])].sort((a, b) => (key(a) < key(b) ? -1 : 1))
    const [ours, theirs] = [sorted(one.value), sorted(other.value)]
    if (ours.length !== theirs.length) return 'value'
    if (!ours.every((part, at) => key(part) === key(theirs[at]!) && sameNumber(part.value, theirs[at]!.value)))
      return 'value'
    const [given, back] = [sorted(one.givenValue), sorted(other.givenValue)]
    const same = given.every((part, at) => {
      const unit = (all: Value, { unit }: Members): unknown => unit ?? all.givenUnit ?? all.unit
      return sameNumber(part.value, back[at]!.value) && sameUnit(unit(one, part), unit(other, back[at]!))
    })
    return same ? 'none' : 'unit'
  }
  return JSON.stringify(plain(attribute, one.value)) === JSON.stringify(plain(attribute, other.value))
    ? 'none'
    : 'value'
}
