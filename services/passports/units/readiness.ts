import Type, { type Static } from 'typebox'
import { Problem } from '#kernel'
import {
  ages,
  assess,
  attributeOf,
  categoryOf,
  chargesOf,
  faultsOf,
  hasPlant,
  linkOfArticle,
  metalsIn,
  needsEvidence,
  ruleSetOn,
  scopeOf,
  turningDays,
  type Assessed,
  type Attribute,
  type Bringer,
  type DraftSet,
  type Finding,
  type NextAction,
  type RuleSet,
  type Said,
  type Value,
} from '#law'
import { fold, saidIn, type Member } from '../audiences/said.ts'
import { valueIn } from '../columns.ts'
import type { Settings } from './settings-store.ts'
import type { Fresh } from './store.ts'
import { attributesIn } from './units.ts'

const findings: Finding[] = [
  'present',
  'missing',
  'stale',
  'evidence_missing',
  'plant_missing',
  'invalid',
  'declared_not_applicable',
  'not_yet_required',
  'must_be_empty',
]
const bringers: Bringer[] = [
  'operator',
  'manufacturer',
  'plant',
  'supplier',
  'laboratory',
  'battery_management',
  'platform',
]
const actions: NextAction[] = [
  'none',
  'fill',
  'correct',
  'renew',
  'add_evidence',
  'name_plant',
  'remove',
  'declare',
  'wait',
]
const Count = Type.Integer({ minimum: 0, examples: [3] })

/** What a passport lacks by the law on a day. */
export const ReadinessView = Type.Object(
  {
    scope: Type.Enum(['required', 'not_yet_binding', 'below_threshold', 'capacity_unknown', 'not_covered'], {
      description: 'Whether the battery has to have a passport that day (Art. 77(1))',
      examples: ['required'],
    }),
    category: Type.Union([Type.String(), Type.Null()], { examples: ['EV'] }),
    ruleSet: Type.String({ examples: ['ec-2.0'] }),
    on: Type.String({ format: 'date', examples: ['2027-02-18'] }),
    ready: Type.Boolean({ description: 'Nothing mandatory is missing or cannot be read', examples: [false] }),
    counts: Type.Object(Object.fromEntries(findings.map(finding => [finding, Count]))),
    items: Type.Array(
      Type.Object(
        {
          dataPoint: Type.Integer({ examples: [11] }),
          name: Type.String({ examples: ['The capacity'] }),
          finding: Type.Enum(findings, { examples: ['missing'] }),
          status: Type.Enum(['M', 'C', 'O', 'N'], {
            description: 'Mandatory, conditional, optional, not to be filled',
            examples: ['M'],
          }),
          attributes: Type.Array(Type.String({ examples: ['ratedCapacity'] })),
          article: Type.String({ examples: ['Annex VI A(6)'] }),
          condition: Type.Optional(Type.String()),
          trigger: Type.Optional(Type.String({ description: 'What has to happen first, where no date is known' })),
          from: Type.Optional(Type.String({ format: 'date' })),
          until: Type.Optional(Type.String({ format: 'date' })),
          owner: Type.Enum(bringers, {
            description: 'Who has it first, and can be asked for it',
            examples: ['supplier'],
          }),
          nextAction: Type.Enum(actions, {
            description: 'What can be done about it; what is owed is declared by PATCH /api/passports/settings',
            examples: ['fill'],
          }),
          link: Type.Object(
            {
              article: Type.String({
                description: 'Where the law says so',
                examples: ['https://eur-lex.europa.eu/eli/reg/2023/1542/oj#anx_VI'],
              }),
              form: Type.Union([Type.String(), Type.Null()], {
                description: 'Where it is done, in the console',
                examples: ['/passports/0192f3a4-7c1e-7b7a-9d2f-3c5b8e1f2a64?tab=readiness&point=11'],
              }),
            },
            { title: 'ReadinessLink' },
          ),
        },
        { title: 'ReadinessItem' },
      ),
    ),
    unmapped: Type.Array(Type.String({ examples: ['/internal/price'] }), {
      description: 'Pointers into its data of what maps to no attribute, the topmost; nobody but the owner sees it',
    }),
  },
  { title: 'PassportReadiness' },
)

export type Readiness = Static<typeof ReadinessView>

/** Of it what somebody has to do something about, or may one day. */
export const openIn = (readiness: Readiness): Readiness => ({
  ...readiness,
  items: readiness.items.filter(({ finding }) => finding !== 'present' && finding !== 'not_yet_required'),
})

