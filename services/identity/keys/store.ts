import type { JWK } from 'jose'
import type { Db, Tx } from '#kernel'

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
  select kid, state, public_key as "publicKey", sealed, created_at as "createdAt", changed_at as "changedAt"
  from signing_keys order by changed_at, kid`

export async function insertKey(tx: Tx, key: SigningKey): Promise<void> {
  await tx`insert into signing_keys (kid, state, public_key, sealed, created_at, changed_at)
    values (${key.kid}, ${key.state}, ${tx.json(key.publicKey as never)}, ${key.sealed}, ${key.createdAt},
      ${key.changedAt})`
}

export async function changeKey(tx: Tx, kid: string, state: SigningKey['state'], now: Date): Promise<void> {
  await tx`update signing_keys set state = ${state}, changed_at = ${now} where kid = ${kid}`
}

export async function deleteKeys(tx: Tx, retiredBefore: Date): Promise<void> {
  await tx`delete from signing_keys where state = 'previous' and changed_at < ${retiredBefore}`
}
