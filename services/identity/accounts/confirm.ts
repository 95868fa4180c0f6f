import { type Actor, fail, Problem } from '#kernel'
import type { Identity } from '../identity.ts'
import { findUser, type User } from './store.ts'

/** Asks for the password again. */
export async function confirm(
  { host, passwords, limits }: Identity,
  actor: Actor,
  password: string,
  pointer: string,
): Promise<User> {
  await limits.confirm.take(actor.userId)
  const user =
    (await findUser(host.db, actor.userId)) ??
    fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
  if (!(await passwords.verify(password, user.passwordHash)))
    throw new Problem('forbidden', 'password_wrong', {
      detail: 'The password is wrong.',
      errors: [{ pointer, detail: 'is not the password of the account' }],
    })
  return user
}
