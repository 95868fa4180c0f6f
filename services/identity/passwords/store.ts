import type { Db, Tx } from '#kernel'

/** A request for a new password that waits for an answer. */
export interface Reset {
  id: string
  email: string
  /** Null where nobody can have one by this address. */
  userId: string | null
  hash: Buffer
  expiresAt: Date
}

export async function insertReset(tx: Tx, r: Reset & { linkHash: Buffer; sealed: Buffer }): Promise<void> {
  await tx`
    insert into resets (id, email, user_id, hash, link_hash, sealed, expires_at)
    values (${r.id}, ${r.email}, ${r.userId}, ${r.hash}, ${r.linkHash}, ${r.sealed}, ${r.expiresAt})`
}

const resetColumns = (db: Db) => db`id, email, user_id as "userId", hash, expires_at as "expiresAt"`

export async function findReset(
  db: Db,
  by: { id: string } | { linkHash: Buffer },
  now: Date,
): Promise<Reset | undefined> {
  const [row] = await db<Reset[]>`
    select ${resetColumns(db)} from resets
    where ${'id' in by ? db`id = ${by.id}` : db`link_hash = ${by.linkHash}`} and expires_at > ${now}`
  return row
}

/** Open requests of an address, held until the transaction ends; see `stillOpen`. */
export const lockResets = async (tx: Tx, email: string, now: Date): Promise<Reset[]> => tx<Reset[]>`
  select ${resetColumns(tx)} from resets where email = ${email} and expires_at > ${now} order by id for update`

/** False when it was answered meanwhile. */
export async function deleteReset(tx: Tx, id: string): Promise<boolean> {
  const [row] = await tx`delete from resets where id = ${id} returning id`
  return row !== undefined
}

/** Links and codes that wait in the mail of a person are good no more. */
export async function deleteResets(tx: Tx, userId: string): Promise<void> {
  await tx`delete from resets where user_id = ${userId}`
}

export async function findSealedReset(
  db: Db,
  id: string,
  now: Date,
): Promise<{ id: string; email: string; sealed: Buffer; expiresAt: Date } | undefined> {
  const [row] = await db<{ id: string; email: string; sealed: Buffer; expiresAt: Date }[]>`
    select id, email, sealed, expires_at as "expiresAt" from resets
    where id = ${id} and expires_at > ${now} and user_id is not null`
  return row
}

export async function deleteExpiredResets(tx: Tx, now: Date): Promise<void> {
  await tx`delete from resets where expires_at <= ${now}`
}
