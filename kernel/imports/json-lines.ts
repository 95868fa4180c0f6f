import { Problem } from '../problem.ts'

/** Between the columns of a file that was JSON lines; it stands in no text of one line. */
export const jsonDelimiter = '\u001f'

/** JSON lines as a file of columns, one for each name. Fails with `import_invalid`, naming the line. */
export function csvOfJsonLines(text: string): string {
  const rows = text.split('\n').flatMap((line, at) => (line.trim() === '' ? [] : [objectOf(line, at + 1)]))
  const names = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const lineOf = (cells: readonly string[]) => cells.map(cell => `"${cell.replaceAll('"', '""')}"`).join(jsonDelimiter)
  return [names, ...rows.map(row => names.map(name => cellOfJson(row[name])))].map(lineOf).join('\n')
}

function objectOf(line: string, number: number): Record<string, unknown> {
  const invalid = new Problem('invalid', 'import_invalid', { detail: `Line ${number} is no JSON object.` })
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    throw invalid
  }
  throw invalid
}

const cellOfJson = (value: unknown): string => {
  if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value.join('|')
  return typeof value === 'object' && value ? JSON.stringify(value) : String(value ?? '')
}
