import type { Attribute } from './attributes.ts'
import { findAll, stepsOf, type Found } from './places.ts'
import type { Value } from './values.ts'

type Members = Record<string, unknown>

/** What may become of a value on its way into a format or out of one. */
export const lossKinds = [
  'dropped',
  'rounded',
  'unit_changed',
  'renamed',
  'widened',
  'defaulted',
  'invalid_in_source',
  'not_representable',
] as const
export type LossKind = (typeof lossKinds)[number]

/** Where a format says something of an attribute, and how. */
export interface Row {
  readonly id: string
  /** The way there; see places.ts. */
  readonly at: string
  readonly as: string
  /** Where others, or other versions, say it. */
  readonly or?: readonly string[]
  /** The part (`pack`) or the state of charge (`80`) that stands there. */
  readonly of?: string
  readonly unit?: string
  /** Its unit as the format declares it, where that is wrong. */
  readonly declared?: string
  /** Its unit stands beside it: in these words, each ours. The first is the usual one. */
  readonly units?: Readonly<Record<string, string>>
  readonly unitAt?: string
  readonly whole?: boolean
  readonly range?: readonly [string, string]
  /** Where the time of the value stands. */
  readonly timeAt?: string
  /** Where the range of temperature stands that the value holds in. */
  readonly heat?: Readonly<Record<'min' | 'max', string>> & { readonly unit?: Readonly<Record<string, string>> }
  /** Our words, each theirs. */
  readonly words?: Readonly<Record<string, string>>
  readonly form?: string
  readonly pattern?: string
  /** Members of an element, each with its way in it: `#` before a number, `@` a time, `%` a text by language, `~` where nothing stands yet. */
  readonly each?: Readonly<Record<string, string>>
  /** What each element says beside. */
  readonly fixed?: Readonly<Record<string, unknown>>
  /** Elements that say something else beside belong to another row. */
  readonly apart?: boolean
  /** The member that an element stands for which is a text alone. */
  readonly bare?: string
  /** Holds one. */
  readonly one?: boolean
  /** Categories whose schema has it, where not all do; and those that require it. */
  readonly within?: readonly string[]
  readonly must?: readonly string[] | boolean
}

/** What a document is written with. */
export interface Writing {
  readonly document: Members
  /** When the value became what it is. */
  readonly time: string | undefined
  note(kind: LossKind, why: string): void
}

/** What a document is read with. */
export interface Source {
  readonly root: Found
  take(found: Found): void
  isTaken(found: Found): boolean
  note(kind: LossKind, pointer: string, from: unknown, to: unknown, why: string): void
}

/** A way of writing values and of reading them again: `read` answers them in our own format. */
export interface Transform {
  write(value: Value, row: Row, attribute: Attribute, out: Writing): void
  read(row: Row, attribute: Attribute, source: Source): unknown
}

/** What stands where a row says, or where else it says. */
export const atRow = (row: Row, source: Source): readonly Found[] => {
  for (const way of [row.at, ...(row.or ?? [])]) {
    const found = findAll(source.root, stepsOf(way))
    if (found.length > 0) return found
  }
  return []
}

export const firstAt = (row: Row, source: Source): Found | undefined => {
  const [found] = atRow(row, source)
  if (found) source.take(found)
  return found
}

export const cannot = 'not_representable' as const
