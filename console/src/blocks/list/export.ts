import type { Column, ListDeclaration } from './declaration.ts'

export type Format = 'csv' | 'csv-de' | 'jsonl'

/** The list as it is seen, as a file: raw numbers, instants with their zone, nothing that a spreadsheet would run. */
export function exported<Row>(
  { path }: ListDeclaration<Row>,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  format: Format,
  names: (field: string) => string,
): void {
  const name = nameFor(path)
  if (format === 'jsonl')
    return saveLines(
      rows.map(row => JSON.stringify(row)),
      `${name}.jsonl`,
    )
  const heads = columns.map(({ id, kind }) => names(id) + (units[kind ?? ''] ?? ''))
  const cells = rows.map(row => columns.map(column => raw(rawOf(column, row))))
  saveTable([heads, ...cells], `${name}.csv`, format === 'csv-de')
}

/** Numbers are as the platform has them, and say in what. */
const units: Readonly<Record<string, string>> = {
  kg: ' (kg)',
  Wh: ' (Wh)',
  W: ' (W)',
  ms: ' (ms)',
  bytes: ' (B)',
  percent: ' (%)',
}

/** RFC 4180; German Excel wants semicolons, and a mark of what the letters are. */
export function saveTable(rows: readonly (readonly string[])[], name: string, isGerman = false): void {
  const separator = isGerman ? ';' : ','
  const lines = rows.map(cells => cells.map(each => cell(each, separator)).join(separator))
  saveLines(lines, name, isGerman ? '\uFEFF' : '')
}

const saveLines = (lines: readonly string[], name: string, mark = ''): void =>
  save(new Blob([mark, ...lines.map(line => `${line}\r\n`)], { type: 'text/plain' }), name)

export const rawOf = <Row>({ id, value }: Column<Row>, row: Row): unknown =>
  value ? value(row) : (row as Record<string, unknown>)[id]

const raw = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string)

/** A sign that begins a formula is text: also where blanks stand before it, and of those as wide as a Chinese one. */
export function cell(text: string, separator: string): string {
  const plain = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/.test(text) && !/^[+-]?\d+([.,]\d+)?$/.test(text) ? `'${text}` : text
  return plain.includes(separator) || /["\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

export const nameFor = (path: string): string =>
  path.split('/').findLast(part => part && !part.startsWith('{')) ?? 'list'

/** Gives a file to who asked for it. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
