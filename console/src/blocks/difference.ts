import { same, valueAt, withValue, type Path } from './schema.ts'

/** What stands at the platform, and the tag by which it knows whether that changed. */
export interface Version {
  readonly data: unknown
  readonly tag?: string
}

/** One place where two values differ. */
export interface Difference {
  readonly path: Path
  readonly before: unknown
  readonly after: unknown
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** Field by field, as deep as both are objects; a list is one value. */
export function differences(before: unknown, after: unknown, path: Path = []): Difference[] {
  if (same(before, after)) return []
  if (!isObject(before) || !isObject(after)) return [{ path, before, after }]
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].flatMap(name => differences(before[name], after[name], [...path, name]))
}

export interface Collision {
  readonly path: Path
  readonly base: unknown
  readonly theirs: unknown
  readonly mine: unknown
}

/** Two that changed the same: what does not collide goes together, the rest is for somebody to decide. */
export function merged(base: unknown, theirs: unknown, mine: unknown) {
  const taken = differences(base, theirs)
  const own = differences(base, mine)
  const overlaps = (a: Path, b: Path): boolean => a.slice(0, b.length).every((part, index) => part === b[index])
  const meets = (a: Path) => own.some(({ path: b }) => (a.length < b.length ? overlaps(b, a) : overlaps(a, b)))
  const alone = taken.filter(({ path }) => !meets(path))
  const collisions: Collision[] = taken
    .filter(({ path }) => meets(path))
    .map(({ path }) => ({ path, base: valueAt(base, path), theirs: valueAt(theirs, path), mine: valueAt(mine, path) }))
    .filter(({ theirs: a, mine: b }) => !same(a, b))
  const value = alone.reduce<unknown>((at, { path, after }) => withValue(at, path, after), mine)
  return { value, taken: alone, collisions }
}

/** Every value that is no object, with where it stands. */
export const leavesOf = (value: unknown, path: Path = []): { path: Path; value: unknown }[] =>
  isObject(value) ? Object.entries(value).flatMap(([name, each]) => leavesOf(each, [...path, name])) : [{ path, value }]
