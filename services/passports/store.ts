import { mostCounted, partiesOf, Problem, verbatim, violates, type Actor, type Db, type Tx } from '#kernel'
import type { PassportData, PassportStatus } from '#contracts/passports'
import type { Owner } from '#contracts/shared'
import { foundBy, head, type PassportRow } from './audiences/store.ts'
import type { Count, View } from './audiences/views.ts'
import {
  allColumns,
  beginningOf,
  pointerOf,
  searchable,
  searchWords,
  textColumns,
  type Column,
  type ColumnName,
  type Searchable,
} from './columns.ts'
import { firstOf } from './history/chain.ts'
import { chainUp, insertTombstone } from './history/store.ts'
import { isAuthority } from './operators/store.ts'
import type { Held, Passport, Version } from './passports.ts'
import { assessOne, moveAssessments } from './units/assessments.ts'

/**
 * Fails with `battery_identifier_taken` when another passport of the owner has the identifier: the index decides, not a
 * prior read.
 */
export async function insertPassport(
  tx: Tx,
  passport: Passport,
  actor: Actor,
  { inherited, parent }: { inherited?: Inherited; parent?: Passport } = {},
): Promise<void> {
  const { id, owner, createdAt, version, status, updatedAt, data } = passport
  const row = {
    id,
    owner_kind: owner.kind,
    owner_id: owner.id,
    created_at: createdAt,
    granularity: passport.granularity,
    parent_id: passport.parentId,
    ...changing(passport, inherited),
  }
  const { hash, salts } = firstOf({ passportId: id, data, at: updatedAt, actor, parent })
  const parentVersion = parent?.version ?? null
  const made = [
    version,
    status,
    actor.userId,
    actor.role,
    updatedAt,
    tx.json(data as never),
    hash,
    salts,
    parentVersion,
  ]
  insertion ??= insertionOf(Object.keys(row), made.length)
  await tx
    .unsafe(insertion, [...(Object.values(row) as never[]), ...(made as never[])], { prepare: true })
    .catch(refuseTaken(passport))
}

/** Put together once, as the names of the columns are always the same. */
let insertion: string | undefined

function insertionOf(names: readonly string[], more: number): string {
  const place = (_: unknown, at: number): string => `$${at + 1}`
  const places = Array.from({ length: names.length + more }, place)
  const [version, status, actor, role, at, data, ...bound] = places.slice(names.length)
  return `
    with passport as (
      insert into passports (${names.join(', ')}) values (${places.slice(0, names.length).join(', ')}) returning id
    )
    insert into versions
      (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, hash, hash_salts, parent_version)
    select id, ${version}, ${status}, ${actor}, ${role}, ${at}, '{}', ${data}, ${bound.join(', ')} from passport`
}

/** Keeps the next version of a passport that `lockPassport` gave. Fails with `battery_identifier_taken`. */
export async function updatePassport(
  tx: Tx,
  passport: Passport,
  actor: Version['actor'],
  updatedFields: readonly string[] = [],
  reason: string | null = null,
): Promise<void> {
  const inherited = passport.parentId ? await findInherited(tx, passport.parentId) : undefined
  const { seen } = passport
  const changed = {
    ...changing(passport, inherited),
    ...(seen && { seen: tx.json(seen as never), ...foundBy(passport) }),
  }
  await tx`
    with passport as (update passports set ${tx(changed as never)} where id = ${passport.id} returning id)
    ${insertVersion(tx, passport, actor, updatedFields, reason)} from passport`.catch(refuseTaken(passport))
  await chainUp(tx, passport.id)
  await assessOne(tx, passport)
}

/** What batches and items are found by that begin with a passport. */
export async function findInherited(db: Db, parentId: string): Promise<Inherited> {
  const [row] = await db<Record<keyof Inherited, never>[]>`
    select model, category, chemistry, mass_kg as "massKg" from passports where id = ${parentId}`
  return Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== null))
}

/** What a model says of its batches and items. */
export type Inherited = Partial<Pick<Searchable, 'model' | 'category' | 'chemistry' | 'massKg'>>

const insertVersion = (
  tx: Tx,
  { version, status, updatedAt, data, seen }: Passport,
  actor: Version['actor'],
  updatedFields: readonly string[],
  reason: string | null,
) => tx`
  insert into versions (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, seen, reason)
  select id, ${version}, ${status}, ${actor.userId}, ${actor.role}, ${updatedAt}, ${updatedFields as string[]},
    ${tx.json(data as never)}, ${seen ? tx.json(seen as never) : null}, ${reason}`

