import type { FastifyRequest } from 'fastify'
import { UserEmailChanged } from '#contracts/identity'
import { newId, Problem, type Db, type Tx } from '#kernel'
import { deleteFactors } from '../factors/store.ts'
import type { Identity } from '../identity.ts'
import { deleteResets } from '../passwords/store.ts'
import { digest, newSecret, seal } from '../secrets.ts'
import { endApiKeys } from '../machines/ending.ts'
import { as, forever, revoke } from '../sessions/sessions.ts'
import { deleteSessions } from '../sessions/store.ts'
import { nameOf } from './accounts.ts'
import { emailTaken, findUser, lockUser, updateUser, type User } from './store.ts'

/** How long whoever reads the former address may take a change of address back. */
export const lifeOfUndo = 72 * 3_600_000

/** A change of address that may be taken back; `email` is the former one. */
export interface Undo {
  id: string
  userId: string
  email: string
  createdAt: Date
  expiresAt: Date
}

const expired = () =>
  new Problem('not_found', 'undo_unknown', { detail: 'The link was used already, or its time is over.' })

/** Lets whoever reads `email` take the change back. Answers the row that the link of the mail is made from. */
export async function insertUndo(tx: Tx, sealKey: Buffer, userId: string, email: string, at: Date): Promise<string> {
  const [id, token, expiresAt] = [newId(), newSecret(), new Date(at.getTime() + lifeOfUndo)]
  await tx`
    insert into email_undos (id, user_id, email, token_hash, sealed, created_at, expires_at)
    values (${id}, ${userId}, ${email}, ${digest(token)}, ${seal(sealKey, id, token)}, ${at}, ${expiresAt})`
  return id
}

const columns = (db: Db) => db`
  id, user_id as "userId", email, created_at as "createdAt", expires_at as "expiresAt"`

async function findUndo(db: Db, tokenHash: Buffer, now: Date): Promise<Undo | undefined> {
  const [row] = await db<Undo[]>`
    select ${columns(db)} from email_undos where token_hash = ${tokenHash} and expires_at > ${now}`
  return row
}

export async function findSealedUndo(db: Db, id: string, now: Date): Promise<(Undo & { sealed: Buffer }) | undefined> {
  const [row] = await db<(Undo & { sealed: Buffer })[]>`
    select ${columns(db)}, sealed from email_undos where id = ${id} and expires_at > ${now}`
  return row
}

/** False when it was used meanwhile. With it go those of later changes, which would lead back to whoever made them. */
async function takeUndo(tx: Tx, { id, userId, createdAt }: Undo): Promise<boolean> {
  const taken = await tx<{ id: string }[]>`
    delete from email_undos where user_id = ${userId} and created_at >= ${createdAt} returning id`
  return taken.some(row => row.id === id)
}

export async function deleteExpiredUndos(tx: Tx, now: Date): Promise<void> {
  await tx`delete from email_undos where expires_at <= ${now}`
}

/** Taking a change of address back, by the link that went to the former one. */
export function openUndoing({ host, passwords, sessions }: Identity) {
  const { db, now } = host

  /** The change behind a link, and whose account it is. */
  async function find(token: string): Promise<{ undo: Undo; user: User } | undefined> {
    const undo = await findUndo(db, digest(token), now())
    const user = undo && (await findUser(db, undo.userId))
    return undo && user && { undo, user }
  }

  /**
   * The account has its former address again. Whoever took it may know the password, so that goes too, with the factors
   * that were set up since: all sessions end, and the owner sets another password by mail. Fails with `undo_unknown`.
   */
  async function undo(request: FastifyRequest, token: string): Promise<User> {
    sessions.refuseForgery(request)
    const found = (await find(token)) ?? undefined
    if (!found) throw expired()
    const passwordHash = await passwords.hash(newSecret())
    return await db
      .transaction(async tx => {
        const user = await lockUser(tx, found.user.id, 'change')
        if (!user || !(await takeUndo(tx, found.undo))) throw expired()
        return await as(user, () => restore(tx, user, found.undo, passwordHash))
      })
      .catch(error => {
        // Whoever reads its mail has made another account with it meanwhile.
        if (emailTaken(error)) throw expired()
        throw error
      })
  }

  return { find, undo }
}

async function restore(
  tx: Tx<'identity'>,
  former: User,
  { email, createdAt }: Undo,
  passwordHash: string,
): Promise<User> {
  await deleteFactors(tx, former.id, createdAt)
  const user = await updateUser(tx, former.id, { email, passwordHash })
  if (email !== former.email)
    await tx.publish(UserEmailChanged, {
      userId: user.id,
      email,
      formerEmail: former.email,
      name: nameOf(user),
      locale: user.locale,
      version: user.version,
    })
  await tx`delete from codes where user_id = ${user.id}`
  await deleteResets(tx, user.id)
  await revoke(tx, user.id, await deleteSessions(tx, user.id, {}), forever)
  await endApiKeys(tx, { userId: user.id }, 'password-reset')
  return user
}
