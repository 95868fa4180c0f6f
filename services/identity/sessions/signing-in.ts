import type { FastifyRequest } from 'fastify'
import { placeOf, Problem } from '#kernel'
import { normalise } from '../accounts/accounts.ts'
import { lockUser, updateUser, type User } from '../accounts/store.ts'
import { openPending } from '../factors/pending.ts'
import { triedToComeIn } from '../history/history.ts'
import type { Identity } from '../identity.ts'
import { prefixOf } from './devices.ts'
import { findAccountAt } from './store.ts'

/**
 * Begins a session for who knows the password. Fails with `credentials_invalid`, and with `factor_required` where that is
 * not enough.
 */
export function openSignIn(identity: Identity) {
  const { host, passwords, sessions, limits, counted } = identity
  const { db, now } = host
  const pending = openPending(identity)

  /** A hash made with less than today's cost, or of another form; not a change its owner would notice. */
  async function upgrade(user: User, password: string): Promise<string> {
    const passwordHash = await passwords.hash(password)
    await db.transaction(async tx => {
      const present = await lockUser(tx, user.id, 'change')
      if (present?.passwordHash === user.passwordHash) await updateUser(tx, user.id, { passwordHash })
    })
    return passwordHash
  }

  return counted('login', async (request: FastifyRequest, typed: { email: string; password: string }) => {
    const email = normalise(typed.email)
    const place = placeOf(request.ip)
    await limits.login.place.take(place)
    await limits.login.both.take(`${email} ${place}`)
    const { user, knownPlace } = await findAccountAt(db, email, prefixOf(request.ip), now())
    if (!knownPlace) await limits.login.account.take(email)
    const match = await passwords.match(typed.password, user?.passwordHash)
    const outdated = user && match && (match === 'as typed' || passwords.outdated(user.passwordHash))
    if (user && match && user.secondFactor && !user.disabled) {
      await limits.login.both.reset(`${email} ${place}`)
      throw await pending.asked(outdated ? { ...user, passwordHash: await upgrade(user, typed.password) } : user)
    }
    const issuedAt = now()
    const begun = user && match ? await db.transaction(tx => sessions.begin(tx, user, request, issuedAt)) : undefined
    if (user && !match) triedToComeIn(host, request, user.id, 'password-wrong')
    if (!user || !begun)
      throw new Problem('unauthenticated', 'credentials_invalid', { detail: 'The address or the password is wrong.' })
    await limits.login.both.reset(`${email} ${place}`)
    if (outdated) await upgrade(user, typed.password)
    return { user, ...begun, issuedAt }
  })
}