/** What a new version changes in the row of its passport. */
export function changing({ status, version, updatedAt, data }: Passport, inherited: Inherited = {}) {
  const values: Searchable = { ...searchable(data), ...inherited }
  const searched = Object.assign({}, ...allColumns.map(column => stored(column, values[column.name])))
  const words = [...searchWords(data), ...searchWords(inherited)]
  return { status, version, updated_at: updatedAt, ...searched, words: words.join(' ') }
}

/** What stands in the table for a value of a column. */
const stored = ({ sql, whole }: Column, value: unknown): Record<string, unknown> => {
  if (!whole || typeof value !== 'string') return { [sql]: value, ...(whole && { [whole]: null }) }
  const beginning = beginningOf(value)
  return { [sql]: beginning, [whole]: beginning === value ? null : value }
}

const isTaken = (error: unknown): boolean =>
  violates(error, 'passports_identifier') || violates(error, 'passports_identifier_whole')

const refuseTaken =
  ({ data }: Passport) =>
  (error: unknown): never => {
    if (!isTaken(error)) throw error
    throw new Problem('conflict', 'battery_identifier_taken', {
      detail: 'Another passport of this owner has the battery identifier.',
      errors: [
        {
          pointer: `/data${pointerOf('identifier', data)}`,
          detail: 'must be an identifier that no other passport of the owner has',
        },
      ],
    })
  }

/**
 * A passport as it is, or as it was `at` a time since it was created; its readers as far as they are parties of the
 * actor.
 */
export async function findPassport(
  db: Db,
  id: string,
  actor: Actor,
  at?: Date,
  now: Date = new Date(),
): Promise<Passport | undefined> {
  // One by one: with an array as a parameter PostgreSQL would plan the query anew each time.
  const [person, organisation = person!] = partiesOf(actor)
  const version = at ? db`version_at(p.id, p.version, ${at})` : db`p.version`
  // Its owner is asked for no more than that.
  const authority = actor.organisation
    ? db`, p.owner_id not in (${person!}, ${organisation}) and ${isAuthority(db, organisation)} as "byAuthority"`
    : db``
  // The data, up to a megabyte, comes along only for whom the rule will let in: a refusal takes the same time whatever
  // it refuses.
  const [row] = await db<PassportRow[]>`
    select ${db.unsafe(head)}, r.ids as "readerIds", r.interested, v.status, v.version, v.at as "updatedAt", v.seen,
      v.data::text as data ${authority}
    from passports p
    cross join lateral (
      select coalesce(array_agg(reader_id) filter (where audience = 'owner'), '{}') as ids,
        coalesce(bool_or(audience = 'interest'), false) as interested
      from readers where passport_id = p.id and reader_id in (${person!}, ${organisation})
        and (until_at is null or until_at > ${now})
    ) r
    left join versions v on v.passport_id = p.id and v.version = ${version}
      and (${actor.role === 'admin'} or p.owner_id in (${person!}, ${organisation}) or r.ids <> '{}'
        or (p.status <> 'draft' and v.status <> 'draft'))
    where p.id = ${id}`
  if (!row) return undefined
  const { ownerKind, ownerId, readerIds, data, ...passport } = row
  const readers = readerIds.map((id): Owner => ({ kind: id === actor.userId ? 'person' : 'organisation', id }))
  return {
    ...passport,
    // Nothing of a version came along that is not for who asks.
    status: passport.status ?? 'draft',
    data: data === null ? {} : verbatim<PassportData>(data),
    owner: { kind: ownerKind, id: ownerId },
    readers,
  }
}

/** A passport as its public page needs it: for nobody in particular, without its readers. */
export async function findPublished(db: Db, id: string, at?: Date): Promise<Passport | undefined> {
  const version = at ? db`version_at(p.id, p.version, ${at})` : db`p.version`
  const [row] = await db<(Omit<PassportRow, 'readerIds'> & { data: string })[]>`
    select ${db.unsafe(head)}, v.status, v.version, v.at as "updatedAt", v.seen, v.data::text as data
    from passports p join versions v on v.passport_id = p.id and v.version = ${version}
    where p.id = ${id} and p.status <> 'draft' and v.status <> 'draft'`
  if (!row) return undefined
  const { ownerKind, ownerId, data, ...passport } = row
  return { ...passport, data: verbatim<PassportData>(data), owner: { kind: ownerKind, id: ownerId } }
}

