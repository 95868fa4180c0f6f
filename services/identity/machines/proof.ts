import { Problem, type Visitor } from '#kernel'
import { confirm } from '../accounts/confirm.ts'
import type { Identity } from '../identity.ts'
import { findSession } from '../sessions/store.ts'

/** Whoever comes by a session that somebody left open makes no key with it. */
const youngMs = 15 * 60_000

export const wrongSignIn = ['password_wrong', 'sign_in_old', 'too_many_requests', 'sign_in_busy'] as const

/** Asks for a sign-in of a moment ago, or the password again. Fails with `sign_in_old`. */
export async function prove(shared: Identity, actor: Visitor, password: string | undefined): Promise<void> {
  if (password !== undefined) return void (await confirm(shared, actor, password, '/password'))
  const { db, now } = shared.host
  const session = await findSession(db, actor.sessionId)
  if (session && session.authenticatedAt.getTime() > now().getTime() - youngMs) return
  throw new Problem('forbidden', 'sign_in_old', {
    detail: 'You signed in a while ago: send the password along, or sign in again.',
  })
}
