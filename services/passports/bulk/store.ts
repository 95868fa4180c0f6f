import type { Actor, Db, Tx } from '#kernel'
import type { Owner } from '#contracts/shared'
import type { Inherited } from '../store.ts'
import { foundBy } from '../audiences/store.ts'
import { allColumns, beginningOf, wordsOf } from '../columns.ts'
import type { Passport } from '../passports.ts'
import { changing } from '../store.ts'
import { beginnings } from '../history/chain.ts'
import type { Numbered, Refused, Spec } from './serials.ts'

export interface Serialisation {
  readonly id: string
  /** The model or the batch that the items begin with. */
  readonly parentId: string
  readonly modelId: string
  readonly owner: Owner
  readonly userId: string
  readonly actor: Actor
  /** Null once it is done. */
  readonly spec: Spec | null
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  /** Why it failed as a whole. */
  readonly problem: string | null
  readonly total: number
  readonly done: number
  readonly created: number
  readonly failed: number
  readonly createdAt: Date
  readonly endedAt: Date | null
}

export async function insertSerialisation(tx: Tx, one: Serialisation): Promise<void> {
  await tx`
    insert into serialisations (id, parent_id, model_id, owner_kind, owner_id, user_id, actor, spec, state, total, created_at)
    values (${one.id}, ${one.parentId}, ${one.modelId}, ${one.owner.kind}, ${one.owner.id}, ${one.userId},
      ${tx.json(one.actor as never)}, ${tx.json(one.spec as never)}, ${one.state}, ${one.total}, ${one.createdAt})`
}

const fields = `id, parent_id as "parentId", model_id as "modelId",
  json_build_object('kind', owner_kind, 'id', owner_id) as owner, user_id as "userId", actor, state, problem, total, done,
  created, failed, created_at as "createdAt", ended_at as "endedAt"`

export async function findSerialisation(db: Db, id: string): Promise<Serialisation | undefined> {
  const [row] = await db<Serialisation[]>`
    select ${db.unsafe(fields)}, null as spec from serialisations where id = ${id}`
  return row
}

/** Those that somebody gave, the latest first. */
export const listSerialisations = (db: Db, userId: string, limit: number, after: string | null) =>
  db<Serialisation[]>`
    select ${db.unsafe(fields)}, null as spec from serialisations
    where user_id = ${userId} and (${after}::uuid is null or id < ${after}::uuid)
    order by id desc limit ${limit}`

/** With what it needs, while nobody else works on it. */
export async function lockSerialisation(tx: Tx, id: string): Promise<Serialisation | undefined> {
  const [row] = await tx<
    Serialisation[]
  >`select ${tx.unsafe(fields)}, spec from serialisations where id = ${id} for update`
  return row
}

export async function noteProgress(tx: Tx, { id, done, created, failed }: Serialisation): Promise<void> {
  await tx`
    update serialisations set state = 'running', done = ${done}, created = ${created}, failed = ${failed}
    where id = ${id}`
}

/** It is over, and lets go of its serials. */
export async function endSerialisation(
  tx: Tx,
  id: string,
  state: 'done' | 'failed' | 'cancelled',
  at: Date,
  problem: string | null = null,
): Promise<void> {
  await tx`
    update serialisations set state = ${state}, problem = ${problem}, spec = null, ended_at = ${at} where id = ${id}`
}

export async function insertRefused(tx: Tx, id: string, refused: readonly Refused[]): Promise<void> {
  if (refused.length === 0) return
  await tx`
    insert into refused_serials ${tx(refused.map(one => ({ serialisation_id: id, ...one })) as never)}
    on conflict do nothing`
}

export async function listRefused(db: Db, id: string, limit: number, after = 0): Promise<Refused[]> {
  return await db<Refused[]>`
    select row, serial, code, detail from refused_serials
    where serialisation_id = ${id} and row > ${after} order by row limit ${limit}`
}

/** What all items of an order have in common, and the text of the data that comes behind each one's own words. */
export interface Mould {
  readonly passport: Passport
  readonly inherited: Inherited
  /** JSON of the attributes of all, without its braces. */
  readonly rest: string
  readonly parent: Passport
  /** Whether each view may find one by its identifier, and by its serial. */
  readonly shows: (view: 'authority' | 'interest', attribute: string) => boolean
}

/**
 * Items of one chunk, each with its first version; gives back those that were written: where somebody has an identifier
 * already, the index decides.
 */
