import type { Owner } from '#contracts/shared'
import { mostCounted, madeIn, type Cursor, type Db, type Span, type Tx } from '#kernel'
import type { OpenDocuments } from '#law'
import type { Document } from './documents.ts'

interface Row extends Omit<Document, 'owner' | 'sizeBytes'> {
  ownerKind: Owner['kind']
  ownerId: string
  sizeBytes: bigint
}

const columns = (db: Db) => db`
  id, owner_kind as "ownerKind", owner_id as "ownerId", passport_id as "passportId", file_name as "fileName",
  title, kind, attribute, language, content_type as "contentType", size_bytes as "sizeBytes", sha256, file_key as "fileKey",
  case when scan_key = file_key then scan else 'off' end as scan,
  case when scan_key = file_key then scan_found end as found, scan_queued_at as "queuedAt",
  version, missing_since as "missingSince", created_at as "createdAt", updated_at as "updatedAt"`

const documentOf = ({ ownerKind, ownerId, sizeBytes, ...row }: Row): Document => ({
  ...row,
  sizeBytes: Number(sizeBytes),
  owner: { kind: ownerKind, id: ownerId },
})

const rowOf = ({ owner, ...document }: Document) => ({
  id: document.id,
  owner_kind: owner.kind,
  owner_id: owner.id,
  passport_id: document.passportId,
  file_name: document.fileName,
  title: document.title,
  kind: document.kind,
  attribute: document.attribute,
  language: document.language,
  content_type: document.contentType,
  size_bytes: document.sizeBytes,
  sha256: document.sha256,
  file_key: document.fileKey,
  scan: document.scan,
  scan_key: document.fileKey,
  scan_found: document.found,
  scan_queued_at: document.queuedAt,
  version: document.version,
  missing_since: document.missingSince,
  created_at: document.createdAt,
  updated_at: document.updatedAt,
})

export async function insertDocument(tx: Tx, document: Document): Promise<void> {
  await tx`insert into documents ${tx(rowOf(document))}`
}

export async function updateDocument(tx: Tx, document: Document): Promise<void> {
  await tx`update documents set ${tx(rowOf(document))} where id = ${document.id}`
}

/** Gives documents that `lockDocuments` gave to another owner; as they are then, in no order. */
export async function moveDocuments(tx: Tx, ids: readonly string[], owner: Owner, at: Date): Promise<Document[]> {
  const rows = await tx<Row[]>`
    update documents set owner_kind = ${owner.kind}, owner_id = ${owner.id}, version = version + 1, updated_at = ${at}
    where id = any(${ids as string[]}) returning ${columns(tx)}`
  return rows.map(documentOf)
}

export async function deleteDocument(tx: Tx, id: string): Promise<void> {
  await tx`delete from documents where id = ${id}`
}

export async function findDocument(db: Db, id: string): Promise<Document | undefined> {
  const [row] = await db<Row[]>`select ${columns(db)} from documents where id = ${id}`
  return row && documentOf(row)
}

export async function findByFile(db: Db, fileKey: string): Promise<Document | undefined> {
  const [row] = await db<Row[]>`select ${columns(db)} from documents where file_key = ${fileKey}`
  return row && documentOf(row)
}

/** The document that has this file, and nobody else changes until the transaction ends; none after another took its place. */
export async function lockByFile(tx: Tx, fileKey: string): Promise<Document | undefined> {
  const [row] = await tx<Row[]>`select ${columns(tx)} from documents where file_key = ${fileKey} for update`
  return row && documentOf(row)
}

/** A document that nobody else changes until the transaction ends. */
export async function lockDocument(tx: Tx, id: string): Promise<Document | undefined> {
  const [row] = await tx<Row[]>`select ${columns(tx)} from documents where id = ${id} for update`
  return row && documentOf(row)
}

/** Those of these documents that are there; nobody else changes them until the transaction ends. */
export async function lockDocuments(tx: Tx, ids: readonly string[]): Promise<Document[]> {
  const rows = await tx<Row[]>`
    select ${columns(tx)} from documents where id = any(${ids as string[]}) order by id for update`
  return rows.map(documentOf)
}

