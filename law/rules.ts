import { attributes, attributeOf, type Attribute } from './attributes.ts'
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
  /** What decides whether the condition holds: what its owner declares, or whether cadmium or lead is in the battery. */
  readonly asked?: 'dueDiligence' | 'metals'
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

/** Those that decide, the earliest first. */
export const ruleSets = table.sets as unknown as readonly RuleSet[]

/** What the law is about to ask: it has no day yet and decides nothing, but passports can be held to it to see what it changes. */
export interface DraftSet extends Omit<RuleSet, 'published' | 'appliesFrom'> {
  readonly published?: undefined
  readonly appliesFrom?: undefined
}

/** Each is the set that it extends, with all that waits for its act mandatory. */
export const draftSets: readonly DraftSet[] = table.drafts.map(({ extends: base, trigger, ...draft }) => ({
  ...draft,
  supersedes: base,
  cells: (table.sets as unknown as readonly RuleSet[])
    .find(({ id }) => id === base)!
    .cells.map(({ kind, trigger: waits, condition, ...cell }): Cell =>
      waits === trigger
        ? { ...cell, status: 'M' }
        : { ...cell, ...(kind && { kind }), ...(waits && { trigger: waits }), ...(condition && { condition }) },
    ),
}))

type AnySet = RuleSet | DraftSet

/** Why these sets cannot decide together: two for one day, or one that follows none. */
export function faultsOfSets(sets: readonly RuleSet[]): string[] {
  return sets.flatMap((set, index) => {
    const { id, published, supersedes, cells } = set
    const before = sets[index - 1]
    const faults: string[] = []
    if (sets.findIndex(other => other.id === id) !== index) faults.push(`there are two rule sets ${id}`)
    if (before && published <= before.published)
      faults.push(
        `${id} (${published}) overlaps ${before.id} (${before.published}): a set begins after the one before it`,
      )
    if (supersedes !== before?.id)
      faults.push(`${id} supersedes ${supersedes ?? 'none'}, and follows ${before?.id ?? 'none'}`)
    const byPoint = Map.groupBy(cells, ({ dataPoint, category }) => `${dataPoint} of ${category}`)
    for (const [point, alike] of byPoint) {
      const spans = alike
        .map(({ from = '', until = '9999-12-31' }) => ({ from, until }))
        .sort((a, b) => (a.from < b.from ? -1 : 1))
      if (spans.some(({ from, until }, at) => until <= from || (at > 0 && from < spans[at - 1]!.until)))
        faults.push(`${id} says two things of data point ${point} on one day`)
    }
    return faults
  })
}
export const dataPoints = table.dataPoints as readonly { nr: number; name: string; article: string }[]
export const rulesSources = table.sources

/** From which day a passport has to be there, and above how much energy an industrial battery needs one. */
export const { passportFrom, leastEnergyKwh } = table

/** The categories that have passports; those of the law without one are `SLI` and `portable`. */
export const categories = ['EV', 'LMT', 'industrial', 'industrialStationary', 'industrialWithoutBms'] as const

/** Whoever has a value first, so that somebody can be asked for it. */
export type Bringer =
  | 'operator'
  | 'manufacturer'
  | 'plant'
  | 'supplier'
  | 'laboratory'
  | 'battery_management'
  | 'platform'

/** After how many days what changes while a battery is in use is stale. */
export const freshDays = table.fresh.days

/** Whether a value ages at all. */
export const ages = ({ id, changes, otherwise }: Attribute): boolean =>
  changes === 'dynamic' && otherwise !== 'computed' && !table.fresh.except.includes(id)

/** Whether a value is believed only with what it rests on. */
export const needsEvidence = ({ dataPoints }: Attribute): boolean =>
  dataPoints.some(point => table.evidence.some(one => one.dataPoints.includes(point)))

/** States of charge that the law names, in per cent: a value by them says each. */
export const chargesOf = ({ dataPoints }: Attribute): readonly string[] =>
  table.charges.find(({ dataPoint }) => dataPoints.includes(dataPoint))?.levels ?? []

export const bringerOf = ({ group, changes, otherwise }: Attribute): Bringer =>
  (otherwise === 'computed'
    ? 'platform'
    : changes === 'dynamic'
      ? table.bringers.dynamic
      : table.bringers.groups[group as keyof typeof table.bringers.groups]) as Bringer

