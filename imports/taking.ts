import { pipeline, Readable } from 'node:stream'
import { parse, type Parser } from 'csv-parse'
import {
  jsonDelimiter,
  meaning,
  Problem,
  readLine,
  shown,
  within,
  type Actor,
  type Columns,
  type Host,
  type Line,
  type LineFault,
  type Tx,
} from '#kernel'
import { end, find, insertFaults, isGoing, mostFaults, note, type FileLoss, type Row } from './rows.ts'

/** What became of a line; with its id where what it made can be taken back. */
export type Outcome = 'created' | 'updated' | 'unchanged' | { readonly created: string }

/** How lines are taken over, and what is said of those that are not. */
export interface Taking<C extends Columns, Name extends string> {
  readonly columns: C
  /** Columns as other programs name them, by their names; null for what is left out. */
  readonly names?: Readonly<Record<string, string | null>>
  /** How to mend what is refused, by its code, where its column does not say that. */
  readonly mends?: Readonly<Record<string, string>>
  /**
   * Takes one line over, found again by its natural key; a file that is sent again changes nothing. Refuses with
   * `Problem`, whose pointers name columns. It runs again where somebody else was quicker.
   */
  take(tx: Tx<Name>, line: Line<C>, actor: Actor): Promise<Outcome>
}

const batch = 100

const mends: Readonly<Record<string, string>> = {
  row_exists: 'Leave the line out, or import with mode=update or mode=both.',
  row_unknown: 'Leave the line out, or import with mode=create or mode=both.',
  row_unreadable: 'Put cells that hold quotes or line breaks in quotes, and double the quotes within.',
}

/** Thrown to have a transaction undone that only tried. */
const undone = new Error('a dry run')

/** The text of a file, or what reads it and how many bytes of it were read. */
export type Source = string | { readonly text: AsyncIterable<string>; readonly read: () => number }

/**
 * Takes over all lines that are left, unless somebody stops it; gives the key of a file that nobody needs any more. `told`
 * hears of each step.
 */
export async function takeAll<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  taking: Taking<C, Name>,
  row: Row,
  source: Source,
  { losses, told }: { losses: ReadonlyMap<string, FileLoss>; told: () => void },
): Promise<string | null> {
  const { delimiter, lines: done } = row
  const { columns, names = {} } = taking
  const broken: LineFault[] = []
  let number = delimiter === jsonDelimiter ? 0 : 1
  const parser = parse({
    delimiter,
    columns: (head: string[]) => head.map(name => meaning(columns, names, name) ?? false),
    trim: true,
    // Databases write tables with tabs and put nothing in quotes.
    relax_quotes: delimiter === '\t',
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: 2_000_000,
    skip_records_with_error: true,
    // As sheets number rows: what stands on several lines is one, and an empty one counts.
    on_record: (record, { bytes, empty_lines }) => ({ record, line: ++number + empty_lines, bytes }),
    on_skip(error) {
      const why = { line: ++number, column: null, code: 'row_unreadable', value: null, detail: error?.message ?? '' }
      broken.push({ ...why, mend: mends.row_unreadable! })
    },
  })
  // What fails before the parser fails with it.
  pipeline(Readable.from(typeof source === 'string' ? [source] : source.text), parser, () => {})
  let state: Row = row
  let seen = 0
  for await (const some of inBatches(parser)) {
    // What a process that has ended did before.
    const fresh = some.slice(Math.max(0, done - seen))
    seen += some.length
    for (let parts = fresh.length > 0 ? [fresh] : []; parts.length > 0;) {
      const [part, ...rest] = parts as [Read[], ...Read[][]]
      const readBytes = () => (typeof source === 'string' ? part.at(-1)!.bytes : source.read())
      try {
        const next = await takeBatch(host, taking, state, part, readBytes)
        if (!next) return null
        state = next
        parts = rest
        told()
      } catch (error) {
        // Another import takes the same in another order, and each has what the other waits for: one by one none has.
        if ((error as { code?: string }).code !== '40P01' || part.length === 1) throw error
        parts = [...part.map(one => [one]), ...rest]
      }
    }
  }
  return await host.db.transaction(async tx => {
    await insertFaults(tx, row.id, broken)
    const lost = [...state.losses, ...losses.values()].slice(0, mostFaults)
    if (!(await note(tx, state.lines, { ...state, failed: state.failed + broken.length, losses: lost }))) return null
    return await end(tx, row.id, 'done', host.now())
  })
}

interface Read {
  readonly record: Record<string, string>
  readonly line: number
  readonly bytes: number
}