/** Refuses to publish with `passport_not_ready` what lacks something mandatory, where its owner wants that. */
export function requireReady({ publication }: Settings, { items, on, ruleSet }: Readiness): void {
  const lacking = items.filter(isLacking)
  if (publication !== 'block' || lacking.length === 0) return
  throw new Problem('unprocessable', 'passport_not_ready', {
    detail:
      `By ${ruleSet} on ${on} the passport lacks ${lacking.length} of what is mandatory, and its owner publishes none ` +
      'that does (PATCH /api/passports/settings).',
    errors: lacking.flatMap(({ dataPoint, name, article, finding, attributes }) =>
      attributes.map(id => ({
        pointer: `/data/attributes/${id}`,
        detail: `is ${finding}: data point ${dataPoint}, ${name} (${article})`,
      })),
    ),
  })
}

/** What readiness is found by, beside what the passport says. */
export interface Asked {
  /** By which set, where it is not that of the day. */
  readonly set?: RuleSet | DraftSet | undefined
  /** What was written since the day after which it is fresh; without, nothing is stale. */
  readonly fresh?: Fresh
}

/** By the set that holds on the day, or by another one. */
export function readinessOf(
  line: readonly Member[],
  on: string,
  settings?: Settings,
  { set = ruleSetOn(on), fresh }: Asked = {},
): Readiness {
  const { said, category, number, circumstances } = saidBy(line, settings, fresh)
  const items = assess(said, category, on, set, circumstances)
  const [{ id }] = line as [Member, ...Member[]]
  const counts = Object.fromEntries(
    findings.map(finding => [finding, items.filter(item => item.finding === finding).length]),
  )
  const energy = {
    ratedCapacity: number('ratedCapacity'),
    nominalVoltage: number('nominalVoltage'),
    certifiedUsableBatteryEnergy: number('certifiedUsableBatteryEnergy'),
  }
  return {
    scope: scopeOf(category, energy, on),
    category,
    ruleSet: set.id,
    on,
    ready: isReady(items),
    counts,
    items: items.map(({ attributes, ...item }) => ({
      ...item,
      attributes: [...attributes],
      link: { article: linkOfArticle(item.article), form: formOf(id, item) },
    })),
    unmapped: unmappedIn(line[0]!),
  }
}

/** Where in the console somebody does what is next. */
const formOf = (id: string, { nextAction, dataPoint }: Pick<Assessed, 'nextAction' | 'dataPoint'>): string | null =>
  fillable.has(nextAction) ? `/passports/${id}?tab=readiness&point=${dataPoint}` : null

const fillable: ReadonlySet<NextAction> = new Set(['fill', 'correct', 'renew', 'add_evidence', 'name_plant', 'remove'])

/** Whether it is mandatory, and not there or not to be read. */
export const isLacking = ({ status, finding }: Pick<Assessed, 'status' | 'finding'>): boolean =>
  status === 'M' && (finding === 'missing' || finding === 'invalid')

const isReady = (items: readonly Assessed[]): boolean => !items.some(isLacking)

/** Whether a passport is ready by the rules of each day from one on, before another one. */
export interface Standing {
  readonly ruleSet: string
  readonly from: string
  readonly until: string
  /** Numbers of data points that are mandatory and lacking; of none it is ready. */
  readonly missing: readonly number[]
}

/** How a passport stands by the rules of each day, as it is now. */
export function standingsOf(line: readonly Member[], settings?: Settings): Standing[] {
  const { said, category, circumstances } = saidBy(line, settings)
  const found: Standing[] = []
  for (const [at, from] of ['-infinity', ...turningDays].entries()) {
    const until = turningDays[at] ?? 'infinity'
    const on = at === 0 ? '0001-01-01' : from
    const set = ruleSetOn(on)
    const missing = assess(said, category, on, set, circumstances)
      .filter(isLacking)
      .map(({ dataPoint }) => dataPoint)
    const standing = { ruleSet: set.id, from, until, missing }
    const before = found.at(-1)
    if (before?.ruleSet === set.id && before.missing.join() === missing.join())
      found.splice(-1, 1, { ...before, until })
    else found.push(standing)
  }
  return found
}

