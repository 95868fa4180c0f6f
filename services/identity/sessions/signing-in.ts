import type { FastifyRequest } from 'fastify'
import { Problem } from '#kernel'
import { normalise } from '../accounts/accounts.ts'
import { lockUser, updateUser, type User } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import { placeOf, prefixOf } from './devices.ts'
import { findAccountAt } from './store.ts'

/** Begins a session for who knows the password. Fails with `credentials_invalid`. */
export function openSignIn({ host, passwords, sessions, limits, counted }: Identity) {
  const { db, now } = host

  /** A hash made with less than today's cost, or of another form; not a change its owner would notice. */
  async function upgrade(user: User, password: string): Promise<void> {
    const passwordHash = await passwords.hash(password)
    await db.transaction(async tx => {
      const present = await lockUser(tx, user.id, 'change')
      if (present?.passwordHash === user.passwordHash) await updateUser(tx, user.id, { passwordHash })
    })
  }

  return counted('login', async (request: FastifyRequest, typed: { email: string; password: string }) => {
    const email = normalise(typed.email)
    const place = placeOf(request.ip)
    await limits.login.place.take(place)
    await limits.login.both.take(`${email} ${place}`)
    const { user, knownPlace } = await findAccountAt(db, email, prefixOf(request.ip), now())
    if (!knownPlace) await limits.login.account.take(email)
    const match = await passwords.match(typed.password, user?.passwordHash)
    const issuedAt = now()
    const begun = user && match ? await db.transaction(tx => sessions.begin(tx, user, request, issuedAt)) : undefined
    if (!user || !begun)
      throw new Problem('unauthenticated', 'credentials_invalid', { detail: 'The address or the password is wrong.' })
    await limits.login.both.reset(`${email} ${place}`)
    if (match === 'as typed' || passwords.outdated(user.passwordHash)) await upgrade(user, typed.password)
    return { user, ...begun, issuedAt }
  })
}
