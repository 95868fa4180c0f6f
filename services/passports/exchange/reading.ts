import { parse } from 'csv-parse'
import type { FileLoss } from '#imports/rows'
import { faultHead, Problem, verbatim } from '#kernel'
import { csvOfSheet } from '#imports/sheets'
import { mapped, parseGiven, type Loss } from '#law'
import type { PassportData } from '#contracts/passports'
import { composed, valueIn } from '../columns.ts'
import { isMembers } from '../dpp/shape.ts'
import { isPackage, unpacked } from './aasx.ts'
import { dataOf, readDocument, recognised, withoutPlace } from './documents.ts'
import { isColumn, likelyTarget, targetOf, type Target } from './head.ts'
import { requireShallow } from './texts.ts'

/** What an owner has said of heads that nobody else could tell; null for what is left out. */
export type Mapping = Readonly<Record<string, Target | null>>

export const refuse = (detail: string, errors?: { pointer: string; detail: string }[]): Problem =>
  new Problem('invalid', 'import_invalid', { detail, ...(errors && { errors }) })

/**
 * Any file of batteries as CSV with our columns: CSV of any delimiter and encoding, XLSX, JSON and NDJSON, in our columns,
 * the labels of the law or the common data models. A row keeps its number; one whose battery stands in a row before says
 * so. What of the file is in no column is named beside. Fails with `import_invalid`.
 */
export async function canonical(body: Buffer, mapping: Mapping): Promise<{ csv: string; losses: FileLoss[] }> {
  const losses = new Map<string, FileLoss>()
  const lose = losing(losses)
  const lines = await Array.fromAsync(linesOf(await rowsIn(body, lose), mapping, lose))
  return { csv: lines.join(''), losses: [...losses.values()] }
}

/** The rows of a file as they came, the heads first. */
export async function* rowsOfFile(body: Buffer): AsyncGenerator<readonly string[]> {
  yield* await rowsIn(body, () => {})
}

export async function* linesOf(
  rows: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
  mapping: Mapping,
  lose: Losing,
): AsyncGenerator<string> {
  let head: readonly (Target | null)[] | undefined
  let names: readonly string[] = []
  let columns: string[] = []
  const seen = new Map<string, number>()
  let number = 1
  for await (const row of rows) {
    if (!head) {
      head = await headOf(row, mapping)
      names = row
      columns = head.flatMap(target => (target ? [target.column] : []))
      yield [...columns, 'sameAsRow'].join(',')
      continue
    }
    number++
    const cells = head.flatMap((target, index) => (target ? [cellIn(row[index] ?? '', target)] : []))
    for (const [index, target] of head.entries())
      if (!target && names[index] !== faultHead && row[index]?.trim()) lose(number, leftOut(names[index]!))
    const key = keyIn(name => cells[columns.indexOf(name)] ?? '')
    const before = key === undefined ? undefined : seen.get(key)
    if (key !== undefined && before === undefined) seen.set(key, number)
    // An empty line counts, so that the numbers of the others stay.
    yield `\r\n${cells.some(cell => cell !== '') ? [...cells, before ?? ''].map(quoted).join(',') : ''}`
  }
  if (!head) throw refuse('There is nothing in the file.')
}

type Lost = Omit<FileLoss, 'line' | 'lines'>
export type Losing = (line: number, lost: Lost) => void

/** Gathers what is lost: once for all lines that lose the same at the same place. */
export const losing =
  (losses: Map<string, FileLoss>): Losing =>
  (line, { column, pointer, kind, detail }) => {
    const key = JSON.stringify([column, pointer?.replace(/\/\d+(?=\/|$)/g, '/*'), kind, detail])
    const known = losses.get(key)
    if (known) known.lines += 1
    else if (losses.size < mostLosses) losses.set(key, { line, lines: 1, column, pointer, kind, detail })
  }

/** So that a file of a million kinds of nonsense fills no memory. */
const mostLosses = 10_000

