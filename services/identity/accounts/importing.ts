import { UserDisabled, UserRegistered, UserRoleChanged } from '#contracts/identity'
import { Email, Line as LineOf, Locale } from '#contracts/shared'
import { openImports } from '#imports/imports'
import { Column, fresh, newId, Problem, withRole, type Line } from '#kernel'
import type { Identity } from '../identity.ts'
import { takeOver } from '../passwords/elsewhere.ts'
import { readFirebase, type FirebaseParameters } from '../passwords/firebase.ts'
import { noPassword } from '../passwords/passwords.ts'
import { accountOf, namesOf, normalise, refuseUnreachable } from './accounts.ts'
import { findUserByEmail, insertUser, updateUser, type User } from './store.ts'

const name = Column.text(LineOf(100), 'one line of at most 100 characters')
const hash = Column.text(LineOf(500), 'one line of at most 500 characters')

const columns = {
  email: Column.required(Column.text(Email, 'an e-mail address')),
  // Whoever imports says it of each: a password is only of use to whom the address was proven to be of.
  emailVerified: Column.required(Column.flag()),
  name,
  firstName: name,
  lastName: name,
  locale: Column.one(Locale.enum),
  // Admins, authorities and persons with an interest are made one by one.
  role: Column.one(['user', 'vendor', 'operator', 'technician']),
  disabled: Column.flag(),
  passwordHash: hash,
  passwordSalt: hash,
} as const

/** As exports of Firebase, Auth0 and OpenID Connect name them; what is of no use here is left out. */
const names = {
  email_verified: 'emailVerified',
  displayName: 'name',
  given_name: 'firstName',
  family_name: 'lastName',
  password_hash: 'passwordHash',
  salt: 'passwordSalt',
  ...Object.fromEntries(
    'localId photoUrl phoneNumber createdAt lastSignedInAt providerUserInfo customAttributes id user_id _id created_at'
      .split(' ')
      .map(other => [other, null]),
  ),
} as const

/** Takes people over from elsewhere with the passwords they have. */
export function importUsers({ host }: Identity): void {
  const firebase = readFirebase(host.settings.FIREBASE_SCRYPT)
  openImports(host, {
    what: 'users',
    at: '/users',
    to: 'imports',
    access: fresh(withRole('admin'), '5 minutes'),
    reads: withRole('admin'),
    columns,
    names,
    example:
      'email,emailVerified,name,passwordHash\n' +
      'ada@example.com,yes,Ada Lovelace,$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n',
    async take(tx, line) {
      const email = normalise(line.email)
      refuseUnreachable(host, email)
      const user: User = {
        id: newId(),
        email,
        passwordHash: passwordOf(line, firebase),
        ...(namesOf(line) ?? namesOf({ name: email.split('@')[0]!.slice(0, 100) })!),
        locale: line.locale ?? 'en',
        role: 'user',
        disabled: false,
        secondFactor: false,
        version: 1,
        createdAt: host.now(),
        updatedAt: host.now(),
      }
      // What somebody has here is theirs, whatever a file says.
      if ((await findUserByEmail(tx, email)) || !(await insertUser(tx, user))) return 'unchanged'
      const { role = 'user', disabled = false } = line
      let { version } = user
      if (role !== 'user') version = (await updateUser(tx, user.id, { role })).version
      const withRole = version
      if (disabled) version = (await updateUser(tx, user.id, { disabled })).version
      await tx.publish(UserRegistered, { ...accountOf(user), imported: true })
      if (role !== 'user')
        await tx.publish(UserRoleChanged, { userId: user.id, role, formerRole: 'user', version: withRole })
      if (disabled) await tx.publish(UserDisabled, { userId: user.id, disabled, version })
      return 'created'
    },
  })
}

/** Whoever gave a password to an address that was not theirs does not have it here: its owner sets one by mail. */
function passwordOf(line: Line<typeof columns>, firebase: FirebaseParameters | undefined): string {
  if (line.passwordHash === undefined) return noPassword
  const taken = takeOver(line.passwordHash, line.passwordSalt, firebase)
  if ('refusal' in taken)
    throw new Problem('invalid', 'hash_unknown', { errors: [{ pointer: '/passwordHash', detail: taken.refusal }] })
  return line.emailVerified ? taken.stored : noPassword
}
