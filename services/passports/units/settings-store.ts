import type { Db, Tx } from '#kernel'
import type { Owner } from '#contracts/shared'

/** What an owner decided about their passports. */
export interface Settings {
  /** `block` publishes nothing that lacks what is mandatory; `tell` says what is missing in its answer. */
  readonly publication: 'tell' | 'block'
  /** Whether they owe due diligence (Art. 47 and 48), as they declare it; null while they did not. */
  readonly dueDiligence: 'owed' | 'not_owed' | null
}

const untouched: Settings = { publication: 'tell', dueDiligence: null }

export async function settingsOf(db: Db, ownerId: string): Promise<Settings> {
  return (await settingsOfAll(db, [ownerId])).get(ownerId) ?? untouched
}

/** Of those who decided anything, by their ids. */
export async function settingsOfAll(db: Db, ownerIds: readonly string[]): Promise<Map<string, Settings>> {
  const rows = await db<(Settings & { id: string })[]>`
    select owner_id as id, publication,
      case due_diligence when true then 'owed' when false then 'not_owed' end as "dueDiligence"
    from settings where owner_id = any(${ownerIds as string[]})`
  return new Map(rows.map(({ id, ...settings }) => [id, settings]))
}

export async function keepSettings(
  tx: Tx,
  owner: Owner,
  { publication, dueDiligence }: Settings,
  at: Date,
): Promise<void> {
  const owes = dueDiligence === null ? null : dueDiligence === 'owed'
  await tx`
    insert into settings (owner_id, owner_kind, publication, due_diligence, updated_at)
    values (${owner.id}, ${owner.kind}, ${publication}, ${owes}, ${at})
    on conflict (owner_id) do update set publication = excluded.publication, due_diligence = excluded.due_diligence,
      updated_at = excluded.updated_at`
}