/** A passport that nobody else changes until the transaction ends. */
export async function lockPassport(tx: Tx, id: string, actor: Actor): Promise<Passport | undefined> {
  // Two statements: one that also reads the data would, after it had to wait, see the data of before the wait.
  await tx`select from passports where id = ${id} for update`
  return await findPassport(tx, id, actor)
}

/** With its versions and readers, and what became of orders for items of it. */
export async function deletePassport(tx: Tx, id: string, at: Date): Promise<void> {
  await insertTombstone(tx, id, at)
  await tx`delete from serialisations where parent_id = ${id}`
  await tx`delete from passports where id = ${id}`
}

/** The latest first, up to `limit`, below the version `before`. */
export async function listVersions(db: Db, id: string, limit: number, before = 2 ** 31 - 1): Promise<Version[]> {
  const rows = await db<(Version & { owner: Owner | null; reason: string | null })[]>`
    select version, status, json_build_object('userId', actor_id, 'role', actor_role) as actor, at,
      updated_fields as "updatedFields", reason, encode(hash, 'hex') as hash,
      case when owner_id is not null then json_build_object('kind', owner_kind, 'id', owner_id) end as owner
    from versions where passport_id = ${id} and version < ${before}
    order by version desc limit ${limit}`
  return rows.map(({ owner, reason, ...version }) => ({
    ...version,
    ...(owner && { owner }),
    ...(reason && { reason }),
  }))
}

/** The same as a view counts them: those that changed it, by its own numbers, without who made them. */
export async function listVersionsFor(
  db: Db,
  id: string,
  view: View,
  limit: number,
  before = 2 ** 31 - 1,
): Promise<Omit<Version, 'actor'>[]> {
  const rows = await db<{ status: PassportStatus; count: Required<Count>; owner: Owner | null; hash: string | null }[]>`
    select status, seen -> ${view} as count, hash_views ->> ${view} as hash,
      case when owner_id is not null then json_build_object('kind', owner_kind, 'id', owner_id) end as owner
    from versions
    where passport_id = ${id} and seen -> ${view} -> 'fields' is not null
      and (seen -> ${view} ->> 'version')::int < ${before}
    order by version desc limit ${limit}`
  return rows.map(({ status, count: { version, at, fields }, owner, hash }) => ({
    version,
    status,
    at: new Date(at),
    updatedFields: fields,
    hash,
    ...(owner && { owner }),
  }))
}

/** Whose a passport is; nobody changes it until the transaction ends. */
export async function findHeld(tx: Tx, id: string): Promise<(Held & Pick<Passport, 'status'>) | undefined> {
  const [held] = await tx<(Held & Pick<Passport, 'status'>)[]>`
    select id, coalesce(identifier_whole, identifier) as identifier, version, status,
      json_build_object('kind', owner_kind, 'id', owner_id) as owner
    from passports where id = ${id} for update`
  return held
}

/** Whose these passports are, of those that are there; nobody changes them until the transaction ends. */
export async function lockHeld(tx: Tx, ids: readonly string[], actor: Actor): Promise<Held[]> {
  const [person, organisation = person!] = partiesOf(actor)
  await tx`select from passports where id = any(${ids as string[]}) order by id for update`
  return await tx<Held[]>`
    select p.id, coalesce(p.identifier_whole, p.identifier) as identifier, p.version,
      json_build_object('kind', p.owner_kind, 'id', p.owner_id) as owner,
      (select coalesce(json_agg(json_build_object('kind', r.kind, 'id', r.reader_id)), '[]') from readers r
        where r.passport_id = p.id and r.reader_id in (${person!}, ${organisation}) and r.audience = 'owner'
          and (r.until_at is null or r.until_at > now())) as readers
    from passports p where p.id = any(${ids as string[]})`
}

/**
 * Gives passports that `lockHeld` gave to another owner; a version with the same data tells of it. Fails with
 * `battery_identifier_taken` when the owner has a passport of the same battery.
 */
