import type { JWK } from 'jose'
import { Problem, violates, type Db, type Tx } from '#kernel'
import type { OrganisationRole, Role } from '#contracts/shared'
import { triesOfCode, type StoredCode } from './secrets.ts'

export interface User {
  id: string
  email: string
  passwordHash: string
  firstName: string
  lastName: string
  locale: 'en' | 'de'
  role: Role
  disabled: boolean
  version: number
  createdAt: Date
}

/** What somebody says about themselves before the address is proven. */
export interface Registration extends Pick<
  User,
  'id' | 'email' | 'passwordHash' | 'firstName' | 'lastName' | 'locale'
> {
  addressPrefix: string
  createdAt: Date
  expiresAt: Date
}

const userColumns = (db: Db) => db`
  id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", locale, role, disabled, version,
  created_at as "createdAt"`

export async function findUser(db: Db, id: string): Promise<User | undefined> {
  const [row] = await db<User[]>`select ${userColumns(db)} from users where id = ${id}`
  return row
}

export async function findUserByEmail(db: Db, email: string): Promise<User | undefined> {
  const [row] = await db<User[]>`select ${userColumns(db)} from users where email = ${email}`
  return row
}

/** `change` for who changes the account; `stay` for who relies on it as it is. */
export async function lockUser(tx: Tx, id: string, to: 'change' | 'stay'): Promise<User | undefined> {
  const [row] = await tx<
    User[]
  >`select ${userColumns(tx)} from users where id = ${id} ${to === 'change' ? tx`for update` : tx`for share`}`
  return row
}

/** False when the address has an account already. */
export async function insertUser(tx: Tx, u: User): Promise<boolean> {
  const [inserted] = await tx`
    insert into users (id, email, password_hash, first_name, last_name, locale, role, created_at)
    values (${u.id}, ${u.email}, ${u.passwordHash}, ${u.firstName}, ${u.lastName}, ${u.locale}, ${u.role}, ${u.createdAt})
    on conflict (email) do nothing
    returning id`
  return inserted !== undefined
}

/** Writes these fields and a new version. Fails as `emailTaken` tells when another account has the address. */
export async function updateUser(
  tx: Tx,
  id: string,
  change: Partial<Omit<User, 'id' | 'version' | 'createdAt'>>,
): Promise<User> {
  const names = { firstName: 'first_name', lastName: 'last_name', passwordHash: 'password_hash' } as Record<
    string,
    string
  >
  const row = Object.fromEntries(Object.entries(change).map(([field, value]) => [names[field] ?? field, value]))
  const [updated] = await tx<
    User[]
  >`update users set ${tx(row)}, version = version + 1 where id = ${id} returning ${userColumns(tx)}`
  return updated!
}

export const emailTaken = (error: unknown): boolean => violates(error, 'users_email_key')

/** By address, those that begin with `prefix`; an index range, however many accounts there are. */
export const listUsers = async (
  db: Db,
  prefix: string,
  after: string | undefined,
  limit: number,
): Promise<User[]> => db<User[]>`
  select ${userColumns(db)} from users
  where email >= ${prefix} and email < ${`${prefix}\u{10FFFF}`} ${after ? db`and email > ${after}` : db``}
  order by email limit ${limit + 1}`

export async function adminExists(db: Db): Promise<boolean> {
  const [row] = await db`select from users where role = 'admin' limit 1`
  return row !== undefined
}

