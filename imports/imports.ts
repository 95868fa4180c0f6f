// More than 500 lines: the routes of imports, which share who may use them and one row; how lines are taken is in taking.ts.
import { isDeepStrictEqual } from 'node:util'
import { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Id } from '#contracts/shared'
import {
  cursorOf,
  defineModule,
  fileOf,
  isCount,
  isId,
  listQuery,
  newId,
  Page,
  page,
  paced,
  Problem,
  type AccessRule,
  type Actor,
  type Columns,
  type Host,
  type Request,
  type Tx,
} from '#kernel'
import { sheetOf, sheetType } from './sheets.ts'
import { csvOf, marked, rowsIn } from './marking.ts'
import {
  end,
  FaultView,
  faultsOf,
  FileName,
  fileHours,
  find,
  findOwn,
  hasLapsed,
  ImportLine,
  ImportView,
  insertFaults,
  keptDays,
  lineView,
  Mode,
  mostFaults,
  mostListed,
  select,
  viewOf,
  type FileLoss,
  type Row,
} from './rows.ts'
import { faultsIn, takeAll, type Taking } from './taking.ts'

/** The table of imports, for services that take some. */
export const imports = defineModule({ name: 'imports', folder: import.meta.dirname })

/** What a service takes over from files, one line after the other. */
export interface Importing<C extends Columns, Name extends string> extends Taking<C, Name> {
  /** Of what, in the plural. */
  readonly what: string
  /** Where its routes stand below the service's, as `/tokens`, where that takes imports of several things. */
  readonly at?: string
  readonly to?: string
  readonly access: AccessRule
  /** Who may look what became of theirs; `access` where nothing is said. */
  readonly reads?: AccessRule
  /** A file with a line, as documents show it. */
  readonly example: string
  /** What its route says, and refuses with beside `import_invalid`. */
  readonly description?: string
  readonly refuses?: readonly string[]
  /** Reads files that are no CSV but are packed, as spreadsheets are, or `all`. Fails with `import_invalid`. */
  readonly unpack?: Unpack
  /** Takes back what an import made; false where it is another by now. Refusals of the service are a no too. */
  undo?(tx: Tx<Name>, id: string, actor: Actor): Promise<boolean>
}

type Read = () => Promise<Readable>

type Unpack = {
  readonly types: readonly string[]
  all?: true
  /** What heads are read by, for who sends the file; a dry run is committed only while it is the same. */
  readsBy?(actor: Actor): Promise<unknown>
  csvOf(body: Buffer, readsBy: never): Promise<string | { csv: string; losses: readonly FileLoss[] }>
  /** The same of a file of any size, read as often as is needed, part by part with commas; losses are gathered meanwhile. */
  streamOf?(read: Read, readsBy: never, losses: Map<string, FileLoss>): AsyncIterable<string>
  /** The rows of a file as they came, its heads first. */
  rowsOf?(file: Buffer | Read): AsyncIterable<readonly string[]>
}

const mostBytes = 20 * 1024 * 1024
const mostStreamed = 1024 * 1024 * 1024
/** Rows that come back as a sheet; what has more comes as CSV. */
const mostInSheet = 20_000
/** What a file may be refused with that is too large to be held. */
const large = ['form_invalid', 'request_too_slow', 'file_too_large', 'files_unavailable', 'file_storage_full']

/** Codes of problems of imports. */
export const importProblems = {
  import_unknown: ['not_found', 'There is no such import, or it is not of who asks.'],
  import_invalid: ['invalid', 'The file is no CSV, or its first line does not name the columns.'],
  import_unready: ['conflict', 'The import is not so far yet, or went another way.'],
  import_lapsed: ['conflict', 'The file of the import is kept no longer. Send it again.'],
  import_mapping_changed: ['conflict', 'Heads of columns stand for something else than when the file was tried.'],
  row_exists: ['unprocessable', 'What the line is of is there already.'],
  row_unknown: ['unprocessable', 'What the line is of is not there yet.'],
} as const

