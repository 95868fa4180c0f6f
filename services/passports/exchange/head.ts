import { attributeOf, attributes, labelOf, languages, unitOf, type Language } from '#law'
import { wordsOf } from '../columns.ts'

/** What a column of a file stands for: an attribute, with the unit its head fixes, or a column of ours. */
export interface Target {
  readonly column: string
  readonly unit?: string
}

/** Columns that say no attribute: what a passport is of, what it begins with, whether it is published; all its data as JSON. */
export const ownColumns = ['granularity', 'parentId', 'status', 'data'] as const

export const givable = attributes.filter(({ otherwise }) => otherwise !== 'computed').map(({ id }) => id)

export const isColumn = (name: string): boolean =>
  givable.includes(name) || (ownColumns as readonly string[]).includes(name)

/** As people head their lists, beside the labels of the law. */
const usual: Record<string, string> = {
  identifier: 'uniqueBatteryIdentifier',
  'battery identifier': 'uniqueBatteryIdentifier',
  'battery id': 'uniqueBatteryIdentifier',
  serial: 'batterySerialNumber',
  'serial number': 'batterySerialNumber',
  seriennummer: 'batterySerialNumber',
  model: 'batteryModelIdentifier',
  'model id': 'batteryModelIdentifier',
  category: 'batteryCategory',
  chemistry: 'batteryChemistry',
  mass: 'batteryMass',
  weight: 'batteryMass',
  gewicht: 'batteryMass',
  capacity: 'ratedCapacity',
  kapazitat: 'ratedCapacity',
  voltage: 'nominalVoltage',
  spannung: 'nominalVoltage',
}

/** Without case, accents and signs: `Nennkapazität` and `NENNKAPAZITAT` are one. Words run together are told apart. */
const plain = (text: string): string => wordsOf(text.replace(/([a-z])([A-Z])/g, '$1 $2')).join(' ')

/** Undefined of a word that means two things in some language. */
let words: ReadonlyMap<string, string | undefined> | undefined

function known(): ReadonlyMap<string, string | undefined> {
  if (words) return words
  const found = new Map<string, string | undefined>()
  const add = (text: string, column: string): void => {
    const word = plain(text)
    if (word) found.set(word, found.has(word) && found.get(word) !== column ? undefined : column)
  }
  for (const id of givable)
    for (const language of Object.keys(languages) as Language[]) {
      const { text, language: its } = labelOf(id, language)
      if (its === language) add(text, id)
    }
  for (const id of givable) {
    const { en, de } = attributeOf(id)!.label
    for (const text of [en, de]) if (!found.has(plain(text))) found.set(plain(text), id)
  }
  for (const [text, column] of Object.entries(usual)) found.set(text, column)
  for (const column of [...givable, ...ownColumns]) found.set(plain(column), column)
  return (words = found)
}

/**
 * What a head stands for: the id of an attribute, its label in any of the 24 languages, or a usual word, with a unit in
 * brackets behind it. Undefined for what nobody can tell.
 */
export function targetOf(head: string): Target | undefined {
  const [, text = '', unit] = /^(.*?)\s*(?:[[(]([^[\]()]{1,30})[\])])?\s*$/s.exec(head.trim()) ?? []
  const whole = known().get(plain(head))
  if (whole) return { column: whole }
  const column = known().get(plain(text))
  if (!column || !unit) return undefined
  const code = unitOf(unit)
  return code && attributeOf(column)?.unit ? { column, unit: code } : undefined
}

/** The head that is the most like it, for who has to say what theirs means. */
export async function likelyTarget(head: string): Promise<Target | undefined> {
  const { default: distance } = await import('leven')
  const [, text = '', unit] = /^(.*?)\s*(?:[[(]([^[\]()]{1,30})[\])])?\s*$/s.exec(head.trim()) ?? []
  const word = plain(text)
  if (word.length < 3 || word.length > 100) return undefined
  let best: { column: string; far: number } | undefined
  for (const [one, column] of known()) {
    if (!column || Math.abs(one.length - word.length) > 6) continue
    const far = distance(one, word)
    if (far <= Math.max(1, Math.floor(word.length / 4)) && far < (best?.far ?? Infinity)) best = { column, far }
  }
  const code = unit && unitOf(unit)
  return best && { column: best.column, ...(code && attributeOf(best.column)?.unit && { unit: code }) }
}
