import { verbatim, type Db, type Tx } from '#kernel'
import type { PassportData, PassportStatus } from '#contracts/passports'
import { freshDays, type Granularity } from '#law'
import type { Member } from '../audiences/said.ts'
import type { Seen } from '../audiences/views.ts'

interface Row extends Omit<Member, 'data'> {
  readonly status: PassportStatus
  readonly parentId: string | null
  readonly seen: Seen | null
  readonly data: string
}

export type LineMember = Member & Pick<Row, 'status' | 'seen'>

/**
 * A passport with those it begins with, itself first, as they were `at` a time; for others than the owner only those that
 * were published then.
 */
export async function findLine(db: Db, id: string, isOwner: boolean, at?: Date): Promise<LineMember[]> {
  const rows = await db<Row[]>`
    with recursive line (id, depth) as (
      select ${id}::uuid, 0
      union all
      select p.parent_id, depth + 1 from line join passports p on p.id = line.id
      where p.parent_id is not null and depth < 2
    )
    select p.id, p.granularity, p.parent_id as "parentId", v.status, v.seen, v.at as "updatedAt", v.data::text as data
    from line join passports p on p.id = line.id
    join versions v on v.passport_id = p.id and v.version = ${at ? db`version_at(p.id, p.version, ${at})` : db`p.version`}
    where ${isOwner} or v.status <> 'draft'
    order by depth`
  return rows.map(({ data, ...row }) => ({ ...row, data: verbatim<PassportData>(data) }))
}

/** A batch or an item, as its model lists it. */
export interface Child {
  readonly id: string
  readonly granularity: Granularity
  readonly identifier: string | null
  readonly serial: string | null
  readonly status: PassportStatus
}

/** Those that begin with a passport, in the order of their ids; for others than the owner the published ones. */
export async function listChildren(
  db: Db,
  parentId: string,
  isOwner: boolean,
  limit: number,
  after = '00000000-0000-0000-0000-000000000000',
): Promise<Child[]> {
  return await db<Child[]>`
    select id, granularity, coalesce(identifier_whole, identifier) as identifier, serial, status
    from passports
    where parent_id = ${parentId} and id > ${after} and (${isOwner} or status <> 'draft')
    order by id limit ${limit}`
}

/** It is not deleted until the transaction ends, whoever else begins with it meanwhile. */
export async function holdParent(tx: Tx, id: string): Promise<void> {
  await tx`select from passports where id = ${id} for key share`
}

/** There are some, or will be by an order that is under way. */
export async function hasChildren(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx<{ has: boolean }[]>`
    select exists (select from passports where parent_id = ${id})
      or exists (select from serialisations where parent_id = ${id} and state in ('waiting', 'running')) as has`
  return row!.has
}

/** Which of these others begin with, or will by an order that is under way. */
export async function parentsAmong(tx: Tx, ids: readonly string[]): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    select parent_id as id from passports where parent_id = any(${ids as string[]})
    union select parent_id from serialisations
    where parent_id = any(${ids as string[]}) and state in ('waiting', 'running')`
  return rows.map(({ id }) => id)
}

/** Whether one of these has a parent or a child of another owner. */
export async function isFamilyApart(tx: Tx, ids: readonly string[]): Promise<boolean> {
  const [row] = await tx<{ apart: boolean }[]>`
    select exists (
      select from passports c join passports p on p.id = c.parent_id
      where (c.id = any(${ids as string[]}) or p.id = any(${ids as string[]})) and c.owner_id <> p.owner_id) as apart`
  return row!.apart
}

/** What those that begin with a passport are found by, as it says now; the last of them, to go on after. */
export async function refold(tx: Tx, parentId: string, after: string | null, limit: number): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    with children as (
      select id from passports
      where parent_id = ${parentId} and id > ${after ?? '00000000-0000-0000-0000-000000000000'}
      order by id limit ${limit} for update
    )
    update passports c set model = coalesce(p.model, c.model), category = coalesce(p.category, c.category),
      chemistry = coalesce(p.chemistry, c.chemistry), mass_kg = coalesce(p.mass_kg, c.mass_kg)
    from passports p where p.id = ${parentId} and c.id in (select id from children)
    returning c.id`
  return rows.map(({ id }) => id).sort()
}

/** What was written of passports since a time, each by its id; what is fresh is what stands there. */
export interface Fresh {
  readonly since: Date
  readonly touched: ReadonlyMap<string, { readonly isNew: boolean; readonly fields: readonly string[] }>
}

/** For a day: what was written in the time before it in which a value is fresh. */
export async function freshOn(db: Db, ids: readonly string[], on: string): Promise<Fresh> {
  const since = new Date(Date.parse(on) - freshDays * 86_400_000)
  const rows = await db<{ id: string; isNew: boolean; fields: string[] }[]>`
    select p.id, p.created_at >= ${since} as "isNew", coalesce((
      select array_agg(distinct field) from versions v, unnest(v.updated_fields) field
      where v.passport_id = p.id and v.at >= ${since}), '{}') as fields
    from passports p where p.id = any(${ids as string[]})`
  return { since, touched: new Map(rows.map(({ id, ...one }) => [id, one])) }
}