/** What the routes of one kind of import have in common. */
interface Desk<C extends Columns, Name extends string> {
  readonly host: Host<Name, any, any> // of whatever needs and settings
  readonly importing: Importing<C, Name>
  /** Has the lines of an import taken, from where it is. */
  begin(tx: Tx, id: string): Promise<void>
  /** There is news of an import, for who looks on. */
  told(id: string): void
}

/**
 * `POST …/import` takes a CSV file, `GET …/imports/:id` says what became of it. A job takes its lines
 * over, some a transaction, and goes on where it was when its process ends. What was tried is taken over by its id.
 */
export function openImports<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  importing: Importing<C, Name>,
): void {
  const { db, files, now } = host
  const { what } = importing
  const live = streamRoute(host, importing)
  const work = host.job<{ id: string }>(
    `import ${what}`,
    ({ id }, { last }) => runImport(host, importing, id, { last, told: () => live.wake(id) }),
    { urgency: 'bulk', tries: 5 },
  )
  const desk: Desk<C, Name> = {
    host,
    importing,
    begin: (tx, id) => tx.enqueue(work, { id }, { key: `import ${id}` }),
    told: id => live.wake(id),
  }
  sendingRoute(desk)
  readingRoutes(host, importing)
  actingRoutes(desk)
  if (importing.undo) undoRoute(desk, importing.undo)

  host.every('1 hour', `forget imports of ${what}`, async () => {
    const ago = (hours: number) => new Date(now().getTime() - hours * 3_600_000)
    await db.transaction(tx => tx`delete from imports where created_at < ${ago(keptDays * 24)}`)
    const lapsed = await db.transaction(
      tx => tx<{ key: string | null }[]>`
      with lapsed as (
        select id, file_key as key from imports
        where ended_at < ${ago(fileHours)} and (content is not null or file_key is not null) for no key update
      )
      update imports i set content = null, file_key = null, original = null from lapsed where i.id = lapsed.id
      returning lapsed.key`,
    )
    for (const { key } of lapsed) if (key) await files.remove(key)
    for await (const { key, writtenAt } of files.list(`${host.name}/`))
      if (key.startsWith(`${host.name}/imports/`) && writtenAt < ago(keptDays * 24)) await files.remove(key)
  })
}

async function present(reading: Promise<Readable | undefined>): Promise<Readable> {
  const file = await reading
  if (!file) throw new Error('The file is gone.')
  return file
}

/** Takes the lines of an import that are left. */
async function runImport<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  importing: Importing<C, Name>,
  id: string,
  { last, told }: { last: boolean; told: () => void },
): Promise<void> {
  const { db, files, now, log } = host
  const row = await find(db, id)
  const [file] = await db<{ content: string | null; key: string | null }[]>`
    select content, file_key as key from imports where id = ${id}`
  if (!row || row.endedAt || (file?.content ?? file?.key ?? null) === null) return
  const losses = new Map<string, FileLoss>()
  let passed = 0
  const read = async () => {
    const stored = await present(files.read(file!.key!))
    passed = 0
    return Readable.from(
      (async function* () {
        for await (const part of stored as AsyncIterable<Buffer>) {
          passed += part.length
          yield part
        }
      })(),
    )
  }
  const source = file!.content ?? {
    text: importing.unpack!.streamOf!(read, row.readBy as never, losses),
    read: () => passed,
  }
  const dropped = await takeAll(host, importing, row, source, { losses, told }).catch(async error => {
    // What others learn by the answer: it is no file that anything could be taken from.
    const isRefused = error instanceof Problem && file!.key !== null && error.kind !== 'unavailable'
    if (!isRefused && !last) throw error
    const key = await db.transaction(async tx => {
      if (isRefused) await insertFaults(tx, id, faultsIn(error, 1, importing))
      return await end(tx, id, 'failed', now())
    })
    if (isRefused) return key
    told()
    throw error
  })
  if (dropped) await files.remove(dropped)
  told()
  const state = (await find(db, id))?.state
  log.info({ import: id, what: importing.what, state }, state === 'done' ? 'an import is done' : 'an import stands')
}

