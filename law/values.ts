import { hasPlant, rangeOf, type Attribute, type ValueType } from './attributes.ts'
import { allCategories, categoryOf } from './categories.ts'
import { areAlike, convert, isDecimal, isLess, unitOf } from './units.ts'

/**
 * A value as it was given, beside what it comes to in the unit of its attribute. Numbers are decimal texts throughout:
 * `0.0120` keeps its digits.
 */
export interface Value {
  readonly value: unknown
  readonly unit: string | null
  readonly givenValue: unknown
  readonly givenUnit: string | null
  /** In which range of temperature it holds, as given. */
  readonly temperature?: unknown
  /** Of which plant it holds, as given. */
  readonly plant?: string
  /** Why there is none, where the law lets that be said. */
  readonly notApplicable?: string
}

/** Why a value is none. */
export interface Fault {
  readonly code:
    | 'value_empty'
    | 'value_invalid'
    | 'value_implausible'
    | 'unit_missing'
    | 'unit_unknown'
    | 'unit_incompatible'
    | 'unit_inexact'
  readonly detail: string
}

export type Reading =
  | { readonly value: Value; readonly fault?: undefined }
  | { readonly fault: Fault; readonly value?: undefined }

type Members = Record<string, unknown>

/** A JSON text whose numbers keep their digits, as `JSON.rawJSON` holds them. */
export function parseGiven(text: string): unknown {
  return JSON.parse(text, ((_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? raw.rawJSON(source!) : value) as never)
}

const raw = JSON as unknown as { rawJSON(text: string): object; isRawJSON(value: unknown): boolean }
const isNumber = (value: unknown): value is { rawJSON: string } => raw.isRawJSON(value)
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isNumber(value)

/** What may stand in a value of a shape, and what may stand in it in turn; all else in it is its owner's alone. */
type Shape = 'leaf' | readonly [Shape] | { readonly [key: string]: Shape }

const shapeOf = (...names: string[]): Shape => Object.fromEntries(names.map(name => [name, 'leaf' as const]))

const document = shapeOf('title', 'url', 'language', 'mediaType', 'documentId', 'docId', 'sha256', 'id')
const contact = shapeOf(
  'name',
  'tradeName',
  'tradeMark',
  'address',
  'postalAddress',
  'street',
  'postalCode',
  'city',
  'country',
  'web',
  'webAddress',
  'website',
  'email',
  'emailAddress',
  'phone',
)
const temperature = shapeOf('min', 'max', 'lower', 'upper', 'unit')
const quantity: Shape = { value: 'leaf', unit: 'leaf', temperature }
const material = shapeOf(
  'name',
  'cas',
  'casNumber',
  'share',
  'mass',
  'concentration',
  'unit',
  'location',
  'component',
  'class',
  'hazardClass',
)
const shapes: Record<ValueType, Shape> = {
  text: 'leaf',
  uri: 'leaf',
  enum: 'leaf',
  month: 'leaf',
  date: 'leaf',
  instant: 'leaf',
  duration: 'leaf',
  symbol: 'leaf',
  texts: ['leaf'],
  links: ['leaf'],
  localized: [shapeOf('language', 'value')],
  quantity,
  count: quantity,
  bySoc: [{ soc: 'leaf', value: 'leaf', unit: 'leaf' }],
  byPart: { pack: quantity, module: quantity, cell: quantity },
  document,
  documents: [document],
  contact,
  contacts: [contact],
  chemistry: shapeOf('shortName', 'clearName'),
  materials: [material],
  parts: [shapeOf('name', 'number', 'partName', 'partNumber')],
  events: [{ date: 'leaf', type: 'leaf', description: 'leaf', document }],
  readings: [shapeOf('at', 'value', 'unit', 'min', 'max')],
}

/** Of what was given, what a value of this type may hold: nothing that somebody hid beside it. Undefined where nothing is left. */
export const prune = (type: ValueType, given: unknown): unknown => pruned(shapes[type], given)

function pruned(shape: Shape, given: unknown): unknown {
  if (typeof given === 'string' || typeof given === 'boolean' || isNumber(given)) return given
  if (shape === 'leaf' || given === null || given === undefined) return undefined
  if (Array.isArray(shape)) {
    const [item] = shape as [Shape]
    if (!Array.isArray(given)) return pruned(item, given)
    return given.map(one => pruned(item, one)).filter(one => one !== undefined)
  }
  if (!isMembers(given)) return undefined
  const kept = Object.entries(given).flatMap(([key, value]): [string, unknown][] => {
    const inner = Object.hasOwn(shape, key) ? pruned((shape as Record<string, Shape>)[key]!, value) : undefined
    return inner === undefined ? [] : [[key, inner]]
  })
  return kept.length > 0 ? Object.fromEntries(kept) : undefined
}

/** The same with each number as its text. */
function texts(given: unknown): unknown {
  if (isNumber(given)) return given.rawJSON
  if (Array.isArray(given)) return given.map(texts)
  return isMembers(given) ? Object.fromEntries(Object.entries(given).map(([key, value]) => [key, texts(value)])) : given
}

/** Longer is no value of a passport but a document. */
const longest = 20_000

const fault = (code: Fault['code'], detail: string): Reading => ({ fault: { code, detail } })

/**
 * Reads a value of an attribute. A plain number has the unit that its format fixes, `fixed`; where it fixes none it has to
 * be said: a unit is never guessed.
 */
export function read(attribute: Attribute, given: unknown, fixed: string | null): Reading {
  const reading = readValue(attribute, given, fixed)
  const plant = reading.value && plantIn(attribute, given)
  if (plant === undefined) return reading
  if (typeof plant !== 'string' || plant.trim() === '' || plant.length > longestPlant)
    return fault('value_invalid', `must name its plant in ${longestPlant} characters at most`)
  return { value: { ...reading.value!, plant } }
}

const longestPlant = 500

/** What stands beside a value as the plant that it holds of; of an attribute that has none, nothing. */
export const plantIn = (attribute: Attribute, given: unknown): unknown =>
  hasPlant(attribute) && isMembers(given) && Object.hasOwn(given, 'value') ? (given.plant ?? undefined) : undefined

function readValue(attribute: Attribute, given: unknown, fixed: string | null): Reading {
  const { type } = attribute
  if (given === '' || given === null || given === undefined) return fault('value_empty', 'is empty')
  if (isMembers(given) && typeof given.notApplicable === 'string' && given.notApplicable !== '')
    return {
      value: { value: null, unit: null, givenValue: null, givenUnit: null, notApplicable: given.notApplicable },
    }
  if (type === 'quantity' || type === 'count') return readQuantity(attribute, given, fixed)
  const inner = isWrapped(type, given) ? given.value : given
  const common = isWrapped(type, given) && typeof given.unit === 'string' ? given.unit : fixed
  if (type === 'byPart') return readParts(attribute, inner, common)
  if (type === 'bySoc') return readCharges(attribute, inner, common)
  const localized = type === 'localized' && isMembers(inner) && !('language' in inner) ? languageMap(inner) : inner
  const kept = texts(prune(type, localized))
  if (kept === undefined || (Array.isArray(kept) && kept.length === 0))
    return fault('value_invalid', `must be ${forms[type] ?? type}`)
  if (JSON.stringify(kept).length > longest) return fault('value_invalid', `must be of ${longest} characters at most`)
  const wrong = checks[type]?.(kept, attribute)
  if (wrong) return fault('value_invalid', wrong)
  const value = attribute.id === 'batteryCategory' ? categoryOf(String(kept)) : kept
  return { value: { value, unit: null, givenValue: kept, givenUnit: null } }
}

/** In our own format a value may stand in `value`, beside its unit and its evidence. */
export const isWrapped = (type: ValueType, given: unknown): given is { value: unknown; unit?: unknown } =>
  isMembers(given) &&
  Object.hasOwn(given, 'value') &&
  !['quantity', 'count'].includes(type) &&
  (type !== 'bySoc' || Array.isArray(given.value)) &&
  (type !== 'byPart' || isMembers(given.value)) &&
  (type !== 'localized' || !Object.hasOwn(given, 'language'))

const languageMap = (map: Members): unknown =>
  Object.entries(map)
    .filter(([language, value]) => /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language) && typeof value === 'string')
    .map(([language, value]) => ({ language, value }))

