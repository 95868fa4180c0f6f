import type { Content, Db, Tx } from '#kernel'

export const kinds = ['diagnostics', 'security', 'customer'] as const

/** A file that a charger was asked for. */
export interface Transfer {
  readonly id: string
  readonly chargerId: string
  readonly kind: (typeof kinds)[number]
  readonly requestId: number
  readonly location: string | null
  readonly tokenUntil: Date | null
  readonly status: 'asked' | 'coming' | 'stored' | 'elsewhere' | 'failed'
  readonly said: string | null
  readonly fileName: string | null
  readonly fileKey: string | null
  readonly contentType: string | null
  readonly sizeBytes: number | null
  readonly sha256: string | null
  /** Documents have it, as the document of this id. */
  readonly filedAt: Date | null
  readonly askedBy: string | null
  readonly askedAt: Date
  readonly endedAt: Date | null
}

const columns = (db: Db) => db`
  id, charger_id as "chargerId", kind, request_id as "requestId", location, token_until as "tokenUntil", status, said,
  file_name as "fileName", file_key as "fileKey", content_type as "contentType", size_bytes::float8 as "sizeBytes",
  sha256, filed_at as "filedAt", asked_by as "askedBy", asked_at as "askedAt", ended_at as "endedAt"`

type NewTransfer = Pick<Transfer, 'id' | 'chargerId' | 'kind' | 'requestId' | 'location' | 'askedBy' | 'askedAt'> & {
  readonly token?: { readonly digest: Buffer; readonly until: Date } | undefined
}

export const insertTransfer = (tx: Tx, transfer: NewTransfer) => {
  const { id, chargerId, kind, requestId, location, token, askedBy, askedAt } = transfer
  return tx`
    insert into transfers (id, charger_id, kind, request_id, location, token_digest, token_until, status, asked_by,
      asked_at)
    values (${id}, ${chargerId}, ${kind}, ${requestId}, ${location}, ${token?.digest ?? null},
      ${token?.until ?? null}, 'asked', ${askedBy}, ${askedAt})`
}

export async function findTransfer(db: Db, chargerId: string, id: string): Promise<Transfer | undefined> {
  const [row] = await db<Transfer[]>`
    select ${columns(db)} from transfers where id = ${id} and charger_id = ${chargerId}`
  return row
}

export const listTransfers = (
  db: Db,
  chargerId: string,
  kind: string | undefined,
  limit: number,
  before: string | undefined,
) => db<Transfer[]>`
  select ${columns(db)} from transfers where charger_id = ${chargerId}
    ${kind ? db`and kind = ${kind}` : db``} ${before ? db`and id < ${before}` : db``}
  order by id desc limit ${limit}`

/** The transfer that somebody may bring the file of; one that is stored is not brought again. */
export async function findByToken(db: Db, digest: Buffer): Promise<Transfer | undefined> {
  const [row] = await db<Transfer[]>`select ${columns(db)} from transfers where token_digest = ${digest}`
  return row
}

export interface Stored extends Content {
  readonly fileKey: string
  readonly fileName: string
  readonly contentType: string
}

/** False where another was quicker. */
export async function noteStored(tx: Tx, id: string, file: Stored, at: Date): Promise<boolean> {
  const done = await tx`
    update transfers set status = 'stored', file_key = ${file.fileKey}, file_name = ${file.fileName},
      content_type = ${file.contentType}, size_bytes = ${file.sizeBytes}, sha256 = ${file.sha256}, ended_at = ${at}
    where id = ${id} and file_key is null returning id`
  return done.length > 0
}

/** The key under which a file lay here until documents took it in; undefined for what is none of ours, or filed before. */
export async function noteFiled(tx: Tx, id: string, at: Date): Promise<string | undefined> {
  const [row] = await tx<{ fileKey: string }[]>`
    update transfers set filed_at = ${at} where id = ${id} and filed_at is null and file_key is not null
    returning file_key as "fileKey"`
  return row?.fileKey
}

