import { parse, type Parser } from 'csv-parse'
import { parse as parseAtOnce } from 'csv-parse/sync'
import Type from 'typebox'
import { Id, Instant } from '../../contracts/shared.ts'
import type { AccessRule, Actor } from '../access/access.ts'
import { newId } from '../ids.ts'
import { Problem } from '../problem.ts'
import { defineModule, type Host, type Tx } from '../service.ts'
import { within } from '../telemetry/context.ts'
import { csvOfJsonLines, jsonDelimiter } from './json-lines.ts'
import { readLine, type Columns, type Line, type LineFault } from './columns.ts'

/** The table of imports, for services that take some. */
export const imports = defineModule({ name: 'imports', folder: import.meta.dirname })

/** What became of a line. */
export type Outcome = 'created' | 'updated' | 'unchanged'

/** What a service takes over from files, one line after the other. */
export interface Importing<C extends Columns, Name extends string> {
  /** Of what, in the plural. */
  readonly what: string
  /** Where its routes stand below the service's, as `/tokens`, where that takes imports of several things. */
  readonly at?: string
  readonly to?: string
  readonly access: AccessRule
  readonly columns: C
  /** Columns as other programs name them, by their names; null for what is left out. */
  readonly names?: Readonly<Record<string, string | null>>
  /** A file with a line, as documents show it. */
  readonly example: string
  /** What its route says, and refuses with beside `import_invalid`. */
  readonly description?: string
  readonly refuses?: readonly string[]
  /** Reads files that are no CSV but are packed, as spreadsheets are, or `all`. Fails with `import_invalid`. */
  readonly unpack?: Unpack
  /**
   * Takes one line over, found again by its natural key; a file that is sent again changes nothing. Refuses with
   * `Problem`, whose pointers name columns. What it publishes comes last: it stays although a statement fails.
   */
  take(tx: Tx<Name>, line: Line<C>, actor: Actor): Promise<Outcome>
}

type Unpack = { readonly types: readonly string[]; all?: true; csvOf(body: Buffer, actor: Actor): Promise<string> }

const mostBytes = 20 * 1024 * 1024
const mostFaults = 500
const batch = 100
const keptDays = 30

const Count = Type.Integer({ minimum: 0, examples: [12] })
const ImportView = Type.Object(
  {
    id: Id,
    dryRun: Type.Boolean(),
    state: Type.Enum(['waiting', 'running', 'done', 'failed'], { examples: ['done'] }),
    progress: Type.Number({ minimum: 0, maximum: 1, examples: [1] }),
    lines: Count,
    created: Count,
    updated: Count,
    unchanged: Count,
    failed: Count,
    faults: Type.Array(
      Type.Object({
        line: Type.Integer({ examples: [3] }),
        column: Type.Union([Type.String({ examples: ['maxPowerW'] }), Type.Null()]),
        detail: Type.String(),
      }),
      { description: `The first ${mostFaults}` },
    ),
    createdAt: Instant,
    endedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'Import' },
)

interface Row {
  id: string
  userId: string
  actor: Actor
  dryRun: boolean
  state: 'waiting' | 'running' | 'done' | 'failed'
  delimiter: string
  sizeBytes: number
  readBytes: number
  lines: number
  created: number
  updated: number
  unchanged: number
  failed: number
  faults: LineFault[]
  createdAt: Date
  endedAt: Date | null
}

const view = ({ sizeBytes, readBytes, userId: _, actor: __, delimiter: ___, ...row }: Row) => ({
  ...row,
  progress: row.endedAt ? 1 : Math.min(1, readBytes / Math.max(1, sizeBytes)),
  createdAt: row.createdAt.toISOString(),
  endedAt: row.endedAt?.toISOString() ?? null,
})

/** Codes of problems of imports. */
export const importProblems = {
  import_unknown: ['not_found', 'There is no such import, or it is not of who asks.'],
  import_invalid: ['invalid', 'The file is no CSV, or its first line does not name the columns.'],
} as const

/**
 * `POST …/import` takes a CSV file, `GET …/imports/:id` says what became of it. A job takes its lines
 * over, some a transaction, and goes on where it was when its process ends.
 */
