import { pipeline, Readable } from 'node:stream'
import { parse } from 'csv-parse'
import type { FileLoss } from '#imports/rows'
import { Problem } from '#kernel'
import { parseGiven } from '#law'
import { cellsIn, linesOf, losing, refuse, type Losing, type Mapping } from './reading.ts'
import { requireShallow } from './texts.ts'

type Read = () => Promise<Readable>

/** Letters that a line may have, and columns that all together may: nothing of a file is held but these. */
const [mostLetters, mostColumns] = [2_000_000, 5_000]

/**
 * A file that is too large to be held, as CSV with our columns, line by line: CSV of any delimiter or NDJSON, in UTF-8 or in
 * UTF-16 with its mark. Fails with `import_invalid`.
 */
export async function* canonicalStream(
  read: Read,
  mapping: Mapping,
  losses: Map<string, FileLoss>,
): AsyncGenerator<string> {
  const beginning = await beginningOf(read)
  if (beginning.startsWith('PK'))
    throw refuse('A sheet or a package holds 20 MB at most; send what is larger as CSV or NDJSON.')
  if (/^\s*\[/.test(beginning))
    throw refuse('A list in JSON holds 20 MB at most; send what is larger as NDJSON, an object a line.')
  const lose = losing(losses)
  yield* linesOf(/^\s*\{/.test(beginning) ? recordsOf(read, lose) : rowsOf(read, beginning), mapping, lose)
}

/** Its rows as they came, the heads first. */
export async function* rowsOfLarge(read: Read): AsyncGenerator<string[]> {
  const beginning = await beginningOf(read)
  yield* /^\s*\{/.test(beginning) ? recordsOf(read, () => {}) : rowsOf(read, beginning)
}

/** The text of a file, part by part. */
async function* textOf(read: Read): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  try {
    for await (const part of (await read()) as AsyncIterable<Buffer>) {
      const [first, second] = part
      decoder ??= new TextDecoder(
        first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8',
        { fatal: true },
      )
      const text = decoder.decode(part, { stream: true })
      if (text.includes('\0')) throw refuse('The file holds NUL characters.')
      yield text
    }
    decoder?.decode()
  } catch (error) {
    throw error instanceof TypeError
      ? refuse('A file of more than 20 MB is in UTF-8, or in UTF-16 with its mark.')
      : error
  }
}

async function beginningOf(read: Read): Promise<string> {
  const file = await read()
  for await (const part of file as AsyncIterable<Buffer>) {
    if (part.subarray(0, 2).toString('latin1') === 'PK') return 'PK'
    break
  }
  let text = ''
  for await (const part of textOf(read)) {
    text += part
    if (text.length > 100_000) break
  }
  return text
}

async function* rowsOf(read: Read, beginning: string): AsyncGenerator<string[]> {
  const first = /^[^\r\n]*/.exec(beginning)![0]
  const delimiter = [',', ';', '\t', '|'].reduce((a, b) => (first.split(b).length > first.split(a).length ? b : a))
  const parser = parse({
    delimiter,
    relax_quotes: delimiter === '\t',
    relax_column_count: true,
    max_record_size: mostLetters,
  })
  pipeline(Readable.from(textOf(read)), parser, () => {})
  try {
    for await (const row of parser as AsyncIterable<string[]>) yield row
  } catch (error) {
    throw error instanceof Problem ? error : refuse(`The file cannot be read as CSV: ${(error as Error).message}`)
  }
}

/** An object a line: read once for the columns that any of them has, and once for what they say. */
async function* recordsOf(read: Read, lose: Losing): AsyncGenerator<string[]> {
  const head = new Set<string>()
  for await (const { cells } of cellsOf(read)) {
    for (const name of Object.keys(cells)) head.add(name)
    if (head.size > mostColumns) throw refuse(`The file has more than ${mostColumns} columns.`)
  }
  yield [...head]
  let line = 1
  for await (const { cells, lost } of cellsOf(read)) {
    line++
    for (const one of lost) lose(line, one)
    yield [...head].map(name => cells[name] ?? '')
  }
}

async function* cellsOf(read: Read): AsyncGenerator<ReturnType<typeof cellsIn>[number]> {
  let number = 0
  for await (const line of linesIn(read)) {
    number++
    if (line.trim() === '') continue
    yield* cellsIn(recordOf(line, number))
  }
}

/** Without what ends them. */
async function* linesIn(read: Read): AsyncGenerator<string> {
  let rest = ''
  for await (const part of textOf(read)) {
    const lines = (rest + part).split(/\r?\n/)
    rest = lines.pop()!
    if (rest.length > mostLetters) throw refuse(`A line has more than ${mostLetters} letters.`)
    yield* lines
  }
  yield rest
}

function recordOf(line: string, number: number): unknown {
  requireShallow(line)
  try {
    return parseGiven(line)
  } catch {
    throw refuse(`The file cannot be read as JSON. Line ${number} is no JSON.`)
  }
}
