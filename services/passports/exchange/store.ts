import { verbatim, type Db, type Tx } from '#kernel'
import type { PassportData, PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import type { Granularity } from '#law'
import { beginningOf, composed } from '../columns.ts'
import type { Mapping } from './reading.ts'

/** The passport that an owner has of a battery. */
export async function findByIdentifier(db: Db, ownerId: string, given: string): Promise<string | undefined> {
  const identifier = composed(given)
  const [row] = await db<{ id: string }[]>`
    select id from passports
    where owner_id = ${ownerId} and identifier = ${beginningOf(identifier)}
      and coalesce(identifier_whole, identifier) = ${identifier}`
  return row?.id
}

/** A battery by its serial, below a model or a batch. */
export interface Numbered {
  readonly ownerId: string
  readonly parentId: string
  readonly serial: string
}

/**
 * Passports that an owner has of it, two at most: those that begin with the parent, or with a batch of it. Nobody else makes
 * or finds one until the transaction ends.
 */
export async function findBySerial(tx: Tx, { ownerId, parentId, serial }: Numbered): Promise<Named[]> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`serial ${parentId} ${serial}`}, 0))`
  return await tx<Named[]>`
    select id, identifier from passports
    where owner_id = ${ownerId} and serial = ${serial} and granularity <> 'model'
      and (parent_id = ${parentId}
        or parent_id in (select id from passports where parent_id = ${parentId} and granularity = 'batch'))
    order by id limit 2`
}

export interface Named {
  readonly id: string
  /** Where it says one. */
  readonly identifier: string | null
}

export async function findMapping(db: Db, ownerId: string): Promise<Mapping> {
  const [row] = await db<{ columns: Mapping }[]>`select columns from import_mappings where owner_id = ${ownerId}`
  return row?.columns ?? {}
}

export async function saveMapping(tx: Tx, owner: Owner, columns: Mapping, at: Date): Promise<void> {
  await tx`
    insert into import_mappings (owner_kind, owner_id, columns, updated_at)
    values (${owner.kind}, ${owner.id}, ${tx.json(columns as never)}, ${at})
    on conflict (owner_id) do update set columns = excluded.columns, updated_at = excluded.updated_at`
}

export interface Exported {
  readonly id: string
  readonly granularity: Granularity
  readonly parentId: string | null
  readonly status: PassportStatus
  readonly version: number
  readonly data: PassportData
}

/** All passports of an owner, or those that begin with one of them, in the order of their ids; some at a time. */
export async function* eachOf(db: Db, ownerId: string, parentId: string | undefined): AsyncGenerator<Exported> {
  for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
    const rows = await db<(Omit<Exported, 'data'> & { data: string })[]>`
      select p.id, p.granularity, p.parent_id as "parentId", p.status, p.version, v.data::text as data
      from passports p join versions v on v.passport_id = p.id and v.version = p.version
      where p.owner_id = ${ownerId} and p.id > ${after} ${parentId ? db`and p.parent_id = ${parentId}` : db``}
      order by p.id limit 200`
    for (const { data, ...row } of rows) yield { ...row, data: verbatim<PassportData>(data) }
    if (rows.length < 200) return
    after = rows.at(-1)!.id
  }
}

/** How many passports an owner has, or begin with one of them. */
export async function countOf(db: Db, ownerId: string, parentId: string | undefined): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from passports
    where owner_id = ${ownerId} ${parentId ? db`and parent_id = ${parentId}` : db``}`
  return row!.count
}