const leftOut = (head: string): Lost => ({
  column: null,
  pointer: `/${head.trim().slice(0, 200)}`,
  kind: 'dropped',
  detail: 'the mapping leaves this column out',
})

/** What a battery is found again by: its identifier, else its serial below what it begins with; undefined of none. */
function keyIn(cell: (name: string) => string): string | undefined {
  const whole = cell('data') ? verbatim<PassportData>(cell('data')) : undefined
  const identifier = whole ? valueIn('identifier', whole) : composed(cell('uniqueBatteryIdentifier'))
  if (identifier) return identifier
  const serial = whole ? valueIn('serial', whole) : composed(cell('batterySerialNumber'))
  return serial && cell('parentId') ? `${cell('parentId')}\n${serial}` : undefined
}

const quoted = (cell: string | number): string => `"${String(cell).replaceAll('"', '""')}"`

/** What a number without a unit has by its head, it has from here on by itself. */
const cellIn = (text: string, { unit }: Target): string => {
  const trimmed = text.trim()
  return unit && /^[+-]?[\d.,\s]*\d(e[+-]?\d+)?$/i.test(trimmed) ? `${trimmed} ${unit}` : trimmed
}

/** UTF-8, UTF-16 with its mark, or what spreadsheets write where nobody asks them. */
function textOf(body: Buffer): string {
  const [first, second] = body
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(body)
  } catch {
    if (encoding !== 'utf-8') throw refuse('The file begins as UTF-16 and is none.')
    return new TextDecoder('windows-1252').decode(body)
  }
}

async function rowsIn(body: Buffer, lose: Losing): Promise<AsyncIterable<string[]> | Iterable<string[]>> {
  if (body.subarray(0, 2).toString('latin1') !== 'PK') return rowsOf(textOf(body), lose)
  return (await isPackage(body)) ? rowsOfRecords([await unpacked(body)], lose) : csvRows(await csvOfSheet(body))
}

