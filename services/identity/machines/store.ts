import type { CustomRole } from '#contracts/shared'
import { type Db, Problem, type Tx } from '#kernel'
import type { Standing } from '../organisations/roles.ts'
import { customOf } from '../organisations/roles-store.ts'
import type { ApiKey, ServiceAccount } from './machines.ts'

const keyColumns = `
  id, user_id as "userId", service_account_id as "serviceAccountId", organisation_id as "organisationId", issuer, name, start,
  hash, previous_hash as "previousHash", previous_until as "previousUntil", scopes, created_at as "createdAt",
  expires_at as "expiresAt", used_at as "usedAt"`

export async function insertApiKey(tx: Tx, k: ApiKey): Promise<void> {
  await tx`
    insert into api_keys
      (id, user_id, service_account_id, organisation_id, issuer, name, start, hash, scopes, created_at, expires_at)
    values (${k.id}, ${k.userId}, ${k.serviceAccountId}, ${k.organisationId}, ${k.issuer}, ${k.name}, ${k.start},
      ${k.hash}, ${k.scopes}, ${k.createdAt}, ${k.expiresAt})`
}

/** The key of which this is the digest of the secret, or of the one before the last rotation. */
export async function findKeyByHash(db: Db, hash: Buffer): Promise<ApiKey | undefined> {
  const [row] = await db<ApiKey[]>`
    select ${db.unsafe(keyColumns)} from api_keys where hash = ${hash} or previous_hash = ${hash}`
  return row
}

export async function lockApiKey(tx: Tx, id: string): Promise<ApiKey | undefined> {
  const [row] = await tx<ApiKey[]>`select ${tx.unsafe(keyColumns)} from api_keys where id = ${id} for update`
  return row
}

/** Whose keys: a person's own, or those of a service account. */
export type KeysOf = { userId: string } | { serviceAccountId: string }

const are = (db: Db, of: KeysOf) =>
  'userId' in of ? db`user_id = ${of.userId}` : db`service_account_id = ${of.serviceAccountId}`

/** The latest first, from the one after `after` on. */
export const listApiKeys = (db: Db, of: KeysOf, after: string | undefined, limit: number): Promise<ApiKey[]> =>
  db<ApiKey[]>`
    select ${db.unsafe(keyColumns)} from api_keys where ${are(db, of)} ${after ? db`and id < ${after}` : db``}
    order by id desc limit ${limit + 1}`

export async function countApiKeys(db: Db, of: KeysOf): Promise<number> {
  const [row] = await db<{ count: number }[]>`select count(*)::int as count from api_keys where ${are(db, of)}`
  return row!.count
}

export async function rotateApiKey(
  tx: Tx,
  id: string,
  { start, hash, formerUntil }: { start: string; hash: Buffer; formerUntil: Date },
): Promise<ApiKey> {
  const [row] = await tx<ApiKey[]>`
    update api_keys set previous_hash = hash, previous_until = ${formerUntil}, hash = ${hash}, start = ${start}
    where id = ${id} returning ${tx.unsafe(keyColumns)}`
  return row!
}

/** One, or all of a person or a service account. Answers which, and whose they were. */
export const deleteApiKeys = (tx: Tx, of: KeysOf | { id: string }): Promise<{ id: string; ownerId: string }[]> => tx<
  { id: string; ownerId: string }[]
>`
  delete from api_keys where ${'id' in of ? tx`id = ${of.id}` : are(tx, of)}
  returning id, coalesce(user_id, service_account_id) as "ownerId"`

/**
 * When the next access token of a key is to say that it was made, as for sessions: not before the last revocation, and
 * kept, so that the next one comes after it.
 */
export async function stampKey(tx: Tx, id: string, now: Date): Promise<Date | undefined> {
  const [row] = await tx<{ stamp: Date }[]>`
    update api_keys k set used_at = greatest(used_at, stamp)
    from (
      select greatest(${now}::timestamptz, (select before from revocations where session_id = ${id})) as stamp
    ) earliest
    where id = ${id} returning stamp`
  return row?.stamp
}