/** Two processes that start at once make one first admin. */
export async function lockFirstAdmin(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('identity first admin'))`
}

export async function insertRegistration(tx: Tx, r: Registration): Promise<void> {
  await tx`
    insert into registrations (id, email, password_hash, first_name, last_name, locale, address_prefix, created_at, expires_at)
    values (${r.id}, ${r.email}, ${r.passwordHash}, ${r.firstName}, ${r.lastName}, ${r.locale}, ${r.addressPrefix}, ${r.createdAt}, ${r.expiresAt})`
}

const registrationColumns = (db: Db) => db`
  id, email, password_hash as "passwordHash", first_name as "firstName", last_name as "lastName", locale, address_prefix as "addressPrefix",
  created_at as "createdAt", expires_at as "expiresAt"`

/**
 * The registration somebody most likely means who knows only the address: their own, else one from where they are, else
 * the latest.
 */
export async function likelyRegistration(
  db: Db,
  email: string,
  own: string | undefined,
  addressPrefix: string,
  now: Date,
): Promise<Registration | undefined> {
  const [row] = await db<Registration[]>`
    select ${registrationColumns(db)} from registrations where email = ${email} and expires_at > ${now}
    order by (id = ${own ?? null}) is true desc, address_prefix = ${addressPrefix} desc, id desc limit 1`
  return row
}

/** All registrations for the address end, whoever made them; answers the one that was proven. */
export async function takeRegistration(tx: Tx, id: string, email: string): Promise<Registration | undefined> {
  const rows = await tx<
    Registration[]
  >`delete from registrations where email = ${email} returning ${registrationColumns(tx)}`
  await tx`delete from resends where email = ${email}`
  return rows.find(row => row.id === id)
}

export type CodeFor = { purpose: 'registration'; registrationId: string } | { purpose: 'email-change'; userId: string }

/** The code takes the place of the one before: there is one live code a purpose. */
export async function insertCode(tx: Tx, email: string, of: CodeFor, code: StoredCode): Promise<void> {
  const [registrationId, userId] = of.purpose === 'registration' ? [of.registrationId, null] : [null, of.userId]
  await tx`delete from codes where registration_id = ${registrationId} or user_id = ${userId}`
  await tx`
    insert into codes (id, purpose, email, registration_id, user_id, hash, link_hash, sealed, expires_at)
    values (${code.id}, ${of.purpose}, ${email}, ${registrationId}, ${userId}, ${code.hash}, ${code.linkHash}, ${code.sealed}, ${code.expiresAt})`
}

export interface LiveCode {
  id: string
  email: string
  registrationId: string | null
  hash: Buffer
}

const codeColumns = (db: Db) => db`id, email, registration_id as "registrationId", hash`

/**
 * Codes one may still try for an address or a change of address, held until the transaction ends, so that tries are
 * counted one by one.
 */
export const lockCodes = async (
  tx: Tx,
  of: { email: string } | { userId: string },
  now: Date,
): Promise<LiveCode[]> => tx<LiveCode[]>`
  select ${codeColumns(tx)} from codes
  where ${'email' in of ? tx`email = ${of.email} and purpose = 'registration'` : tx`user_id = ${of.userId}`}
    and expires_at > ${now} and tries < ${triesOfCode}
  order by id for update`

export async function findCodeByLink(db: Db, linkHash: Buffer, now: Date): Promise<LiveCode | undefined> {
  const [row] = await db<LiveCode[]>`
    select ${codeColumns(db)} from codes where link_hash = ${linkHash} and expires_at > ${now} and tries < ${triesOfCode}`
  return row
}

export async function findRegistration(db: Db, id: string): Promise<Registration | undefined> {
  const [row] = await db<Registration[]>`select ${registrationColumns(db)} from registrations where id = ${id}`
  return row
}

/** One wrong try at each of these. The last one takes what was to be mailed with it. */
export async function missCodes(tx: Tx, codes: LiveCode[]): Promise<void> {
  await tx`
    update codes set tries = tries + 1, sealed = case when tries + 1 < ${triesOfCode} then sealed end
    where id = any(${codes.map(({ id }) => id)})`
}

export async function deleteCode(tx: Tx, id: string): Promise<void> {
  await tx`delete from codes where id = ${id}`
}

export async function findSealedCode(
  db: Db,
  id: string,
  now: Date,
): Promise<{ id: string; email: string; sealed: Buffer; expiresAt: Date } | undefined> {
  const [row] = await db<{ id: string; email: string; sealed: Buffer; expiresAt: Date }[]>`
    select id, email, sealed, expires_at as "expiresAt" from codes where id = ${id} and expires_at > ${now} and sealed is not null`
  return row
}

/**
 * Takes the right to one more code: at once, then after 1, 2, 4 … at most 15 minutes. Else answers from when on. An
 * hour of rest forgets it.
 */
export async function takeResend(tx: Tx, email: string, now: Date): Promise<{ notBefore: Date } | undefined> {
  const [taken] = await tx`
    insert into resends as r (email, times, next_at) values (${email}, 1, ${now}::timestamptz + interval '1 minute')
    on conflict (email) do update set
      times = case when r.next_at < ${now}::timestamptz - interval '1 hour' then 1 else r.times + 1 end,
      next_at = ${now}::timestamptz + case when r.next_at < ${now}::timestamptz - interval '1 hour' then interval '1 minute'
        else least(interval '1 minute' * 2 ^ least(r.times, 10), interval '15 minutes') end
    where r.next_at <= ${now}
    returning email`
  if (taken) return undefined
  const [waiting] = await tx<{ notBefore: Date }[]>`select next_at as "notBefore" from resends where email = ${email}`
  return waiting
}

export async function deleteExpiredCodes(tx: Tx, now: Date): Promise<void> {
  await tx`delete from codes where expires_at <= ${now}`
  await tx`delete from registrations where expires_at <= ${now}`
  await tx`delete from resends where next_at < ${now}::timestamptz - interval '1 hour'`
}

export interface Session {
  id: string
  userId: string
  organisationId: string | null
  refreshHash: Buffer
  previousHash: Buffer | null
  rotatedAt: Date
  device: string
  addressPrefix: string
  createdAt: Date
  usedAt: Date
  expiresAt: Date
  endsAt: Date
}

const sessionColumns = (db: Db) => db`
  id, user_id as "userId", organisation_id as "organisationId", refresh_hash as "refreshHash", previous_hash as "previousHash",
  rotated_at as "rotatedAt", device, address_prefix as "addressPrefix", created_at as "createdAt", used_at as "usedAt",
  expires_at as "expiresAt", ends_at as "endsAt"`

/**
 * False when the account was disabled, or got another password or role, since `user` was read: who proved the old one
 * does not get in, nor with the old rights.
 */
export async function insertSession(
  tx: Tx,
  s: Session,
  user: Pick<User, 'id' | 'passwordHash' | 'role'>,
): Promise<boolean> {
  const [inserted] = await tx`
    insert into sessions (id, user_id, refresh_hash, rotated_at, device, address_prefix, created_at, used_at, expires_at, ends_at)
    select ${s.id}, id, ${s.refreshHash}, ${s.rotatedAt}, ${s.device}, ${s.addressPrefix}, ${s.createdAt}, ${s.usedAt}, ${s.expiresAt}, ${s.endsAt}
    from users where id = ${user.id} and not disabled and password_hash = ${user.passwordHash} and role = ${user.role} for share
    returning id`
  return inserted !== undefined
}

export async function findSession(db: Db, id: string): Promise<Session | undefined> {
  const [row] = await db<Session[]>`select ${sessionColumns(db)} from sessions where id = ${id}`
  return row
}

export async function lockSession(tx: Tx, id: string): Promise<Session | undefined> {
  const [row] = await tx<Session[]>`select ${sessionColumns(tx)} from sessions where id = ${id} for update`
  return row
}

/** Live sessions of a person, the latest first, from the one after `after` on. */
export const listSessions = async (
  db: Db,
  userId: string,
  now: Date,
  after: string | undefined,
  limit: number,
): Promise<Session[]> => db<Session[]>`
  select ${sessionColumns(db)} from sessions
  where user_id = ${userId} and expires_at > ${now} ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit + 1}`

/** Whether the account is in use from this address prefix already. Takes as long for an address nobody has. */
export async function knowsPlace(db: Db, email: string, addressPrefix: string, now: Date): Promise<boolean> {
  const [row] = await db`
    select from sessions s join users u on u.id = s.user_id
    where u.email = ${email} and s.address_prefix = ${addressPrefix} and s.expires_at > ${now} limit 1`
  return row !== undefined
}

export async function rotateSession(
  tx: Tx,
  id: string,
  change: { refreshHash: Buffer; now: Date; expiresAt: Date; addressPrefix: string },
): Promise<void> {
  await tx`
    update sessions set previous_hash = refresh_hash, refresh_hash = ${change.refreshHash}, rotated_at = ${change.now},
      expires_at = least(${change.expiresAt}, ends_at), address_prefix = ${change.addressPrefix}
    where id = ${id}`
}

/**
 * When the next access token of a session is to say that it was made: now, but not before the last revocation, which a
 * faster clock may have dated; kept, so that the next revocation comes after it. Undefined when the session has ended.
 */
export async function stampToken(tx: Tx, id: string, now: Date): Promise<Date | undefined> {
  const [row] = await tx<{ stamp: Date }[]>`
    update sessions s set used_at = greatest(used_at, stamp)
    from (select greatest(${now}::timestamptz, (select before from revocations where session_id = ${id})) as stamp) earliest
    where id = ${id} returning stamp`
  return row?.stamp
}

export async function actFor(tx: Tx, id: string, organisationId: string | null): Promise<void> {
  await tx`update sessions set organisation_id = ${organisationId} where id = ${id}`
}

/** Ends sessions of a person: the one named, all but the one named, or all. Answers which. */
export async function deleteSessions(
  tx: Tx,
  userId: string,
  which: { only?: string; except?: string },
): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    delete from sessions where user_id = ${userId}
      ${which.only ? tx`and id = ${which.only}` : tx``} ${which.except ? tx`and id <> ${which.except}` : tx``}
    returning id`
  return rows.map(({ id }) => id)
}

