import Type, { type Static } from 'typebox'
import { Problem } from '#kernel'
import {
  assess,
  categoryOf,
  faultsOf,
  ruleSetOf,
  ruleSetOn,
  scopeOf,
  turningDays,
  type Assessed,
  type Finding,
  type Said,
} from '#law'
import { fold, saidIn, type Member } from '../audiences/said.ts'
import { valueIn } from '../columns.ts'
import type { Settings } from './settings.ts'

const findings: Finding[] = [
  'present',
  'missing',
  'invalid',
  'declared_not_applicable',
  'not_yet_required',
  'must_be_empty',
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

/** By the set that held on the day, or by one that is named. Fails with `rule_set_unknown`. */
export function readinessOf(line: readonly Member[], on: string, setId?: string): Readiness {
  const set = setId === undefined ? ruleSetOn(on) : ruleSetOf(setId)
  if (!set) throw new Problem('not_found', 'rule_set_unknown', { detail: 'There is no such rule set.' })
  const { said, category, number } = saidBy(line)
  const items = assess(said, category, on, set)
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
    items: items.map(({ attributes, ...item }) => ({ ...item, attributes: [...attributes] })),
    unmapped: unmappedIn(line[0]!),
  }
}

/** Whether it is mandatory, and not there or not to be read. */
export const isLacking = ({ status, finding }: Pick<Assessed, 'status' | 'finding'>): boolean =>
  status === 'M' && (finding === 'missing' || finding === 'invalid')

const isReady = (items: readonly Assessed[]): boolean => !items.some(isLacking)

/** Whether a passport is ready by the rules of each day from one on, before another one. */
export interface Standing {
  readonly ruleSet: string
  readonly from: string
  readonly until: string
  readonly ready: boolean
}

/** How a passport stands by the rules of each day, as it is now. */
export function standingsOf(line: readonly Member[]): Standing[] {
  const { said, category } = saidBy(line)
  const found: Standing[] = []
  for (const [at, from] of ['-infinity', ...turningDays].entries()) {
    const until = turningDays[at] ?? 'infinity'
    const on = at === 0 ? '0001-01-01' : from
    const set = ruleSetOn(on)
    const standing = { ruleSet: set.id, from, until, ready: isReady(assess(said, category, on, set)) }
    const before = found.at(-1)
    if (before?.ruleSet === set.id && before.ready === standing.ready) found.splice(-1, 1, { ...before, until })
    else found.push(standing)
  }
  return found
}

/** What a line says of each attribute, and of itself. */
function saidBy(line: readonly Member[]) {
  const folded = fold(line)
  const said = new Map<string, Said>()
  for (const { data } of line)
    for (const { attribute } of faultsOf(saidIn(data).all)) said.set(attribute, { state: 'faulty' })
  for (const [id, { value }] of folded) said.set(id, { state: value.notApplicable ? 'notApplicable' : 'filled' })
  const number = (id: string): string | undefined => {
    const value = folded.get(id)?.value.value
    return typeof value === 'string' ? value : undefined
  }
  return { said, number, category: categoryIn(line, number('batteryCategory')) }
}

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
