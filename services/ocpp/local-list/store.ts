import type { Db, Tx } from '#kernel'
import { stringify } from '#kernel'

/** The list of tokens that a charger keeps. */
export interface LocalList {
  readonly chargerId: string
  readonly enabled: boolean
  readonly scope: 'owner' | 'all'
  readonly version: number
  readonly state: 'waiting' | 'current' | 'refused'
  readonly said: string | null
  readonly syncedAt: Date | null
}

export interface Entry {
  readonly idToken: string
  readonly type: string
  readonly status: 'accepted' | 'blocked'
  readonly expiresAt: Date | null
  readonly groupId: string | null
}

const columns = (db: Db) => db`
  charger_id as "chargerId", enabled, scope, version, state, said, synced_at as "syncedAt"`
const entryColumns = (db: Db) =>
  db`id_token as "idToken", type, status, expires_at as "expiresAt", group_id as "groupId"`

export async function findList(db: Db, chargerId: string): Promise<LocalList | undefined> {
  const [row] = await db<LocalList[]>`select ${columns(db)} from local_lists where charger_id = ${chargerId}`
  return row
}

export const putList = (
  tx: Tx,
  { chargerId, enabled, scope }: Pick<LocalList, 'chargerId' | 'enabled' | 'scope'>,
) => tx`
  insert into local_lists (charger_id, enabled, scope, state) values (${chargerId}, ${enabled}, ${scope}, 'waiting')
  on conflict (charger_id) do update set enabled = excluded.enabled, scope = excluded.scope, state = 'waiting'`

export const listEntries = (db: Db, chargerId: string, limit: number, after: string | undefined) => db<Entry[]>`
  select ${entryColumns(db)} from local_list_entries
  where charger_id = ${chargerId} ${after === undefined ? db`` : db`and id_token > ${after}`}
  order by id_token limit ${limit}`

export async function countEntries(db: Db, chargerId: string): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from local_list_entries where charger_id = ${chargerId}`
  return row!.count
}

/** Tokens that the list is to hold: those a charger of the version can read, the latest where there is no room for all. */
export const wantedEntries = (db: Db, { chargerId, scope }: LocalList, longest: number, most: number) => db<Entry[]>`
  select t.id_token as "idToken", t.type, t.status, t.expires_at as "expiresAt", t.group_id as "groupId"
  from tokens t join chargers c on c.id = ${chargerId}
  where length(t.id_token) <= ${longest} and coalesce(length(t.group_id), 0) <= ${longest}
    ${scope === 'all' ? db`` : db`and t.owner_id = c.owner_id`}
  order by t.created_at desc, t.id desc limit ${most}`

export const allEntries = (db: Db, chargerId: string) => db<Entry[]>`
  select ${entryColumns(db)} from local_list_entries where charger_id = ${chargerId}`

/** What a charger took: its list has this version now. */
export async function noteTaken(
  tx: Tx,
  chargerId: string,
  {
    version,
    full,
    added,
    removed,
  }: { version: number; full: boolean; added: readonly Entry[]; removed: readonly string[] },
): Promise<void> {
  if (full) await tx`delete from local_list_entries where charger_id = ${chargerId}`
  if (removed.length > 0)
    await tx`delete from local_list_entries where charger_id = ${chargerId} and id_token = any(${removed as string[]})`
  const rows = added.map(entry => ({
    charger_id: chargerId,
    id_token: entry.idToken,
    type: entry.type,
    status: entry.status,
    expires_at: entry.expiresAt,
    group_id: entry.groupId,
  }))
  // Texts of no type: the driver's JSON would be quoted once more.
  if (rows.length > 0)
    await tx`
      insert into local_list_entries
      select * from json_populate_recordset(null::local_list_entries, ${tx.typed(stringify(rows) as never, 705)})
      on conflict (charger_id, id_token) do update set type = excluded.type, status = excluded.status,
        expires_at = excluded.expires_at, group_id = excluded.group_id`
  await tx`update local_lists set version = ${version} where charger_id = ${chargerId}`
}

export const noteState = (tx: Tx, chargerId: string, state: LocalList['state'], said: string | null, at: Date) => tx`
  update local_lists set state = ${state}, said = ${said},
    synced_at = case when ${state === 'current'} then ${at} else synced_at end
  where charger_id = ${chargerId}`

/** Lists of chargers that are somebody else's now are to hold the tokens of these. */
export const noteNewOwner = (tx: Tx, ownerId: string) => tx`insert into token_changes (owner_id) values (${ownerId})`

/** Lists that what has changed of tokens is for, and the changes gone. */
export async function takeChanged(tx: Tx): Promise<string[]> {
  const changes = await tx<{ owner: string }[]>`
    delete from token_changes where id in (select id from token_changes order by id limit 10000 for update skip locked)
    returning owner_id as owner`
  if (changes.length === 0) return []
  const owners = [...new Set(changes.map(({ owner }) => owner))]
  const rows = await tx<{ id: string }[]>`
    update local_lists l set state = 'waiting' from chargers c
    where c.id = l.charger_id and l.enabled and l.state <> 'refused'
      and (l.scope = 'all' or c.owner_id = any(${owners}::uuid[]))
    returning l.charger_id as id`
  return rows.map(({ id }) => id)
}

/** Lists of these chargers that are to be looked at, as they have started; all that wait where none are named. */
export const listWaiting = (db: Db, chargerIds?: readonly string[]) => db<{ id: string }[]>`
  select l.charger_id as id from local_lists l join chargers c on c.id = l.charger_id
  where c.connection_id is not null
    ${chargerIds ? db`and l.enabled and l.charger_id = any(${chargerIds as string[]})` : db`and l.state = 'waiting'`}`
