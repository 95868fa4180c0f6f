import type { Db, Tx } from '#kernel'
import type { Owner } from '#contracts/shared'

/** What an owner decided about their passports. */
export interface Settings {
  /** `block` publishes nothing that lacks what is mandatory; `tell` says what is missing in its answer. */
  readonly publication: 'tell' | 'block'
  /** Whether they owe due diligence (Art. 47 and 48), as they declare it; null while they did not. */
  readonly dueDiligence: 'owed' | 'not_owed' | null
  /** Of their own, in links and codes of their passports. */
  readonly publicHost: string | null
}

const untouched: Settings = { publication: 'tell', dueDiligence: null, publicHost: null }

export async function settingsOf(db: Db, ownerId: string): Promise<Settings> {
  return (await settingsOfAll(db, [ownerId])).get(ownerId) ?? untouched
}

/** Of those who decided anything, by their ids. */
export async function settingsOfAll(db: Db, ownerIds: readonly string[]): Promise<Map<string, Settings>> {
  const rows = await db<(Settings & { id: string })[]>`
    select owner_id as id, publication, public_host as "publicHost",
      case due_diligence when true then 'owed' when false then 'not_owed' end as "dueDiligence"
    from settings where owner_id = any(${ownerIds as string[]})`
  return new Map(rows.map(({ id, ...settings }) => [id, settings]))
}

export async function keepSettings(
  tx: Tx,
  owner: Owner,
  { publication, dueDiligence, publicHost }: Settings,
  at: Date,
): Promise<void> {
  const owes = dueDiligence === null ? null : dueDiligence === 'owed'
  await tx`
    insert into settings (owner_id, owner_kind, publication, due_diligence, public_host, updated_at)
    values (${owner.id}, ${owner.kind}, ${publication}, ${owes}, ${publicHost}, ${at})
    on conflict (owner_id) do update set publication = excluded.publication, due_diligence = excluded.due_diligence,
      public_host = excluded.public_host, updated_at = excluded.updated_at`
}

/** Who has a host of their own. */
export const listHosts = (db: Db): Promise<{ ownerId: string; publicHost: string }[]> =>
  db<
    { ownerId: string; publicHost: string }[]
  >`select owner_id as "ownerId", public_host as "publicHost" from settings where public_host is not null order by owner_id`

/** It is no longer theirs, unless they have named another one meanwhile. */
export async function dropHost(tx: Tx, ownerId: string, publicHost: string): Promise<void> {
  await tx`update settings set public_host = null where owner_id = ${ownerId} and public_host = ${publicHost}`
}
