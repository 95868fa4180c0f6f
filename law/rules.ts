import { attributes, attributeOf } from './attributes.ts'
import table from './data/rules.json' with { type: 'json' }
import { decimalOf, exactly, isLess } from './units.ts'

/** What the law asks of a data point: mandatory, conditional, optional, or not to be filled. */
export type Status = 'M' | 'C' | 'O' | 'N'

/** What a rule set says of one data point of one category, for a time. */
export interface Cell {
  readonly dataPoint: number
  readonly category: string
  readonly status: Status
  /** Why it is not to be filled: said elsewhere, an act is pending, nothing of this category, or a duty of later. */
  readonly kind?: 'repetition' | 'pending' | 'must_be_empty' | 'duty_later'
  readonly condition?: string
  /** What has to happen first, where no date is known. */
  readonly trigger?: string
  readonly article?: string
  /** The first day of it; from the beginning of the set without one. */
  readonly from?: string
  /** The first day on which it holds no more. */
  readonly until?: string
  /** Why we read the source so, where it does not say it itself. */
  readonly why?: string
}

/** A rule set, as it was published. */
export interface RuleSet {
  readonly id: string
  readonly title: string
  readonly reference: string
  readonly published: string
  readonly appliesFrom: string
  readonly supersedes?: string
  readonly cells: readonly Cell[]
}

export const ruleSets = table.sets as unknown as readonly RuleSet[]
export const dataPoints = table.dataPoints as readonly { nr: number; name: string; article: string }[]
export const rulesSources = table.sources

/** From which day a passport has to be there, and above how much energy an industrial battery needs one. */
export const { passportFrom, leastEnergyKwh } = table

/** The categories that have passports; those of the law without one are `SLI` and `portable`. */
export const categories = ['EV', 'LMT', 'industrial', 'industrialStationary', 'industrialWithoutBms'] as const

export const ruleSetOf = (id: string): RuleSet | undefined => ruleSets.find(set => set.id === id)

/** The set that was the latest on a day (`2027-02-18`): that of before the first is the first. */
export const ruleSetOn = (on: string): RuleSet => ruleSets.findLast(({ published }) => published <= on) ?? ruleSets[0]!

const indexes = new WeakMap<RuleSet, { cells: ReadonlyMap<string, readonly Cell[]>; days: readonly string[] }>()
const indexOf = (set: RuleSet) =>
  indexes.getOrInsertComputed(set, ({ cells, published }) => ({
    cells: Map.groupBy(cells, ({ dataPoint, category }) => `${category} ${dataPoint}`),
    days: [
      ...new Set([published, ...cells.flatMap(({ from, until }) => [from, until].filter(day => day !== undefined))]),
    ],
  }))

/** Whether between two days anything turned that a rule set says: the later day included, the earlier one not. */
export const turnedBetween = (earlier: string, later: string): boolean =>
  ruleSets.some(set => indexOf(set).days.some(day => earlier < day && day <= later))

/** The days on which anything turns that a rule set says, and those on which a set came, the earliest first. */
export const turningDays: readonly string[] = [...new Set(ruleSets.flatMap(set => indexOf(set).days))].sort()

/** What a set says of a data point on a day; undefined for a category that has no passport. */
export const cellOf = (set: RuleSet, dataPoint: number, category: string, on: string): Cell | undefined =>
  indexOf(set)
    .cells.get(`${category} ${dataPoint}`)
    ?.find(({ from = '', until = '9999-12-31' }) => from <= on && on < until)

/**
 * The cell by which a value is its owner's alone, as it is not to be filled yet, or not for this category: where each data
 * point that it stands for says so, the first of them. Of an unknown category the strictest counts.
 */
export function withholding(attribute: string, category: string | null, on: string): Cell | undefined {
  const points = attributeOf(attribute)?.dataPoints ?? []
  if (points.length === 0) return undefined
  const set = ruleSetOn(on)
  const known = categories.find(one => one === category)
  for (const of of known ? [known] : categories) {
    const cells = points.map(point => cellOf(set, point, of, on))
    if (cells.every(cell => cell?.status === 'N' && cell.kind !== 'repetition')) return cells[0]
  }
  return undefined
}

/** Whether a value is its owner's alone; see `withholding`. */
export const withheld = (attribute: string, category: string | null, on: string): boolean =>
  withholding(attribute, category, on) !== undefined

/** Whether a battery has to have a passport. */
export type Scope = 'required' | 'not_yet_binding' | 'below_threshold' | 'capacity_unknown' | 'not_covered'

/** Decimal texts, each in the unit of its attribute, as far as they are known. */
export interface Energy {
  readonly ratedCapacity?: string
  readonly nominalVoltage?: string
  readonly certifiedUsableBatteryEnergy?: string
}