/** How far an import is, live. */
function streamRoute<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  { what, at = '', access, reads = access }: Importing<C, Name>,
) {
  const live = host.http.stream(
    `${at}/imports/:id/stream`,
    {
      config: { access: reads },
      schema: {
        summary: `How far an import of ${what} is, live`,
        description:
          'Server-sent events, each with the import as data, without its faults; the first tells where it is now.',
        refuses: ['import_unknown'],
        params: Type.Object({ id: Id }),
      },
    },
    async ({ actor, params: { id } }) => {
      await findOwn(host.db, id, what, actor)
      return {
        about: id,
        async newest() {
          setTimeout(() => live.wake(id))
          return 'beginning'
        },
        async after(seen) {
          const row = await find(host.db, id)
          const standing = row && [row.state, row.lines, row.undone, row.retained, row.dryRun].join(' ')
          return row && standing !== seen ? [{ id: standing!, data: lineView(row) }] : []
        },
      }
    },
  )
  return live
}

type Query = { dryRun: boolean; mode: Mode; file?: string | undefined }
type Held = Partial<Row> & { content?: string; key?: string; original?: Buffer | undefined }

/** Where files are sent to. */
function sendingRoute<C extends Columns, Name extends string>({ host, importing, begin }: Desk<C, Name>): void {
  const { db, files, http, now } = host
  const { what, at = '', to = 'import', access, columns, example, unpack } = importing

  async function insert(tx: Tx, id: string, by: Actor, query: Query, held: Held) {
    const { content = null, key = null, original = null, delimiter = ',', sizeBytes = 0, losses = [], readBy } = held
    await tx`
      insert into imports (id, user_id, actor, what, file, dry_run, mode, state, content, file_key, original, delimiter,
        size_bytes, losses, read_by, created_at)
      values (${id}, ${by.userId}, ${tx.json(actorOf(by) as never)}, ${what}, ${query.file ?? null}, ${query.dryRun},
        ${query.mode}, 'waiting', ${content}, ${key}, ${original}, ${delimiter}, ${sizeBytes},
        ${tx.json(losses.slice(0, mostFaults) as never)}, ${tx.json((readBy ?? null) as never)}, ${now()})`
    await begin(tx, id)
    if (!query.dryRun) await noteByAdmin(host, tx, by, importing, id, 'begun')
    return await viewOf(tx, (await find(tx, id))!)
  }
  /** Streams a file to where files lie; the job reads it there. */
  async function keepLarge(body: Readable, request: Request, query: Query, readBy: unknown) {
    const id = newId()
    const key = `${host.name}/imports/${id}`
    const { sizeBytes, sha256 } = await paced(request, pace => {
      const whole = Readable.from(pace.over(body[Symbol.asyncIterator]()), { objectMode: false })
      return files.write(key, whole, { maxBytes: mostStreamed })
    })
    if (sizeBytes === 0) await files.remove(key).then(() => fileOf(undefined, importing))
    const idempotency = request.idempotency && { ...request.idempotency, fingerprint: JSON.stringify([sha256, query]) }
    const made = await db
      .once({ idempotency }, tx => insert(tx, id, request.actor, query, { key, sizeBytes, readBy }))
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
              `${Object.keys(columns).join(', ')}. Sent again, it changes nothing. A dry run tells what it would do, and is ` +
              'taken over by its id.',
          honours: ['Idempotency-Key'],
          gives: ['Location'],
          refuses: ['import_invalid', ...(unpack?.streamOf ? large : []), ...(importing.refuses ?? [])],
          consumes: ['text/csv', 'application/jsonl'],
          form: Type.String({ examples: [example] }),
          querystring: Type.Object({
            dryRun: Type.Boolean({ default: false }),
            mode: { ...Mode, default: 'both' },
            file: Type.Optional(FileName),
          }),
          response: { 202: ImportView },
        },
      },
      async (request, reply) => {
        const { actor } = request
        const query = request.query as Query
        const path = request.url.split('?')[0]!.slice(0, -to.length)
        const send = (made: { id: string }) =>
          reply.code(202).header('location', `${path}imports/${made.id}`).send(made)
        const body = request.body as Buffer | Readable | undefined
        const readBy = await unpack?.readsBy?.(actor)
        if (body instanceof Readable) return await send(await keepLarge(body, request as Request, query, readBy))
        const isPacked = body && (unpack?.all || body.subarray(0, 2).equals(Buffer.from('PK')))
        const unpacked = unpack && isPacked ? await unpack.csvOf(body, readBy as never) : undefined
        const { csv, losses } = typeof unpacked === 'object' ? unpacked : { csv: unpacked, losses: [] }
        const { content, delimiter } = fileOf(csv === undefined ? body : Buffer.from(csv), importing)
        const original = unpack?.rowsOf && body
        const held = {
          content,
          delimiter,
          sizeBytes: Buffer.byteLength(content),
          losses: [...losses],
          original,
          readBy,
        }
        return await send(await db.once(request, tx => insert(tx, newId(), actor, query, held)))
      },
    )
  })
}