/** Sessions of a person, and when their latest tokens say that they were made. */
export const sessionsOf = async (db: Db, userId: string): Promise<{ id: string; usedAt: Date }[]> =>
  db<{ id: string; usedAt: Date }[]>`select id, used_at as "usedAt" from sessions where user_id = ${userId}`

/** What the person is in the organisation, held until the transaction ends. */
export async function holdMembership(
  tx: Tx,
  organisationId: string,
  userId: string,
): Promise<OrganisationRole | undefined> {
  const [row] = await tx<{ role: OrganisationRole }[]>`
    select role from members where organisation_id = ${organisationId} and user_id = ${userId} for share`
  return row?.role
}

export async function deleteExpiredSessions(tx: Tx, now: Date): Promise<void> {
  await tx`delete from sessions where expires_at <= ${now}`
}

export async function insertRevocations(tx: Tx, ids: readonly string[], before: Date): Promise<void> {
  await tx`insert into revocations (session_id, before) select unnest(${ids as string[]}::uuid[]), ${before}
    on conflict (session_id) do update set before = greatest(revocations.before, excluded.before), revoked_at = now()`
}

/** Those of the last `youngerThanMs`, by session, `limit` at most; all without one. */
export const listRevoked = (
  db: Db,
  youngerThanMs: number,
  { after = null, limit = null }: { after?: string | null; limit?: number | null },
): Promise<{ sessionId: string; before: Date }[]> => db<{ sessionId: string; before: Date }[]>`
  select session_id as "sessionId", before from revocations
  where revoked_at > now() - make_interval(secs => ${youngerThanMs / 1000})
    and (${after}::uuid is null or session_id > ${after}::uuid)
  order by session_id limit ${limit}`