/** Where an article or an annex of the regulation stands. */
export function linkOfArticle(article: string): string {
  const [, art, annex] = /^(?:Art\. (\d+)|Annex ([IVX]+))/.exec(article) ?? []
  return table.regulation + (art ? `#art_${art}` : annex ? `#anx_${annex}` : '')
}

export const ruleSetOf = (id: string): RuleSet | undefined => ruleSets.find(set => set.id === id)

/** The same of drafts too. */
export const anySetOf = (id: string): AnySet | undefined => ruleSetOf(id) ?? draftSets.find(set => set.id === id)

/** The set that was the latest on a day (`2027-02-18`): that of before the first is the first. */
export const ruleSetOn = (on: string): RuleSet => ruleSets.findLast(({ published }) => published <= on) ?? ruleSets[0]!

const indexes = new WeakMap<AnySet, { cells: ReadonlyMap<string, readonly Cell[]>; days: readonly string[] }>()
const indexOf = (set: AnySet) =>
  indexes.getOrInsertComputed(set, ({ cells, published }) => ({
    cells: Map.groupBy(cells, ({ dataPoint, category }) => `${category} ${dataPoint}`),
    days: [
      ...new Set([
        ...(published ? [published] : []),
        ...cells.flatMap(({ from, until }) => [from, until].filter(day => day !== undefined)),
      ]),
    ],
  }))

/** Whether between two days anything turned that a rule set says: the later day included, the earlier one not. */
export const turnedBetween = (earlier: string, later: string): boolean =>
  ruleSets.some(set => indexOf(set).days.some(day => earlier < day && day <= later))

/** The days on which anything turns that a rule set says, and those on which a set came, the earliest first. */
export const turningDays: readonly string[] = [...new Set(ruleSets.flatMap(set => indexOf(set).days))].sort()

/** What a set says of a data point on a day; undefined for a category that has no passport. */
export const cellOf = (set: AnySet, dataPoint: number, category: string, on: string): Cell | undefined =>
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

/**
 * Whether somebody may say of a value that it does not apply: where the rules of a day ask for it in certain cases only, or
 * do not ask yet. Of an unknown category, where they do so of any.
 */
