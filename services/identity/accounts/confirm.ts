import { fail, fresh, Problem, signedInSomehow, type Visitor } from '#kernel'
import type { Identity } from '../identity.ts'
import { findUser, type User } from './store.ts'

const fiveMinutes = fresh(signedInSomehow, '5 minutes', true)

/**
 * Asks for the password again; without it for a second factor that was given within five minutes. Fails with
 * `password_wrong` or `fresh_sign_in_required`.
 */
export async function confirm(
  { host, passwords, limits }: Identity,
  visitor: Visitor,
  password: string | undefined,
  pointer: string,
): Promise<User> {
  if (password !== undefined) await limits.confirm.take(visitor.userId)
  const user =
    (await findUser(host.db, visitor.userId)) ??
    fail('unauthenticated', 'token_invalid', { detail: 'The account is gone.' })
  if (password === undefined && !user.secondFactor)
    throw new Problem('invalid', 'request_invalid', {
      detail: 'The password is needed where there is no second factor.',
      errors: [{ pointer, detail: 'is needed where there is no second factor' }],
    })
  const refusal = password === undefined ? fiveMinutes.refuse(visitor, host.now()) : undefined
  if (refusal) throw refusal
  if (password !== undefined && !(await passwords.verify(password, user.passwordHash)))
    throw new Problem('forbidden', 'password_wrong', {
      detail: 'The password is wrong.',
      errors: [{ pointer, detail: 'is not the password of the account' }],
    })
  return user
}
