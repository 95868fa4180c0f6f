import type { JWK } from 'jose'
import type { Db, Tx } from '#kernel'
import type { OrganisationRole } from '#contracts/shared'
import type { User } from './store-accounts.ts'

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

const columns = (db: Db) => db`
  id, user_id as "userId", organisation_id as "organisationId", refresh_hash as "refreshHash", previous_hash as "previousHash",
  rotated_at as "rotatedAt", device, address_prefix as "addressPrefix", created_at as "createdAt", used_at as "usedAt",
  expires_at as "expiresAt", ends_at as "endsAt"`

/** False when the account was disabled, or got another password, since `user` was read: who proved the old one does not get in. */
export async function insertSession(tx: Tx, s: Session, user: Pick<User, 'id' | 'passwordHash'>): Promise<boolean> {
  const [inserted] = await tx`
    insert into sessions (id, user_id, refresh_hash, rotated_at, device, address_prefix, created_at, used_at, expires_at, ends_at)
    select ${s.id}, id, ${s.refreshHash}, ${s.rotatedAt}, ${s.device}, ${s.addressPrefix}, ${s.createdAt}, ${s.usedAt}, ${s.expiresAt}, ${s.endsAt}
    from users where id = ${user.id} and not disabled and password_hash = ${user.passwordHash} for share
    returning id`
  return inserted !== undefined
}

export async function findSession(db: Db, id: string): Promise<Session | undefined> {
  const [row] = await db<Session[]>`select ${columns(db)} from sessions where id = ${id}`
  return row
}

export async function lockSession(tx: Tx, id: string): Promise<Session | undefined> {
  const [row] = await tx<Session[]>`select ${columns(tx)} from sessions where id = ${id} for update`
  return row
}

/** Live sessions of a person, the latest first, from the one after `after` on. */
export const listSessions = async (db: Db, userId: string, now: Date, after: string | undefined, limit: number): Promise<Session[]> => db<Session[]>`
  select ${columns(db)} from sessions
  where user_id = ${userId} and expires_at > ${now} ${after ? db`and id < ${after}` : db``}
  order by id desc limit ${limit + 1}`

/** Whether the person is signed in from this address prefix already. */
export async function knowsPlace(db: Db, userId: string, addressPrefix: string, now: Date): Promise<boolean> {
  const [row] = await db`select from sessions where user_id = ${userId} and address_prefix = ${addressPrefix} and expires_at > ${now} limit 1`
  return row !== undefined
}

export async function rotateSession(tx: Tx, id: string, change: { refreshHash: Buffer; now: Date; expiresAt: Date; addressPrefix: string }): Promise<void> {
  await tx`
    update sessions set previous_hash = refresh_hash, refresh_hash = ${change.refreshHash}, rotated_at = ${change.now}, used_at = ${change.now},
      expires_at = least(${change.expiresAt}, ends_at), address_prefix = ${change.addressPrefix}
    where id = ${id}`
}

/** False when the session has ended. */
export async function actFor(tx: Tx, id: string, organisationId: string | null): Promise<boolean> {
  const [row] = await tx`update sessions set organisation_id = ${organisationId} where id = ${id} returning id`
  return row !== undefined
}

/** Ends sessions of a person: the one named, all but the one named, or all. Answers which. */
export async function deleteSessions(tx: Tx, userId: string, which: { only?: string; except?: string }): Promise<string[]> {
  const rows = await tx<{ id: string }[]>`
    delete from sessions where user_id = ${userId}
      ${which.only ? tx`and id = ${which.only}` : tx``} ${which.except ? tx`and id <> ${which.except}` : tx``}
    returning id`
  return rows.map(({ id }) => id)
}

export const sessionIds = async (db: Db, userId: string): Promise<string[]> =>
  (await db<{ id: string }[]>`select id from sessions where user_id = ${userId}`).map(({ id }) => id)

/** What the person is in the organisation, held until the transaction ends. */
export async function holdMembership(tx: Tx, organisationId: string, userId: string): Promise<OrganisationRole | undefined> {
  const [row] = await tx<{ role: OrganisationRole }[]>`
    select role from members where organisation_id = ${organisationId} and user_id = ${userId} for share`
  return row?.role
}

export async function deleteExpiredSessions(tx: Tx, now: Date): Promise<void> {
  await tx`delete from sessions where expires_at <= ${now}`
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