export async function deleteExpiredKeys(tx: Tx, before: Date): Promise<void> {
  await tx`delete from api_keys where expires_at <= ${before}`
}

const accountColumns = 'a.id, a.organisation_id as "organisationId", a.name, a.role, a.created_at as "createdAt"'

export async function insertServiceAccount(tx: Tx, a: ServiceAccount): Promise<void> {
  await tx`insert into service_accounts (id, organisation_id, name, role, role_id, created_at)
    values (${a.id}, ${a.organisationId}, ${a.name}, ${a.role}, ${a.custom?.id ?? null}, ${a.createdAt})`
}

export async function countServiceAccounts(db: Db, organisationId: string): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from service_accounts where organisation_id = ${organisationId}`
  return row!.count
}

export const listServiceAccounts = (
  db: Db,
  organisationId: string,
  after: string | undefined,
  limit: number,
): Promise<ServiceAccount[]> => db<ServiceAccount[]>`
  select ${db.unsafe(accountColumns)}, ${customOf(db, 'a')} from service_accounts a
  where organisation_id = ${organisationId} ${after ? db`and id > ${after}` : db``} order by id limit ${limit + 1}`

/** Held until the transaction ends. Fails with `service_account_unknown`, for that of another organisation too. */
export async function holdServiceAccount(
  tx: Tx,
  organisationId: string | undefined,
  id: string,
  to: 'change' | 'stay',
): Promise<ServiceAccount> {
  const [row] = await tx<(Omit<ServiceAccount, 'custom'> & { roleId: string | null })[]>`
    select ${tx.unsafe(accountColumns)}, a.role_id as "roleId" from service_accounts a
    where id = ${id} ${to === 'change' ? tx`for update` : tx`for share`}`
  if (!row || (organisationId && row.organisationId !== organisationId))
    throw new Problem('not_found', 'service_account_unknown')
  const { roleId, ...account } = row
  if (!roleId) return { ...account, custom: null }
  // Asked for once the account is held: who changes the role holds it too.
  const [custom] = await tx<CustomRole[]>`select id, name, permissions from organisation_roles where id = ${roleId}`
  return { ...account, custom: custom! }
}

export async function updateServiceAccount(tx: Tx, { id, name, role, custom }: ServiceAccount): Promise<void> {
  await tx`
    update service_accounts set name = ${name}, role = ${role}, role_id = ${custom?.id ?? null} where id = ${id}`
}

/**
 * Those with a role become something else, or what it lets do now: whoever is about to get a token as one of them waits
 * for it. Who they are.
 */
export async function moveServiceAccounts(
  tx: Tx,
  roleId: string,
  { role, custom }: Standing,
): Promise<ServiceAccount[]> {
  const rows = await tx<Omit<ServiceAccount, 'custom'>[]>`
    update service_accounts a set role = ${role}, role_id = ${custom?.id ?? null} where role_id = ${roleId}
    returning ${tx.unsafe(accountColumns)}`
  return rows.map(row => ({ ...row, custom }))
}

/** Whoever ends an organisation waits, and ends what was made meanwhile too. Fails with `organisation_unknown`. */
export async function holdOrganisation(tx: Tx, id: string): Promise<void> {
  const [row] = await tx`select from organisations where id = ${id} for share`
  if (!row) throw new Problem('not_found', 'organisation_unknown')
}

/** Keys that act for an organisation, and whose they are. */
export const keysFor = (db: Db, organisationId: string): Promise<{ id: string; ownerId: string }[]> =>
  db<{ id: string; ownerId: string }[]>`
    select id, coalesce(user_id, service_account_id) as "ownerId" from api_keys where organisation_id = ${organisationId}`

export async function deleteServiceAccount(tx: Tx, id: string): Promise<void> {
  await tx`delete from service_accounts where id = ${id}`
}