/**
 * Whether a battery has to have a passport on a day (Art. 77(1)): EV and LMT always, industrial ones above 2 kWh. What
 * is not known exempts nobody.
 */
export function scopeOf(category: string | null, energy: Energy, on: string): Scope {
  if (category === 'SLI' || category === 'portable') return 'not_covered'
  if (category?.startsWith('industrial')) {
    const most = energyOf(energy)
    if (most === undefined) return 'capacity_unknown'
    if (!isLess(leastEnergyKwh.value, most)) return 'below_threshold'
  }
  return on < passportFrom.date ? 'not_yet_binding' : 'required'
}

/** The larger of what the certificate says and what capacity and voltage come to, in kWh. */
function energyOf({ ratedCapacity, nominalVoltage, certifiedUsableBatteryEnergy }: Energy): string | undefined {
  const computed =
    ratedCapacity !== undefined && nominalVoltage !== undefined
      ? decimalOf(exactly(ratedCapacity).mul(exactly(nominalVoltage)).div(1000))
      : undefined
  const known = [computed, certifiedUsableBatteryEnergy].filter(value => value !== undefined)
  return known.length === 2 && isLess(known[0]!, known[1]!) ? known[1] : known[0]
}

/** What is to be said of one data point. */
export type Finding =
  | 'present'
  | 'missing'
  | 'invalid'
  | 'declared_not_applicable'
  | 'not_yet_required'
  | 'must_be_empty'

export interface Assessed {
  readonly dataPoint: number
  readonly name: string
  readonly status: Status
  readonly finding: Finding
  /** Of its attributes, those that the finding is about. */
  readonly attributes: readonly string[]
  readonly article: string
  readonly condition?: string
  readonly trigger?: string
  readonly from?: string
  readonly until?: string
}

/** What a passport says of its attributes, for assessing it. */
export interface Said {
  /** `filled`, `faulty` for what cannot be read as what it should be, or `notApplicable`. */
  readonly state: 'filled' | 'faulty' | 'notApplicable'
}

/**
 * What is missing and what is too much by the data points of a category on a day. Without a category it has to be said
 * first, and nothing else can be told.
 */
export function assess(
  said: ReadonlyMap<string, Said>,
  category: string | null,
  on: string,
  set: RuleSet = ruleSetOn(on),
): Assessed[] {
  if (category === null) return [{ ...headOf(6), status: 'M', finding: 'missing', attributes: ['batteryCategory'] }]
  return dataPoints.flatMap(({ nr }): Assessed[] => {
    const cell = cellOf(set, nr, category, on)
    if (!cell) return []
    const { dataPoint: _, category: _of, kind: _kind, why: _why, ...told } = cell
    return [{ ...headOf(nr), ...told, ...findingOf(cell, said) }]
  })
}

const headOf = (nr: number) => {
  const { name, article } = dataPoints.find(point => point.nr === nr)!
  return { dataPoint: nr, name, article }
}

/** One of these stands for the whole of its data point; of others all have to be there. */
const oneIsEnough = new Set([23, 69, 70])

const attributesOf = new Map(
  dataPoints.map(({ nr }) => [nr, attributes.filter(one => one.dataPoints.includes(nr)).map(({ id }) => id)] as const),
)

function findingOf(
  { dataPoint, status, kind }: Cell,
  said: ReadonlyMap<string, Said>,
): { finding: Finding; attributes: string[] } {
  const names = attributesOf.get(dataPoint)!
  const withState = (state: Said['state']): string[] => names.filter(name => said.get(name)?.state === state)
  const filled = withState('filled')
  if (status === 'N') {
    if (kind === 'repetition') return { finding: 'not_yet_required', attributes: [] }
    const there = names.filter(name => said.has(name))
    if (there.length > 0) return { finding: 'must_be_empty', attributes: there }
    return { finding: kind === 'must_be_empty' ? 'must_be_empty' : 'not_yet_required', attributes: [] }
  }
  const faulty = withState('faulty')
  if (faulty.length > 0) return { finding: 'invalid', attributes: faulty }
  const without = withState('notApplicable')
  if (status !== 'M' && without.length > 0 && filled.length === 0)
    return { finding: 'declared_not_applicable', attributes: without }
  const missing = names.filter(name => !filled.includes(name) && (status === 'M' || !without.includes(name)))
  if (missing.length === 0 || (oneIsEnough.has(dataPoint) && filled.length > 0))
    return { finding: 'present', attributes: filled }
  return status === 'O'
    ? { finding: 'not_yet_required', attributes: missing }
    : { finding: 'missing', attributes: missing }
}