const forms: Partial<Record<ValueType, string>> = {
  localized: 'a text, or texts by language',
  document: 'a link or {title, url}',
  documents: 'links or {title, url}',
  contact: 'a name or {name, address, web, email}',
  chemistry: 'a text or {shortName, clearName}',
  materials: 'names or {name, cas, share}',
}

const isDay = (text: string): boolean => {
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}

export const statuses = ['original', 're-used', 'repurposed', 'remanufactured', 'waste'] as const

type Check = (value: unknown, attribute: Attribute) => string | undefined
const link: Check = value =>
  typeof value === 'string' && /^(https?:\/\/|did:|urn:)[^\s<>"]{1,2048}$/i.test(value)
    ? undefined
    : 'must be a link that begins with https:, http:, did: or urn:'
const links: Check = (value, attribute) =>
  [value]
    .flat()
    .map(one => (isMembers(one) && 'url' in one ? link(one.url, attribute) : undefined))
    .find(Boolean)
const checks: Partial<Record<ValueType, Check>> = {
  uri: link,
  links: (value, attribute) =>
    [value]
      .flat()
      .map(one => link(one, attribute))
      .find(Boolean),
  document: links,
  documents: links,
  month: value =>
    typeof value === 'string' && (/^\d{4}-(0[1-9]|1[0-2])$/.test(value) || isDay(value.slice(0, 10)))
      ? undefined
      : 'must be a month or a day: 2027-02 or 2027-02-18',
  date: value => (typeof value === 'string' && isDay(value.slice(0, 10)) ? undefined : 'must be a day: 2027-02-18'),
  duration: value =>
    typeof value === 'string' &&
    (/^P(?=\d|T\d)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T.+)?$/.test(value) || isDay(value.slice(0, 10)))
      ? undefined
      : 'must be a duration as P8Y, or a day',
  enum: (value, { id }) => {
    if (id === 'batteryStatus')
      return (statuses as readonly unknown[]).includes(value) ? undefined : `must be one of ${statuses.join(', ')}`
    return categoryOf(String(value)) ? undefined : `must be one of ${allCategories.join(', ')}`
  },
}