export function mayNotApply({ dataPoints }: Attribute, category: string | null, on: string): boolean {
  const those = category === null ? categories : categories.filter(one => one === category)
  // What no category with a passport is asked for, nobody asks for.
  if (dataPoints.length === 0 || those.length === 0) return true
  const set = ruleSetOn(on)
  return dataPoints.some(point =>
    those.some(of => {
      const cell = cellOf(set, point, of, on)
      return cell && cell.status !== 'M' && cell.kind !== 'must_be_empty' && cell.kind !== 'repetition'
    }),
  )
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
 * Whether a battery has to have a passport on a day (Art. 77(1)): by its category always, never, or above an energy. What
 * is not known exempts nobody.
 */
export function scopeOf(category: string | null, energy: Energy, on: string): Scope {
  const passport = table.scope.find(({ categories }) => categories.includes(category ?? ''))?.passport
  if (passport === 'never') return 'not_covered'
  if (passport === 'aboveEnergy') {
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
  | 'stale'
  | 'evidence_missing'
  | 'plant_missing'
  | 'invalid'
  | 'declared_not_applicable'
  | 'not_yet_required'
  | 'must_be_empty'

/** What somebody can do about a finding. */
export type NextAction =
  | 'none'
  | 'fill'
  | 'correct'
  | 'renew'
  | 'add_evidence'
  | 'name_plant'
  | 'remove'
  | 'declare'
  | 'wait'

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
  /** Who has to bring it. */
  readonly owner: Bringer
  readonly nextAction: NextAction
}

/** What a passport says of its attributes, for assessing it. */
export interface Said {
  /** `filled`, `faulty` for what cannot be read as what it should be, or `notApplicable`. */
  readonly state: 'filled' | 'faulty' | 'notApplicable'
  /** It is older than what ages may be. */
  readonly isStale?: boolean
  /** It does not name what it rests on. */
  readonly lacksEvidence?: boolean
  /** It holds of what one plant makes, stands on a model, and does not name the plant. */
  readonly lacksPlant?: boolean
  /** It does not say all states of charge that the law names. */
  readonly lacksCharges?: boolean
}

/** What decides about conditions, beside the values themselves. */
export interface Circumstances {
  /** Whether the owner owes due diligence, as they declare it. */
  readonly owesDiligence?: boolean | undefined
  /** Whether cadmium or lead is in the battery. */
  readonly hasMetals?: boolean
}

/**
 * What is missing and what is too much by the data points of a category on a day. Without a category it has to be said
 * first, and nothing else can be told.
 */
export function assess(
  said: ReadonlyMap<string, Said>,
  category: string | null,
  on: string,
  set: AnySet = ruleSetOn(on),
  circumstances: Circumstances = {},
): Assessed[] {
  if (category === null) {
    const attributes = ['batteryCategory']
    return [{ ...headOf(6), status: 'M', finding: 'missing', attributes, owner: 'operator', nextAction: 'fill' }]
  }
  return dataPoints.flatMap(({ nr }): Assessed[] => {
    const cell = cellOf(set, nr, category, on)
    if (!cell) return []
    const { dataPoint: _, category: _of, kind: _kind, why: _why, asked: _asked, ...told } = cell
    const found = findingOf(cell, said, circumstances)
    const about = attributeOf(found.attributes[0] ?? attributesOf.get(nr)![0]!)!
    return [
      { ...headOf(nr), ...told, ...found, owner: bringerOf(about), nextAction: actionOf(cell, found, circumstances) },
    ]
  })
}

const headOf = (nr: number) => {
  const { name, article } = dataPoints.find(point => point.nr === nr)!
  return { dataPoint: nr, name, article }
}

/** Of these data points one value stands for the whole; of others all have to be there. */
const oneIsEnough = new Set(table.oneIsEnough.flatMap(({ dataPoints }) => dataPoints))

const attributesOf = new Map(
  dataPoints.map(({ nr }) => [nr, attributes.filter(one => one.dataPoints.includes(nr)).map(({ id }) => id)] as const),
)

interface Found {
  readonly finding: Finding
  readonly attributes: readonly string[]
  /** Another one than the cell's where what was declared turns a condition into a duty. */
  readonly status?: Status
}

function findingOf(cell: Cell, said: ReadonlyMap<string, Said>, circumstances: Circumstances): Found {
  const found = plainlyOf(cell, said)
  if (found.finding !== 'missing' || cell.status !== 'C') return found
  const { owesDiligence, hasMetals = false } = circumstances
  if (cell.asked === 'metals' && !hasMetals) return { finding: 'not_yet_required', attributes: [] }
  if (cell.asked === 'dueDiligence' && owesDiligence !== true)
    return { ...found, finding: owesDiligence === false ? 'declared_not_applicable' : 'not_yet_required' }
  return cell.asked === 'dueDiligence' ? { ...found, status: 'M' } : found
}

const actions: Partial<Record<Finding, NextAction>> = {
  missing: 'fill',
  invalid: 'correct',
  stale: 'renew',
  evidence_missing: 'add_evidence',
  plant_missing: 'name_plant',
}

function actionOf(
  { status, kind, trigger, until, asked }: Cell,
  { finding, attributes }: Found,
  { owesDiligence }: Circumstances,
): NextAction {
  if (status === 'N') {
    if (kind !== 'repetition' && (trigger || until)) return 'wait'
    return finding === 'must_be_empty' && attributes.length > 0 ? 'remove' : 'none'
  }
  if (finding === 'not_yet_required' && asked === 'dueDiligence' && owesDiligence === undefined) return 'declare'
  return actions[finding] ?? 'none'
}

/** Without what only conditions decide. */
function plainlyOf({ dataPoint, status, kind }: Cell, said: ReadonlyMap<string, Said>): Found {
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
  const isWhole = (name: string): boolean => filled.includes(name) && !said.get(name)!.lacksCharges
  const missing = names.filter(name => !isWhole(name) && (status === 'M' || !without.includes(name)))
  if (missing.length === 0 || (oneIsEnough.has(dataPoint) && filled.length > 0)) {
    const bare = filled.filter(name => said.get(name)!.lacksEvidence)
    if (bare.length > 0) return { finding: 'evidence_missing', attributes: bare }
    const placeless = filled.filter(name => said.get(name)!.lacksPlant)
    if (placeless.length > 0) return { finding: 'plant_missing', attributes: placeless }
    const old = filled.filter(name => said.get(name)!.isStale)
    return old.length > 0 ? { finding: 'stale', attributes: old } : { finding: 'present', attributes: filled }
  }
  return status === 'O'
    ? { finding: 'not_yet_required', attributes: missing }
    : { finding: 'missing', attributes: missing }
}
