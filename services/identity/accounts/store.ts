import { Role } from '#contracts/shared'
import { mostCounted, Problem, violates, type Db, type Span, type Tx } from '#kernel'

export interface User {
  id: string
  email: string
  passwordHash: string
  firstName: string
  lastName: string
  locale: 'en' | 'de'
  role: Role
  disabled: boolean
  /** Whether the password alone does not let them in. */
  secondFactor: boolean
  version: number
  createdAt: Date
  updatedAt: Date
}

/** As text: a fragment would be put together anew for every session that is checked. */
export const userColumns = `
  id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", locale, role,
  disabled, second_factor as "secondFactor", version, created_at as "createdAt", updated_at as "updatedAt"`

const userWhere = (condition: string) => async (db: Db, value: string) =>
  (await db.unsafe<User[]>(`select ${userColumns} from users where ${condition}`, [value], { prepare: true }))[0]

export const findUser = userWhere('id = $1')
export const findUserByEmail = userWhere('email = $1')
const lockToChange = userWhere('id = $1 for update')
const lockToStay = userWhere('id = $1 for share')

/** `change` for who changes the account; `stay` for who relies on it as it is. */
export const lockUser = (tx: Tx, id: string, to: 'change' | 'stay'): Promise<User | undefined> =>
  to === 'change' ? lockToChange(tx, id) : lockToStay(tx, id)

/** False when the address has an account already. */
export async function insertUser(tx: Tx, u: User): Promise<boolean> {
  const [inserted] = await tx`
    insert into users (id, email, password_hash, first_name, last_name, locale, role, created_at, updated_at)
    values (${u.id}, ${u.email}, ${u.passwordHash}, ${u.firstName}, ${u.lastName}, ${u.locale}, ${u.role},
      ${u.createdAt}, ${u.updatedAt})
    on conflict (email) do nothing
    returning id`
  return inserted !== undefined
}

/** Writes these fields and a new version. Fails as `emailTaken` tells when another account has the address. */
export async function updateUser(
  tx: Tx,
  id: string,
  change: Partial<Omit<User, 'id' | 'version' | 'createdAt' | 'updatedAt' | 'secondFactor'>>,
): Promise<User> {
  const names = { firstName: 'first_name', lastName: 'last_name', passwordHash: 'password_hash' } as Record<
    string,
    string
  >
  const row = Object.fromEntries(Object.entries(change).map(([field, value]) => [names[field] ?? field, value]))
  const [updated] = await tx<
    User[]
  >`update users set ${tx(row)}, version = version + 1, updated_at = now() where id = ${id} returning ${tx.unsafe(userColumns)}`
  return updated!
}

/** With all that only this person has: codes, sessions, memberships, and invitations they made. */
export async function deleteUser(tx: Tx, id: string): Promise<void> {
  await tx`delete from users where id = ${id}`
}

export const emailTaken = (error: unknown): boolean => violates(error, 'users_email_key')

/** By address, a page of those that are wanted; an index finds it, however many accounts there are. */
export const listUsers = async (
  db: Db,
  wanted: WantedUsers,
  after: string | undefined,
  limit: number,
): Promise<User[]> => {
  const { where, values, prepare } = are({ ...wanted, after })
  const text = `select ${userColumns} from users where ${where} order by email limit $${values.push(limit + 1)}`
  return await db.unsafe<User[]>(text, values, { prepare })
}

/** How many there are; no more than `mostCounted + 1` are looked at. */
export async function countUsers(db: Db, wanted: WantedUsers): Promise<number> {
  const { where, values, prepare } = are(wanted)
  const text = `select count(*)::int as count from (select from users where ${where} limit ${mostCounted + 1}) found`
  const [row] = await db.unsafe<{ count: number }[]>(text, values, { prepare })
  return row!.count
}

/** Who has this role and may sign in. */
export const listUsersOf = (db: Db, role: Role, limit: number) => db<User[]>`
  select ${db.unsafe(userColumns)} from users where role = ${role} and not disabled order by email limit ${limit}`

/**
 * Whose address begins so, in whose name or address these words stand (in small letters), who has this role, may or may
 * not sign in, and whose account was made, or changed last, in these spans of time.
 */
export interface WantedUsers {
  prefix: string
  words: readonly string[]
  role: Role | undefined
  disabled: boolean | undefined
  created: Span
  changed: Span
}

/** As the index has it: each word of a name and the address follow a space. */
const searched = `lower(' ' || first_name || ' ' || last_name || ' ' || email collate "default")`

/** A word anywhere; an index over three letters each finds shorter ones only where one of them begins. */
const patternOf = (word: string): string => {
  const literal = word.replace(/[\\%_]/g, '\\$&')
  return [...word].length < 3 ? `% ${literal}%` : `%${literal}%`
}

function are({
  prefix,
  words,
  role,
  disabled,
  created: { from, to },
  changed,
  after,
}: WantedUsers & { after?: string }) {
  const values: (string | number | Date)[] = []
  const $ = (value: string | Date): string => `$${values.push(value)}`
  const where = [
    ...(prefix ? [`email >= ${$(prefix)} and email < ${$(`${prefix}\u{10FFFF}`)}`] : []),
    ...words.map(word => `${searched} like ${$(patternOf(word))}`),
    ...(role ? [`role = ${$(role)}`] : []),
    // Written out: an index of those that are disabled is of no use to a parameter.
    ...(disabled === undefined ? [] : [disabled ? 'disabled' : 'not disabled']),
    ...(from ? [`created_at >= ${$(from)}`] : []),
    ...(to ? [`created_at < ${$(to)}`] : []),
    ...(changed.from ? [`updated_at >= ${$(changed.from)}`] : []),
    ...(after ? [`email > ${$(after)}`] : []),
  ]
  // What is rare is found by its letters, what is common by walking along the addresses: planned for each search.
  return { where: where.join(' and ') || 'true', values, prepare: words.length === 0 }
}

/** Whether anybody can sign in who is an admin. */
export async function adminExists(db: Db): Promise<boolean> {
  const [row] = await db`select from users where role = 'admin' and not disabled limit 1`
  return row !== undefined
}

/**
 * Who makes admins or takes their rights away comes one after the other: two processes that start at once make one
 * first admin, and of two admins who disable each other one stays. Before any account is locked.
 */
export async function lockAdmins(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('identity first admin'))`
}

/** After a change under `lockAdmins`. Fails with `last_admin`. */
export async function keepAnAdmin(tx: Tx): Promise<void> {
  if (!(await adminExists(tx)))
    throw new Problem('conflict', 'last_admin', {
      detail: 'The platform keeps at least one admin who can sign in. Give somebody else the role first.',
    })
}