/** The decimal text of a number, or of a text that is one. */
const digitsIn = (given: unknown): string | undefined => {
  const text = isNumber(given) ? given.rawJSON : given
  return typeof text === 'string' && isDecimal(text.trim()) ? text.trim() : undefined
}

function readQuantity(attribute: Attribute, given: unknown, fixed: string | null): Reading {
  const parts = isMembers(given) ? given : { value: given }
  const digits = digitsIn(parts.value)
  if (digits === undefined) return fault('value_invalid', 'must be a number, or {value, unit}')
  const { unit } = attribute
  const named = typeof parts.unit === 'string' && parts.unit !== '' ? parts.unit : fixed
  const counted = unit === null || attribute.type === 'count'
  if (named === null && !counted) return fault('unit_missing', `must say its unit, as ${unit}`)
  const known = named === null ? unit : unitOf(named)
  if (known === undefined) return fault('unit_unknown', `has a unit that is not known: ${named!.slice(0, 50)}`)
  const value = unit === null || known === null ? digits : convert(digits, known, unit)
  if (value === undefined)
    return areAlike(known!, unit!)
      ? fault('unit_inexact', `cannot be told in ${unit} without rounding`)
      : fault('unit_incompatible', `must be in ${unit} or a unit like it, not in ${known}`)
  if (attribute.type === 'count' && !/^\d+$/.test(value)) return fault('value_invalid', 'must be a whole number')
  const wrong = implausible(attribute, value)
  if (wrong) return wrong
  const temperature = texts(pruned({ temperature: shapeOf('min', 'max', 'lower', 'upper', 'unit') }, parts)) as
    | { temperature?: unknown }
    | undefined
  return { value: { value, unit, givenValue: digits, givenUnit: named, ...temperature } }
}

function implausible(attribute: Attribute, value: string): Reading | undefined {
  const [least, most] = rangeOf(attribute)
  if (least !== null && isLess(value, least))
    return fault('value_implausible', `must not be less than ${least} ${attribute.unit}`)
  if (most !== null && isLess(most, value))
    return fault('value_implausible', `must not be more than ${most} ${attribute.unit}`)
  return undefined
}

/** Of a pack, its modules and its cells, each with its unit; a plain one is of the pack. */
function readParts(attribute: Attribute, given: unknown, fixed: string | null): Reading {
  const parts = isMembers(given) && ['pack', 'module', 'cell'].some(part => part in given) ? given : { pack: given }
  return several(
    attribute,
    ['pack', 'module', 'cell'].filter(part => part in parts).map(part => ({ part, given: parts[part] })),
    fixed,
  )
}

/** By state of charge, `[{soc, value, unit}]`; a plain one is at any. */
function readCharges(attribute: Attribute, given: unknown, fixed: string | null): Reading {
  const list: unknown[] = Array.isArray(given) ? given : [given]
  const parts = list.map(one => ({ soc: isMembers(one) ? digitsIn(one.soc) : undefined, given: one }))
  return several(attribute, parts, fixed)
}

function several(
  attribute: Attribute,
  parts: readonly { part?: string; soc?: string; given: unknown }[],
  fixed: string | null,
): Reading {
  const read = parts.map(({ given, ...at }) => ({ at, reading: readQuantity(attribute, given, fixed) }))
  const wrong = read.find(({ reading }) => reading.fault)
  if (wrong) return wrong.reading
  if (read.length === 0) return fault('value_invalid', 'must say at least one value')
  const told = (value: 'value' | 'givenValue') =>
    read.map(({ at, reading }) => ({
      ...at,
      value: reading.value![value],
      unit: value === 'value' ? reading.value!.unit : reading.value!.givenUnit,
    }))
  return {
    value: { value: told('value'), unit: attribute.unit, givenValue: told('givenValue'), givenUnit: fixed },
  }
}
