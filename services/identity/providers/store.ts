import type { Db, Tx } from '#kernel'
import { userColumns, type User } from '../accounts/store.ts'
import { noPassword } from '../passwords/passwords.ts'
import type { Visit } from './providers.ts'

/** Somebody who was sent to a provider. */
export interface StoredVisit extends Visit {
  id: string
  provider: string
  returnTo: string | null
  /** Who links the account that they prove there to their own. */
  userId: string | null
  expiresAt: Date
}

export async function insertVisit(tx: Tx, v: StoredVisit): Promise<void> {
  await tx`
    insert into provider_visits (id, provider, state, nonce, verifier, return_to, user_id, expires_at)
    values (${v.id}, ${v.provider}, ${v.state}, ${v.nonce}, ${v.verifier}, ${v.returnTo}, ${v.userId}, ${v.expiresAt})`
}

/** Once: whoever comes back a second time was never sent. */
export async function takeVisit(tx: Tx, id: string, now: Date): Promise<StoredVisit | undefined> {
  const [row] = await tx<StoredVisit[]>`
    delete from provider_visits where id = ${id} and expires_at > ${now}
    returning id, provider, state, nonce, verifier, return_to as "returnTo", user_id as "userId",
      expires_at as "expiresAt"`
  return row
}

export async function deleteExpiredVisits(tx: Tx, now: Date): Promise<void> {
  await tx`delete from provider_visits where expires_at <= ${now}`
}

/** Whose account at a provider this is here. */
export async function findUserAt(db: Db, issuer: string, subject: string): Promise<User | undefined> {
  const [row] = await db<User[]>`
    select ${db.unsafe(userColumns)} from users
    where id = (select user_id from provider_accounts where issuer = ${issuer} and subject = ${subject})`
  return row
}

/**
 * Whether the account was made for an organisation by its provider, of which this is the issuer, in a domain that it has
 * verified, and there is no other way into it: whom the organisation made it for has proven it to be theirs.
 */
export async function isMadeFor(db: Db, userId: string, issuer: string): Promise<boolean> {
  const [row] = await db`
    select from users u join scim_users s on s.user_id = u.id join organisations o on o.id = s.organisation_id
    join organisation_domains d on d.organisation_id = o.id and d.verified_at is not null
      and d.domain = split_part(u.email, '@', 2)
    where u.id = ${userId} and not u.disabled and u.password_hash = ${noPassword} and s.made and s.active
      and o.provider_issuer = ${issuer}
      and not exists (select from provider_accounts p where p.user_id = u.id)
      and not exists (select from passkeys k where k.user_id = u.id)`
  return row !== undefined
}

/** False where it is somebody's already, or the person has another one there. */
export async function link(tx: Tx, issuer: string, subject: string, userId: string, now: Date): Promise<boolean> {
  const [linked] = await tx`
    insert into provider_accounts (issuer, subject, user_id, linked_at, used_at)
    values (${issuer}, ${subject}, ${userId}, ${now}, ${now}) on conflict do nothing returning user_id`
  return linked !== undefined
}

export async function noteUse(tx: Tx, issuer: string, subject: string, now: Date): Promise<void> {
  await tx`update provider_accounts set used_at = ${now} where issuer = ${issuer} and subject = ${subject}`
}

/** Issuers of the accounts that a person signs in by. */
export const issuersOf = async (db: Db, userId: string): Promise<string[]> =>
  (await db<{ issuer: string }[]>`select issuer from provider_accounts where user_id = ${userId} order by issuer`).map(
    ({ issuer }) => issuer,
  )

/** Of one issuer, or of all. */
export async function unlink(tx: Tx, userId: string, issuer?: string): Promise<boolean> {
  const rows = await tx`
    delete from provider_accounts where user_id = ${userId} ${issuer ? tx`and issuer = ${issuer}` : tx``} returning issuer`
  return rows.length > 0
}