async function* inBatches(parser: Parser): AsyncGenerator<Read[]> {
  let some: Read[] = []
  for await (const one of parser as AsyncIterable<Read>) {
    some.push(one)
    if (some.length < batch) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}

/** Thrown to have undone what was not to go on: somebody stopped it, or another process goes on with it. */
const stopped = new Error('an import that is stopped')

/**
 * Takes some lines over and notes it, in one transaction; of a dry run all but the note is undone. Undefined where it is
 * not to go on.
 */
async function takeBatch<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  taking: Taking<C, Name>,
  before: Row,
  some: readonly Read[],
  readBytes: () => number,
): Promise<Row | undefined> {
  const { actor, dryRun, id } = before
  const begun = performance.now()
  // A transaction that lost a race runs again.
  const takeLines = async (tx: Tx) => {
    const state = { ...before }
    const faults: LineFault[] = []
    for (const one of some) {
      const { values, faults: wrong } = readLine(taking.columns, one.line, one.record)
      const outcome = wrong.length > 0 ? wrong : await takeLine(tx as Tx<Name>, taking, values, one, before)
      if (typeof outcome === 'string') state[outcome]++
      else {
        state.failed++
        faults.push(...outcome)
      }
    }
    const speed = (some.length * 1_000) / Math.max(1, performance.now() - begun)
    // Of late more than of before.
    const rate = state.rate === null ? speed : state.rate * 0.9 + speed * 0.1
    return { state: { ...state, lines: state.lines + some.length, readBytes: readBytes(), rate }, faults }
  }
  type Taken = Awaited<ReturnType<typeof takeLines>>
  // Last, so that nobody who stops it has to wait for a batch; what that had done is then undone.
  const noted = async (tx: Tx, { state, faults }: Taken): Promise<Row> => {
    await insertFaults(tx, id, faults)
    if (!(await note(tx, before.lines, state))) throw stopped
    return state
  }
  const work = async (): Promise<Row> => {
    if (!dryRun) return await host.db.transaction(async tx => await noted(tx, await takeLines(tx)))
    let tried: Taken | undefined
    await host.db
      .transaction(async tx => {
        tried = await takeLines(tx)
        throw undone
      })
      .catch((error: unknown) => {
        if (error !== undone) throw error
      })
    return await host.db.transaction(async tx => await noted(tx, tried!))
  }
  const now = await find(host.db, id)
  if (!now || !isGoing(now)) return undefined
  return await within({ actor: { userId: actor.userId, role: actor.role } }, work).catch((error: unknown) => {
    if (error === stopped) return undefined
    throw error
  })
}

/** What became of a line, or what is wrong with it. */
async function takeLine<C extends Columns, Name extends string>(
  tx: Tx<Name>,
  taking: Taking<C, Name>,
  values: Line<C>,
  { line, record }: Read,
  { id, mode, actor }: Row,
): Promise<'created' | 'updated' | 'unchanged' | LineFault[]> {
  const once = () =>
    tx.attempt(async () => {
      const outcome = await taking.take(tx, values, actor)
      const isNew = typeof outcome === 'object' || outcome === 'created'
      if (mode === 'create' && !isNew) throw new Problem('unprocessable', 'row_exists')
      if (mode === 'update' && isNew) throw new Problem('unprocessable', 'row_unknown')
      if (typeof outcome === 'string') return outcome
      await tx`insert into import_made (import_id, key) values (${id}, ${outcome.created})`
      return 'created'
    })
  try {
    // What another made at the same moment is there when it is looked for again.
    return await once().catch(error => {
      if (error instanceof Problem && error.kind === 'conflict') return once()
      throw error
    })
  } catch (error) {
    if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
    return faultsIn(error, line, taking, record)
  }
}

/** What a problem says of a line and its columns. */
export function faultsIn<C extends Columns>(
  { code, details, message }: Problem,
  line: number,
  { columns, mends: own = {} }: Pick<Taking<C, string>, 'columns' | 'mends'>,
  record: Readonly<Record<string, string>> = {},
): LineFault[] {
  const errors = details.errors ?? [{ pointer: '', detail: message }]
  return errors.map(({ pointer, detail }) => {
    const column = pointer.split('/')[1] || null
    const known = column !== null && Object.hasOwn(columns, column) ? columns[column] : undefined
    const mend = own[code] ?? mends[code] ?? (known ? `Write ${known.expects}.` : 'Mend the line and send it again.')
    return { line, column, code, value: shown(record[column ?? '']), detail, mend }
  })
}
