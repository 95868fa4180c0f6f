import type { Db, Tx } from '#kernel'

export interface Totp {
  userId: string
  /** Null until a code of it was given. */
  sealed: Buffer | null
  pending: Buffer | null
  pendingUntil: Date | null
  lastStep: number
  createdAt: Date
  usedAt: Date | null
}

const totpColumns = (db: Db) => db`
  user_id as "userId", sealed, pending, pending_until as "pendingUntil", last_step::float8 as "lastStep",
  created_at as "createdAt", used_at as "usedAt"`

export async function findTotp(db: Db, userId: string): Promise<Totp | undefined> {
  const [row] = await db<Totp[]>`select ${totpColumns(db)} from totp where user_id = ${userId}`
  return row
}

export async function lockTotp(tx: Tx, userId: string): Promise<Totp | undefined> {
  const [row] = await tx<Totp[]>`select ${totpColumns(tx)} from totp where user_id = ${userId} for update`
  return row
}

/** One that is set up already goes on until a code of the new one was given. */
export async function offerTotp(tx: Tx, userId: string, pending: Buffer, until: Date, now: Date): Promise<void> {
  await tx`
    insert into totp (user_id, pending, pending_until, created_at) values (${userId}, ${pending}, ${until}, ${now})
    on conflict (user_id) do update set pending = excluded.pending, pending_until = excluded.pending_until`
}

export async function confirmTotp(tx: Tx, userId: string, sealed: Buffer, step: number, now: Date): Promise<void> {
  await tx`
    update totp set sealed = ${sealed}, pending = null, pending_until = null, last_step = ${step}, created_at = ${now},
      used_at = ${now}
    where user_id = ${userId}`
}

export async function spendStep(tx: Tx, userId: string, step: number, now: Date): Promise<void> {
  await tx`update totp set last_step = ${step}, used_at = ${now} where user_id = ${userId}`
}

export async function deleteTotp(tx: Tx, userId: string): Promise<boolean> {
  const [row] = await tx<{ sealed: Buffer | null }[]>`delete from totp where user_id = ${userId} returning sealed`
  return row !== undefined && row.sealed !== null
}

export interface Passkey {
  id: string
  userId: string
  credentialId: string
  publicKey: Buffer
  counter: number
  transports: string[]
  /** Whether it is on several devices of the person. */
  synced: boolean
  name: string
  createdAt: Date
  usedAt: Date | null
}

const passkeyColumns = (db: Db) => db`
  id, user_id as "userId", credential_id as "credentialId", public_key as "publicKey", counter::float8 as counter,
  transports, synced, name, created_at as "createdAt", used_at as "usedAt"`

/** Those of a person, the first first; nobody has more than `mostPasskeys`. */
export const listPasskeys = (db: Db, userId: string): Promise<Passkey[]> =>
  db<Passkey[]>`select ${passkeyColumns(db)} from passkeys where user_id = ${userId} order by id`

export async function findPasskey(db: Db, credentialId: string): Promise<Passkey | undefined> {
  const [row] = await db<Passkey[]>`select ${passkeyColumns(db)} from passkeys where credential_id = ${credentialId}`
  return row
}

/** False where it is somebody's already. */
export async function insertPasskey(tx: Tx, p: Passkey): Promise<boolean> {
  const [row] = await tx`
    insert into passkeys
      (id, user_id, credential_id, public_key, counter, transports, synced, name, created_at, used_at)
    values (${p.id}, ${p.userId}, ${p.credentialId}, ${p.publicKey}, ${p.counter}, ${p.transports}, ${p.synced},
      ${p.name}, ${p.createdAt}, ${p.usedAt})
    on conflict (credential_id) do nothing
    returning id`
  return row !== undefined
}

/** False where the counter did not rise: then there is another with the same key (WebAuthn, 6.1.1). */
export async function countPasskey(tx: Tx, id: string, counter: number, now: Date): Promise<boolean> {
  const [row] = await tx`
    update passkeys set counter = ${counter}, used_at = ${now}
    where id = ${id} and (counter < ${counter} or (counter = 0 and ${counter}::bigint = 0)) returning id`
  return row !== undefined
}

export async function namePasskey(tx: Tx, userId: string, id: string, name: string): Promise<Passkey | undefined> {
  const [row] = await tx<Passkey[]>`
    update passkeys set name = ${name} where id = ${id} and user_id = ${userId} returning ${passkeyColumns(tx)}`
  return row
}

/** Answers its name. */
export async function deletePasskey(tx: Tx, userId: string, id: string): Promise<string | undefined> {
  const [row] = await tx<{ name: string }[]>`
    delete from passkeys where id = ${id} and user_id = ${userId} returning name`
  return row?.name
}