export function openImports<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  importing: Importing<C, Name>,
): void {
  const { db, http, now, log } = host
  const { what, at = '', to = 'import', access, columns, example, unpack } = importing
  const work = host.job<{ id: string }>(
    `import ${what}`,
    async ({ id }, { last }) => {
      const row = await find(host, id)
      const [file] = await db<{ content: string | null }[]>`select content from imports where id = ${id}`
      if (!row || !file || file.content === null) return
      try {
        await takeAll(host, importing, row, file.content)
      } catch (error) {
        if (last) await db.transaction(tx => end(tx, id, 'failed', now()))
        throw error
      }
      log.info({ import: id, what }, 'an import is done')
    },
    { urgency: 'bulk', tries: 5 },
  )

  http.scope((app, scoped) => {
    if (unpack?.all) app.removeContentTypeParser('application/json')
    app.addContentTypeParser(
      [...new Set(['text/csv', 'text/plain', 'application/jsonl', ...(unpack?.types ?? [])])],
      { parseAs: 'buffer' },
      async (_: unknown, body: Buffer) => body,
    )
    scoped.post(
      `${at}/${to}`,
      {
        config: { access },
        bodyLimit: mostBytes,
        schema: {
          summary: `Import ${what} from CSV or JSON lines${unpack ? ', or a spreadsheet' : ''}`,
          description:
            importing.description ??
            `Up to 20 MB in UTF-8 or Windows-1252, with commas, semicolons or tabs, or an object a line. Columns are: ` +
              `${Object.keys(columns).join(', ')}. Sent again, it changes nothing. A dry run tells what it would do.`,
          honours: ['Idempotency-Key'],
          gives: ['Location'],
          refuses: ['import_invalid', ...(importing.refuses ?? [])],
          consumes: ['text/csv', 'application/jsonl'],
          form: Type.String({ examples: [example] }),
          querystring: Type.Object({ dryRun: Type.Boolean({ default: false }) }),
          response: { 202: ImportView },
        },
      },
      async (request, reply) => {
        const { actor, query } = request
        const body = request.body as Buffer | undefined
        const isPacked = body && (unpack?.all || body.subarray(0, 2).equals(Buffer.from('PK')))
        const csv = unpack && isPacked ? Buffer.from(await unpack.csvOf(body, actor)) : body
        const { content, delimiter } = fileOf(csv, importing)
        const { userId, role, sessionId, organisation } = actor
        const made = await db.once(request, async tx => {
          const id = newId()
          await tx`
            insert into imports (id, user_id, actor, dry_run, state, content, delimiter, size_bytes, created_at)
            values (${id}, ${userId}, ${tx.json({ userId, role, sessionId, organisation } as never)}, ${query.dryRun},
              'waiting', ${content}, ${delimiter}, ${Buffer.byteLength(content)}, ${now()})`
          await tx.enqueue(work, { id }, { key: `import ${id}` })
          const [row] = await tx<Row[]>`select ${tx.unsafe(fields)} from imports where id = ${id}`
          return view(row!)
        })
        const path = request.url.split('?')[0]!.slice(0, -to.length)
        return await reply.code(202).header('location', `${path}imports/${made.id}`).send(made)
      },
    )
  })

  http.get(
    `${at}/imports/:id`,
    {
      config: { access },
      schema: {
        summary: `What became of an import of ${what}`,
        description: `Kept for ${keptDays} days.`,
        refuses: ['import_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: ImportView },
      },
    },
    async ({ actor, params: { id } }) => {
      const row = await find(host, id)
      if (!row || (row.userId !== actor.userId && actor.role !== 'admin'))
        throw new Problem('not_found', 'import_unknown')
      return view(row)
    },
  )

  host.every('1 day', `forget imports of ${what}`, async () => {
    const before = new Date(now().getTime() - keptDays * 86_400_000)
    await db.transaction(tx => tx`delete from imports where created_at < ${before}`)
  })
}

const fields = `id, user_id as "userId", actor, dry_run as "dryRun", state, delimiter,
  size_bytes as "sizeBytes", read_bytes as "readBytes", lines, created, updated, unchanged, failed, faults,
  created_at as "createdAt", ended_at as "endedAt"`

async function find({ db }: Host, id: string): Promise<Row | undefined> {
  const [row] = await db<Row[]>`select ${db.unsafe(fields)} from imports where id = ${id}`
  return row
}

/** How far it is. */
const note = (tx: Tx, { id, readBytes, lines, created, updated, unchanged, failed, faults }: Row) => tx`
  update imports set state = 'running', read_bytes = ${readBytes}, lines = ${lines}, created = ${created},
    updated = ${updated}, unchanged = ${unchanged}, failed = ${failed}, faults = ${tx.json(faults as never)}
  where id = ${id}`

/** It is over, and lets go of its file. */
const end = (tx: Tx, id: string, state: 'done' | 'failed', at: Date) =>
  tx`update imports set state = ${state}, content = null, ended_at = ${at} where id = ${id}`

/** A file as text and what stands between its columns. Fails with `import_invalid`. */
function fileOf(
  body: Buffer | undefined,
  { columns, names: others = {} }: Pick<Importing<Columns, string>, 'columns' | 'names'>,
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
  const unknown = head.filter(name => !Object.hasOwn(columns, name) && !Object.hasOwn(others, name))
  const names = head.map(name => meaning(columns, others, name)).filter(name => name !== null)
  if (unknown.length > 0 || new Set(names).size < names.length)
    throw refuse(`The first line names ${unknown.slice(0, 5).join(', ') || 'a column twice'}. ${takes(columns)}`)
  const missing = Object.keys(columns).filter(name => columns[name]!.required && !names.includes(name))
  if (missing.length > 0) throw refuse(`The first line lacks ${missing.join(', ')}. ${takes(columns)}`)
  return { content, delimiter }
}

/** The column that a name in a file stands for; null where it is left out. */
const meaning = (columns: Columns, others: Readonly<Record<string, string | null>>, name: string): string | null =>
  Object.hasOwn(columns, name) ? name : (others[name] ?? null)

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
    const [names] = parseAtOnce(content.slice(0, 100_000), { delimiter, to_line: 1, trim: true }) as string[][]
    return names
  } catch {
    return undefined
  }
}

