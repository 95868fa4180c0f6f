import { randomBytes } from 'node:crypto'
import { UserDisabled, UserPasswordChanged, UserRegistered, UserRoleChanged } from '#contracts/identity'
import { addressOf, type Database, newId, Problem, StartError, type Tx } from '#kernel'
import type { IdentityHost } from '../host.ts'
import { hashPassword } from '../passwords/passwords.ts'
import { refuseWeak } from '../passwords/strength.ts'
import { forever, revoke } from '../sessions/sessions.ts'
import { deleteSessions } from '../sessions/store.ts'
import { accountOf } from './accounts.ts'
import { adminExists, findUserByEmail, insertUser, lockAdmins, lockUser, updateUser, type User } from './store.ts'

/** Of those whom evaluation mode makes. */
export const demoAddress = (name: string): string => `${name}@ohmnibus.local`

/**
 * On a database without an admin: the one of `ADMIN_EMAIL`, else, to try things out, one whose password is told once.
 */
export async function firstAdmin(host: IdentityHost): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password, PASSWORD_MIN_LENGTH: minimum } = host.settings
  if (!email !== !password) throw new StartError('ADMIN_EMAIL and ADMIN_PASSWORD belong together: set both or none.')
  if (await adminExists(host.db)) return
  if (email && password) {
    await createAdmin(host.db, { email, password, minimum, now: host.now(), onlyFirst: true }).catch(error => {
      if (error instanceof Problem)
        throw new StartError(`ADMIN_EMAIL and ADMIN_PASSWORD make no admin: ${error.message}`)
      throw error
    })
  } else if (host.platform.mode === 'evaluation') {
    const made = { email: demoAddress('admin'), password: randomBytes(15).toString('base64url') }
    // Whatever ends the process now: there is no admin, or its password has been told.
    const beforeItHolds = () => host.announce('First admin', `${made.email} / ${made.password}`)
    await createAdmin(host.db, { ...made, random: true, now: host.now(), onlyFirst: true, beforeItHolds })
  }
}

/**
 * Makes an account with the role `admin`; where no admin can sign in any more, the account of that address becomes one.
 * Fails with `email_taken` and with what is wrong with the password. With `onlyFirst` it answers false where there is
 * an admin already. A `random` password is not judged, which would make the first start take longer.
 */
export async function createAdmin(
  db: Database<'identity'>,
  options: {
    email: string
    password: string
    now: Date
    minimum?: number
    onlyFirst?: boolean
    random?: boolean
    beforeItHolds?: () => void
  },
): Promise<boolean> {
  const email = addressOf(options.email.trim())
  if (!email)
    throw new Problem('invalid', 'request_invalid', {
      detail: `“${options.email}” is no e-mail address that one can sign in with, like you@example.com.`,
    })
  if (!options.random) await refuseWeak(options.password, { email, names: [] }, options.minimum ?? 12)
  const user: User = {
    id: newId(),
    email,
    passwordHash: await hashPassword(options.password),
    firstName: 'Admin',
    lastName: '',
    locale: 'en',
    role: 'admin',
    disabled: false,
    secondFactor: false,
    version: 1,
    createdAt: options.now,
    updatedAt: options.now,
  }
  return await db.transaction(async tx => {
    await lockAdmins(tx)
    const present = await adminExists(tx)
    if (options.onlyFirst && present) return false
    if (await insertUser(tx, user)) await tx.publish(UserRegistered, accountOf(user))
    else if (present)
      throw new Problem('conflict', 'email_taken', {
        detail:
          `${email} has an account already. An admin gives it the role: ` +
          `PUT /api/auth/users/${(await findUserByEmail(tx, email))!.id}/role with {"role":"admin"}. ` +
          'An admin who cannot sign in gets a new password by: ohmnibus admin reset-password --email …',
      })
    else await restoreAdmin(tx, email, user.passwordHash)
    options.beforeItHolds?.()
    return true
  })
}

/** Nobody is left who could give the role: whoever runs the platform does, and sets the password with it. */
async function restoreAdmin(tx: Tx<'identity'>, email: string, passwordHash: string): Promise<void> {
  const former = (await lockUser(tx, (await findUserByEmail(tx, email))!.id, 'change'))!
  const { id: userId, version } = await updateUser(tx, former.id, { role: 'admin', disabled: false, passwordHash })
  if (former.role !== 'admin')
    await tx.publish(UserRoleChanged, { userId, role: 'admin', formerRole: former.role, version })
  if (former.disabled) await tx.publish(UserDisabled, { userId, disabled: false, version })
  await tx.publish(UserPasswordChanged, { userId, version })
  await revoke(tx, userId, await deleteSessions(tx, userId, {}), forever)
}
