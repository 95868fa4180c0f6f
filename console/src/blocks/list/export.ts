import type { Asked } from './address.ts'
import type { Column, ListDeclaration } from './declaration.ts'
import { through } from './rows.ts'

export type Format = 'csv' | 'csv-de' | 'jsonl'

/** The list as it is seen, as a file: raw numbers, instants with their zone, nothing that a spreadsheet would run. */
export async function exported<Row>(
  list: ListDeclaration<Row>,
  asked: Asked,
  columns: readonly Column<Row>[],
  format: Format,
  names: (field: string) => string,
): Promise<number> {
  const separator = format === 'csv-de' ? ';' : ','
  const lines: string[] = []
  if (format !== 'jsonl') lines.push(columns.map(({ id }) => cell(names(id), separator)).join(separator))
  let count = 0
  for await (const row of through(list, asked)) {
    count++
    lines.push(
      format === 'jsonl'
        ? JSON.stringify(row)
        : columns.map(column => cell(raw(rawOf(column, row)), separator)).join(separator),
    )
  }
  const ending = format === 'jsonl' ? 'jsonl' : 'csv'
  const text = lines.join('\r\n') + '\r\n'
  save(new Blob([format === 'csv-de' ? '\uFEFF' : '', text], { type: 'text/plain' }), `${nameFor(list.path)}.${ending}`)
  return count
}

export const rawOf = <Row>({ id, value }: Column<Row>, row: Row): unknown =>
  value ? value(row) : (row as Record<string, unknown>)[id]

const raw = (value: unknown): string =>
  value === null || value === undefined
    ? ''
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value as string)

/** RFC 4180; a sign that begins a formula is text. */
export function cell(text: string, separator: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+([.,]\d+)?$/.test(text) ? `'${text}` : text
  return plain.includes(separator) || /["\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

const nameFor = (path: string): string => path.split('/').findLast(part => part && !part.startsWith('{')) ?? 'list'

/** Gives a file to who asked for it. */
export function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