/** Which documents are meant. Of a passport, or of these owners, or both; each finds its page by an index. */
export interface Wanted {
  passportId: string | undefined
  owners: string[] | undefined
  kind: string | undefined
  language: string | undefined
  created: Span
  changed?: Span
  /** Only those that are open to who asks. */
  open?: OpenDocuments | undefined
  /** Only those whose file may be had. */
  released?: true
}

/** The newest first, up to `limit`. */
export async function listDocuments(
  db: Db,
  wanted: Wanted,
  limit: number,
  after: Cursor | undefined,
): Promise<Document[]> {
  const beyond = after ? db`and (created_at, id) < (${after[0]!}::text::timestamptz, ${after[1]!}::text::uuid)` : db``
  const newest = db`order by created_at desc, id desc limit ${limit}`
  const conditions = db`${filtersOf(db, wanted)} ${beyond} ${newest}`
  const { passportId, owners } = wanted
  const rows =
    owners === undefined
      ? await db<Row[]>`select ${columns(db)} from documents where passport_id = ${passportId!} ${conditions}`
      : await db<Row[]>`
          select d.* from unnest(${owners}::uuid[]) owner
          cross join lateral (select ${columns(db)} from documents where owner_id = owner ${conditions}) d
          order by "createdAt" desc, id desc limit ${limit}`
  return rows.map(documentOf)
}

/** How many there are; no more than `mostCounted + 1` are looked at for each owner. */
export async function countDocuments(db: Db, wanted: Wanted): Promise<number> {
  const conditions = db`${filtersOf(db, wanted)} limit ${mostCounted + 1}`
  const { passportId, owners } = wanted
  const [row] =
    owners === undefined
      ? await db<{ count: number }[]>`
          select count(*)::int as count from (select from documents where passport_id = ${passportId!} ${conditions}) d`
      : await db<{ count: number }[]>`
          select count(*)::int as count from unnest(${owners}::uuid[]) owner
          cross join lateral (select from documents where owner_id = owner ${conditions}) d`
  return row!.count
}

const filtersOf = (db: Db, { passportId, owners, kind, language, released, open, created, changed = {} }: Wanted) => db`
  ${released ? db`and (scan in ('off', 'clean') or scan_key is distinct from file_key)` : db``}
  ${open ? openIn(db, open) : db``}
  ${owners && passportId ? db`and passport_id = ${passportId}` : db``}
  ${kind ? db`and kind = ${kind}` : db``} ${language ? db`and lower(language) = ${language.toLowerCase()}` : db``}
  ${madeIn(db, 'created_at', created)} ${madeIn(db, 'updated_at', changed)}`

/** As `seesDocument` decides of one. */
const openIn = (db: Db, { kinds, known, attributes }: OpenDocuments) => db`
  and (kind = any(${kinds as string[]}) or (attribute is not null and kind <> all(${known as string[]})))
  and (attribute is null or attribute = any(${attributes as string[]}))`

/** Nobody attaches to the passport, and it does not go, until the transaction ends. False when it is gone already. */
export async function lockPassport(tx: Tx, passportId: string): Promise<boolean> {
  // A lock of the mind: what must not happen at the same time here are an insert and the news that its passport is
  // gone.
  await tx`select pg_advisory_xact_lock(hashtextextended(${passportId}, 0))`
  return (await tx`select from deleted_passports where passport_id = ${passportId}`).length === 0
}

/** Whose a passport has become, if it has moved. Call `lockPassport` before. */
export async function movedTo(tx: Tx, passportId: string): Promise<Owner | undefined> {
  const [owner] = await tx<Owner[]>`
    select owner_kind as kind, owner_id as id from passport_owners where passport_id = ${passportId}`
  return owner
}

/** Notes whose a passport has become, unless that is known or outdated; the documents that were somebody else's. */
export async function passportMoved(tx: Tx, passportId: string, owner: Owner, version: number): Promise<Document[]> {
  await lockPassport(tx, passportId)
  const noted = await tx`
    insert into passport_owners as o (passport_id, owner_kind, owner_id, version)
    values (${passportId}, ${owner.kind}, ${owner.id}, ${version})
    on conflict (passport_id) do update
      set owner_kind = excluded.owner_kind, owner_id = excluded.owner_id, version = excluded.version
      where o.version < excluded.version
    returning passport_id`
  if (noted.length === 0) return []
  const rows = await tx<Row[]>`
    select ${columns(tx)} from documents where passport_id = ${passportId} and owner_id <> ${owner.id} for update`
  return rows.map(documentOf)
}

