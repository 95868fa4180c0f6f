import type { FastifyRequest } from 'fastify'
import { PasswordResetRefused, SendOtp, UserPasswordReset } from '#contracts/identity'
import { type Database, languageOf, placeOf, Problem, type Reply, type Tx } from '#kernel'
import { nameOf, normalise } from '../accounts/accounts.ts'
import { findUser, findUserByEmail, lockUser, updateUser, type User } from '../accounts/store.ts'
import { guessed, type Identity } from '../identity.ts'
import { endApiKeys } from '../machines/ending.ts'
import { countGuess, own, stillOpen } from '../registration/guesses.ts'
import { ofRegistration, sendCode } from '../registration/registering.ts'
import { likelyRegistration, takeResend } from '../registration/store.ts'
import { digest } from '../secrets.ts'
import { prefixOf } from '../sessions/devices.ts'
import { as, forever, revoke } from '../sessions/sessions.ts'
import { deleteSessions } from '../sessions/store.ts'
import { unlink } from '../providers/store.ts'
import { refuseWeak } from './strength.ts'
import { hashPassword } from './passwords.ts'
import { deleteReset, deleteResets, findReset, insertReset, lockResets, type Reset } from './store.ts'

/** How long the link and the code of a forgotten password are good. */
export const lifeOfReset = 30 * 60_000

/** That somebody reads the mail of the account: the secret of the link, or the code. */
export type ResetProof = { token: string } | { email: string; code: string }

const refused = (proof: ResetProof) =>
  new Problem('invalid', 'reset_invalid', {
    detail: 'The link or the code is wrong or no longer good. Ask for a new one.',
    errors: [
      'token' in proof
        ? { pointer: '/token', detail: 'is not that of a link that is good' }
        : { pointer: '/code', detail: 'is not a code that was sent and is good' },
    ],
  })

/** A forgotten password: asking for a link and a code by mail, and setting another with them. */
export function openResetting({ host, passwords, codes, sessions, limits, counted }: Identity) {
  const { db, now } = host

  /**
   * Mails what helps whoever reads the mail of the address: a link and a code, the code of a registration that waits,
   * or why there is no new password. Asked again too soon it mails nothing, and looks the same.
   */
  const ask = counted('reset', async (request: FastifyRequest, reply: Reply, typed: string): Promise<string> => {
    const email = normalise(typed)
    await limits.reset.place.take(placeOf(request.ip))
    const at = now()
    const code = codes.make(at, { link: true, lifeMs: lifeOfReset })
    const asked = await db.transaction(async tx => {
      if (await takeResend(tx, `${email} password`, at)) return false
      const user = await findUserByEmail(tx, email)
      const pending = await likelyRegistration(tx, email, sessions.registration.of(request), prefixOf(request.ip), at)
      const able = user && !user.disabled ? user : undefined
      await insertReset(tx, { ...code, linkHash: code.linkHash!, email, userId: able?.id ?? null })
      if (able)
        await tx.publish(SendOtp, {
          codeId: code.id,
          email,
          purpose: 'password-reset',
          name: nameOf(able),
          locale: able.locale,
          expiresAt: code.expiresAt.toISOString(),
        })
      else if (!user && pending) await sendCode(tx, ofRegistration(pending), codes.make(at, { link: true }))
      else
        await tx.publish(PasswordResetRefused, {
          requestId: code.id,
          email,
          locale: user?.locale ?? languageOf(request),
          reason: user ? 'disabled' : 'no-account',
        })
      return true
    })
    if (asked) sessions.reset.set(reply, code.id, code.expiresAt)
    return email
  })

  /** A wrong try is counted, so it must not throw inside. */
  async function findProof(tx: Tx, request: FastifyRequest, proof: ResetProof, at: Date): Promise<Reset | undefined> {
    if ('token' in proof) return await findReset(tx, { linkHash: digest(proof.token) }, at)
    const all = await lockResets(tx, normalise(proof.email), at)
    const mine = all.filter(({ id }) => id === sessions.reset.of(request))
    const guesser = mine.length > 0 ? own : placeOf(request.ip)
    const tried = await stillOpen(tx, mine.length > 0 ? mine : all, guesser)
    const right = tried.find(code => codes.matches(code, proof.code))
    if (!right) await countGuess(tx, tried, guesser)
    return right
  }

  /** Whoever proves to read the mail of an account gives it a password. Fails with `reset_invalid`. */
  const reset = counted(
    'reset',
    async (request: FastifyRequest, proof: ResetProof, password: string): Promise<User> => {
      await limits.reset.place.take(placeOf(request.ip))
      const find = () => db.transaction(tx => findProof(tx, request, proof, now()))
      const found = 'token' in proof ? await find() : await guessed(limits, placeOf(request.ip), find)
      const user = found?.userId ? await findUser(db, found.userId) : undefined
      if (!found || !user || !mayReset(user, found)) throw refused(proof)
      await refuseWeak(
        password,
        { email: user.email, names: [user.firstName, user.lastName] },
        host.settings.PASSWORD_MIN_LENGTH,
      )
      const passwordHash = await passwords.hash(password)
      await db.transaction(async tx => {
        const present = await lockUser(tx, user.id, 'change')
        if (!present || !mayReset(present, found) || !(await deleteReset(tx, found.id))) throw refused(proof)
        await as(present, () => replacePassword(tx, present, passwordHash))
      })
      return user
    },
  )

  return { ask, reset }
}

/** A link is good for the address that it was mailed to. */
const mayReset = (user: User, { email }: Reset): boolean => !user.disabled && user.email === email

/**
 * Another password without the former one: all sessions end, and so do the links that wait in the mail. Answers how
 * many sessions ended.
 */
async function replacePassword(tx: Tx<'identity'>, user: User, passwordHash: string): Promise<number> {
  const { version } = await updateUser(tx, user.id, { passwordHash })
  await tx.publish(UserPasswordReset, { userId: user.id, version })
  await deleteResets(tx, user.id)
  const ended = await deleteSessions(tx, user.id, {})
  await revoke(tx, user.id, ended, forever)
  // Somebody else may have known the password and made a key, or claimed the address at a provider.
  await endApiKeys(tx, { userId: user.id }, 'password-reset')
  await unlink(tx, user.id)
  return ended.length
}

/**
 * Another password by who runs the platform, for somebody who cannot read the mail. Answers how many sessions ended.
 * Fails with `user_unknown`, `account_disabled` and what is wrong with the password.
 */
export async function resetByOperator(
  db: Database<'identity'>,
  { password, ...typed }: { email: string; password: string },
): Promise<number> {
  const email = normalise(typed.email)
  const user = await findUserByEmail(db, email)
  if (!user)
    throw new Problem('not_found', 'user_unknown', { detail: `There is no account with the address ${email}.` })
  if (user.disabled)
    throw new Problem('conflict', 'account_disabled', {
      detail: `The account is disabled. An admin enables it first: PUT /api/auth/users/${user.id}/disabled`,
    })
  await refuseWeak(password, { email, names: [user.firstName, user.lastName] }, 12)
  const passwordHash = await hashPassword(password)
  return await db.transaction(async tx => {
    const present = await lockUser(tx, user.id, 'change')
    return present ? await replacePassword(tx, present, passwordHash) : 0
  })
}