/** What a charger answered to being asked: the name it gives the file. */
export const noteAnswered = (tx: Tx, id: string, fileName: string | undefined) => tx`
  update transfers set file_name = coalesce(file_name, ${fileName ?? null}) where id = ${id}`

export const noteFailed = (tx: Tx, id: string, said: string, at: Date) => tx`
  update transfers set status = 'failed', said = ${said}, ended_at = ${at}
  where id = ${id} and status in ('asked', 'coming')`

const failures = ['UploadFailed', 'UploadFailure', 'BadMessage', 'NotSupportedOperation', 'PermissionDenied']

/**
 * How far a charger says it is: with the transfer of a request, or the last of that kind where it names none. What lies
 * here is here, whatever it says.
 */
export const noteSaid = (
  tx: Tx,
  chargerId: string,
  { requestId, status, at }: { requestId?: number | undefined; status: string; at: Date },
) => tx`
  update transfers set said = ${status},
    status = case when status in ('stored', 'failed') then status
      when ${failures.includes(status)} then 'failed'
      when ${status === 'Uploaded'} and location is not null then 'elsewhere'
      when ${status === 'Uploading'} then 'coming' else status end,
    ended_at = case when ${failures.includes(status) || status === 'Uploaded'} then coalesce(ended_at, ${at}) end
  where id = (
    select id from transfers where charger_id = ${chargerId} and kind <> 'customer'
      ${requestId === undefined ? tx`` : tx`and request_id = ${requestId}`}
    order by id desc limit 1)`

/** The last part of what a charger has stored of a customer is here; the transfers that are whole with it. */
export const noteCustomer = (tx: Tx, chargerId: string, requestId: number, at: Date) => tx<{ id: string }[]>`
  update transfers set status = 'stored', ended_at = ${at}, file_name = 'customer.txt', content_type = 'text/plain',
    size_bytes = (
      select coalesce(sum(octet_length(data)), 0) from customer_parts
      where charger_id = ${chargerId} and request_id = ${requestId})
  where charger_id = ${chargerId} and request_id = ${requestId} and kind = 'customer' and status = 'asked'
  returning id`

/** A transfer whatever its charger. */
export async function findTransferById(db: Db, id: string): Promise<Transfer | undefined> {
  const [row] = await db<Transfer[]>`select ${columns(db)} from transfers where id = ${id}`
  return row
}

/** What a charger has stored of a customer lies in a file too; false where it did before. */
export async function noteCustomerFile(tx: Tx, id: string, fileKey: string, { sizeBytes, sha256 }: Content) {
  const done = await tx`
    update transfers set file_key = ${fileKey}, size_bytes = ${sizeBytes}, sha256 = ${sha256}
    where id = ${id} and file_key is null returning id`
  return done.length > 0
}

export async function customerText(db: Db, chargerId: string, requestId: number): Promise<string> {
  const [row] = await db<{ text: string | null }[]>`
    select string_agg(data, '' order by seq_no) as text from customer_parts
    where charger_id = ${chargerId} and request_id = ${requestId}`
  return row?.text ?? ''
}

/** Gone with what it held; the key of its file. */
export async function deleteTransfer(tx: Tx, { id, chargerId, requestId, kind }: Transfer): Promise<void> {
  await tx`delete from transfers where id = ${id}`
  if (kind === 'customer')
    await tx`delete from customer_parts where charger_id = ${chargerId} and request_id = ${requestId}`
}

/** What a charger has stored of people is kept for a week, other files for ninety days. */
export const listOld = (db: Db, at: Date) => db<Transfer[]>`
  select ${columns(db)} from transfers
  where asked_at < ${at}::timestamptz - interval '7 days'
    and (kind = 'customer' or asked_at < ${at}::timestamptz - interval '90 days')
  limit 500`
export const forgetParts = (tx: Tx, at: Date) => tx`
  delete from customer_parts where received_at < ${at}::timestamptz - interval '7 days'`