const rowsOf = (text: string, lose: Losing): AsyncIterable<string[]> | Iterable<string[]> =>
  /^\s*[[{]/.test(text) ? jsonRows(text, lose) : csvRows(text)

async function* csvRows(text: string): AsyncGenerator<string[]> {
  if (text.includes('\0')) throw refuse('The file holds NUL characters.')
  const first = /^[^\r\n]*/.exec(text)![0]
  const delimiter = [',', ';', '\t', '|'].reduce((a, b) => (first.split(b).length > first.split(a).length ? b : a))
  const parser = parse(text, {
    delimiter,
    relax_quotes: delimiter === '\t',
    relax_column_count: true,
    max_record_size: 2_000_000,
  })
  try {
    for await (const row of parser as AsyncIterable<string[]>) yield row
  } catch (error) {
    throw error instanceof Problem ? error : refuse(`The file cannot be read as CSV: ${(error as Error).message}`)
  }
}

/** Objects as rows: an array of them, one a line, or under `items`; what they say in whichever model becomes columns. */
function jsonRows(text: string, lose: Losing): Generator<string[]> {
  requireShallow(text)
  return rowsOfRecords(recordsIn(text), lose)
}

function* rowsOfRecords(all: readonly unknown[], lose: Losing): Generator<string[]> {
  const read = all.flatMap(cellsIn)
  // The head is the first line.
  for (const [index, { lost }] of read.entries()) for (const one of lost) lose(index + 2, one)
  const records = read.map(({ cells }) => cells)
  const head = [...new Set(records.flatMap(record => Object.keys(record)))]
  yield head
  for (const record of records) yield head.map(name => record[name] ?? '')
}

/** What an object says, in our columns, and what of it is in none; a document of others may be of several batteries. */
export const cellsIn = (record: unknown): { cells: Record<string, string>; lost: Lost[] }[] =>
  ofModels(record) ?? [{ cells: flat(record), lost: [] }]

function recordsIn(text: string): unknown[] {
  try {
    const whole = parseGiven(text)
    const items = Array.isArray(whole) ? whole : (whole as { items?: unknown }).items
    return Array.isArray(items) ? items : [whole]
  } catch (error) {
    const lines = text.split(/\r?\n/).filter(line => line.trim() !== '')
    return lines.map((line, index) => {
      try {
        return parseGiven(line)
      } catch {
        const why = lines.length > 1 ? `Line ${index + 1} is no JSON.` : (error as Error).message
        throw refuse(`The file cannot be read as JSON. ${why}`)
      }
    })
  }
}

const cellOfValue = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

/** A record in one of the models of others, or an answer of an export that holds one; a shell may tell of several batteries. */
function ofModels(record: unknown): { cells: Record<string, string>; lost: Lost[] }[] | undefined {
  const { document, ...rest } = (isMembers(record) ? record : {}) as Record<string, unknown>
  const inner = isMembers(document) ? document : record
  const format = recognised(inner)
  if (!format || (format === 'ohmnibus-1' && inner === record)) return undefined
  const columns = cellsOf(
    Object.fromEntries(
      Object.entries(inner === record ? {} : rest).filter(([name]) => isColumn(name) && name !== 'data'),
    ),
  )
  // Ours is kept as it is, with what else it says.
  if (format === 'ohmnibus-1') return [{ cells: { ...columns, data: JSON.stringify(inner) }, lost: [] }]
  return readDocument(format, inner).map(({ values, loss, granularity, kept = { format, document: inner } }) => ({
    cells: {
      ...(/^(model|batch|item)$/.test(granularity ?? '') && { granularity: granularity! }),
      ...columns,
      data: dataOf(values, kept),
    },
    lost: [...loss.map(lostIn), ...withoutPlace(format).map(nowhere)],
  }))
}

const lostIn = ({ attribute, pointer, kind, why }: Loss): Lost => ({ column: attribute, pointer, kind, detail: why })

const nowhere = (attribute: string): Lost => ({
  column: attribute,
  pointer: null,
  kind: 'not_representable',
  detail: 'the format has no place for it',
})

/** By its columns; one that is nested, as the common data models are, is the data of a passport as it stands. */
function flat(record: unknown): Record<string, string> {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) throw refuse('A record is no object.')
  const members = record as Record<string, unknown>
  const isWhole = typeof members.data === 'object' && members.data !== null
  const isNested = mapped(record).some(({ pointer }) => pointer.lastIndexOf('/') > 0)
  if (!isWhole && !isNested) return cellsOf(members)
  if (!isWhole) return { data: JSON.stringify(record) }
  return cellsOf(Object.fromEntries(Object.entries(members).filter(([name]) => isColumn(name))))
}

const cellsOf = (members: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(members).map(([name, value]) => [name, cellOfValue(value)]))

async function headOf(names: readonly string[], mapping: Mapping): Promise<(Target | null)[]> {
  const targets = names.map(name => {
    const head = name.trim()
    if (head === '' || head === faultHead) return null
    return Object.hasOwn(mapping, head) ? mapping[head]! : targetOf(head)
  })
  const unknown = names.filter((_, index) => targets[index] === undefined)
  if (unknown.length > 0) {
    const errors = await Promise.all(
      unknown.slice(0, 50).map(async name => {
        const likely = await likelyTarget(name)
        const detail = likely
          ? `is not known; is it ${likely.column}${likely.unit ? ` in ${likely.unit}` : ''}?`
          : 'is not known'
        return { pointer: `/${name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`, detail }
      }),
    )
    throw refuse(
      'Say what these columns are by PUT /api/passports/import/mapping, or leave them out there with null: ' +
        `${unknown.slice(0, 10).join(', ').slice(0, 500)}.`,
      errors,
    )
  }
  const twice = targets.find((one, index) => one && targets.findIndex(other => other?.column === one.column) < index)
  if (twice) throw refuse(`Two columns are ${twice.column}; leave one of them out.`)
  if (!targets.some(Boolean)) throw refuse('No column says anything of a battery.')
  return targets as (Target | null)[]
}
