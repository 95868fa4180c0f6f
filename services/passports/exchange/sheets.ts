import { parse } from 'csv-parse/sync'
import { cellOf, Problem } from '#kernel'
import { attributeOf, givenOf, lostBy, type Loss, type Value } from '#law'
import { givable } from './head.ts'
import { canonical } from './reading.ts'
import { givenOfCell } from './taking.ts'

/** The columns that a sheet of passports has on the way out. */
export const sheetHead = ['granularity', 'parentId', 'status', ...givable]

/** A passport as a row of these. */
export const rowOf = (
  { granularity, parentId, status }: { granularity: string; parentId: string; status: string },
  values: ReadonlyMap<string, Value>,
): string[] => [granularity, parentId, status, ...givable.map(id => cellOfValue(id, values.get(id)))]

export const linesOf = (rows: readonly (readonly string[])[]): string =>
  rows.map(row => `${row.map(cellOf).join(',')}\r\n`).join('')

/** As an import reads it again: a text, a number with its unit, or JSON. */
function cellOfValue(id: string, value: Value | undefined): string {
  if (!value) return ''
  const { givenValue, givenUnit, temperature, notApplicable } = value
  if (notApplicable !== undefined || temperature !== undefined || typeof givenValue !== 'string')
    return JSON.stringify(givenOf(attributeOf(id)!, value))
  return givenUnit ? `${givenValue} ${givenUnit}` : givenValue
}

/** What a sheet with one battery says of attributes, in our own format. Fails with `import_invalid`. */
export async function givenInSheet(
  body: Buffer,
): Promise<{ given: { id: string; pointer: string; given: unknown }[]; loss: Loss[] }> {
  const rows = parse((await canonical(body, {})).csv, {
    columns: true,
    relax_column_count: true,
    skip_empty_lines: true,
  }) as Record<string, string>[]
  if (rows.length !== 1)
    throw new Problem('invalid', 'document_invalid', {
      detail: `The sheet tells of ${rows.length} batteries; import it, or send one at a time.`,
    })
  const given: { id: string; pointer: string; given: unknown }[] = []
  const loss: Loss[] = []
  for (const [id, cell] of Object.entries(rows[0]!)) {
    const text = cell.trim().replace(/^'(?=[=@+-])/, '')
    if (text === '' || id === 'sameAsRow') continue
    const pointer = `/${id}`
    if (!attributeOf(id)) loss.push(lostBy(null, pointer, 'dropped', text, 'the platform says this by itself'))
    else
      try {
        given.push({ id, pointer, given: givenOfCell(id, text) })
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        loss.push(lostBy(id, pointer, 'invalid_in_source', text, error.details.errors?.[0]?.detail ?? error.message))
      }
  }
  return { given, loss }
}
