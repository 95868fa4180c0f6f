import { pipeline, Readable } from 'node:stream'
import { parse } from 'csv-parse'
import { cellOf, faultHead, jsonDelimiter, type Db } from '#kernel'

type Rows = AsyncIterable<readonly string[]> | Iterable<readonly string[]>

/** The rows of a file that is kept as its text. */
export function rowsIn(content: string, delimiter: string): Rows {
  const parser = parse({
    delimiter,
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: 2_000_000,
    skip_records_with_error: true,
  })
  pipeline(Readable.from([content]), parser, () => {})
  return parser as AsyncIterable<string[]>
}

/** What is wrong with lines, in their order; read some at a time. */
async function* said(db: Db, id: string): AsyncGenerator<{ line: number; text: string }> {
  for (let after = -1; ;) {
    const found = await db<{ line: number; text: string }[]>`
      select line, string_agg(coalesce("column" || ': ', '') || detail, '; ' order by number) as text
      from import_faults where import_id = ${id} and line > ${after} group by line order by line limit 1000`
    yield* found
    if (found.length < 1_000) return
    after = found.at(-1)!.line
  }
}

/** A file with one more column, which says what is wrong in each row. */
export async function* marked(db: Db, id: string, rows: Rows, delimiter: string): AsyncGenerator<string[]> {
  const faults = said(db, id)
  let next = (await faults.next()).value
  let place = 0
  // An object a line has no line for the head.
  let line = delimiter === jsonDelimiter ? 0 : 1
  let isHead = true
  for await (const row of rows) {
    if (isHead) {
      // It may have been marked before.
      place = row.includes(faultHead) ? row.indexOf(faultHead) : row.length
      yield [...row].toSpliced(place, 1, faultHead)
      isHead = false
      continue
    }
    line++
    const cells = Array.from({ length: Math.max(place + 1, row.length) }, (_, at) => row[at] ?? '')
    cells[place] = next?.line === line ? next.text : ''
    while (next && next.line <= line) next = (await faults.next()).value
    yield cells
  }
}

/** The same as text; what begins like a formula is kept from being one. */
export async function* csvOf(rows: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  yield '\ufeff'
  for await (const row of rows) yield `${row.map(cellOf).join(',')}\r\n`
}
