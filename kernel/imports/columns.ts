import Value from 'typebox/value'
import type { Static, TSchema } from 'typebox'

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
  readonly detail: string
}

/** A line by the names of its columns, or what is wrong with it. */
export function readLine<C extends Columns>(columns: C, line: number, texts: Record<string, string>) {
  const faults: LineFault[] = []
  const values: Record<string, unknown> = {}
  for (const [name, { required, expects, read }] of Object.entries(columns)) {
    // As `cellOf` keeps texts from being formulas.
    const text = (texts[name] ?? '').trim().replace(/^'(?=[=@+-])/, '')
    const value = text === '' ? undefined : read(text)
    if (value !== undefined) values[name] = value
    else if (text !== '' || required) faults.push({ line, column: name, detail: `must be ${expects}` })
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
