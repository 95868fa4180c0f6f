import { parse } from 'csv-parse/sync'
import Value from 'typebox/value'
import type { Static, TSchema } from 'typebox'
import { Problem } from '../problem.ts'
import { csvOfJsonLines, jsonDelimiter } from './json-lines.ts'

/** A column of a file: how its text is read, and what it takes, in words. */
export interface Column<T> {
  readonly expects: string
  readonly required: boolean
  /** Undefined for what it does not take; never asked about an empty text. */
  read(text: string): T | undefined
}

const column = <T>(expects: string, read: (text: string) => T | undefined): Column<T> => ({
  expects,
  required: false,
  read,
})

/** Kinds of columns. An empty one is left out of the line, unless it is `required`. */
export const Column = {
  /** As a schema of texts has it. */
  text: <S extends TSchema>(schema: S, expects: string) =>
    column(expects, text => (Value.Check(schema, text) ? (text as Static<S>) : undefined)),
  number: (least: number, most: number, isWhole = false) =>
    column(`a ${isWhole ? 'whole number' : 'number'} from ${least} to ${most}`, text => {
      const number = /^[+-]?\d{1,12}([.,]\d{1,12})?$/.test(text) ? Number(text.replace(',', '.')) : NaN
      return number >= least && number <= most && (!isWhole || Number.isInteger(number)) ? number : undefined
    }),
  whole: (least: number, most: number) => Column.number(least, most, true),
  flag: () =>
    column('yes or no', text =>
      /^(yes|true|1)$/i.test(text) ? true : /^(no|false|0)$/i.test(text) ? false : undefined,
    ),
  one: <const V extends string>(values: readonly V[]) =>
    column(`one of ${values.join(', ')}`, text => values.find(value => value.toLowerCase() === text.toLowerCase())),
  /** Several, with `|` between them. */
  list: <T>(of: Column<T>) =>
    column(`${of.expects}, several with | between them`, text => {
      const values = text.split('|').map(part => of.read(part.trim()))
      return values.includes(undefined) ? undefined : (values as T[])
    }),
  required: <T>(of: Column<T>): Column<T> & { readonly required: true } => ({ ...of, required: true }),
}

export type Columns = Readonly<Record<string, Column<unknown>>>

type ValueOf<C> = C extends Column<infer T> ? T : never

/** A line of a file, read: without what is empty. */
export type Line<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends { required: true } ? Name : never]: ValueOf<C[Name]>
} & { readonly [Name in keyof C as C[Name] extends { required: true } ? never : Name]?: ValueOf<C[Name]> }

export interface LineFault {
  readonly line: number
  /** Null where it is the line as a whole. */
  readonly column: string | null
  readonly code: string
  /** What stands there, its beginning. */
  readonly value: string | null
  readonly detail: string
  readonly mend: string
}

/** The beginning of what stands in a cell, as a report shows it. */
export const shown = (text: string | undefined): string | null => text?.slice(0, 100).toWellFormed() || null

/** A line by the names of its columns, or what is wrong with it. */
export function readLine<C extends Columns>(columns: C, line: number, texts: Record<string, string>) {
  const faults: LineFault[] = []
  const values: Record<string, unknown> = {}
  for (const [name, { required, expects, read }] of Object.entries(columns)) {
    // As `cellOf` keeps texts from being formulas.
    const text = (texts[name] ?? '').trim().replace(/^'(?=[=@+-])/, '')
    const value = text === '' ? undefined : read(text)
    if (value !== undefined) values[name] = value
    else if (text !== '' || required) {
      const code = text === '' ? 'value_missing' : 'value_invalid'
      const [detail, mend] = [`must be ${expects}`, `Write ${expects}.`]
      faults.push({ line, column: name, code, value: shown(text), detail, mend })
    }
  }
  return { values: values as Line<C>, faults }
}

/**
 * A value as a cell of a file: what begins like a formula is kept from being one where it is opened. A number stays, also
 * one to call.
 */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = Array.isArray(value) ? value.join('|') : typeof value === 'boolean' ? (value ? 'yes' : 'no') : `${value}`
  const isText = typeof value === 'string' || Array.isArray(value)
  const safe = isText && /^[=@\t\r]|^[+-](?![\d(][\d ().,/-]*$)/.test(text) ? `'${text}` : text
  return /[",;\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** A file as text and what stands between its columns. Fails with `import_invalid`. */
export function fileOf(
  body: Buffer | undefined,
  { columns, names: others = {} }: { columns: Columns; names?: Readonly<Record<string, string | null>> },
): { content: string; delimiter: string } {
  const refuse = (detail: string) => new Problem('invalid', 'import_invalid', { detail })
  if (!Buffer.isBuffer(body) || body.length === 0) throw refuse('There is nothing in the file.')
  const given = textOf(body).replace(/^\ufeff/, '')
  const isJson = /^\s*\{/.test(given)
  const content = isJson ? csvOfJsonLines(given) : given
  if (content.includes('\0')) throw refuse('The file holds NUL characters.')
  const first = /^[^\r\n]*/.exec(content)![0]
  const delimiter = isJson
    ? jsonDelimiter
    : [',', ';', '\t'].reduce((a, b) => (first.split(b).length > first.split(a).length ? b : a))
  const head = headOf(content, delimiter)
  if (!head) throw refuse('The first line cannot be read as CSV.')
  const unknown = head.filter(
    name => !Object.hasOwn(columns, name) && !Object.hasOwn(others, name) && name !== faultHead,
  )
  const names = head.map(name => meaning(columns, others, name)).filter(name => name !== null)
  if (unknown.length > 0 || new Set(names).size < names.length)
    throw refuse(`The first line names ${unknown.slice(0, 5).join(', ') || 'a column twice'}. ${takes(columns)}`)
  const missing = Object.keys(columns).filter(name => columns[name]!.required && !names.includes(name))
  if (missing.length > 0) throw refuse(`The first line lacks ${missing.join(', ')}. ${takes(columns)}`)
  return { content, delimiter }
}

/** The column that a name in a file stands for; null where it is left out. */
export const meaning = (
  columns: Columns,
  others: Readonly<Record<string, string | null>>,
  name: string,
): string | null => (Object.hasOwn(columns, name) ? name : (others[name] ?? null))

/** The head of the column in which a file comes back with what is wrong in each line; sent again, it says nothing. */
export const faultHead = 'What is wrong'

const takes = (columns: Columns): string => `Columns are ${Object.keys(columns).join(', ')}.`

/** UTF-8, or what spreadsheets write where nobody asks them. */
function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return new TextDecoder('windows-1252').decode(body)
  }
}

function headOf(content: string, delimiter: string): string[] | undefined {
  try {
    const [names] = parse(content.slice(0, 100_000), { delimiter, to_line: 1, trim: true }) as string[][]
    return names
  } catch {
    return undefined
  }
}
