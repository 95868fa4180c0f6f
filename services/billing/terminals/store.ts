import type { Owner } from '#contracts/shared'
import type { Db } from '#kernel'

/** A device that takes cards at the pole, or who speaks for many of them. */
export interface Terminal {
  readonly id: string
  readonly owner: Owner
  readonly name: string
  readonly secretNumber: number
  /** Until then the secret before holds, too. */
  readonly formerUntil: Date | null
  /** Where it is told of what it has to do. */
  readonly webhookUrl: string | null
  readonly createdAt: Date
  readonly heardAt: Date | null
}

export const columns = (db: Db) => db`
  id, json_build_object('kind', owner_kind, 'id', owner_id) as owner, name, secret_number as "secretNumber",
  former_until as "formerUntil", webhook_url as "webhookUrl",
  created_at as "createdAt", heard_at as "heardAt"`

export async function findTerminal(db: Db, id: string): Promise<Terminal | undefined> {
  const [row] = await db<Terminal[]>`
    select ${columns(db)} from terminals where id = ${id} and deleted_at is null`
  return row
}
