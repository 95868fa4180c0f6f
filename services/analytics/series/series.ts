import type { Measure } from '#contracts/analytics'
import type { Db } from '#kernel'
import { figuresOf, namesOf, type Figures, type Question } from './figures.ts'
import { add, measures, nothing, type Sums } from './measures.ts'

/** A line to be plotted. */
export interface Line {
  /** Null is what belongs to no group, or the whole where there are none. */
  readonly key: string | null
  readonly name: string | null
  /** It is what is left of the groups. */
  readonly others: boolean
  readonly currency: string | null
  readonly total: number | null
  readonly values: readonly (number | null)[]
}

type Row = { key: string | null; others: boolean; currency: string | null; sums: Sums[] }

type Asked = Omit<Question, 'sources'>

/** The lines of a measure, the greatest first; of groups beyond `limit` one for all. */
export const linesOf = async (db: Db, measure: Measure, question: Asked, limit: number): Promise<Line[]> =>
  (await linesOfAll(db, [measure], question, limit)).get(measure)!

/** The same of several measures. */
export async function linesOfAll(
  db: Db,
  wanted: readonly Measure[],
  question: Asked,
  limit: number,
): Promise<Map<Measure, Line[]>> {
  const { generation, grouping } = question
  const sources = [...new Set(wanted.flatMap(measure => measures[measure].sources))]
  const figures = await figuresOf(db, { ...question, sources })
  const rows = wanted.map(measure => [measure, rowsOf(figures, measure, question, limit)] as const)
  const keys = rows.flatMap(([, of]) => of.flatMap(({ key }) => (key === null ? [] : [key])))
  const names = await namesOf(db, generation, grouping, [...new Set(keys)])
  return new Map(rows.map(([measure, of]) => [measure, of.map(row => lineOf(row, measure, names))]))
}

function rowsOf(figures: Figures, measure: Measure, { grouping, buckets }: Asked, limit: number): Row[] {
  const rows = tablesOf(figures, measure).flatMap(({ currency, table }) =>
    firstOf([...table], limit, measure).map(row => ({ ...row, currency })),
  )
  // A month in which nothing was is a line too.
  if (rows.length === 0 && grouping === undefined && !measures[measure].money)
    rows.push({ key: null, others: false, currency: null, sums: buckets.starts.map(nothing) })
  return rows
}

const tablesOf = ({ all, money }: Figures, measure: Measure) =>
  measures[measure].money
    ? [...money].sort(([a], [b]) => (a < b ? -1 : 1)).map(([currency, table]) => ({ currency, table }))
    : [{ currency: null, table: all }]

export const totalOf = (sums: readonly Sums[]): Sums => {
  const total = nothing()
  for (const one of sums) add(total, one)
  return total
}

function firstOf(
  table: readonly (readonly [string | null, Sums[]])[],
  limit: number,
  measure: Measure,
): Omit<Row, 'currency'>[] {
  const { value } = measures[measure]
  const ordered = table
    .map(([key, sums]) => ({ key, sums, others: false, total: value(totalOf(sums)) ?? -1 }))
    .sort((a, b) => b.total - a.total || ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
  const left = ordered.slice(limit)
  const first = ordered.slice(0, limit).map(({ total: _, ...row }) => row)
  if (left.length === 0) return first
  const sums = left[0]!.sums.map((_, index) => totalOf(left.map(row => row.sums[index]!)))
  return [...first, { key: null, others: true, sums }]
}

const lineOf = ({ key, others, currency, sums }: Row, measure: Measure, names: ReadonlyMap<string, string>): Line => ({
  key,
  name: (key !== null && names.get(key)) || null,
  others,
  currency,
  total: measures[measure].value(totalOf(sums)),
  values: sums.map(measures[measure].value),
})
