import { Problem } from '#kernel'
import { attributeOf, mayNotApply, mayStandOn, parseGiven, read, type Granularity } from '#law'
import type { PassportData } from '#contracts/passports'
import { fold, saidIn, wrongIn, type Member } from '../audiences/said.ts'
import { dayOf } from '../audiences/views.ts'
import { valueIn } from '../columns.ts'
import type { Passport } from '../passports.ts'

const ranks: Record<Granularity, number> = { model: 0, batch: 1, item: 2 }

/** The parent that a passport may begin with: of the same owner, above it, not archived, of the same category. */
export function fitParent(granularity: Granularity, data: PassportData, parent: Passport | undefined): Passport {
  const unfit = (code: string, detail: string) =>
    new Problem('unprocessable', code, { detail, errors: [{ pointer: '/parentId', detail }] })
  if (!parent) throw unfit('parent_unknown', 'There is no such passport of this owner.')
  if (ranks[parent.granularity] >= ranks[granularity])
    throw unfit('parent_unfit', `A passport of a ${granularity} cannot begin with one of a ${parent.granularity}.`)
  if (parent.status === 'archived') throw unfit('parent_unfit', 'The passport it would begin with is archived.')
  const category = valueIn('category', data)
  if (category && parent.category && category !== parent.category)
    throw unfit(
      'parent_unfit',
      `It is of category ${category}, the passport it would begin with of ${parent.category}.`,
    )
  return parent
}

/** Refuses with `level_forbids` what its model says otherwise, and no batch or item may. */
export function requireLevels(granularity: Granularity, data: PassportData, parents: readonly Member[]): void {
  const above = fold(parents)
  const errors = saidIn(data).all.flatMap(({ attribute, pointer, reading }) => {
    const theirs = above.get(attribute.id)
    if (!theirs || !reading.value || mayStandOn(attribute, granularity, true)) return []
    if (JSON.stringify(theirs.value.value) === JSON.stringify(reading.value.value)) return []
    return [{ pointer: `/data${pointer}`, detail: `is for the ${theirs.from} to say: ${attribute.label.en}` }]
  })
  if (errors.length > 0)
    throw new Problem('unprocessable', 'level_forbids', {
      detail: `A passport of a ${granularity} says nothing else than its ${above.size > 0 ? 'model' : 'parent'} of these.`,
      errors,
    })
}

/** Refuses what cannot be read, by the code of the first fault; `at` is where the values stand in the body. */
export function requireReadable(data: PassportData, at = '/data'): void {
  const { faults, contradictions } = wrongIn(data)
  const unknown = Object.keys(attributesIn(data)).filter(
    id => attributeOf(id)?.otherwise === 'computed' || !attributeOf(id),
  )
  const errors = [
    ...unknown.map(id => ({
      code: 'attribute_unknown',
      pointer: `${at}/attributes/${id}`,
      detail: 'is no attribute that can be given',
    })),
    ...faults.map(({ pointer, fault }) => ({
      code: fault.code as string,
      pointer: at + pointer,
      detail: fault.detail,
    })),
    ...contradictions.map(({ attribute, detail }) => ({
      code: 'value_implausible',
      pointer: `${at}/attributes/${attribute}`,
      detail,
    })),
  ]
  const [first] = errors
  if (first)
    throw new Problem('unprocessable', first.code, {
      detail: `${first.pointer} ${first.detail}.`,
      errors: errors.map(({ pointer, detail }) => ({ pointer, detail })),
    })
}

export const attributesIn = (data: PassportData): Record<string, unknown> => {
  const { attributes } = data
  return typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes)
    ? (attributes as Record<string, unknown>)
    : {}
}

/**
 * The data with these values of attributes, in our own words beside what else it says; null takes one away. Digits and
 * order stay as they were. `text` is the JSON of the values.
 */
export function withAttributes(text: string, given: string): string {
  const data = parseGiven(text) as Record<string, unknown>
  const before = attributesIn(data)
  const changes = parseGiven(given) as Record<string, unknown>
  const after = Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null)
  return JSON.stringify({ ...data, attributes: Object.fromEntries(after) })
}

/** What is held against the rules: of which category the passport is, and on which day. */
export interface HeldTo {
  readonly category?: string | null
  readonly on?: string
}

/** Refuses values that cannot be read, or that are said not to apply where the law has them apply, each at its pointer. */
export function requireValues(given: string, { category, on = dayOf(new Date()) }: HeldTo = {}): void {
  const values = parseGiven(given) as Record<string, unknown>
  const of = category ?? valueIn('category', { attributes: values } as PassportData)
  const errors = Object.entries(values).flatMap(([id, value]) => {
    const attribute = attributeOf(id)
    const pointer = `/attributes/${id.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (!attribute || attribute.otherwise === 'computed')
      return [{ code: 'attribute_unknown', pointer, detail: 'is no attribute that can be given' }]
    if (value === null) return []
    const { fault, value: said } = read(attribute, value, null)
    if (said?.notApplicable && !mayNotApply(attribute, of, on)) {
      const detail = `applies to each battery${of ? ` of category ${of}` : ''}: the law asks for it, or has it empty`
      return [{ code: 'not_applicable_refused', pointer, detail }]
    }
    return fault ? [{ code: fault.code as string, pointer, detail: fault.detail }] : []
  })
  const [first] = errors
  if (first)
    throw new Problem('unprocessable', first.code, {
      detail: `${first.pointer} ${first.detail}.`,
      errors: errors.map(({ pointer, detail }) => ({ pointer, detail })),
    })
}

/** Whether a change of a published model corrects what is fixed by its making, so that it has to say why. */
export const needsReason = ({ granularity, status }: Passport, before: PassportData, after: PassportData): boolean =>
  granularity === 'model' &&
  status === 'published' &&
  [...new Set([...saidIn(before).values.keys(), ...saidIn(after).values.keys()])].some(
    id =>
      attributeOf(id)!.changes === 'static' &&
      JSON.stringify(saidIn(before).values.get(id)) !== JSON.stringify(saidIn(after).values.get(id)),
  )