/** Numbers of data points that are mandatory by a set on a day, and lacking. */
export function lackingBy(line: readonly Member[], on: string, set: RuleSet | DraftSet, settings?: Settings): number[] {
  const { said, category, circumstances } = saidBy(line, settings)
  return assess(said, category, on, set, circumstances)
    .filter(isLacking)
    .map(({ dataPoint }) => dataPoint)
}

/** What a line says of each attribute, and of itself. */
function saidBy(line: readonly Member[], settings: Settings | undefined, fresh?: Fresh) {
  const folded = fold(line)
  const said = new Map<string, Said>()
  for (const { data } of line)
    for (const { attribute } of faultsOf(saidIn(data).all)) said.set(attribute, { state: 'faulty' })
  for (const [id, { value, from }] of folded) {
    const attribute = attributeOf(id)!
    const member = line.find(({ granularity }) => granularity === from)!
    said.set(id, {
      state: value.notApplicable ? 'notApplicable' : 'filled',
      ...(fresh && ages(attribute) && { isStale: isStale(attribute, member, fresh) }),
      lacksEvidence: lacksEvidence(attribute, value, member),
      lacksPlant: lacksPlant(attribute, value, member),
      lacksCharges: chargesOf(attribute).some(level => !hasCharge(value, level)),
    })
  }
  const number = (id: string): string | undefined => {
    const value = folded.get(id)?.value.value
    return typeof value === 'string' ? value : undefined
  }
  const values = new Map([...folded].map(([id, { value }]) => [id, value]))
  const circumstances = {
    owesDiligence: settings?.dueDiligence ? settings.dueDiligence === 'owed' : undefined,
    hasMetals: metalsIn(values).length > 0,
  }
  return { said, number, circumstances, category: categoryIn(line, number('batteryCategory')) }
}

/** What somebody gave beside the value of an attribute, in our own words. */
const besideOf = ({ data }: Member, id: string): Record<string, unknown> => {
  const given = attributesIn(data)[id]
  return typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {}
}

/** Older than it may be, by the time given with it; else as nothing was written there since. */
function isStale(attribute: Attribute, member: Member, { since, touched }: Fresh): boolean {
  const { at } = besideOf(member, attribute.id)
  if (typeof at === 'string' && !Number.isNaN(Date.parse(at))) return new Date(at) < since
  const writing = touched.get(member.id)
  if (!writing || writing.isNew) return false
  const places = saidIn(member.data).all.flatMap(one => (one.attribute === attribute ? [one.pointer] : []))
  return !places.some(place =>
    writing.fields.some(field => field === place || field.startsWith(`${place}/`) || place.startsWith(`${field}/`)),
  )
}

/** A paper that is only named, or a figure that the law believes with its papers, without them. */
function lacksEvidence(attribute: Attribute, { value, notApplicable }: Value, member: Member): boolean {
  if (notApplicable) return false
  if (attribute.type === 'document' || attribute.type === 'documents')
    return [value].flat().some(one => {
      const paper = one as Record<string, unknown> | string
      return typeof paper === 'object' && !['url', 'documentId', 'docId', 'id'].some(name => paper[name])
    })
  const { evidence } = besideOf(member, attribute.id)
  return needsEvidence(attribute) && (evidence === undefined || evidence === null || evidence === '')
}

/** A batch is made in one plant; a model may be made in several, so that its value says of which it holds. */
const lacksPlant = (attribute: Attribute, { plant, notApplicable }: Value, { granularity }: Member): boolean =>
  granularity === 'model' && hasPlant(attribute) && plant === undefined && !notApplicable

const hasCharge = ({ value }: Value, level: string): boolean =>
  Array.isArray(value) && value.some(({ soc }: { soc?: string }) => Number(soc) === Number(level))

const categoryIn = (line: readonly Member[], said: string | undefined): string | null =>
  (said && categoryOf(said)) ?? line.map(({ data }) => valueIn('category', data)).find(Boolean) ?? null

/** The topmost places of the data of which nothing is known, a hundred at most. */
function unmappedIn({ data }: Member): string[] {
  const known = new Set(
    saidIn(data).all.flatMap(({ pointer, unitAt, reading }) => (reading.value ? [pointer, unitAt] : [])),
  )
  const isAbove = (place: string): boolean => [...known].some(pointer => pointer?.startsWith(`${place}/`))
  const found: string[] = []
  const look = (value: unknown, place: string): void => {
    if (found.length >= 100 || known.has(place)) return
    if (place !== '' && !isAbove(place)) found.push(place)
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value))
        look(inner, `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  }
  look(data, '')
  return found
}
