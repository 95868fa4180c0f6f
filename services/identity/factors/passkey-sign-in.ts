import type { FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { placeOf, Problem } from '#kernel'
import { findUser } from '../accounts/store.ts'
import type { Identity } from '../identity.ts'
import type { Begun } from '../sessions/sessions.ts'
import type { PasskeyAnswer } from './passkeys.ts'

/** Begins a session for whoever has a passkey that made sure who holds it; nothing else is asked. */
export function openPasskeySignIn({ host, sessions, passkeys, limits, counted }: Identity) {
  const { db, now } = host
  return counted('passkey', async (request: FastifyRequest, answer: Static<typeof PasskeyAnswer>): Promise<Begun> => {
    sessions.refuseForgery(request)
    await limits.factor.place.take(placeOf(request.ip))
    const { userId, methods } = await passkeys.proven(undefined, answer)
    const user = await findUser(db, userId)
    const issuedAt = now()
    const begun =
      user &&
      (await db.transaction(tx =>
        sessions.begin(tx, user, request, issuedAt, { methods: [...methods, 'mfa'], issuer: null }),
      ))
    if (!begun) throw new Problem('unauthenticated', 'credentials_invalid', { detail: 'The account is closed.' })
    return { user, ...begun, issuedAt }
  })
}
