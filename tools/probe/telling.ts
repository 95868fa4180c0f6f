import {
  assess,
  attributes,
  attributeOf,
  categoryOf,
  ruleSetOn,
  withheld,
  type Attribute,
  type Said,
} from '../../law/index.ts'

/** What a document of somebody else tells of the law's attributes, in whichever shape it does. */
export interface Told {
  readonly attributes: ReadonlySet<string>
  readonly category: string | null
  readonly passportId: string | null
  readonly productId: string | null
}

/** In the head of EN 18223 some have other names. */
const inHead = {
  uniqueproductidentifier: 'uniqueBatteryIdentifier',
  digitalproductpassportid: 'batteryPassportIdentifier',
  facilityid: 'uniqueFacilityIdentifier',
}
const byName = new Map<string, Attribute>([
  ...attributes.map(one => [one.id.toLowerCase(), one] as const),
  ...Object.entries(inHead).map(([name, id]) => [name, attributeOf(id)!] as const),
])
const deepest = 40
const most = 50_000

/**
 * Attributes by the names of EN 18223's dictionary of ours, wherever they stand: as keys, or as elements with an
 * `elementId` or a `dictionaryReference`. Empty ones tell nothing.
 */
export function toldBy(document: unknown): Told {
  const found = new Set<string>()
  const words = new Map<string, string>()
  let looked = 0
  const isSaid = (value: unknown): boolean =>
    value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)
  const note = (name: string, value: unknown): void => {
    const attribute = byName.get(name.toLowerCase())
    if (attribute && isSaid(value)) {
      found.add(attribute.id)
    }
    const word = typeof value === 'object' && value !== null && 'value' in value ? value.value : value
    for (const key of [name, attribute?.id])
      if (key && typeof word === 'string' && !words.has(key)) words.set(key, word)
  }
  const look = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > deepest || ++looked > most) return
    if (!Array.isArray(value)) {
      const { elementId, dictionaryReference, value: said, elements } = value as Record<string, unknown>
      const name = [elementId, dictionaryReference].find(one => typeof one === 'string') as string | undefined
      if (name) note(name.split(/[/#]/).at(-1)!, said ?? elements ?? value)
      for (const [key, inner] of Object.entries(value)) note(key, inner)
    }
    for (const inner of Object.values(value)) look(inner, depth + 1)
  }
  look(document, 0)
  const word = (...names: string[]): string | null => names.map(name => words.get(name)).find(Boolean) ?? null
  return {
    attributes: found,
    category: categoryOf(word('batteryCategory', 'category') ?? '') ?? null,
    passportId: word('digitalProductPassportId', 'passportId'),
    productId: word('uniqueProductIdentifier', 'uniqueBatteryIdentifier', 'productId'),
  }
}

/** What of it the law does not open to everybody: points 2 to 4, and what is not to be filled yet. */
export const leaksIn = (told: ReadonlySet<string>, category: string | null, on: string): Attribute[] =>
  [...told].map(id => attributeOf(id)!).filter(({ id, point }) => point !== 1 || withheld(id, category, on))

/** The mandatory data points of everybody that it does not tell, each with its article. */
export function lackingIn(told: ReadonlySet<string>, category: string, on: string) {
  const said = new Map<string, Said>([...told].map(id => [id, { state: 'filled' }]))
  return assess(said, category, on, ruleSetOn(on))
    .filter(({ status, finding }) => status === 'M' && finding === 'missing')
    .map(({ dataPoint, name, article, attributes }) => ({
      dataPoint,
      name,
      article,
      attributes: attributes.filter(id => attributeOf(id)!.point === 1),
    }))
    .filter(({ attributes }) => attributes.length > 0)
}