/** The former codes are good no more. */
export async function replaceRecoveryCodes(tx: Tx, userId: string, hashes: readonly Buffer[]): Promise<void> {
  await tx`delete from recovery_codes where user_id = ${userId}`
  for (const hash of hashes) await tx`insert into recovery_codes (user_id, hash) values (${userId}, ${hash})`
}

/** False where it was used already, or never was one. */
export async function takeRecoveryCode(tx: Tx, userId: string, hash: Buffer): Promise<boolean> {
  const [row] = await tx`delete from recovery_codes where user_id = ${userId} and hash = ${hash} returning user_id`
  return row !== undefined
}

export async function countRecoveryCodes(db: Db, userId: string): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from recovery_codes where user_id = ${userId}`
  return row!.count
}

/**
 * Writes with the account whether it has a second factor, and answers it; recovery codes stand for factors, and go with
 * the last. Only with the account locked.
 */
export async function settleFactors(tx: Tx, userId: string): Promise<boolean> {
  const [row] = await tx<{ has: boolean }[]>`
    update users set updated_at = now(), second_factor = exists (select from totp where user_id = users.id and sealed is not null)
      or exists (select from passkeys where user_id = users.id)
    where id = ${userId} returning second_factor as has`
  if (!row?.has) await tx`delete from recovery_codes where user_id = ${userId}`
  return row?.has ?? false
}

/** Those that were set up at `since` or later; all without it. Answers how many. */
export async function deleteFactors(tx: Tx, userId: string, since: Date | null): Promise<number> {
  const gone = await tx`
    with apps as (
      delete from totp where user_id = ${userId} and (${since}::timestamptz is null or created_at >= ${since})
      returning user_id
    ), keys as (
      delete from passkeys where user_id = ${userId} and (${since}::timestamptz is null or created_at >= ${since})
      returning user_id
    )
    select from apps union all select from keys`
  await settleFactors(tx, userId)
  return gone.length
}

export type Purpose = 'registration' | 'proof' | 'sign-in'

export async function insertChallenge(
  tx: Tx,
  c: { hash: Buffer; purpose: Purpose; userId: string | null; expiresAt: Date },
): Promise<void> {
  await tx`
    insert into challenges (hash, purpose, user_id, expires_at)
    values (${c.hash}, ${c.purpose}, ${c.userId}, ${c.expiresAt})`
}

/** False where it was answered already, is too old, or was made for something or somebody else. */
export async function takeChallenge(
  tx: Tx,
  c: { hash: Buffer; purpose: Purpose; userId: string | null },
  now: Date,
): Promise<boolean> {
  const [row] = await tx`
    delete from challenges where hash = ${c.hash} and purpose = ${c.purpose}
      and user_id is not distinct from ${c.userId} and expires_at > ${now} returning hash`
  return row !== undefined
}

/** A sign-in whose password was right, or who was proven by a provider. */
export interface PendingSignIn {
  userId: string
  passwordHash: string
  issuer: string | null
}

export async function insertPending(tx: Tx, p: PendingSignIn & { tokenHash: Buffer; expiresAt: Date }): Promise<void> {
  await tx`
    insert into pending_sign_ins (token_hash, user_id, password_hash, issuer, expires_at)
    values (${p.tokenHash}, ${p.userId}, ${p.passwordHash}, ${p.issuer}, ${p.expiresAt})`
}

const pendingColumns = (db: Db) => db`user_id as "userId", password_hash as "passwordHash", issuer`

export async function findPending(db: Db, tokenHash: Buffer, now: Date): Promise<PendingSignIn | undefined> {
  const [row] = await db<PendingSignIn[]>`
    select ${pendingColumns(db)} from pending_sign_ins where token_hash = ${tokenHash} and expires_at > ${now}`
  return row
}

/** One more try, of `most`; undefined where there is none left. */
export async function tryPending(
  tx: Tx,
  tokenHash: Buffer,
  most: number,
  now: Date,
): Promise<PendingSignIn | undefined> {
  const [row] = await tx<PendingSignIn[]>`
    update pending_sign_ins set tries = tries + 1
    where token_hash = ${tokenHash} and tries < ${most} and expires_at > ${now} returning ${pendingColumns(tx)}`
  return row
}

/** False when it became a session meanwhile. */
export async function deletePending(tx: Tx, tokenHash: Buffer): Promise<boolean> {
  const [row] = await tx`delete from pending_sign_ins where token_hash = ${tokenHash} returning user_id`
  return row !== undefined
}

export async function deleteExpiredFactors(tx: Tx, now: Date): Promise<void> {
  await tx`delete from pending_sign_ins where expires_at <= ${now}`
  await tx`delete from challenges where expires_at <= ${now}`
  await tx`delete from totp where sealed is null and pending_until <= ${now}`
}