const actorOf = ({ userId, role, sessionId, organisation }: Actor) => ({ userId, role, sessionId, organisation })

/** What admins alone may take over is written down. */
async function noteByAdmin<C extends Columns, Name extends string>(
  host: Host<Name, any, any>, // of whatever needs and settings
  tx: Tx<Name>,
  actor: Actor,
  { what, access }: Importing<C, Name>,
  id: string,
  act: string,
): Promise<void> {
  if (String(access.admits) === 'admin') await host.acted(tx, actor, `import.${act}`, id, { what })
}

/** What became of files. */
function readingRoutes<C extends Columns, Name extends string>(
  { db, http, now, files }: Host<Name, any, any>, // of whatever needs and settings
  { what, at = '', access, reads = access, unpack }: Importing<C, Name>,
): void {
  const config = { access: reads }
  const one = { refuses: ['import_unknown'], params: Type.Object({ id: Id }) }
  http.get(
    `${at}/imports`,
    {
      config,
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
      return page(rows, limit, ({ id }) => [id], lineView)
    },
  )

  http.get(
    `${at}/imports/:id`,
    {
      config,
      schema: {
        summary: `What became of an import of ${what}`,
        description: `Kept for ${keptDays} days.`,
        ...one,
        response: { 200: ImportView },
      },
    },
    async ({ actor, params: { id } }) => await viewOf(db, await findOwn(db, id, what, actor)),
  )

  http.get(
    `${at}/imports/:id/errors`,
    {
      config,
      schema: {
        summary: `List what is wrong with the lines of an import of ${what}, and how to mend it`,
        description: `The first ${mostListed.toLocaleString('en')}.`,
        ...one,
        querystring: listQuery({}),
        response: { 200: Page(FaultView) },
      },
    },
    async ({ actor, params: { id }, query: { limit, after } }) => {
      await findOwn(db, id, what, actor)
      const number = cursorOf(after, isCount)?.[0] as number | undefined
      return page(
        await faultsOf(db, id, limit + 1, number),
        limit,
        fault => [fault.number],
        ({ number: _, ...fault }) => fault,
      )
    },
  )

  http.get(
    `${at}/imports/:id/marked`,
    {
      config,
      schema: {
        summary: `A file of ${what} as it was sent, with what is wrong in each row`,
        description:
          'In a column more, which says nothing when the file is sent again; rows and columns stand as they stood. Kept ' +
          `for ${fileHours} hours where something was wrong, or it was a dry run. As it came, a spreadsheet or CSV; what ` +
          `has more than ${mostInSheet.toLocaleString('en')} rows comes as CSV.`,
        ...one,
        refuses: ['import_unknown', 'import_lapsed'],
        produces: ['text/csv', sheetType],
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const row = await findOwn(db, id, what, actor)
      if (hasLapsed(row, now())) throw new Problem('conflict', 'import_lapsed')
      const [file] = await db<{ content: string | null; key: string | null; original: Buffer | null }[]>`
        select case when original is null then content end as content, file_key as key, original
        from imports where id = ${id}`
      const { content, key, original } = file!
      const read = () => present(files.read(key!))
      const rows =
        unpack?.rowsOf && content === null ? unpack.rowsOf(original ?? read) : rowsIn(content!, row.delimiter)
      const all = marked(db, id, rows, content === null ? ',' : row.delimiter)
      const isSheet = original?.subarray(0, 2).toString('latin1') === 'PK' && row.lines <= mostInSheet
      reply
        .header('content-disposition', `attachment; filename="${what}-marked.${isSheet ? 'xlsx' : 'csv'}"`)
        .header('cache-control', 'private, no-store')
      if (isSheet) return await reply.type(sheetType).send(await sheetOf(await Array.fromAsync(all), what))
      return await reply.type('text/csv; charset=utf-8').send(Readable.from(csvOf(all), { objectMode: false }))
    },
  )
}

/** What whoever sent a file does about it afterwards. */
function actingRoutes<C extends Columns, Name extends string>({ host, importing, begin, told }: Desk<C, Name>): void {
  const { db, http, now, files } = host
  const { what, at = '', access, unpack } = importing
  const one = { refuses: ['import_unknown'], params: Type.Object({ id: Id }) }
  http.post(
    `${at}/imports/:id/commit`,
    {
      config: { access },
      schema: {
        summary: `Take over a file of ${what} that was tried`,
        description:
          `Exactly the file of the dry run, as its heads were read then; within ${fileHours} hours, and unless they ` +
          'stand for something else by now. It is no dry run any more; one that is none is as it is.',
        ...one,
        refuses: [
          'import_unknown',
          'import_unready',
          'import_lapsed',
          'import_mapping_changed',
          ...(importing.refuses ?? []),
        ],
        response: { 202: ImportView },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      await findOwn(db, id, what, actor)
      const readBy = JSON.parse(JSON.stringify((await unpack?.readsBy?.(actor)) ?? null)) as unknown
      const made = await db.transaction(async tx => {
        const row = await findOwn(tx, id, what, actor, true)
        if (!row.dryRun) return await viewOf(tx, row)
        if (row.actor.organisation?.id !== actor.organisation?.id) throw new Problem('not_found', 'import_unknown')
        if (row.state !== 'done') throw new Problem('conflict', 'import_unready')
        if (hasLapsed(row, now())) throw new Problem('conflict', 'import_lapsed')
        if (!isDeepStrictEqual(row.readBy, readBy)) throw new Problem('conflict', 'import_mapping_changed')
        await tx`delete from import_faults where import_id = ${id}`
        await tx`
          update imports set dry_run = false, state = 'waiting', ended_at = null, actor = ${tx.json(actorOf(actor) as never)},
            read_bytes = 0, lines = 0, created = 0, updated = 0, unchanged = 0, failed = 0, rate = null,
            losses = case when file_key is null then losses else '[]' end
          where id = ${id}`
        await begin(tx, id)
        await noteByAdmin(host, tx, actor, importing, id, 'begun')
        return await viewOf(tx, (await find(tx, id))!)
      })
      told(id)
      return await reply.code(202).send(made)
    },
  )

  /** What is begun is undone, so that the answer says how far it is. */
  const act = (name: string, summary: string, change: (tx: Tx, row: Row) => Promise<string | null | void>): void =>
    http.post(
      `${at}/imports/:id/${name}`,
      { config: { access }, schema: { summary, ...one, response: { 200: ImportView } } },
      async ({ actor, params: { id } }) => {
        const { key, made } = await db.transaction(async tx => {
          const row = await findOwn(tx, id, what, actor, true)
          const key = row.endedAt ? null : await change(tx, row)
          if (!row.endedAt) await noteByAdmin(host, tx, actor, importing, id, name)
          return { key, made: await viewOf(tx, (await find(tx, id))!) }
        })
        if (key) await files.remove(key)
        told(id)
        return made
      },
    )
  act(
    'cancel',
    `Stop an import of ${what}; what it has done stays, and one that is over is as it is`,
    async (tx, { id, state }) => (state === 'undoing' ? null : await end(tx, id, 'cancelled', now())),
  )
  act(
    'pause',
    `Let an import of ${what} rest until it is resumed; one that is over is as it is`,
    async (tx, { id }) => {
      await tx`update imports set state = 'paused' where id = ${id} and state in ('waiting', 'running')`
    },
  )
  act('resume', `Let an import of ${what} that rests go on where it was`, async (tx, { id, state }) => {
    if (state !== 'paused') return
    await tx`update imports set state = 'waiting' where id = ${id}`
    await begin(tx, id)
  })
}

const undoneAtOnce = 100

/** Takes back what an import made. */
function undoRoute<C extends Columns, Name extends string>(
  { host, importing: { what, at = '', access }, told }: Desk<C, Name>,
  undo: NonNullable<Importing<C, Name>['undo']>,
): void {
  const { db, http, now, files } = host
  /** The latest first, as what it made later may stand on what it made before; false at the end. */
  const undoSome = (id: string) =>
    db.transaction(async tx => {
      const [row] = await select(tx, tx`id = ${id} and state = 'undoing' for no key update`)
      if (!row) return { goesOn: false, key: null }
      const made = await tx<{ key: string }[]>`
        select key from import_made where import_id = ${id} order by key desc limit ${undoneAtOnce}`
      if (made.length === 0) return { goesOn: false, key: await end(tx, id, 'undone', now()) }
      let undone = 0
      for (const { key } of made) {
        const isUndone = await tx
          .attempt(() => undo(tx as Tx<Name>, key, row.actor))
          .catch(error => {
            if (!(error instanceof Problem) || error.kind === 'unavailable') throw error
            return false
          })
        if (isUndone) undone++
      }
      await tx`delete from import_made where import_id = ${id} and key in ${tx(made.map(({ key }) => key))}`
      await tx`
        update imports set undone = undone + ${undone}, retained = retained + ${made.length - undone} where id = ${id}`
      return { goesOn: true, key: null }
    })
  const work = host.job<{ id: string }>(
    `undo import ${what}`,
    async ({ id }) => {
      for (let goesOn = true; goesOn; told(id)) {
        const step = await undoSome(id)
        goesOn = step.goesOn
        if (step.key) await files.remove(step.key)
      }
    },
    { urgency: 'bulk' },
  )
  http.post(
    `${at}/imports/:id/undo`,
    {
      config: { access },
      schema: {
        summary: `Take back what an import of ${what} made, as far as nobody has changed it since`,
        description: 'What it changed stays changed. The import tells how many were taken back, and how many stay.',
        refuses: ['import_unknown', 'import_unready'],
        params: Type.Object({ id: Id }),
        response: { 202: ImportView },
      },
    },
    async ({ actor, params: { id } }, reply) => {
      const made = await db.transaction(async tx => {
        const row = await findOwn(tx, id, what, actor, true)
        if (row.state === 'undoing' || row.state === 'undone') return await viewOf(tx, row)
        if (row.dryRun || !row.endedAt) throw new Problem('conflict', 'import_unready')
        await tx`
          update imports set state = 'undoing', ended_at = null, actor = ${tx.json(actorOf(actor) as never)}
          where id = ${id}`
        await tx.enqueue(work, { id }, { key: `undo import ${id}` })
        return await viewOf(tx, (await find(tx, id))!)
      })
      return await reply.code(202).send(made)
    },
  )
}