/** Thrown to have a transaction undone that only tried. */
const undone = new Error('a dry run')

async function takeAll<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  importing: Importing<C, Name>,
  row: Row,
  content: string,
): Promise<void> {
  const { delimiter, lines: done } = row
  const { columns, names = {} } = importing
  const broken: LineFault[] = []
  const parser = parse(content, {
    delimiter,
    columns: (head: string[]) => head.map(name => meaning(columns, names, name) ?? false),
    trim: true,
    // Databases write tables with tabs and put nothing in quotes.
    relax_quotes: delimiter === '\t',
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: 2_000_000,
    skip_records_with_error: true,
    on_skip: error => void broken.push({ line: Number(error?.lines ?? 0), column: null, detail: error?.message ?? '' }),
  })
  const state = { ...row, faults: [...row.faults] }
  let seen = 0
  for await (const some of inBatches(parser)) {
    // What a process that has ended did before.
    const fresh = some.slice(Math.max(0, done - seen))
    seen += some.length
    if (fresh.length > 0) await takeBatch(host, importing, state, fresh)
  }
  for (const fault of broken) fail(state, [fault])
  await host.db.transaction(async tx => {
    await note(tx, state)
    await end(tx, row.id, 'done', host.now())
  })
}

function fail(state: Row, faults: readonly LineFault[]): void {
  state.failed++
  state.faults.push(...faults.slice(0, Math.max(0, mostFaults - state.faults.length)))
}

interface Read {
  readonly record: Record<string, string>
  readonly info: { readonly lines: number; readonly records: number; readonly bytes: number }
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

/** Takes some lines over and notes it, in one transaction; of a dry run all but the note is undone. */
async function takeBatch<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  { columns, take }: Importing<C, Name>,
  state: Row,
  some: readonly Read[],
): Promise<void> {
  const { actor, dryRun, delimiter } = state
  const before = { ...state, faults: [...state.faults] }
  const takeLines = async (tx: Tx): Promise<void> => {
    // A transaction that lost a race runs again.
    Object.assign(state, before, { faults: [...before.faults] })
    for (const { record, info } of some) {
      const number = delimiter === jsonDelimiter ? info.records : info.lines
      const { values, faults } = readLine(columns, number, record)
      if (faults.length > 0) {
        fail(state, faults)
        continue
      }
      await tx`savepoint line`
      try {
        state[await take(tx as Tx<Name>, values, actor)]++
      } catch (error) {
        if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
        await tx`rollback to savepoint line`
        fail(state, faultsOf(error, number))
      }
      await tx`release savepoint line`
    }
    state.lines += some.length
    state.readBytes = some.at(-1)!.info.bytes
  }
  const by = { actor: { userId: actor.userId, role: actor.role } }
  await within(by, async () => {
    if (!dryRun)
      return await host.db.transaction(async tx => {
        await takeLines(tx)
        await note(tx, state)
      })
    await host.db
      .transaction(async tx => {
        await takeLines(tx)
        throw undone
      })
      .catch((error: unknown) => {
        if (error !== undone) throw error
      })
    await host.db.transaction(tx => note(tx, state))
  })
}

const faultsOf = ({ details, message }: Problem, line: number): LineFault[] =>
  details.errors?.map(({ pointer, detail }) => ({ line, column: pointer.split('/')[1] || null, detail })) ?? [
    { line, column: null, detail: message },
  ]
