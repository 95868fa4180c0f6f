// More than 400 lines: how a file comes in and how its lines are taken over, which share one row and how far it is.
import { pipeline, Readable } from 'node:stream'
import { parse, type Parser } from 'csv-parse'
import type { FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import { Id, Instant, Line as LineOf } from '../../contracts/shared.ts'
import type { AccessRule, Actor } from '../access/access.ts'
import type { Request } from '../http/http.ts'
import { cursorOf, isId, listQuery, Page, page } from '../http/pagination.ts'
import { newId } from '../ids.ts'
import { Problem } from '../problem.ts'
import type { Db } from '../database/database.ts'
import { defineModule, type Host, type Tx } from '../service.ts'
import { within } from '../telemetry/context.ts'
import { fileOf, meaning, readLine, type Columns, type Line, type LineFault } from './columns.ts'
import { jsonDelimiter } from './json-lines.ts'

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
  /** Who may look what became of theirs; `access` where nothing is said. */
  readonly reads?: AccessRule
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

type Unpack = {
  readonly types: readonly string[]
  all?: true
  csvOf(body: Buffer, actor: Actor): Promise<string | { csv: string; losses: readonly FileLoss[] }>
  /** The same of a file of any size, read as often as is needed, part by part with commas; losses are gathered meanwhile. */
  streamOf?(read: () => Promise<Readable>, actor: Actor, losses: Map<string, FileLoss>): AsyncIterable<string>
}

const FileLossView = Type.Object(
  {
    line: Type.Integer({ examples: [2], description: 'The first' }),
    lines: Type.Integer({ examples: [500], description: 'Of so many' }),
    column: Type.Union([Type.String({ examples: ['ratedCapacity'] }), Type.Null()]),
    pointer: Type.Union([Type.String({ examples: ['/performance/remark'] }), Type.Null()], {
      description: 'Where it stands in the first, if anywhere',
    }),
    kind: Type.String({ examples: ['dropped'] }),
    detail: Type.String(),
  },
  { title: 'ImportLoss' },
)
/** What of a file its lines do not hold, told once for all lines of which it is so. */
export type FileLoss = Static<typeof FileLossView>

const mostBytes = 20 * 1024 * 1024
const mostStreamed = 1024 * 1024 * 1024
const mostFaults = 500
const batch = 100
/** What a file may be refused with that is too large to be held. */
const large = ['file_too_large', 'files_unavailable', 'file_storage_full']
const keptDays = 30

const Count = Type.Integer({ minimum: 0, examples: [12] })
const FileName = LineOf(200, { examples: ['cards.csv'], description: 'What the file is called' })
const ImportView = Type.Object(
  {
    id: Id,
    what: Type.String({ examples: ['tokens'] }),
    file: Type.Union([Type.String({ examples: ['cards.csv'] }), Type.Null()]),
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
    losses: Type.Array(FileLossView, {
      description: `What of the file was not taken over although its lines were, the first ${mostFaults}`,
    }),
    createdAt: Instant,
    endedAt: Type.Union([Instant, Type.Null()]),
  },
  { title: 'Import' },
)

const ImportLine = Type.Omit(ImportView, ['faults', 'losses'], { title: 'ImportLine' })

interface Row {
  id: string
  userId: string
  what: string
  file: string | null
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
  losses: FileLoss[]
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
  const { db, files, http, now, log } = host
  const { what, at = '', to = 'import', access, reads = access, columns, example, unpack } = importing
  const work = host.job<{ id: string }>(
    `import ${what}`,
    async ({ id }, { last }) => {
      const row = await find(db, id)
      const [file] = await db<{ content: string | null; key: string | null }[]>`
        select content, file_key as key from imports where id = ${id}`
      if (!row || row.endedAt || (file?.content ?? file?.key ?? null) === null) return
      const losses = new Map<string, FileLoss>()
      const read = async () => (await files.read(file!.key!)) ?? Promise.reject(new Error('The file is gone.'))
      try {
        await takeAll(host, importing, row, file!.content ?? unpack!.streamOf!(read, row.actor, losses), losses)
      } catch (error) {
        // What others learn by the answer: it is no file that anything could be taken from.
        const isRefused = error instanceof Problem && file!.key !== null && error.kind !== 'unavailable'
        if (!isRefused && !last) throw error
        const faults = isRefused ? [...row.faults, ...faultsOf(error, 1)] : row.faults
        await db.transaction(tx => end(tx, id, 'failed', now(), faults))
        if (!isRefused) throw error
      }
      if (file!.key) await files.remove(file!.key)
      log.info({ import: id, what }, 'an import is done')
    },
    { urgency: 'bulk', tries: 5 },
  )

  type Query = { dryRun: boolean; file?: string | undefined }
  type Held = Partial<Row> & { content?: string; key?: string }
  async function insert(tx: Tx, id: string, by: Actor, query: Query, held: Held) {
    const { content = null, key = null, delimiter = ',', sizeBytes = 0, losses = [] } = held
    const { userId, role, sessionId, organisation } = by
    await tx`
      insert into imports (id, user_id, actor, what, file, dry_run, state, content, file_key, delimiter, size_bytes, losses,
        created_at)
      values (${id}, ${userId}, ${tx.json({ userId, role, sessionId, organisation } as never)}, ${what},
        ${query.file ?? null}, ${query.dryRun}, 'waiting', ${content}, ${key}, ${delimiter}, ${sizeBytes},
        ${tx.json(losses.slice(0, mostFaults) as never)}, ${now()})`
    await tx.enqueue(work, { id }, { key: `import ${id}` })
    return view((await find(tx, id))!)
  }
  /** Streams a file to where files lie; the job reads it there. */
  async function keepLarge(body: Readable, request: Pick<Request, 'actor' | 'idempotency'>, query: Query) {
    const id = newId()
    const key = `${host.name}/imports/${id}`
    const { sizeBytes, sha256 } = await files.write(key, body, { maxBytes: mostStreamed })
    if (sizeBytes === 0) await files.remove(key).then(() => fileOf(undefined, importing))
    const idempotency = request.idempotency && { ...request.idempotency, fingerprint: JSON.stringify([sha256, query]) }
    const made = await db
      .once({ idempotency }, tx => insert(tx, id, request.actor, query, { key, sizeBytes }))
      .catch(async error => {
        // Without an answer to the commit nobody knows; the file goes later.
        if (error instanceof Problem) await files.remove(key)
        throw error
      })
    // It was sent before.
    if (made.id !== id) await files.remove(key)
    return made
  }

  http.scope((app, scoped) => {
    if (unpack?.all) app.removeContentTypeParser('application/json')
    const accepted = [...new Set(['text/csv', 'text/plain', 'application/jsonl', ...(unpack?.types ?? [])])]
    if (unpack?.streamOf)
      app.addContentTypeParser(accepted, async ({ headers }: FastifyRequest, body: Readable) =>
        // A length is held to; what says none may be of any.
        Number(headers['content-length'] ?? Infinity) > mostBytes ? body : Buffer.concat(await body.toArray()),
      )
    else app.addContentTypeParser(accepted, { parseAs: 'buffer' }, async (_: unknown, body: Buffer) => body)
    scoped.post(
      `${at}/${to}`,
      {
        config: { access },
        bodyLimit: unpack?.streamOf ? mostStreamed : mostBytes,
        schema: {
          summary: `Import ${what} from CSV or JSON lines${unpack ? ', or a spreadsheet' : ''}`,
          description:
            importing.description ??
            `Up to 20 MB in UTF-8 or Windows-1252, with commas, semicolons or tabs, or an object a line. Columns are: ` +
              `${Object.keys(columns).join(', ')}. Sent again, it changes nothing. A dry run tells what it would do.`,
          honours: ['Idempotency-Key'],
          gives: ['Location'],
          refuses: ['import_invalid', ...(unpack?.streamOf ? large : []), ...(importing.refuses ?? [])],
          consumes: ['text/csv', 'application/jsonl'],
          form: Type.String({ examples: [example] }),
          querystring: Type.Object({ dryRun: Type.Boolean({ default: false }), file: Type.Optional(FileName) }),
          response: { 202: ImportView },
        },
      },
      async (request, reply) => {
        const { actor, query } = request
        const path = request.url.split('?')[0]!.slice(0, -to.length)
        const send = (made: ReturnType<typeof view>) =>
          reply.code(202).header('location', `${path}imports/${made.id}`).send(made)
        const body = request.body as Buffer | Readable | undefined
        if (body instanceof Readable) return await send(await keepLarge(body, request, query))
        const isPacked = body && (unpack?.all || body.subarray(0, 2).equals(Buffer.from('PK')))
        const unpacked = unpack && isPacked ? await unpack.csvOf(body, actor) : undefined
        const { csv, losses } = typeof unpacked === 'object' ? unpacked : { csv: unpacked, losses: [] }
        const { content, delimiter } = fileOf(csv === undefined ? body : Buffer.from(csv), importing)
        const held = { content, delimiter, sizeBytes: Buffer.byteLength(content), losses: [...losses] }
        return await send(await db.once(request, tx => insert(tx, newId(), actor, query, held)))
      },
    )
  })

  http.get(
    `${at}/imports`,
    {
      config: { access: reads },
      schema: {
        summary: `List own imports of ${what}, the latest first`,
        querystring: listQuery({}),
        response: { 200: Page(ImportLine) },
      },
    },
    async ({ actor: { userId }, query: { limit, after } }) => {
      const [last = null] = cursorOf(after, isId) ?? []
      const older = db`(${last}::uuid is null or id < ${last}::uuid) order by id desc limit ${limit + 1}`
      const rows = await select(db, db`user_id = ${userId} and what = ${what} and ${older}`)
      return page(rows, limit, ({ id }) => [id], view)
    },
  )

  http.get(
    `${at}/imports/:id`,
    {
      config: { access: reads },
      schema: {
        summary: `What became of an import of ${what}`,
        description: `Kept for ${keptDays} days.`,
        refuses: ['import_unknown'],
        params: Type.Object({ id: Id }),
        response: { 200: ImportView },
      },
    },
    async ({ actor, params: { id } }) => {
      const row = await find(db, id)
      if (!row || (row.userId !== actor.userId && actor.role !== 'admin'))
        throw new Problem('not_found', 'import_unknown')
      return view(row)
    },
  )

  host.every('1 day', `forget imports of ${what}`, async () => {
    const before = new Date(now().getTime() - keptDays * 86_400_000)
    await db.transaction(tx => tx`delete from imports where created_at < ${before}`)
    for await (const { key, writtenAt } of files.list(`${host.name}/`))
      if (key.startsWith(`${host.name}/imports/`) && writtenAt < before) await files.remove(key)
  })
}

const fields = `id, user_id as "userId", actor, coalesce(what, '') as what, file, dry_run as "dryRun", state, delimiter,
  size_bytes as "sizeBytes", read_bytes as "readBytes", lines, created, updated, unchanged, failed, faults, losses,
  created_at as "createdAt", ended_at as "endedAt"`

const select = (db: Db, where: unknown) => db<Row[]>`select ${db.unsafe(fields)} from imports where ${where as never}`

const find = async (db: Db, id: string): Promise<Row | undefined> => (await select(db, db`id = ${id}`))[0]

/** How far it is. */
const note = (tx: Tx, { id, readBytes, lines, created, updated, unchanged, failed, faults, losses }: Row) => tx`
  update imports set state = 'running', read_bytes = ${readBytes}, lines = ${lines}, created = ${created},
    updated = ${updated}, unchanged = ${unchanged}, failed = ${failed}, faults = ${tx.json(faults as never)},
    losses = ${tx.json(losses as never)}
  where id = ${id}`

/** It is over, and lets go of its file. */
const end = (tx: Tx, id: string, state: 'done' | 'failed', at: Date, faults?: LineFault[]) => tx`
  update imports set state = ${state}, content = null, file_key = null, ended_at = ${at},
    faults = coalesce(${faults ? tx.json(faults as never) : null}::json, faults)
  where id = ${id}`

/** Thrown to have a transaction undone that only tried. */
const undone = new Error('a dry run')

async function takeAll<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  importing: Importing<C, Name>,
  row: Row,
  content: string | AsyncIterable<string>,
  losses: ReadonlyMap<string, FileLoss>,
): Promise<void> {
  const { delimiter, lines: done } = row
  const { columns, names = {} } = importing
  const broken: LineFault[] = []
  const parser = parse({
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
  // What fails before the parser fails with it.
  pipeline(Readable.from(typeof content === 'string' ? [content] : content), parser, () => {})
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
    await note(tx, { ...state, losses: [...state.losses, ...losses.values()].slice(0, mostFaults) })
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
