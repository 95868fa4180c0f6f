import { ascending, attributeOf, attributes, type Attribute, type ValueType } from './attributes.ts'
import table from './data/formats.json' with { type: 'json' }
import { isLess } from './units.ts'
import { isWrapped, plantIn, prune, read, type Fault, type Reading, type Value } from './values.ts'

type Members = Record<string, unknown>

/** Where the data of a passport says something of an attribute. */
export interface Mapped {
  readonly attribute: Attribute
  /** A JSON pointer into the data. */
  readonly pointer: string
  readonly given: unknown
  readonly reading: Reading
  /** Where its unit stands, if apart. */
  readonly unitAt?: string
}

interface Place {
  readonly attribute: Attribute
  readonly path: readonly string[]
  readonly fixed: string | null
  readonly unitAt?: readonly string[]
}

const pathOf = (pointer: string): string[] => pointer.slice(1).split('/')
const pointerOf = (path: readonly string[]): string =>
  path.map(step => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')

const computed = ({ otherwise }: Attribute): boolean => otherwise === 'computed'

/** In our own format an attribute says its unit; the words of clients fix that of the attribute. First ones win. */
const places: readonly Place[] = [
  ...attributes.map(attribute => ({ attribute, path: ['attributes', attribute.id], fixed: null })),
  ...attributes.flatMap(attribute =>
    [
      ...(table.groups as Record<string, string[]>)[attribute.group]!.map(group => [group, attribute.id]),
      [attribute.id],
    ].map(path => ({ attribute, path, fixed: attribute.unit })),
  ),
  ...(table.aliases as { attribute: string; pointer: string; unitAt?: string }[]).map(
    ({ attribute: id, pointer, unitAt }) => {
      const attribute = attributeOf(id)!
      return {
        attribute,
        path: pathOf(pointer),
        fixed: unitAt ? null : attribute.unit,
        ...(unitAt && { unitAt: pathOf(unitAt) }),
      }
    },
  ),
].filter(({ attribute }) => !computed(attribute))

function at(data: unknown, path: readonly string[]): unknown {
  for (const step of path) {
    if (typeof data !== 'object' || data === null || Array.isArray(data) || !Object.hasOwn(data, step)) return undefined
    data = (data as Members)[step]
  }
  return data
}

/**
 * What the data of a passport says of the law's attributes: of each place that says something, what was read there. The
 * first of an attribute that can be read counts, see `valuesOf`. Numbers are as `parseGiven` leaves them.
 */
export function mapped(data: unknown): Mapped[] {
  return places.flatMap(({ attribute, path, fixed, unitAt }): Mapped[] => {
    const given = at(data, path)
    if (given === undefined || given === null) return []
    const unit = unitAt ? at(data, unitAt) : undefined
    const said = typeof unit === 'string' ? unit : fixed
    const reading = read(attribute, given, said)
    // Two attributes may stand at one place, told apart by their unit.
    if (unitAt && reading.fault) return []
    return [{ attribute, pointer: pointerOf(path), given, reading, ...(unitAt && { unitAt: pointerOf(unitAt) }) }]
  })
}

/** What the data says of each attribute it says something of. */
export function valuesOf(all: readonly Mapped[]): Map<string, Value> {
  const values = new Map<string, Value>()
  for (const { attribute, reading } of all)
    if (reading.value && !values.has(attribute.id)) values.set(attribute.id, reading.value)
  return values
}

/** What cannot be read as what it should be, where nothing else says it. */
export function faultsOf(all: readonly Mapped[]): { attribute: string; pointer: string; fault: Fault }[] {
  const known = valuesOf(all)
  return all.flatMap(({ attribute, pointer, reading }) =>
    reading.fault && !known.has(attribute.id) ? [{ attribute: attribute.id, pointer, fault: reading.fault }] : [],
  )
}

/** Values that contradict each other: a lower bound above its upper one. */
export function contradictions(values: ReadonlyMap<string, Value>): { attribute: string; detail: string }[] {
  return ascending.flatMap(names => {
    const known = names.filter(name => typeof values.get(name)?.value === 'string')
    return known.slice(1).flatMap((name, before) => {
      const [least, most] = [known[before]!, name]
      return isLess(values.get(most)!.value as string, values.get(least)!.value as string)
        ? [{ attribute: most, detail: `must not be less than ${least}` }]
        : []
    })
  })
}

/**
 * The data with nothing in it but what `isSeen` lets through: what maps to an attribute, without what stands beside its
 * value. What maps to none is never there.
 */
export function project(all: readonly Mapped[], data: unknown, isSeen: (attribute: string) => boolean): Members {
  const kept = new Map<string, unknown>()
  for (const { attribute, pointer, given, reading, unitAt } of all) {
    if (!reading.value || !isSeen(attribute.id)) continue
    const shown = shownOf(attribute, given)
    if (shown === undefined) continue
    kept.set(pointer, shown)
    if (unitAt) kept.set(unitAt, at(data, pathOf(unitAt)))
  }
  return (kept.size > 0 ? within(data, '', kept) : undefined) ?? {}
}

/** What others see of what was given; evidence beside a value they never do. */
function shownOf(attribute: Attribute, given: unknown): unknown {
  const shown = valueShown(attribute, given)
  const plant = plantIn(attribute, given)
  return typeof plant === 'string' && shown !== undefined ? { ...(shown as Members), plant } : shown
}

function valueShown({ type }: Attribute, given: unknown): unknown {
  if (typeof given === 'object' && given !== null && typeof (given as Members).notApplicable === 'string')
    return { notApplicable: (given as Members).notApplicable }
  if (isWrapped(type, given)) {
    const value = prunedOf(type, given.value)
    return value === undefined ? undefined : { value, ...(typeof given.unit === 'string' && { unit: given.unit }) }
  }
  return prunedOf(type, given)
}

const prunedOf = (type: ValueType, given: unknown): unknown =>
  type === 'localized' && typeof given === 'object' && given !== null && !Array.isArray(given)
    ? languagesOf(given as Members)
    : prune(type, given)

const languagesOf = (map: Members): unknown =>
  Object.fromEntries(
    Object.entries(map).filter(
      ([key, value]) => /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$|^language$|^value$/.test(key) && typeof value === 'string',
    ),
  )

/** The object with the kept places alone, in the order it had. */
function within(data: unknown, pointer: string, kept: ReadonlyMap<string, unknown>): Members | undefined {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const members = Object.entries(data).flatMap(([key, value]): [string, unknown][] => {
    const place = pointer + pointerOf([key])
    if (kept.has(place)) return [[key, kept.get(place)]]
    const inner = within(value, place, kept)
    return inner ? [[key, inner]] : []
  })
  return members.length > 0 ? (Object.fromEntries(members) as Members) : undefined
}
