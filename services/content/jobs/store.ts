import { madeIn, type Db, type Tx, type Span } from '#kernel'
import type { Article } from '../articles/articles.ts'

export interface Application {
  readonly id: string
  readonly jobId: string
  readonly name: string
  readonly email: string
  readonly message: string
  readonly fileKey: string | null
  readonly fileName: string | null
  readonly sizeBytes: number | null
  readonly filedAt: Date | null
  readonly receivedAt: Date
  readonly stage: Stage
  readonly note: string
  readonly version: number
}

/** Where an application stands: what was decided about who applied, so far. */
export const stages = ['received', 'reviewing', 'interview', 'offered', 'hired', 'declined'] as const
export type Stage = (typeof stages)[number]

const columns = (db: Db) => db`
  id, job_id as "jobId", name, email, message, file_key as "fileKey", file_name as "fileName",
  size_bytes::float8 as "sizeBytes", filed_at as "filedAt", received_at as "receivedAt", stage, note, version`

export type NewApplication = Omit<Application, 'stage' | 'note' | 'version'>

export async function insertApplication(tx: Tx, application: NewApplication): Promise<void> {
  const { id, jobId, name, email, message, fileKey, fileName, sizeBytes, receivedAt } = application
  await tx`
    insert into applications (id, job_id, name, email, message, file_key, file_name, size_bytes, received_at)
    values (${id}, ${jobId}, ${name}, ${email}, ${message}, ${fileKey}, ${fileName}, ${sizeBytes}, ${receivedAt})`
}

export async function findApplication(db: Db, id: string, lock = false): Promise<Application | undefined> {
  const [row] = await db<Application[]>`
    select ${columns(db)} from applications where id = ${id} ${lock ? db`for update` : db``}`
  return row
}

export async function moveApplication(tx: Tx, { id, stage, note, version }: Application): Promise<void> {
  await tx`update applications set stage = ${stage}, note = ${note}, version = ${version} where id = ${id}`
}

export const listApplications = (
  db: Db,
  { jobId, stage, received }: { jobId: string; stage: Stage | undefined; received: Span },
  limit: number,
  before: readonly [string, string] | undefined,
) => db<Application[]>`
  select ${columns(db)} from applications where job_id = ${jobId} ${madeIn(db, 'received_at', received)}
    ${stage ? db`and stage = ${stage}` : db``}
    ${before ? db`and (received_at, id) < (${before[0]}::timestamptz, ${before[1]}::uuid)` : db``}
  order by received_at desc, id desc limit ${limit}`

/** Removes those that are named, or came before; of each what leads to its file. */
export const removeApplications = (tx: Tx, which: { id: string } | { jobId: string } | { before: Date }) => tx<
  (Application & { owner: Article['owner'] })[]
>`
  with gone as (
    delete from applications where id in (
      select id from applications where ${
        'id' in which
          ? tx`id = ${which.id}`
          : 'jobId' in which
            ? tx`job_id = ${which.jobId}`
            : tx`received_at < ${which.before}`
      } limit 500)
    returning *)
  select gone.id, gone.job_id as "jobId", gone.file_key as "fileKey", gone.filed_at as "filedAt",
    json_build_object('kind', a.owner_kind, 'id', a.owner_id) as owner
  from gone join articles a on a.id = gone.job_id`

/** Where its file lay until documents took it in, the first time that is told. */
export async function noteFiled(tx: Tx, id: string, at: Date): Promise<string | undefined> {
  const [row] = await tx<{ fileKey: string | null }[]>`
    update applications set filed_at = ${at} where id = ${id} and filed_at is null returning file_key as "fileKey"`
  return row?.fileKey ?? undefined
}
