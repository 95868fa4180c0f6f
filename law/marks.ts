import { attributes } from './attributes.ts'
import { isDecimal, isLess } from './units.ts'
import type { Value } from './values.ts'

/** Metals whose sign stands below the bin (Art. 13(5)), from which share of a battery on, and by what they are told. */
const table = {
  Cd: { above: '0.002', cas: '7440-43-9', word: /\bcd\b|ni-?cd|cadmi|kadmi/i },
  Pb: { above: '0.004', cas: '7439-92-1', word: /\bpb\b|\blead\b|\bblei\b|plomb|piombo/i },
} as const
export type Metal = keyof typeof table
const metals = Object.keys(table) as Metal[]

/** Batteries without lead are sold by that: the words say what is not there. */
const without = /\b(lead|pb|cd|cadmium|blei)[- ]?(free|frei)|(free of|without|ohne) (lead|cadmium|blei)/i

const materials = attributes.filter(({ type }) => type === 'materials').map(({ id }) => id)

type Values = ReadonlyMap<string, Pick<Value, 'value' | 'notApplicable'>>

/**
 * The metals whose sign a battery bears by what its passport says: of that itself, of its chemistry, or of a material with
 * more of it than may be there unsaid. Of a material without a share the metal is taken to be there.
 */
export function metalsIn(values: Values): Metal[] {
  const said = (id: string): unknown => (values.get(id)?.notApplicable ? undefined : values.get(id)?.value)
  const texts = [said('symbolsForCadmiumAndLead'), said('batteryChemistry')].flatMap(textsIn)
  const there = materials.flatMap(id => [said(id) ?? []].flat()) as (Record<string, unknown> | string)[]
  return metals.filter(metal => {
    const { above, cas, word } = table[metal]
    if (texts.some(text => word.test(text) && !without.test(text))) return true
    return there.some(one => {
      const {
        name,
        cas: number,
        unit = '%',
        concentration,
        share = unit === '%' ? concentration : undefined,
      } = typeof one === 'string' ? ({ name: one } as Record<string, unknown>) : one
      if (number !== cas && !(word.test(String(name)) && !without.test(String(name)))) return false
      const part = String(share ?? '').replace(/\s*%$/, '')
      return !isDecimal(part) || isLess(above, part)
    })
  })
}

const textsIn = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : []

/** The symbol of separate collection (Art. 13(4)): at least this part of an area, within these sides. */
const bin = { most: 50, least: 4.7, onPackaging: 10, ofSide: 0.03, ofCylinder: 0.015 } as const

/**
 * How large the symbol is, and where it stands: on the battery, or on its packaging where that would be too small. Without
 * an area it is as large as the law asks of any battery. In millimetres, and square ones.
 */
export function binFor({ area, isCylinder = false }: { area?: number | undefined; isCylinder?: boolean | undefined }): {
  side: number
  on: 'battery' | 'packaging'
} {
  if (area === undefined) return { side: bin.most, on: 'battery' }
  const side = Math.sqrt(area * (isCylinder ? bin.ofCylinder : bin.ofSide))
  if (side < bin.least) return { side: bin.onPackaging, on: 'packaging' }
  // To the tenth above, so that it covers no less.
  return { side: Math.min(bin.most, Math.ceil(side * 10) / 10), on: 'battery' }
}
