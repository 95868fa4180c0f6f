import table from './data/attributes.json' with { type: 'json' }

/** A point of Annex XIII: 1 for everybody, 2 to 4 for some; see audience.ts. */
export type Point = 1 | 2 | 3 | 4

/** For what a value is declared: what it may stand on follows, see `standsOn`. */
export type Level = 'operator/model' | 'model' | 'model+plant' | 'model+year+plant' | 'batch' | 'item'

/** What a passport is of. */
export type Granularity = 'model' | 'batch' | 'item'

/** The shape of a value; values.ts reads each. */
export type ValueType =
  | 'text'
  | 'texts'
  | 'localized'
  | 'uri'
  | 'links'
  | 'quantity'
  | 'count'
  | 'bySoc'
  | 'byPart'
  | 'month'
  | 'date'
  | 'instant'
  | 'duration'
  | 'enum'
  | 'symbol'
  | 'document'
  | 'documents'
  | 'contact'
  | 'contacts'
  | 'chemistry'
  | 'materials'
  | 'parts'
  | 'events'
  | 'readings'

/** One thing that a battery passport says. */
export interface Attribute {
  readonly id: string
  /** identity, labels, carbon, diligence, materials, circularity, performance; `record` of the passport itself. */
  readonly group: string
  readonly type: ValueType
  /** The unit it is computed and compared in; null where it has none. */
  readonly unit: string | null
  readonly level: Level
  /** `dynamic` changes while the battery is in use. */
  readonly changes: 'static' | 'dynamic'
  readonly point: Point
  /** Articles, annexes and standards, the weightiest first. */
  readonly references: readonly string[]
  /** Of the Commission's 71 data points; none where `otherwise` says why it is there. */
  readonly dataPoints: readonly number[]
  /** `voluntary`, or `computed`: what nobody writes, as the platform knows it. */
  readonly otherwise?: 'voluntary' | 'computed'
  readonly label: { readonly en: string; readonly de: string }
  readonly definition: string
}

/** All 119, in the order of the law. */
export const attributes = table.attributes as unknown as readonly Attribute[]

const byId = new Map(attributes.map(attribute => [attribute.id, attribute]))

export const attributeOf = (id: string): Attribute | undefined => byId.get(id)

/**
 * The lowest bound and the highest of a value in its unit, null for none: outside of it is a slip of the pen, not a
 * battery.
 */
export function rangeOf({ id, unit }: Attribute): readonly [least: string | null, most: string | null] {
  const { units, attributes } = table.ranges as unknown as Record<
    'units' | 'attributes',
    Record<string, [string | null, string | null]>
  >
  return attributes[id] ?? (unit === null ? undefined : units[unit]) ?? [null, null]
}

/** Attributes whose values grow in this order. */
export const ascending = table.ranges.ascending as readonly (readonly string[])[]

/** Whether it holds of what one plant makes: its value may name the plant, where its model is made in several. */
export const hasPlant = ({ level }: Attribute): boolean => level === 'model+plant' || level === 'model+year+plant'

const places: Record<Level, readonly Granularity[]> = {
  'operator/model': ['model'],
  model: ['model'],
  // One model is made in several plants; a batch in one.
  'model+plant': ['model', 'batch'],
  'model+year+plant': ['model', 'batch'],
  batch: ['model', 'batch'],
  item: ['model', 'batch', 'item'],
}

/**
 * Whether a passport that has a parent may say it itself. One without a parent says everything: nobody else would. A
 * model may say all: its items begin with that.
 */
export const mayStandOn = ({ level }: Attribute, granularity: Granularity, hasParent: boolean): boolean =>
  !hasParent || places[level].includes(granularity)
