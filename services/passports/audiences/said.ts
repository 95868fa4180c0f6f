import { stringify, verbatim } from '#kernel'
import {
  attributeOf,
  contradictions,
  faultsOf,
  mapped,
  mayStandOn,
  parseGiven,
  project,
  sees,
  valuesOf,
  type Granularity,
  type Mapped,
  type Reach,
  type Value,
} from '#law'
import type { PassportData } from '#contracts/passports'

/** What the data of a passport says in the words of the law. */
export interface Said {
  readonly given: unknown
  readonly all: readonly Mapped[]
  readonly values: ReadonlyMap<string, Value>
}

const read = new WeakMap<PassportData, Said>()

/** Found once for each data that is read, as nobody changes it. */
export const saidIn = (data: PassportData): Said =>
  read.getOrInsertComputed(data, () => {
    const given = parseGiven(stringify(data))
    const all = mapped(given)
    return { given, all, values: valuesOf(all) }
  })

/** What cannot be read as what it should be, and what contradicts itself. */
export const wrongIn = (data: PassportData) => ({
  faults: faultsOf(saidIn(data).all),
  contradictions: contradictions(saidIn(data).values),
})

/**
 * The data as somebody with this reach sees it, digits as they were given: the one way by which data leaves for others
 * than the owner. `overruled` are attributes of which its model's word counts, not its own.
 */
export function dataFor(
  reach: Reach,
  data: PassportData,
  category: string | null,
  on: string,
  overruled: ReadonlySet<string> = new Set(),
): PassportData {
  const { all, given } = saidIn(data)
  const shown = project(all, given, id => !overruled.has(id) && sees(reach, id, category, on))
  return verbatim(JSON.stringify(shown))
}

/** A passport with what it says itself. */
export interface Member {
  readonly id: string
  readonly granularity: Granularity
  readonly data: PassportData
  readonly updatedAt: Date
}

export interface Effective {
  readonly value: Value
  readonly from: Granularity
  readonly at: Date
}

/**
 * What a passport says with all that it begins with, itself first and its model last: item over batch over model, where
 * an attribute may be said anew; of all else the model's word counts.
 */
export function fold(line: readonly Member[]): Map<string, Effective> {
  const folded = new Map<string, Effective>()
  for (const { granularity, data, updatedAt } of line)
    for (const [id, value] of saidIn(data).values) {
      const nearer = folded.get(id)
      if (!nearer || !mayStandOn(attributeOf(id)!, nearer.from, true))
        folded.set(id, { value, from: granularity, at: updatedAt })
    }
  return folded
}

/** Attributes that the first of the line says, while another one's word counts. */
export function overruledIn(line: readonly Member[]): Set<string> {
  const [own, ...parents] = line
  const above = new Set(parents.flatMap(({ data }) => [...saidIn(data).values.keys()]))
  return new Set(
    [...saidIn(own!.data).values.keys()].filter(
      id => above.has(id) && !mayStandOn(attributeOf(id)!, own!.granularity, true),
    ),
  )
}
