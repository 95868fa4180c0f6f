import { attributeOf, attributes, parseGiven, type Granularity } from '#law'
import { Problem, stringify, verbatim } from '#kernel'
import type { PassportData } from '#contracts/passports'
import { saidIn } from '../audiences/said.ts'
import type { EffectiveView } from '../units/effective.ts'
import { requireReadable, requireValues, withAttributes } from '../units/units.ts'
import { givenOf, groups, heads, isMembers, type Compressed } from './shape.ts'

/** What a client may send in the head and the platform keeps: the spellings of others are understood. */
const kept = ['digitalProductPassportId', 'granularity', 'dppSchemaVersion', 'dppStatus', 'economicOperatorId']
const ignored = ['lastUpdate', 'lastUpdated', 'contentSpecificationIds']
const written = { uniqueProductIdentifier: 'uniqueBatteryIdentifier', facilityId: 'uniqueFacilityIdentifier' } as const

const invalid = (pointer: string, detail: string): Problem =>
  new Problem('invalid', 'element_unfit', { detail: `${pointer} ${detail}.`, errors: [{ pointer, detail }] })

/** Values of attributes by the sections of a compressed passport. Refuses what the law does not know, or knows elsewhere. */
function attributesIn(compressed: Compressed): Map<string, unknown> {
  const found = new Map<string, unknown>()
  for (const [key, section] of Object.entries(compressed)) {
    if (kept.includes(key) || ignored.includes(key)) continue
    if (Object.hasOwn(written, key)) found.set(written[key as keyof typeof written], section)
    else if (!groups.includes(key)) throw invalid(`/${key}`, `is no part of a passport: ${groups.join(', ')}`)
    else if (!isMembers(section)) throw invalid(`/${key}`, 'must be an object')
    else
      for (const [id, value] of Object.entries(section)) {
        const attribute = attributeOf(id)
        if (attribute?.group !== key || Object.hasOwn(heads, id))
          throw invalid(`/${key}/${id}`, `is nothing that ${key} says`)
        found.set(id, value)
      }
  }
  return found
}

/** The data of a new passport, in our own format. */
export function dataOf(compressed: Compressed): PassportData {
  if (isMembers(compressed) && compressed.digitalProductPassportId !== undefined)
    throw invalid('/digitalProductPassportId', 'is given by the platform')
  const said = [...attributesIn(compressed)].filter(([, value]) => value !== null)
  const given = JSON.stringify(Object.fromEntries(said.map(([id, value]) => [id, givenOf(attributeOf(id)!, value)])))
  requireValues(given)
  const data = verbatim<PassportData>(`{"attributes":${given}}`)
  requireReadable(data)
  return data
}

/** What a passport of these words is of; one battery where it does not say so. */
export function granularityIn({ granularity }: Compressed): Granularity {
  if (granularity === undefined || granularity === null) return 'item'
  const known = typeof granularity === 'string' ? granularity.toLowerCase() : ''
  if (known === 'item' || known === 'batch' || known === 'model') return known
  throw invalid('/granularity', 'must be Item, Batch or Model')
}

/**
 * The data of a passport after its words became others: what differs is set or taken away, all else stays as it was
 * given. `items` are what it says now.
 */
export function dataAfter(
  data: PassportData,
  items: readonly EffectiveView[],
  granularity: Granularity,
  [before, after]: readonly [Compressed, Compressed],
): PassportData {
  for (const key of kept)
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key]) && !isSameWord(before[key], after[key]))
      throw new Problem('conflict', 'head_kept', {
        detail: `${key} is kept by the platform.`,
        errors: [{ pointer: `/${key}`, detail: 'cannot be changed here' }],
      })
  const [had, has] = [attributesIn(before), attributesIn(after)]
  const changed = attributes
    .map(({ id }) => id)
    .filter(id => JSON.stringify(had.get(id)) !== JSON.stringify(has.get(id)))
  const isGone = (id: string): boolean => (has.get(id) ?? null) === null
  const gone = changed.filter(isGone)
  const inherited = gone.find(id => items.some(item => item.id === id && item.from !== granularity))
  if (inherited)
    throw new Problem('unprocessable', 'level_forbids', {
      detail: `What its model says of ${inherited} cannot be taken away here.`,
      errors: [{ pointer: `/${attributeOf(inherited)!.group}/${inherited}`, detail: 'is said by its model' }],
    })
  const set = changed.filter(id => !isGone(id)).map(id => [id, givenOf(attributeOf(id)!, has.get(id))])
  const given = JSON.stringify(Object.fromEntries(set))
  requireValues(given)
  const left = without(data, new Set(gone))
  const revised = verbatim<PassportData>(set.length > 0 ? withAttributes(left, given) : left)
  requireReadable(revised)
  return revised
}

const isSameWord = (one: unknown, other: unknown): boolean =>
  typeof one === 'string' && typeof other === 'string' && one.toLowerCase() === other.toLowerCase()

/** The text of the data without every place that says something of these attributes. */
function without(data: PassportData, ids: ReadonlySet<string>): string {
  const text = stringify(data)
  const places = saidIn(data).all.filter(({ attribute }) => ids.has(attribute.id))
  if (places.length === 0) return text
  const left = parseGiven(text)
  for (const { pointer } of places) {
    const steps = pointer.slice(1).split('/')
    const last = steps.pop()!
    let at = left as Record<string, unknown>
    for (const step of steps) at = at[step] as Record<string, unknown>
    delete at[last]
  }
  return JSON.stringify(left)
}
