import Type, { type Static } from 'typebox'
import { Id, Instant, Line as LineOf } from '#contracts/shared'
import { Problem, type Actor, type Db, type LineFault, type Tx } from '#kernel'

/** Which lines are taken: of what is not there yet, of what is there, or all. */
export const Mode = Type.Enum(['create', 'update', 'both'], {
  examples: ['both'],
  description: 'Which lines are taken: of what is not there yet, of what is there, or both',
})
export type Mode = Static<typeof Mode>

/** Of a file, named in its answer; `…/errors` lists more, and there is an end to that too. */
export const [mostFaults, mostListed] = [500, 100_000]
/** How long an import is told of, and how long its file is there for a commit, or to have its faults marked. */
export const keptDays = 30
export const fileHours = 24

const Count = Type.Integer({ minimum: 0, examples: [12] })
export const FileName = LineOf(200, { examples: ['cards.csv'], description: 'What the file is called' })
export const FaultView = Type.Object(
  {
    line: Type.Integer({ examples: [3], description: 'As sheets number their rows' }),
    column: Type.Union([Type.String({ examples: ['maxPowerW'] }), Type.Null()]),
    code: Type.String({ examples: ['value_invalid'] }),
    value: Type.Union([Type.String({ examples: ['much'] }), Type.Null()], { description: 'Its beginning' }),
    detail: Type.String({ examples: ['must be a whole number from 1 to 10000000'] }),
    mend: Type.String({ examples: ['Write a whole number from 1 to 10000000.'], description: 'How to mend it' }),
  },
  { title: 'ImportFault' },
)
export const FileLossView = Type.Object(
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

const states = ['waiting', 'running', 'paused', 'done', 'failed', 'cancelled', 'undoing', 'undone'] as const

export const ImportView = Type.Object(
  {
    id: Id,
    what: Type.String({ examples: ['tokens'] }),
    file: Type.Union([Type.String({ examples: ['cards.csv'] }), Type.Null()]),
    dryRun: Type.Boolean(),
    mode: Mode,
    state: Type.Enum(states, { examples: ['done'] }),
    progress: Type.Number({ minimum: 0, maximum: 1, examples: [1] }),
    rate: Type.Union([Type.Number({ examples: [850] }), Type.Null()], { description: 'Lines a second' }),
    remaining: Type.Union([Type.Integer({ examples: [40] }), Type.Null()], { description: 'Seconds, while it runs' }),
    lines: Count,
    created: Count,
    updated: Count,
    unchanged: Count,
    failed: Count,
    undone: { ...Count, description: 'Of what it made, taken back' },
    retained: { ...Count, description: 'Of what it made, not taken back, as it is another by now' },
    faults: Type.Array(FaultView, { description: `The first ${mostFaults}` }),
    losses: Type.Array(FileLossView, {
      description: `What of the file was not taken over although its lines were, the first ${mostFaults}`,
    }),
    createdAt: Instant,
    endedAt: Type.Union([Instant, Type.Null()]),
    fileUntil: Type.Union([Instant, Type.Null()], {
      description: 'Until when a dry run can be committed, and a file be had with its faults marked',
    }),
  },
  { title: 'Import' },
)

export const ImportLine = Type.Omit(ImportView, ['faults', 'losses'], { title: 'ImportLine' })

export interface Row {
  id: string
  userId: string
  what: string
  file: string | null
  actor: Actor
  dryRun: boolean
  mode: Mode
  state: (typeof states)[number]
  delimiter: string
  sizeBytes: number
  readBytes: number
  rate: number | null
  lines: number
  created: number
  updated: number
  unchanged: number
  failed: number
  undone: number
  retained: number
  losses: FileLoss[]
  /** What the heads of its columns were read by. */
  readBy: unknown
  hasFile: boolean
  createdAt: Date
  endedAt: Date | null
}

/** Columns whose names differ from those of a row. */
const fields = `id, user_id as "userId", actor, coalesce(what, '') as what, file, dry_run as "dryRun", mode, state, delimiter,
  size_bytes as "sizeBytes", read_bytes as "readBytes", rate, lines, created, updated, unchanged, failed, undone, retained,
  losses, read_by as "readBy", content is not null or file_key is not null as "hasFile", created_at as "createdAt",
  ended_at as "endedAt"`

export const select = (db: Db, where: unknown) =>
  db<Row[]>`select ${db.unsafe(fields)} from imports where ${where as never}`

export const find = async (db: Db, id: string): Promise<Row | undefined> => (await select(db, db`id = ${id}`))[0]

/** Of whoever sent it; for others there is none. */
export async function findOwn(db: Db, id: string, what: string, actor: Actor, lock = false): Promise<Row> {
  const [row] = await select(db, db`id = ${id} and what = ${what} ${lock ? db`for no key update` : db``}`)
  if (!row || (row.userId !== actor.userId && (lock || actor.role !== 'admin')))
    throw new Problem('not_found', 'import_unknown')
  return row
}

/** Faults of one behind the number `after`. */
export const faultsOf = (db: Db, id: string, limit: number, after = 0) =>
  db<(LineFault & { number: number })[]>`
    select number, line, "column", code, value, detail, mend from import_faults
    where import_id = ${id} and number > ${after} order by number limit ${limit}`

export const hasLapsed = ({ endedAt, hasFile }: Row, now: Date): boolean =>
  !hasFile || (endedAt !== null && endedAt.getTime() + fileHours * 3_600_000 <= now.getTime())

export const lineView = (row: Row) => {
  const { sizeBytes, readBytes, userId: _, actor: __, delimiter: ___, readBy: ____, hasFile, ...told } = row
  const { endedAt, rate, lines, state } = row
  const progress = endedAt ? 1 : Math.min(1, readBytes / Math.max(1, sizeBytes))
  const left = state === 'running' && rate && progress > 0 ? (lines / progress - lines) / rate : null
  return {
    ...told,
    progress,
    remaining: left === null ? null : Math.ceil(left),
    createdAt: row.createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    fileUntil: endedAt && hasFile ? new Date(endedAt.getTime() + fileHours * 3_600_000).toISOString() : null,
  }
}

export async function viewOf(db: Db, row: Row): Promise<Static<typeof ImportView>> {
  const faults = await faultsOf(db, row.id, mostFaults)
  return { ...lineView(row), faults: faults.map(({ number: _, ...fault }) => fault) }
}

export const isGoing = ({ state }: Row): boolean => state === 'waiting' || state === 'running'

/** How far it is, if it is still where it was: nobody stopped it, and no other process went on with it. */
export async function note(tx: Tx, before: number, row: Row): Promise<boolean> {
  const noted = await tx`
    update imports set state = 'running', read_bytes = ${row.readBytes}, rate = ${row.rate}, lines = ${row.lines},
      created = ${row.created}, updated = ${row.updated}, unchanged = ${row.unchanged}, failed = ${row.failed},
      losses = ${tx.json(row.losses as never)}
    where id = ${row.id} and lines = ${before} and state in ('waiting', 'running')`
  return noted.count === 1
}

/** Notes faults behind those there are. */
export async function insertFaults(tx: Tx, id: string, faults: readonly LineFault[]): Promise<void> {
  if (faults.length === 0) return
  await tx`
    insert into import_faults
    select ${id}::uuid, before.last + f.ordinality, f.line, f."column", f.code, f.value, f.detail, f.mend
    from (select coalesce(max(number), 0) as last from import_faults where import_id = ${id}) before,
      rows from (json_to_recordset(${tx.json(faults as never)}) as
        (line int, "column" text, code text, value text, detail text, mend text)) with ordinality f
    where before.last + f.ordinality <= ${mostListed}`
}

/** It is over, and lets go of its file where nobody needs it any more; gives the key of one that lies elsewhere. */
export async function end(
  tx: Tx,
  id: string,
  state: 'done' | 'failed' | 'cancelled' | 'undone',
  at: Date,
): Promise<string | null> {
  const [kept] = await tx<{ key: string | null }[]>`
    update imports set state = ${state}, ended_at = ${at} where id = ${id} returning file_key as key`
  const dropped = await tx`
    update imports set content = null, file_key = null, original = null
    where id = ${id} and (state in ('failed', 'undone') or failed = 0) and not (state = 'done' and dry_run)`
  return dropped.count > 0 ? kept!.key : null
}