export async function insertItems(
  tx: Tx,
  ids: readonly string[],
  items: readonly Numbered[],
  { passport, inherited, rest, shows, parent }: Mould,
  actor: Actor,
): Promise<Set<string>> {
  const { owner, createdAt, granularity, parentId, seen } = passport
  const { words, ...common } = { ...changing(passport, inherited) } as Record<string, unknown>
  const views = seen ? foundBy(passport) : undefined
  const shared = {
    ...common,
    owner_kind: owner.kind,
    owner_id: owner.id,
    created_at: createdAt,
    granularity,
    parent_id: parentId,
    ...(seen && { seen: tx.json(seen as never), authority_at: views!.authority_at, interest_at: views!.interest_at }),
  } as Record<string, unknown>
  for (const own of ['identifier', 'identifier_whole', 'serial']) delete shared[own]
  const columns = Object.keys(shared)
  const wordsIn = (all: string, ...texts: string[]): string => [all, ...texts.flatMap(wordsOf)].join(' ').trim()
  const wordsFor = (view: 'authority' | 'interest', { identifier, serial }: Numbered): string | null =>
    views
      ? wordsIn(
          views[`words_${view}`],
          ...(shows(view, 'uniqueBatteryIdentifier') ? [identifier] : []),
          ...(shows(view, 'batterySerialNumber') ? [serial] : []),
        )
      : null
  const texts = items.map(({ identifier, serial }) => dataOf(identifier, serial, rest))
  const begin = beginnings({ passport, parent, actor })
  const bound = items.map(({ identifier, serial }, at) =>
    begin(ids[at]!, texts[at]!, { uniqueBatteryIdentifier: identifier, batterySerialNumber: serial }),
  )
  const arrays = [
    ids,
    items.map(({ identifier }) => beginningOf(identifier)),
    items.map(({ identifier }) => (beginningOf(identifier) === identifier ? null : identifier)),
    items.map(({ serial }) => serial),
    items.map(({ identifier, serial }) => wordsIn(words as string, identifier, serial)),
    items.map(item => wordsFor('authority', item)),
    items.map(item => wordsFor('interest', item)),
    texts,
    bound.map(({ hash }) => hash.toString('hex')),
    bound.map(({ salts }) => salts.toString('hex')),
    bound.map(({ said }) => said && JSON.stringify(said)),
    bound.map(({ views }) => views && JSON.stringify(views)),
  ]
  const place = (index: number): string => `$${columns.length + index + 1}`
  const kinds = arrays.map((_, index) => (index === 0 ? 'uuid' : 'text'))
  const [version, status, actorId, role, at, parentVersion] = kinds.keys().map(index => place(arrays.length + index))
  const rows = await tx.unsafe<{ id: string }[]>(
    // In the order of the identifiers, so that two orders over the same serials wait for each other and never crosswise.
    `
    with given as materialized (
      select * from unnest(${kinds.map((kind, index) => `${place(index)}::${kind}[]`).join(', ')})
        as g (id, identifier, whole, serial, words, authority, interest, data, hash, salts, said, views)
    ), made as (
      insert into passports (${columns.join(', ')}, id, identifier, identifier_whole, serial, words, words_authority,
        words_interest)
      select ${columns.map((name, index) => `$${index + 1}::${typeOf(name)}`).join(', ')}, id, identifier, whole, serial,
        words::tsvector, authority::tsvector, interest::tsvector
      from given order by identifier
      on conflict do nothing returning id
    )
    insert into versions (passport_id, version, status, actor_id, actor_role, at, updated_fields, data, hash, hash_salts,
      said, hash_views, parent_version, seen)
    select id, ${version}::integer, ${status}, ${actorId}::uuid, ${role}, ${at}::timestamptz, '{}', data::json,
      decode(hash, 'hex'), decode(salts, 'hex'), said::json, views::jsonb, ${parentVersion}::integer,
      ${seen ? `$${columns.indexOf('seen') + 1}::jsonb` : 'null'}
    from made join given using (id) returning passport_id as id`,
    [
      ...(Object.values(shared) as never[]),
      ...(arrays as never[]),
      ...([passport.version, passport.status, actor.userId, actor.role, passport.updatedAt, parent.version] as never[]),
    ],
  )
  return new Set(rows.map(({ id }) => id))
}

const types: Record<string, string> = {
  owner_id: 'uuid',
  parent_id: 'uuid',
  created_at: 'timestamptz',
  updated_at: 'timestamptz',
  authority_at: 'timestamptz',
  interest_at: 'timestamptz',
  version: 'integer',
  seen: 'jsonb',
  ...Object.fromEntries(allColumns.map(({ sql, kind }) => [sql, kind.type])),
}
const typeOf = (column: string): string => types[column] ?? 'text'

/** As an item is written that says its identifier and its serial, and what all of them say. */
export const dataOf = (identifier: string, serial: string, rest: string): string =>
  `{"attributes":{"uniqueBatteryIdentifier":{"value":${JSON.stringify(identifier)}},` +
  `"batterySerialNumber":{"value":${JSON.stringify(serial)}}${rest && `,${rest}`}}}`