/** No access token lives that long. */
export async function deleteOldRevocations(tx: Tx): Promise<void> {
  await tx`delete from revocations where revoked_at < now() - interval '1 day'`
}

export interface SigningKey {
  kid: string
  state: 'next' | 'current' | 'previous'
  publicKey: JWK
  sealed: Buffer
  createdAt: Date
  changedAt: Date
}

/** Two processes that start at once make one set of keys. */
export async function lockKeys(tx: Tx): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtext('identity signing keys'))`
}

export const findKeys = async (db: Db): Promise<SigningKey[]> => db<SigningKey[]>`
  select kid, state, public_key as "publicKey", sealed, created_at as "createdAt", changed_at as "changedAt" from signing_keys order by changed_at, kid`

export async function insertKey(tx: Tx, key: SigningKey): Promise<void> {
  await tx`insert into signing_keys (kid, state, public_key, sealed, created_at, changed_at)
    values (${key.kid}, ${key.state}, ${tx.json(key.publicKey as never)}, ${key.sealed}, ${key.createdAt}, ${key.changedAt})`
}

export async function changeKey(tx: Tx, kid: string, state: SigningKey['state'], now: Date): Promise<void> {
  await tx`update signing_keys set state = ${state}, changed_at = ${now} where kid = ${kid}`
}

export async function deleteKeys(tx: Tx, retiredBefore: Date): Promise<void> {
  await tx`delete from signing_keys where state = 'previous' and changed_at < ${retiredBefore}`
}

export interface Organisation {
  id: string
  name: string
  version: number
  createdAt: Date
}

/** An organisation as one member sees it. */
export interface Membership extends Organisation {
  role: OrganisationRole
}

export interface Member extends Pick<User, 'email' | 'firstName' | 'lastName' | 'locale' | 'disabled'> {
  userId: string
  role: OrganisationRole
  joinedAt: Date
}

export interface Invitation {
  id: string
  organisationId: string
  email: string
  role: OrganisationRole
  locale: 'en' | 'de'
  tokenHash: Buffer
  sealed: Buffer
  createdAt: Date
  expiresAt: Date
}

const organisationColumns = (db: Db) => db`o.id, o.name, o.version, o.created_at as "createdAt"`

export async function insertOrganisation(tx: Tx, o: Organisation, ownerId: string): Promise<void> {
  await tx`insert into organisations (id, name, created_at) values (${o.id}, ${o.name}, ${o.createdAt})`
  await tx`insert into members (organisation_id, user_id, role, joined_at) values (${o.id}, ${ownerId}, 'owner', ${o.createdAt})`
}

export const listOrganisations = async (
  db: Db,
  userId: string,
  after: string | undefined,
  limit: number,
): Promise<Membership[]> => db<Membership[]>`
  select ${organisationColumns(db)}, m.role from members m join organisations o on o.id = m.organisation_id
  where m.user_id = ${userId} ${after ? db`and m.organisation_id > ${after}` : db``}
  order by m.organisation_id limit ${limit + 1}`

/** The organisation, with the role the person has in it, if any. */
export async function findOrganisation(
  db: Db,
  id: string,
  userId: string,
): Promise<(Organisation & { role: OrganisationRole | null }) | undefined> {
  const [row] = await db<(Organisation & { role: OrganisationRole | null })[]>`
    select ${organisationColumns(db)}, m.role from organisations o left join members m on m.organisation_id = o.id and m.user_id = ${userId}
    where o.id = ${id}`
  return row
}

/**
 * Holds the organisation until the transaction ends, so that its changes come one after the other. Answers its new
 * version.
 */
export async function touchOrganisation(tx: Tx, id: string): Promise<number> {
  const [row] = await tx<
    { version: number }[]
  >`update organisations set version = version + 1 where id = ${id} returning version`
  if (!row) throw new Problem('not_found', 'organisation_unknown')
  return row.version
}

export async function renameOrganisation(tx: Tx, id: string, name: string): Promise<void> {
  await tx`update organisations set name = ${name} where id = ${id}`
}

export const listMembersOf = async (
  db: Db,
  organisationId: string,
  after?: string,
  limit?: number,
): Promise<Member[]> => db<Member[]>`
  select u.id as "userId", u.email, u.first_name as "firstName", u.last_name as "lastName", u.locale, u.disabled, m.role, m.joined_at as "joinedAt"
  from members m join users u on u.id = m.user_id
  where m.organisation_id = ${organisationId} ${after ? db`and m.user_id > ${after}` : db``}
  order by m.user_id ${limit ? db`limit ${limit + 1}` : db``}`

export async function findMember(
  db: Db,
  organisationId: string,
  userId: string,
): Promise<OrganisationRole | undefined> {
  const [row] = await db<
    { role: OrganisationRole }[]
  >`select role from members where organisation_id = ${organisationId} and user_id = ${userId}`
  return row?.role
}

/** False when the person is a member already. */
export async function insertMember(
  tx: Tx,
  organisationId: string,
  userId: string,
  role: OrganisationRole,
  now: Date,
): Promise<boolean> {
  const [inserted] = await tx`
    insert into members (organisation_id, user_id, role, joined_at) values (${organisationId}, ${userId}, ${role}, ${now})
    on conflict do nothing returning role`
  return inserted !== undefined
}

/**
 * Gives a member another role, or with null ends the membership. Only after `touchOrganisation`: whoever comes second
 * sees what the first did, so one owner stays. Fails with `last_owner`.
 */
export async function changeMember(
  tx: Tx,
  organisationId: string,
  userId: string,
  role: OrganisationRole | null,
): Promise<void> {
  if (role)
    await tx`update members set role = ${role} where organisation_id = ${organisationId} and user_id = ${userId}`
  else await tx`delete from members where organisation_id = ${organisationId} and user_id = ${userId}`
  const [owner] = await tx`select from members where organisation_id = ${organisationId} and role = 'owner' limit 1`
  if (!owner)
    throw new Problem('conflict', 'last_owner', {
      detail: 'An organisation keeps at least one owner. Make somebody else owner first.',
    })
}

const invitationColumns = (db: Db) => db`
  id, organisation_id as "organisationId", email, role, locale, token_hash as "tokenHash", sealed, created_at as "createdAt", expires_at as "expiresAt"`

/** Takes the place of an earlier invitation of the same address. */
export async function insertInvitation(tx: Tx, i: Invitation): Promise<void> {
  await tx`delete from invitations where organisation_id = ${i.organisationId} and email = ${i.email}`
  await tx`
    insert into invitations (id, organisation_id, email, role, locale, token_hash, sealed, created_at, expires_at)
    values (${i.id}, ${i.organisationId}, ${i.email}, ${i.role}, ${i.locale}, ${i.tokenHash}, ${i.sealed}, ${i.createdAt}, ${i.expiresAt})`
}

export const listInvitations = async (
  db: Db,
  organisationId: string,
  now: Date,
  after: string | undefined,
  limit: number,
): Promise<Invitation[]> => db<Invitation[]>`
  select ${invitationColumns(db)} from invitations
  where organisation_id = ${organisationId} and expires_at > ${now} ${after ? db`and id > ${after}` : db``}
  order by id limit ${limit + 1}`

export async function findInvitation(
  db: Db,
  by: { id: string } | { tokenHash: Buffer },
  now: Date,
): Promise<Invitation | undefined> {
  const [row] = await db<Invitation[]>`
    select ${invitationColumns(db)} from invitations
    where ${'id' in by ? db`id = ${by.id}` : db`token_hash = ${by.tokenHash}`} and expires_at > ${now}`
  return row
}

/** False when it was answered or withdrawn meanwhile. */
export async function deleteInvitation(tx: Tx, organisationId: string, id: string): Promise<boolean> {
  const [row] = await tx`delete from invitations where organisation_id = ${organisationId} and id = ${id} returning id`
  return row !== undefined
}

export async function deleteExpiredInvitations(tx: Tx, now: Date): Promise<void> {
  await tx`delete from invitations where expires_at <= ${now}`
}