/** Nobody takes this file of a charger in, and it is not removed, until the transaction ends. False when it was removed. */
export async function lockBroughtFile(tx: Tx, fileId: string): Promise<boolean> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${fileId}, 0))`
  return (await tx`select from removed_files where file_id = ${fileId}`).length === 0
}

/** Notes that a file of a charger is to be nowhere; the document that it was. */
export async function broughtFileRemoved(tx: Tx, fileId: string, at: Date): Promise<Document | undefined> {
  await lockBroughtFile(tx, fileId)
  await tx`insert into removed_files (file_id, removed_at) values (${fileId}, ${at}) on conflict do nothing`
  return await lockDocument(tx, fileId)
}

/** Notes that a passport is gone; the documents it had. */
export async function passportDeleted(tx: Tx, passportId: string, at: Date): Promise<Document[]> {
  await lockPassport(tx, passportId)
  await tx`delete from passport_owners where passport_id = ${passportId}`
  await tx`insert into deleted_passports (passport_id, deleted_at) values (${passportId}, ${at}) on conflict do nothing`
  const rows = await tx<Row[]>`select ${columns(tx)} from documents where passport_id = ${passportId} for update`
  return rows.map(documentOf)
}

/** Of these keys those that some document has, and should. */
export async function knownKeys(db: Db, keys: string[]): Promise<Set<string>> {
  const rows = await db<{ key: string }[]>`
    select file_key as key from documents
    where file_key = any(${keys}) and (scan <> 'infected' or scan_key is distinct from file_key)`
  return new Set(rows.map(({ key }) => key))
}

/** A page of all documents that should have a file, by id, as far as looking for it needs. */
export async function listFiles(
  db: Db,
  after: string,
  limit: number,
): Promise<{ id: string; fileKey: string; missing: boolean }[]> {
  return await db<{ id: string; fileKey: string; missing: boolean }[]>`
    select id, file_key as "fileKey", missing_since is not null as missing from documents
    where id > ${after} and (scan <> 'infected' or scan_key is distinct from file_key) order by id limit ${limit}`
}

export async function markMissing(tx: Tx, id: string, fileKey: string, since: Date | null): Promise<void> {
  await tx`update documents set missing_since = ${since} where id = ${id} and file_key = ${fileKey}`
}

/** How many documents wait for the scanner. */
export async function countWaiting(db: Db): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from documents where scan = 'waiting' and scan_key = file_key`
  return row!.count
}

/** Notes that a process that has a scanner is at work. */
export async function noteScanner(tx: Tx, at: Date): Promise<void> {
  await tx`insert into scanner (seen_at) values (${at}) on conflict (one) do update set seen_at = excluded.seen_at`
}

/** Files to be looked at, up to so many, which count as put in line `at`: those that wait, then those nobody looked at. */
export async function queueFiles(
  tx: Tx,
  { at, limit, waitingSince, othersSince }: { at: Date; limit: number; waitingSince: Date; othersSince: Date },
): Promise<string[]> {
  const rows = await tx<{ fileKey: string }[]>`
    with waiting as (
      select id from documents where scan = 'waiting' and scan_queued_at <= ${waitingSince} and missing_since is null
      order by scan_queued_at limit ${limit} for update skip locked
    ), others as (
      select id from documents
      where (scan = 'off' or scan_key is distinct from file_key) and missing_since is null
        and (scan_queued_at is null or scan_queued_at <= ${othersSince})
      order by scan_queued_at nulls first, id limit ${limit} for update skip locked
    )
    update documents set scan_queued_at = ${at} where id in (select id from waiting union select id from others)
    returning file_key as "fileKey"`
  return rows.map(({ fileKey }) => fileKey)
}

/** Gives up waiting for a scanner, unless some process had one after `since`; how many documents waited. */
export async function releaseWaiting(tx: Tx, since: Date): Promise<number> {
  const rows = await tx`
    update documents set scan = 'off' where scan = 'waiting' and not exists (select from scanner where seen_at > ${since})
    returning id`
  return rows.length
}