export async function movePassports(
  tx: Tx,
  ids: readonly string[],
  owner: Owner,
  actor: Actor,
  at: Date,
): Promise<void> {
  // Every view shows whose it is, so each counts it.
  const counted = tx`(
    select jsonb_object_agg(key, jsonb_build_object('version', (value ->> 'version')::int + 1, 'fields', '[]'::jsonb,
      'at', to_char(greatest(updated_at, ${at}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
    from jsonb_each(seen))`
  await tx`
    with moved as (
      update passports set owner_kind = ${owner.kind}, owner_id = ${owner.id}, version = version + 1,
        updated_at = greatest(updated_at, ${at}), seen = ${counted}
      where id = any(${ids as string[]}) returning id, status, version, updated_at, seen
    )
    insert into versions
      (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, seen, owner_kind, owner_id)
    select m.id, m.version, m.status, ${actor.userId}, ${actor.role}, m.updated_at, '{}', v.data, m.seen,
      ${owner.kind}, ${owner.id}
    from moved m join versions v on v.passport_id = m.id and v.version = m.version - 1`.catch(error => {
    if (!isTaken(error)) throw error
    throw new Problem('conflict', 'battery_identifier_taken', {
      detail: 'The organisation has a passport with the battery identifier of one of these already.',
    })
  })
  for (const id of ids) await chainUp(tx, id)
  await moveAssessments(tx, ids, owner.id)
}

/** What other services may ask about a passport; see `get_passport_access`. */
export async function findAccess(db: Db, passportId: string) {
  const [access] = await db<
    { passportId: string; identifier: string | null; owner: Owner; status: PassportStatus; readers: Owner[] }[]
  >`
    select id as "passportId", coalesce(identifier_whole, identifier) as identifier, json_build_object('kind', owner_kind, 'id', owner_id) as owner, status,
      (select coalesce(json_agg(json_build_object('kind', kind, 'id', reader_id) order by since), '[]')
        from readers where passport_id = id and audience = 'owner' and (until_at is null or until_at > now())) as readers
    from passports where id = ${passportId}`
  return access
}

/** Of these names of columns those that are not filled for all passports. */
export async function unfilled(db: Db, names: readonly string[]): Promise<string[]> {
  const filled = await db<{ name: string }[]>`select name from filled_columns`
  const known = new Set(filled.map(({ name }) => name))
  return names.filter(name => !known.has(name))
}

export async function markFilled(tx: Tx, name: string): Promise<void> {
  await tx`insert into filled_columns (name) values (${name}) on conflict do nothing`
}

/** In the order of their ids, with their present data; nobody changes them until the transaction ends. */
export async function nextPassports(
  tx: Tx,
  after: string | null,
  limit: number,
): Promise<Pick<Passport, 'id' | 'data'>[]> {
  return await tx<Pick<Passport, 'id' | 'data'>[]>`
    select p.id, v.data from passports p join versions v on v.passport_id = p.id and v.version = p.version
    where p.id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by p.id limit ${limit} for update of p`
}

/** Sets a column. */
export async function setColumn(tx: Tx, id: string, column: Column, value: unknown): Promise<void> {
  await tx`update passports set ${tx(stored(column, value) as Record<string, never>)} where id = ${id}`
}

/** The same, but for an identifier that another passport of the owner has; false then. */
export async function setUnlessTaken(tx: Tx, id: string, column: Column, value: unknown): Promise<boolean> {
  try {
    await tx.attempt(() => setColumn(tx, id, column, value))
    return true
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/** A passport with what stands in its columns of texts. */
export interface Texts {
  readonly id: string
  readonly status: PassportStatus
  readonly updatedAt: Date
  readonly texts: Readonly<Partial<Record<ColumnName, string | null>>>
}

/** Passports in the order of their ids of which a text is not composed; nobody changes them until the transaction ends. */
export async function nextDecomposed(tx: Tx, after: string | null, limit: number): Promise<Texts[]> {
  const told = textColumns.map(({ name, sql, whole }) => `'${name}', ${whole ? `coalesce(${whole}, ${sql})` : sql}`)
  const tested = textColumns.flatMap(({ sql, whole }) => (whole ? [sql, whole] : [sql]))
  return await tx<Texts[]>`
    select id, status, updated_at as "updatedAt", json_build_object(${tx.unsafe(told.join(', '))}) as texts from passports
    where id > ${after ?? '00000000-0000-0000-0000-000000000000'}
      and (${tx.unsafe(tested.map(column => `${column} is not nfc normalized`).join(' or '))})
    order by id limit ${limit} for update`
}

/** How many an owner has; no more than `mostCounted + 1` are looked at. */
export async function countOf(db: Db, ownerId: string): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from (select from passports where owner_id = ${ownerId} limit ${mostCounted + 1}) owned`
  return row!.count
}
