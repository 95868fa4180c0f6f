import { Problem, type Db, type Tx } from '#kernel'
import { valueIn } from '../columns.ts'
import type { Passport } from '../passports.ts'
import { keyOf } from './codes.ts'

/**
 * The identifier of a passport that is published leads to it from now on; what it had before goes on leading to it. Fails
 * with `battery_identifier_taken`, without a word of whose, where it is or was another battery's: the key decides the race.
 */
export async function claimIdentifier(tx: Tx, { id, data, updatedAt }: Passport): Promise<void> {
  const identifier = valueIn('identifier', data)
  const key = identifier === null ? undefined : keyOf(identifier)
  await tx`
    update identifiers set until_at = ${updatedAt} where passport_id = ${id} and until_at is null and key is distinct from ${key ?? null}`
  if (!key) return
  const claimed = await tx`
    insert into identifiers as i (key, passport_id, from_at) values (${key}, ${id}, ${updatedAt})
    on conflict (key) do update set until_at = null where i.passport_id = excluded.passport_id
    returning key`
  if (claimed.length === 0)
    throw new Problem('conflict', 'battery_identifier_taken', {
      detail: 'A code that is or was printed on another battery has this identifier; it leads there for ever.',
      errors: [{ pointer: '/data', detail: 'must say an identifier that no battery has or had' }],
    })
}

/**
 * Gives published passports the codes of their identifiers. Whether each has its own now: one that another passport got
 * meanwhile, or has in another spelling, stays that one's.
 */
export async function claimMany(
  tx: Tx,
  items: readonly { id: string; identifier: string }[],
  at: Date,
): Promise<boolean> {
  const keyed = items.flatMap(({ id, identifier }) => {
    const key = keyOf(identifier)
    return key ? [{ id, key }] : []
  })
  if (keyed.length === 0) return true
  const [ids, keys] = [keyed.map(({ id }) => id), keyed.map(({ key }) => key)]
  // In the order of the keys, so that two who claim the same wait for each other and never crosswise.
  const { count } = await tx`
    insert into identifiers (key, passport_id, from_at)
    select key, id, ${at} from unnest(${keys}::text[], ${ids}::uuid[]) as given (key, id) order by key
    on conflict (key) do nothing`
  return count === keyed.length
}

/** Of these identifiers those that lead to some battery already. */
export async function takenOf(tx: Tx, identifiers: readonly string[]): Promise<Set<string>> {
  const keys = identifiers.flatMap(identifier => keyOf(identifier) ?? [])
  if (keys.length === 0) return new Set()
  const rows = await tx<{ key: string }[]>`select key from identifiers where key = any(${keys})`
  const taken = new Set(rows.map(({ key }) => key))
  return new Set(identifiers.filter(identifier => taken.has(keyOf(identifier) ?? '')))
}

/** The published passport that a key leads to. */
export async function findByKey(db: Db, key: string): Promise<string | undefined> {
  const [row] = await db<{ passportId: string }[]>`
    select i.passport_id as "passportId" from identifiers i join passports p on p.id = i.passport_id
    where i.key = ${key} and p.status <> 'draft'`
  return row?.passportId
}

/** Published passports, in the order of their ids, a few. */
export async function nextPublished(
  tx: Tx,
  after: string | null,
  limit: number,
): Promise<{ id: string; identifier: string | null; at: Date }[]> {
  return await tx<{ id: string; identifier: string | null; at: Date }[]>`
    select id, coalesce(identifier_whole, identifier) as identifier, updated_at as at from passports
    where status <> 'draft' and id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by id limit ${limit}`
}
